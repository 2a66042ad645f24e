"""What the page says of a judge: win rates, its leaning, what cannot be read, and that it may not decide."""

from __future__ import annotations

from typing import Any

from tunesmith.reporting.judge_section import judged

RATE = {"value": 61.0, "low": 55.0, "high": 67.0}


def evaluation(**changes: Any) -> dict[str, Any]:
    preferred = {"wins": 90, "ties": 64, "losses": 46, "win_rate": RATE, "at_equal_length": RATE}
    tally = {"pairs": 200, "asked": 150, "turned": 20, "unparsable": 3, "first": 160, "second": 40}
    return {
        "judge": {
            "title": "Meta Llama 3.3 70B Instruct",
            "criteria": "The <kinder> answer",
            "tallies": {"base": tally},
        },
        "comparisons": [{"comparator": "base", "preferred": preferred}],
        "reports_only": "",
        **changes,
    }


def test_win_rates_and_the_judges_leaning_stand_on_the_page() -> None:
    page = judged(evaluation())
    assert "61.0% (55.0 to 67.0)" in page
    assert "asked about 150 of 200 pairs; judged 20 otherwise in the other order; 80% of its choices" in page
    assert "3 of its answers were none of the words" in page
    assert "The &lt;kinder&gt; answer" in page
    assert "Reported only" not in page


def test_what_is_not_known_at_equal_length_is_said() -> None:
    found = evaluation()
    found["comparisons"][0]["preferred"]["at_equal_length"] = None
    assert "not known" in judged(found)


def test_a_judge_that_reports_only_is_told_of_and_no_judge_has_no_section() -> None:
    assert "Reported only: nobody checked." in judged(evaluation(reports_only="nobody checked"))
    assert judged({"judge": None}) == ""
