"""Does a text hold what must not be learned? People's numbers and addresses, and keys to other systems.

A text is searched only where a cheap look at its bytes finds what such a thing needs: an @, a run of digits,
a long run of letters. What looks right must then pass its own check: Luhn, check digits, a numbering plan.
The libraries that know these are imported once something is to be checked: not every function has them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from tunesmith.dataset.formats import BESIDE

Policy = Literal["report", "mask", "refuse"]

POLICIES: Final[Mapping[Policy, str]] = {
    "report": "left as it is",
    "mask": "masked",
    "refuse": "and were left out",
}
"""What becomes of sensitive data, in words."""

KINDS: Final[Mapping[str, str]] = {
    "private_key": "private key",
    "aws_key": "AWS key",
    "vendor_key": "key of another vendor",
    "iban": "bank account (IBAN)",
    "payment_card": "payment card",
    "national_id": "national id",
    "email": "e-mail address",
    "phone": "phone number",
}
"""Kinds in words, the gravest first: where two overlap, the graver stays."""

NATIONAL_IDS: Final[Mapping[str, tuple[str, str]]] = {
    "be.nn": ("Belgium, national number", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"),
    "br.cpf": ("Brazil, CPF", r"\d{3}\.\d{3}\.\d{3}-\d\d"),
    "ca.sin": ("Canada, SIN", r"\d{3}([ -])\d{3}\1\d{3}"),
    "cn.ric": ("China, resident identity card", r"\d{17}[\dX]"),
    "es.dni": ("Spain, DNI", r"\d{8}-?[A-Z]"),
    "es.nie": ("Spain, NIE", r"[XYZ]-?\d{7}-?[A-Z]"),
    "fr.nir": ("France, NIR", r"[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"),
    "gb.nhs": ("United Kingdom, NHS number", r"\d{3} \d{3} \d{4}"),
    "in_.aadhaar": ("India, Aadhaar", r"\d{4}([ -])\d{4}\1\d{4}"),
    "it.codicefiscale": ("Italy, codice fiscale", r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"),
    "pl.pesel": ("Poland, PESEL", r"\d{11}"),
    "se.personnummer": ("Sweden, personnummer", r"(?:\d\d)?\d{6}[-+]\d{4}"),
    "us.ssn": ("United States, SSN", r"\d{3}-\d\d-\d{4}"),
}
"""National ids by python-stdnum's module: name, and the form in which the id is looked for.

Where one check digit is all that tells an id from any other number, only its written form counts, separators
included. The SSN has no check digit; its form and the ranges never issued stand in for one.
"""

MARGIN: Final = 512
"""Characters read beyond the end of an excerpt, so that nothing sensitive is cut in half and passed."""

_SHAPES: Final[Sequence[tuple[tuple[str, ...], str, re.Pattern[str]]]] = tuple(
    (beginnings, kind, re.compile(rf"(?<![A-Za-z0-9])(?:{shape})"))
    for beginnings, kind, shape in (
        (("AKIA", "ASIA", "ABIA", "ACCA"), "aws_key", r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
        (("ABSK",), "aws_key", r"ABSK[A-Za-z0-9+/]{40,}=*"),
        (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), "vendor_key", r"gh[oprsu]_[A-Za-z0-9]{36,}"),
        (("github_pat_",), "vendor_key", r"github_pat_\w{50,}"),
        (("glpat-",), "vendor_key", r"glpat-[\w-]{20,}"),
        (("xox",), "vendor_key", r"xox[abeprs]-[A-Za-z0-9-]{10,}"),
        (("k_live_", "k_test_"), "vendor_key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        (("sk-",), "vendor_key", r"sk-(?:ant-|proj-|svcacct-)?[\w-]{32,}"),
        (("AIza",), "vendor_key", r"AIza[\w-]{35}"),
        (("ya29.",), "vendor_key", r"ya29\.[\w-]{30,}"),
        (("npm_",), "vendor_key", r"npm_[A-Za-z0-9]{36}"),
        (("pypi-",), "vendor_key", r"pypi-[\w-]{50,}"),
        (("hf_",), "vendor_key", r"hf_[A-Za-z0-9]{30,}"),
        (("dop_v1_",), "vendor_key", r"dop_v1_[0-9a-f]{64}"),
        (("SG.",), "vendor_key", r"SG\.[\w-]{22}\.[\w-]{43}"),
        (("SK",), "vendor_key", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
        (("eyJ",), "vendor_key", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    )
)
"""How keys begin, and their whole shape: AWS, Bedrock; GitHub, GitLab, Slack, Stripe, OpenAI and Anthropic,
Google, npm, PyPI, Hugging Face, DigitalOcean, SendGrid, Twilio, and signed JSON web tokens."""
_AWS_SECRET: Final = re.compile(
    r"(?i:secret[_ -]?(?:access[_ -]?)?key|aws[_ -]?secret)(?:\s{0,4}\[[\w*]{1,24}\]|\s{1,4}is)?"
    r"[^A-Za-z0-9/+]{1,40}(?P<key>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
)
"""Behind its name, as files, XML and sentences put it, or behind the old one that `aws configure` shows."""
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_LOCAL_PART: Final = re.compile(r"(?<![\w.+%-])[\w+%-]{1,64}(?:\.[\w+%-]{1,64}){0,8}\Z")
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_LONGEST_LOCAL_PART: Final = 64
_LONGEST_DOMAIN: Final = 255
"""Both of RFC 5321."""
_CHUNK: Final = re.compile(r"[+(]?\d[\d ()./+-]{5,}\d[A-Z]?")
_LETTERED: Final = re.compile(
    r"[A-Z](?<![A-Za-z0-9][A-Z])(?:[A-Z]\d\d(?: ?[A-Z0-9]{1,4}){3,8}|[A-Z]{0,5}-?\d[A-Z0-9-]{6,10})"
)
_CARD: Final = re.compile(
    r"(?<![\d.])(?:\d{4}([ .-])\d{4}\1\d{4}\1\d{4}|\d{4}([ .-])\d{6}\2\d{4,5}|\d{13,19})(?!\d)"
)
_SHORTEST_IBAN: Final = 15
"""Norway's."""
_NO_SEPARATORS: Final = str.maketrans("", "", " .-")
_ISSUERS: Final = re.compile(r"4|5[1-5]|2[2-7]|3[0-9]|6(?:011|[2457])|50|5[6-9]|8600|9792")
_IDS: Final = {
    module: re.compile(rf"(?<![\w.+*=<-])(?:{form})(?![\w=-])") for module, (_, form) in NATIONAL_IDS.items()
}

_DIGITS: Final = b"0123456789"
_BETWEEN_DIGITS: Final = b" ()./+-"
_AS_DIGITS: Final = bytes(ord("d") if byte in _DIGITS else ord(" ") for byte in range(256))
_AS_TOKENS: Final = bytes(
    ord("w") if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_-+/=") else ord(" ")
    for byte in range(256)
)
_INTERNATIONAL: Final = re.compile(r"(?<![\w)])\+[1-9](?:[ ()./-]{0,2}\d){6,14}")
_NATIONAL: Final = re.compile(
    r"(?<![\w.+*=<-])\(?\d{2,5}(?:[)./-] ?| )\d{2,5}(?:[ ./-]\d{2,5}){1,3}(?![\w=])"
)
"""At least three groups: a bare run of digits is anything."""
_PHONE_MARGIN: Final = 8
_FEWEST_DIGITS: Final = 7
_LONG_NUMBER: Final = b"d" * 7
_LONG_TOKEN: Final = b"w" * 16


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something sensitive stands in a text: from `start` up to `end`, and what it is."""

    start: int
    end: int
    kind: str
    detail: str = ""
    """Which national id it is, empty for all else."""


@dataclass(frozen=True, kw_only=True)
class Screening:
    """What became of a record's texts under a policy."""

    value: dict[str, Any]
    """The conversation, masked where the policy says so."""
    found: Counter[str]
    """Kinds and how often each was found."""
    refused: bool


def find_sensitive(text: str, *, regions: Sequence[str] = ("US",)) -> list[Span]:
    """Find everything sensitive in a text, in order and without overlaps.

    Phone numbers are found with their country code, and in the national form of the regions (ISO 3166).
    """
    spans = list(_every_span(text, regions))
    if len(spans) < 2:
        return spans
    order = list(KINDS)
    taken: list[Span] = []
    for span in sorted(spans, key=lambda found: (order.index(found.kind), found.start - found.end)):
        place = bisect_left(taken, span)
        after_the_last = place == 0 or taken[place - 1].end <= span.start
        if after_the_last and (place == len(taken) or span.end <= taken[place].start):
            taken.insert(place, span)
    return taken


def mask(text: str, spans: Sequence[Span]) -> str:
    """Put each span's kind, as `[payment card]`, in its place; spans are in order and do not overlap."""
    pieces: list[str] = []
    end = 0
    for span in spans:
        pieces += [text[end : span.start], f"[{KINDS[span.kind]}]"]
        end = span.end
    return "".join([*pieces, text[end:]])


def masked_excerpt(text: str, characters: int) -> str:
    """Cut the start of a text to so many characters, everything sensitive masked first."""
    start = text[: characters + MARGIN]
    spans = [span for span in find_sensitive(start) if span.start < characters]
    # Nothing from behind moves up, since the margin's end may cut something in half.
    end = max([characters, *(span.end for span in spans)])
    return mask(start[:end], spans)[:characters]


def screen_conversation(
    value: Mapping[str, Any], policy: Policy, *, regions: Sequence[str] = ("US",)
) -> Screening:
    """Screen every text of a Converse conversation that broke no rule.

    `report` leaves it as it is, `mask` replaces what was found, `refuse` says that the record must go.
    """
    found: Counter[str] = Counter()
    # Most records hold nothing: all their texts are looked at in one go.
    if not find_sensitive("\n".join(_texts(dict(value))), regions=regions):
        return Screening(value=dict(value), found=found, refused=False)

    def screened(node: Any, *, beside: bool = False) -> Any:
        # Beside the turns, where no block says what is text, every string is.
        if isinstance(node, dict):
            return {
                key: text(inner)
                if key == "text" and isinstance(inner, str)
                else screened(inner, beside=beside or key == BESIDE)
                for key, inner in node.items()
            }
        if isinstance(node, list):
            return [screened(inner, beside=beside) for inner in node]
        return text(node) if beside and isinstance(node, str) else node

    def text(content: str) -> str:
        spans = find_sensitive(content, regions=regions)
        found.update(span.kind for span in spans)
        return mask(content, spans) if spans and policy == "mask" else content

    masked = screened(dict(value))
    return Screening(value=masked, found=found, refused=policy == "refuse" and bool(found))


def _texts(node: Any, *, beside: bool = False) -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner, beside=beside or key == BESIDE)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts(inner, beside=beside)
    elif beside and isinstance(node, str):
        yield node


def _every_span(text: str, regions: Sequence[str]) -> Iterator[Span]:
    content = text.encode("utf-8", "replace")
    has_token = _LONG_TOKEN in content.translate(_AS_TOKENS)
    if has_token:
        yield from _keys(text)
    if "-----BEGIN" in text:
        yield from (Span(*found.span(), "private_key") for found in _PRIVATE_KEY.finditer(text))
    if "@" in text:
        yield from _emails(text)
    if has_token or _LONG_NUMBER in content.translate(_AS_DIGITS, _BETWEEN_DIGITS):
        yield from _numbers(text, regions)


def _emails(text: str) -> Iterator[Span]:
    at, end = text.find("@"), 0
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1, at + 1 + _LONGEST_DOMAIN)
        local = _LOCAL_PART.search(text, max(end, at - _LONGEST_LOCAL_PART), at) if domain else None
        if domain and local:
            end = domain.end()
            yield Span(local.start(), end, "email")
        at = text.find("@", max(at + 1, end))


def _keys(text: str) -> Iterator[Span]:
    for beginnings, kind, shape in _SHAPES:
        if any(beginning in text for beginning in beginnings):
            yield from (Span(*found.span(), kind) for found in shape.finditer(text))
    if "ecret" in text or "ECRET" in text:
        yield from (Span(*found.span("key"), "aws_key") for found in _AWS_SECRET.finditer(text))


def _numbers(text: str, regions: Sequence[str]) -> Iterator[Span]:
    for chunk in _CHUNK.finditer(text):
        if len(chunk[0].encode().translate(None, _BETWEEN_DIGITS)) < _FEWEST_DIGITS:
            continue
        yield from _checked(_CARD, text, chunk, "payment_card", _is_card)
        yield from _ids(text, chunk)
        yield from _phones(text, chunk, regions)
    place = 0
    while lettered := _LETTERED.search(text, place):
        if iban := _iban(lettered):
            yield iban
            place = iban.end
        else:
            yield from _ids(text, lettered)
            place = lettered.start() + 1  # it may be a word in front of an IBAN


def _beyond(chunk: re.Match[str]) -> int:
    """Give where a search in a chunk ends: one character on, so that a pattern sees what follows."""
    return chunk.end() + 1


def _checked(
    pattern: re.Pattern[str],
    text: str,
    chunk: re.Match[str],
    kind: str,
    is_valid: Callable[[str], bool],
    detail: str = "",
) -> Iterator[Span]:
    place = chunk.start()
    while found := pattern.search(text, place, _beyond(chunk)):
        valid = is_valid(found[0])
        if valid:
            yield Span(*found.span(), kind, detail)
        # What is none may have swallowed the first figures of one.
        place = found.end() if valid else found.start() + 1


def _is_card(number: str) -> bool:
    digits = number.translate(_NO_SEPARATORS)
    if _ISSUERS.match(digits) is None or len(set(digits)) < 2:
        return False
    return bool(import_module("stdnum.luhn").is_valid(digits))


def _ids(text: str, chunk: re.Match[str]) -> Iterator[Span]:
    for module, pattern in _IDS.items():
        if pattern.search(text, chunk.start(), _beyond(chunk)):
            is_valid = import_module(f"stdnum.{module}").is_valid
            yield from _checked(pattern, text, chunk, "national_id", is_valid, NATIONAL_IDS[module][0])


def _iban(chunk: re.Match[str]) -> Span | None:
    """Find an IBAN at a chunk's head: words behind it may be taken for a part, so parts are let go."""
    candidate = chunk[0]
    iban = import_module("stdnum.iban")
    while len(candidate) >= _SHORTEST_IBAN:
        if iban.is_valid(candidate):
            return Span(chunk.start(), chunk.start() + len(candidate), "iban")
        candidate = candidate.rpartition(" ")[0]
    return None


def _phones(text: str, chunk: re.Match[str], regions: Sequence[str]) -> Iterator[Span]:
    international = _INTERNATIONAL.search(text, chunk.start(), _beyond(chunk)) is not None
    if not international and not _NATIONAL.search(text, chunk.start(), _beyond(chunk)):
        return
    library = import_module("phonenumbers")
    leniency = library.Leniency.VALID if international else library.Leniency.STRICT_GROUPING
    # With a little around it, by which the library tells dates and amounts from phone numbers.
    before = max(0, chunk.start() - _PHONE_MARGIN)
    for region in (None,) if international else regions:
        around = text[before : chunk.end() + _PHONE_MARGIN]
        matches = library.PhoneNumberMatcher(around, region, leniency=leniency)
        yield from (Span(before + found.start, before + found.end, "phone") for found in matches)
