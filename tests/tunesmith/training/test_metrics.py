"""Metrics files: whatever is there is read, whatever is broken is left out."""

from __future__ import annotations

import math

import pytest

from tunesmith.training.metrics import Curves, LossPoint, read_points, thinned

HEADER = "step_number,epoch_number,training_loss,perplexity\n"


def test_a_whole_file_is_read() -> None:
    assert read_points(HEADER + "0,0,1.5,4.4\n1,0,1.25,3.4\n", finished=True) == [(0, 0, 1.5), (1, 0, 1.25)]


def test_the_loss_is_found_by_its_columns_name() -> None:
    text = "step_number,epoch_number,perplexity,validation_loss\n5,1,9.9,0.5\n"

    assert read_points(text, finished=True) == [(5, 1, 0.5)]


def test_a_file_without_header_has_loss_and_perplexity_last() -> None:
    assert read_points("0,0,2.5,12.1\n", finished=True) == [(0, 0, 2.5)]


@pytest.mark.parametrize("text", ["", "\n", HEADER, "step_nu", "nonsense\n"])
def test_a_file_without_rows_has_no_points(text: str) -> None:
    assert read_points(text, finished=True) == []
    assert read_points(text, finished=False) == []


def test_every_beginning_of_a_file_gives_a_beginning_of_its_points() -> None:
    text = HEADER + "".join(f"{step},{step // 4},{2 - step / 16},{step}.25\n" for step in range(12))
    whole = read_points(text, finished=True)

    for length in range(len(text)):
        points = read_points(text[:length], finished=False)
        assert points == whole[: len(points)]


def test_a_finished_file_may_lack_the_last_line_end() -> None:
    assert read_points(HEADER + "0,0,1.5,4.4", finished=True) == [(0, 0, 1.5)]
    assert read_points(HEADER + "0,0,1.5,4.4", finished=False) == []


def test_rows_that_are_no_rows_are_left_out() -> None:
    text = HEADER + "0,0,1.5,4.4\n,,,\nx,y,z,w\n3,0\ninf,0,1,1\n4,0,1.25,3\n"

    assert read_points(text, finished=True) == [(0, 0, 1.5), (4, 0, 1.25)]


@pytest.mark.parametrize("finished", [True, False])
def test_a_stray_quote_costs_its_own_row_and_no_other(finished: bool) -> None:
    rows = "".join(f"{step},0,1.5,4.4\n" for step in range(1, 9_000))
    assert len(rows) > 128 * 1024

    points = read_points(HEADER + '"0,0,2.5,12.1\n' + rows, finished=finished)

    assert [point.step for point in points] == list(range(1, 9_000))


def test_a_field_that_is_longer_than_any_number_costs_its_own_row_and_no_other() -> None:
    rows = "0,0,1.5,4.4\n" + "9" * 200_000 + ",0,1.5,4.4\n" + "2,0,1.4,4.1\n"

    assert [point.step for point in read_points(HEADER + rows, finished=True)] == [0, 2]


def test_a_loss_that_is_no_number_any_more_is_kept() -> None:
    (point,) = read_points(HEADER + "7,1,nan,nan\n", finished=True)

    assert math.isnan(point.loss)


def test_figures_name_only_what_is_known() -> None:
    assert Curves(training=[], validation=[]).figures() == {}
    curves = Curves(training=[LossPoint(9, 1, 0.5)], validation=[LossPoint(9, 1, math.nan)])
    assert curves.figures() == {"step": 9, "training_loss": 0.5}


def test_a_thinned_curve_keeps_its_end_and_its_mean() -> None:
    points = [LossPoint(step, step // 100, 1000.0 - step) for step in range(1000)]

    thin = thinned(points, 50)

    assert len(thin) == 50
    assert thin[-1].step == 999
    assert sum(point.loss for point in thin) / 50 == pytest.approx(sum(p.loss for p in points) / 1000)
    assert thinned(points[:50], 50) == points[:50]


REWARDS = "step_number,epoch_number,critic/rewards/mean,actor/pg_loss\n0,0,0.25,0.1\n1,0,0.5,0.2\n"


def test_rewards_are_read_by_their_documented_names_and_never_taken_for_losses() -> None:
    assert read_points(REWARDS, finished=True, measure="reward") == [(0, 0, 0.25), (1, 0, 0.5)]
    validation = "step_number,epoch_number,val-score/rewards/mean@1\n9,0,0.75\n"
    assert read_points(validation, finished=True, measure="reward") == [(9, 0, 0.75)]
    assert read_points("0,0,2.5,12.1\n", finished=True, measure="reward") == []
    curves = Curves(
        training=read_points(REWARDS, finished=True, measure="reward"), validation=[], measure="reward"
    )
    assert curves.figures() == {"step": 1, "training_reward": 0.5}
    assert curves.training_losses == []
