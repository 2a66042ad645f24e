"""The data's variety is drawn whole and escaped, and nothing is drawn where nothing is known."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from tunesmith.dataset.diversity import diversity_report
from tunesmith.dataset.tokens import token_summary
from tunesmith.reporting.dataset_section import bars_chart, histogram_chart, variety


class Tags(HTMLParser):
    """Counts tags, and fails where one is closed that is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_free_text_shows_lengths_tokens_openings_and_advice() -> None:
    answers = [f"Thank you for your patience & trust, case {number} <b>" for number in range(60)]
    report = diversity_report([f"Where is order {number}?" for number in range(60)], answers).to_json()
    page = Tags(variety(report, token_summary(list(range(10, 70)), epochs=2)))
    assert page.seen.count("svg") == 3
    assert "b" not in page.seen
    assert "60 of 60 answers start with the same" in page.text
    assert "One epoch is about" in page.text
    assert "Commonest openings of answers" in page.text


def test_labels_are_drawn_as_bars_with_the_rest_in_words() -> None:
    labels = [f"<label {number % 20}>" for number in range(200)]
    page = Tags(variety(diversity_report(["a question"] * 200, labels, near_duplicate_share=0.5).to_json()))
    assert "<label 0>" in page.text
    assert "and 8 more, the rarest with 10" in page.text
    assert "50.0 % have a near-duplicate" in page.text
    assert "Words per answer" not in page.text


def test_of_a_sample_it_is_told_of_how_many_and_a_single_language_is_not_drawn() -> None:
    prompts = ["Where is my order, and when will it be here?"] * 9 + ["?"]
    report = diversity_report(prompts, [f"answer {number}" for number in range(10)]).to_json()
    assert report["languages"] == {"English": 9, "not told": 1}
    text = Tags(variety({**report, "of": 2_000}, {**token_summary([1] * 10), "error": "off by 6 %"})).text
    assert "10 of 2,000 records for training, taken at even distances" in text
    assert "One epoch is about 10 tokens. Estimates of tokens are off by 6 %." in text
    assert "Language of the prompts" not in text
    mixed = {**report, "languages": {"English": 9, "German": 1}, "of": 10}
    assert "Language of the prompts" in Tags(variety(mixed)).text
    assert "taken at even distances" not in Tags(variety(mixed)).text


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    assert variety(None) == ""
    assert histogram_chart([], "empty") == ""


@pytest.mark.parametrize("bins", [[(1, 2, 5)], [(0, 1, 0), (1, 900, 3)]])
def test_bars_stay_inside_the_picture(bins: list[tuple[int, int, int]]) -> None:
    page = Tags(histogram_chart(bins, "words"))
    assert page.seen.count("rect") == len(bins)
    assert "nan" not in histogram_chart(bins, "words")


def test_a_bar_of_nothing_is_still_seen() -> None:
    assert Tags(bars_chart({"one": 0}, "labels")).seen.count("rect") == 1


def test_a_wide_name_is_cut_at_the_picture_s_edge() -> None:
    chart = bars_chart({"W" * 60: 3}, "labels")
    assert "W" * 47 + "…" in chart
    assert '<svg style="overflow:hidden" ' in chart
