"""What must not be learned is found, ordinary numbers are left alone, and a policy decides the rest."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from examples.recipes.recipe import default_data
from tunesmith.dataset.sensitive import (
    KINDS,
    NATIONAL_IDS,
    find_sensitive,
    mask,
    masked_excerpt,
    screen_conversation,
)

# Made up or published as samples; keys are put together here, so that no scanner takes this file for a leak.
CARD = "4111 1111 1111 1111"
SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
FOUND = [
    ("write to a.b+c@mail.example.co.uk, please", "a.b+c@mail.example.co.uk", "email"),
    ("o'hara_1@example.com", "hara_1@example.com", "email"),
    (f"paid with {CARD} 12/27", CARD, "payment_card"),
    ("5500-0000-0000-0004", "5500-0000-0000-0004", "payment_card"),
    ("amex 378282246310005.", "378282246310005", "payment_card"),
    ("order 1234 4111 1111 1111 1111", "4111 1111 1111 1111", "payment_card"),
    ("card: 4111.1111.1111.1111", "4111.1111.1111.1111", "payment_card"),
    ("Invoice RE12 GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32", "iban"),
    ("DE89 3704 0044 0532 0130 00 and more", "DE89 3704 0044 0532 0130 00", "iban"),
    ("to GB29NWBK60161331926819 today", "GB29NWBK60161331926819", "iban"),
    ("MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S", "iban"),
    ("call +49 30 901820 now", "+49 30 901820", "phone"),
    ("call (415) 555-2671 now", "(415) 555-2671", "phone"),
    ("call 415-555-2671", "415-555-2671", "phone"),
    ("id AKIA" + "IOSFODNN7EXAMPLE.", "AKIA" + "IOSFODNN7EXAMPLE", "aws_key"),
    (f'aws_secret_access_key = "{SECRET}"', SECRET, "aws_key"),
    (f"AWS Secret Access Key [None]: {SECRET}\n", SECRET, "aws_key"),
    (f"AWS Secret Access Key [{'*' * 16}WXYZ]: {SECRET}", SECRET, "aws_key"),
    (f"Secret Access Key: {SECRET}", SECRET, "aws_key"),
    (f"secret-access-key: {SECRET}", SECRET, "aws_key"),
    (f"<SecretAccessKey>{SECRET}</SecretAccessKey>", SECRET, "aws_key"),
    (f"Your secret access key is {SECRET}.", SECRET, "aws_key"),
    ("token=gh" + "p_" + "a1B2" * 9, "gh" + "p_" + "a1B2" * 9, "vendor_key"),
    ("xox" + "b-123456789012-abcdef", "xox" + "b-123456789012-abcdef", "vendor_key"),
    ("s" + "k-ant-api03-" + "a1B2" * 10, "s" + "k-ant-api03-" + "a1B2" * 10, "vendor_key"),
    ("AI" + "za" + "Sy0-_" * 7, "AI" + "za" + "Sy0-_" * 7, "vendor_key"),
    (
        "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\n-----END RSA PRIVATE" + " KEY-----\nbye",
        None,
        "private_key",
    ),
    ("-----BEGIN PRIVATE" + " KEY-----\nMIIE cut off", None, "private_key"),
]
"""A text, what is found in it (None: something), and its kind."""

IDS = {
    "be.nn": "85.07.30-033.28",
    "br.cpf": "390.533.447-05",
    "ca.sin": "130 692 544",
    "cn.ric": "11010519491231002X",
    "es.dni": "54362315K",
    "es.nie": "X-2482300-W",
    "fr.nir": "2 95 10 99 126 111 93",
    "gb.nhs": "943 476 5870",
    "in_.aadhaar": "2341 2341 2346",
    "it.codicefiscale": "RCCMNL83S18D969H",
    "pl.pesel": "44051401359",
    "se.personnummer": "880320-0016",
    "us.ssn": "536-90-4399",
}
"""Samples that python-stdnum documents."""

ORDINARY = [
    "In 2019 2018 2017 it was 1,234,567 and 2,345,678",
    "1700000000000 milliseconds",
    "order 123456789012 and 100000000000000000",
    "pi is 3.14159265358979",
    "192.168.100.200, version 1.2.3.4",
    "2024-01-02 10:11:12 and 02/01/2024",
    "978-3-16-148410-0",
    "4111 1111 1111 1112",
    "DE89 3704 0044 0532 0130 01",
    "@property and user@host, a @ b",
    "400 - 120 - 200 = 80, or 400-120-200=80",
    "0000 0000 0000 0000",
    "a_function_name_that_is_rather_long(task-with-a-name)",
    "12+34+5678=5724",
    "The secret key of success is perseverance-and-patience-in-all-things",
    "secret access key: " + "a" * 41,
]


@pytest.mark.parametrize(("text", "found", "kind"), FOUND)
def test_each_kind_is_found_where_it_stands(text: str, found: str | None, kind: str) -> None:
    (span,) = find_sensitive(text)
    assert span.kind == kind
    if found is not None:
        assert text[span.start : span.end] == found


def test_every_kind_and_every_id_is_tried_here() -> None:
    assert {kind for _, _, kind in FOUND} | {"national_id"} == KINDS.keys()
    assert IDS.keys() == NATIONAL_IDS.keys()


@pytest.mark.parametrize("module", NATIONAL_IDS)
def test_national_ids_are_found_by_form_and_check_digit(module: str) -> None:
    (span,) = find_sensitive(f"My number is {IDS[module]}.")
    assert (span.kind, span.detail) == ("national_id", NATIONAL_IDS[module][0])
    last = IDS[module][-1]
    wrong = IDS[module][:-1] + (
        "1" if last == "0" else "0" if last.isdigit() else "B" if last == "A" else "A"
    )
    if module != "us.ssn":  # it has no check digit
        assert [found for found in find_sensitive(wrong) if found.kind == "national_id"] == []


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_numbers_and_words_are_left_alone(text: str) -> None:
    assert find_sensitive(text) == []


def test_a_national_phone_number_needs_its_region() -> None:
    assert find_sensitive("call 020 7946 0958", regions=("US",)) == []
    assert [span.kind for span in find_sensitive("call 020 7946 0018", regions=("GB",))] == ["phone"]


def test_several_finds_are_masked_in_their_places() -> None:
    text = f"{CARD} or a@example.com or {CARD}."
    masked = mask(text, find_sensitive(text))
    assert masked == "[payment card] or [e-mail address] or [payment card]."
    assert find_sensitive(masked) == []


def test_what_stands_right_behind_another_is_found_too() -> None:
    text = "DE89 3704 0044 0532 0130 00 GB82 WEST 1234 5698 7654 32 4111 1111 1111 1111 5500 0000 0000 0004"

    spans = find_sensitive(text)

    account, card = "[bank account (IBAN)]", "[payment card]"
    assert mask(text, spans) == f"{account} {account} {card} {card}"


def test_where_two_overlap_the_graver_stays() -> None:
    (span,) = find_sensitive("-----BEGIN PRIVATE" + f" KEY-----\n{CARD}\na@example.com")
    assert span.kind == "private_key"


def test_an_excerpt_never_holds_half_of_a_secret() -> None:
    text = "x" * 15 + f" {CARD} end"
    assert masked_excerpt(text, 20) == "x" * 15 + " [pay"
    assert masked_excerpt("no secret here", 9) == "no secret"


@pytest.mark.parametrize(("policy", "refused"), [("report", False), ("mask", False), ("refuse", True)])
def test_a_policy_reports_masks_or_refuses(policy: str, refused: bool) -> None:
    value = {
        "system": [{"text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"text": f"My card is {CARD}"}]},
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "mail a@example.com"}}},
                    {"text": "Thanks"},
                ],
            },
        ],
    }
    found = screen_conversation(value, policy)  # type: ignore[arg-type]
    assert found.refused == refused
    assert found.found == {"payment_card": 1, "email": 1}
    if policy == "mask":
        assert found.value["messages"][0]["content"] == [{"text": "My card is [payment card]"}]
        assert "example" not in json.dumps(found.value)
    else:
        assert found.value == value


def test_a_clean_record_is_never_refused() -> None:
    value = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
    found = screen_conversation(value, "refuse")
    assert not found.refused
    assert found.value == value


@given(st.integers(10**14, 10**15 - 1), st.text(alphabet="abc ,.\n", max_size=20))
def test_any_visa_number_is_found_among_words(body: int, words: str) -> None:
    digits = f"4{body}"[:15]
    number = digits + luhn.calc_check_digit(digits)
    assert [span.kind for span in find_sensitive(f"{words} {number} {words}")] == ["payment_card"]


@given(st.text() | st.text(alphabet="0123456789 -+().@aA/=_\n\ud800", max_size=200))
def test_spans_of_any_text_are_in_order_and_apart(text: str) -> None:
    spans = find_sensitive(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert len(mask(text, spans)) >= 0


@pytest.mark.parametrize(
    "text", ["1" * 200_000, "1 " * 100_000, "a@" * 100_000, "A1" * 100_000, "+1(" * 50_000]
)
def test_long_runs_of_one_kind_end_in_time(text: str) -> None:
    find_sensitive(text)


@pytest.mark.skipif(not default_data().is_dir(), reason=f"no public data sets at {default_data()}")
def test_sums_of_public_data_are_not_taken_for_secrets() -> None:
    texts = (default_data() / "gsm8k_train.jsonl").read_text().splitlines()[:2_000]
    assert sum(bool(find_sensitive(text)) for text in texts) <= 2
