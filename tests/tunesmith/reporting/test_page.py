"""The page: self-contained, and safe with any text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.tunesmith.reporting import sample
from tests.tunesmith.reporting.test_document import document
from tunesmith.reporting.document import RunRecords
from tunesmith.reporting.page import render_page
from tunesmith.reporting.words import STAND_IN

VOID = {"meta", "br"}
SAMPLES = [sample.promoted, sample.inconclusive, sample.invalid]


class Balance(HTMLParser):
    """Checks that every element is closed, and in the right order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID or tag in {"line", "circle", "rect", "polyline"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page)


@pytest.mark.parametrize("records", SAMPLES)
def test_the_page_stands_alone(records: Callable[[], RunRecords]) -> None:
    page = render_page(document(records()))

    assert "<script" not in page
    assert not re.search(r"(src|href)=|@import|url\(", page)
    parser = Balance()
    parser.feed(page)
    assert parser.open == []


def test_the_verdict_gain_money_and_next_step_come_first() -> None:
    top = text_of(render_page(document(sample.promoted())).split("</style>")[1].split("<section")[0])

    for part in (
        "better by 35.4 points",
        "+29.9 to +40.8",
        "$0.57",
        "limit $50.00",
        "What to do next",
        "Call the champion",
    ):
        assert part in top, part


def test_every_section_shows_what_the_document_says() -> None:
    text = text_of(render_page(document(sample.promoted())))

    for part in (
        "of equal models 0 of 200 are promoted; with a true gain of +2.0 points 3 of 200 are promoted",
        "93.2%",
        "57.8%",
        sample.DEPLOYMENT,
        "epochCount 3",
        "1,392",
        "TS018",
        "40 records are near-duplicates, in 18 groups that stay whole. (TD025)",
        "Left out because a part held back has the like: 9 and 2. (TD026)",
        "The records are enough for the blind test to prove something.",
        "3 hold sensitive data, masked: payment card 1, e-mail address 2",
        "Variety of the data",
        "Words per prompt",
        "Records per label",
        "Estimates of tokens are off by 6 %",
        "$1.95 a month",
        "2 h 45 min",
    ):
        assert part in text, part


def test_the_champion_stands_beside_candidate_and_base_in_chart_and_table() -> None:
    page = render_page(document(sample.second("promoted", right=0.912)))
    chart = page.split("exact match of each model")[1].split("</svg>")[0]

    assert chart.count("<circle") == 3
    assert '<th class="n">champion</th>' in page
    assert "over the champion; 97%: " in text_of(page)
    gains = page.split("gain of the candidate over each model")[1].split("</svg>")[0]
    assert gains.count("<circle") == 2
    assert "over champion" in gains
    assert "The verdict hangs on champion." in text_of(page)


def test_savings_say_what_is_cheaper_when_it_pays_and_from_which_volume_on() -> None:
    text = text_of(render_page(document(sample.promoted())))

    for part in (
        "What it saves",
        "for each 1,000 answers",
        "at 2,000,000 answers a month, storage paid, the $0.57 of this run are never earned back",
        "candidate, paid by the hour",
        "the candidate costs less from",
    ):
        assert part in text, part


def test_answers_that_changed_stand_side_by_side_as_text() -> None:
    page = render_page(document(sample.promoted()))
    section = page.split("Answers that changed")[1].split("</section>")[0]

    assert "Better after tuning: 211 records, 20 of them shown" in section
    assert "Worse after tuning: 1 records" not in section
    assert "Worse after tuning: 1 record" in section
    assert section.count('class="record"') == 21
    assert "due &lt;b&gt;yesterday&lt;/b&gt;" in section
    assert "(nothing)" in section
    nothing = {name: {"records": 0, "shown": []} for name in ("improved", "damaged")}
    assert "Answers that changed" not in render_page(document(replace(sample.promoted(), changes=nothing)))


def test_a_run_that_was_scored_before_savings_were_told_has_no_section_of_them() -> None:
    records = sample.promoted()
    assert records.scores is not None
    scores = {name: value for name, value in records.scores.items() if name != "serving"}

    assert "What it saves" not in render_page(document(replace(records, scores=scores)))


def test_a_run_that_was_prepared_before_variety_was_looked_at_has_no_section_of_it() -> None:
    records = sample.promoted()
    new = ("diversity", "tokens")
    data = {key: value for key, value in (records.data or {}).items() if key not in new}

    page = render_page(document(replace(records, data=data)))

    assert "<h2>Data</h2>" in page
    assert "Variety of the data" not in page


def test_texts_of_users_cannot_become_markup() -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    records = sample.promoted()
    run = replace(records.run, reason=evil, project=evil)
    steps = [replace(step, summary=evil) for step in records.steps]
    capacity = [replace(item, name=evil, problem=evil, purpose=evil) for item in records.capacity]
    job = {**records.training.told[1], "notes": [evil], "hyperparameters": {evil: evil}}
    data = dict(records.data or {})
    data["files"] = {"train": {**data["files"]["train"], "file": evil, "by_rule": {evil: 3}}}
    data["diversity"] = {
        **data["diversity"],
        "advice": [evil],
        "labels": {evil: 2},
        "openings": [{"text": evil, "words": 4, "count": 2}],
    }

    page = render_page(
        document(replace(sample.with_job(records, job), run=run, steps=steps, capacity=capacity, data=data))
    )

    assert "<img" not in page
    assert page.count("&lt;img") >= 20


@pytest.mark.parametrize(("environment", "said"), [("local", True), ("prod", False)])
def test_figures_of_the_stand_in_are_called_so(environment: str, said: bool) -> None:
    assert (STAND_IN.replace("'", "&#x27;") in render_page(document(sample.promoted(), environment))) is said


def test_a_curve_of_rewards_is_drawn_with_its_best_point_at_the_top() -> None:
    records = sample.promoted()
    training = [[step, 0, reward] for step, reward in enumerate((-0.2, 0.1, 0.55))]
    job = {
        **records.training.told[1],
        "measure": "reward",
        "curves": {"training": training, "validation": [[0, 0, 0.3], [1, 0, 0.7], [2, 0, 0.6]]},
    }

    page = render_page(document(sample.with_job(records, job)))

    assert 'aria-label="training and validation reward by step"' in page
    assert "Last training reward 0.55, -0.2 at first" in text_of(page).replace("  ", " ")
    assert "0.6 (best 0.7 at step 1)" in text_of(page)
    assert "validation loss" not in page
    heights = [float(y) for y in re.findall(r'<circle class="point" [^>]*cy="([\d.]+)"', page)]
    assert min(heights) == heights[1]


def test_a_job_on_a_share_of_the_training_records_says_so() -> None:
    records = sample.promoted()
    job = {**records.training.told[1], "data_share": 0.25}

    page = text_of(render_page(document(sample.with_job(records, job))))

    assert "Trained on 25% of the training records" in page.replace("  ", " ")
    assert "Trained on" not in text_of(render_page(document(records)))


def test_a_job_without_metrics_shows_its_notes_and_no_chart() -> None:
    records = sample.promoted()
    job = {
        **records.training.told[1],
        "curves": {"training": [], "validation": []},
        "notes": ["Bedrock left no metrics."],
    }

    page = render_page(document(sample.with_job(records, job)))

    assert "Bedrock left no metrics." in page
    assert "validation loss" not in page


def test_what_could_not_be_given_back_stands_out() -> None:
    records = sample.promoted()
    stuck = replace(records.capacity[0], problem="Bedrock.ConflictException: busy")

    assert "Bedrock.ConflictException: busy" in render_page(document(replace(records, capacity=[stuck])))


def test_a_run_that_was_promoted_has_every_plot() -> None:
    labels = re.findall(r'aria-label="([^"]+)"', render_page(document(sample.promoted())))

    for part in (
        "exact match of each model",
        "gain of the candidate over each model",
        "output tokens",
        "cost of an answer",
        "training and validation loss by step",
        "words per prompt",
        "tokens per record",
        "records per label",
    ):
        assert any(part in label.lower() for label in labels), (part, labels)
