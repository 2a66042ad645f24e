"""The champion: one ARN for ever, one model to roll back to, and an undo that leaves no trace."""

from __future__ import annotations

import pytest

from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion
from tunesmith.serving.capacity import NEVER, SERVING_TOKEN, model_token
from tunesmith.serving.champion import CapacityChange, plan_serving, promote, restore

NOW = "2026-11-23T10:00:00Z"


def held(run: str, kind: CapacityKind) -> Capacity:
    return Capacity(
        run=run,
        project="triage",
        token=model_token(1) if kind is CapacityKind.MODEL else SERVING_TOKEN,
        kind=kind,
        name=f"triage-{run}-1",
        purpose="candidate",
        state=CapacityState.OPEN,
        since=NOW,
        expires="2026-11-30T10:00:00Z",
        arn=f"arn:{kind}:{run}",
    )


def promoted(
    champion: Champion | None,
    run: str,
    kind: CapacityKind = CapacityKind.DEPLOYMENT,
    base_model: str = "micro",
) -> tuple[Champion, list[CapacityChange]]:
    return promote(
        champion,
        run=run,
        base_model=base_model,
        model=held(run, CapacityKind.MODEL),
        serving=held(run, kind),
        now=NOW,
    )


def crowned(*runs: str) -> Champion:
    champion = None
    for run in runs:
        champion, _ = promoted(champion, run)
    assert champion is not None
    return champion


def expiries(changes: list[CapacityChange]) -> dict[tuple[str, str], str]:
    return {(change.run, change.token): change.values["expires"] for change in changes}


def test_callers_keep_one_arn_through_all_promotions() -> None:
    assert {crowned(*runs).arn for runs in (["a"], ["a", "b"], ["a", "b", "c"])} == {"arn:deployment:a"}


def test_only_the_last_champion_is_kept_for_a_rollback() -> None:
    champion, changes = promoted(crowned("a", "b"), "c")

    assert champion.previous is not None
    assert champion.previous["run"] == "b"
    assert expiries(changes) == {
        ("c", "model-1"): NEVER,
        ("a", "serving"): NEVER,
        ("b", "model-1"): NEVER,
        ("a", "model-1"): NOW,
    }


def test_a_promotion_is_the_same_when_repeated() -> None:
    champion = crowned("a", "b")

    assert promoted(champion, "b")[0] == champion


def test_an_undone_promotion_leaves_the_champion_as_it_was() -> None:
    before = crowned("a", "b")
    after, _ = promoted(before, "c")

    restored, changes = restore(after, run="c", now=NOW)

    assert restored == before
    assert expiries(changes) == {
        ("c", "model-1"): "2026-11-30T10:00:00Z",
        ("b", "model-1"): NEVER,
        ("a", "serving"): NEVER,
        ("a", "model-1"): NEVER,
    }


def test_an_undone_first_promotion_leaves_no_champion() -> None:
    restored, changes = restore(crowned("a"), run="a", now=NOW)

    assert restored is None
    assert expiries(changes)["a", "serving"] == NOW


def test_the_undo_of_what_never_was_keeps_the_champion() -> None:
    champion = crowned("a", "b")

    assert restore(champion, run="c", now=NOW) == (champion, [])
    assert restore(None, run="c", now=NOW) == (None, [])


def test_a_run_that_is_champion_already_is_served_as_it_is() -> None:
    champion = crowned("a", "b")

    plan = plan_serving(
        champion,
        run="b",
        base_model="micro",
        model=held("b", CapacityKind.MODEL),
        serving=held("b", CapacityKind.DEPLOYMENT),
    )

    assert (plan.action, plan.candidate_arn, plan.champion_arn) == ("adopt", champion.arn, champion.arn)


@pytest.mark.parametrize(
    ("kind", "base_model"), [(CapacityKind.THROUGHPUT, "micro"), (CapacityKind.DEPLOYMENT, "lite")]
)
def test_a_model_that_cannot_use_the_champions_capacity_gets_an_arn_of_its_own(
    kind: CapacityKind, base_model: str
) -> None:
    before = crowned("a")

    champion, changes = promoted(before, "b", kind, base_model)

    assert champion.arn == f"arn:{kind}:b"
    assert expiries(changes)["a", "serving"] == "2026-11-24T10:00:00Z", "callers get a day to move"
    restored, undone = restore(champion, run="b", now=NOW)
    assert restored == before
    assert expiries(undone)["b", "serving"] == NOW
    assert expiries(undone)["a", "serving"] == NEVER


def test_a_rollback_swaps_the_previous_model_back_behind_the_same_arn() -> None:
    champion = crowned("a", "b")

    plan = plan_serving(
        champion, run="a", base_model="micro", model=held("a", CapacityKind.MODEL), serving=None
    )

    assert (plan.action, plan.candidate_arn, plan.champion_arn) == ("swap", "", champion.arn)
    back, changes = promote(
        champion, run="a", base_model="micro", model=held("a", CapacityKind.MODEL), serving=None, now=NOW
    )
    assert (back.run, back.arn, back.previous and back.previous["run"]) == ("a", champion.arn, "b")
    assert expiries(changes) == {("a", "model-1"): NEVER, ("a", "serving"): NEVER, ("b", "model-1"): NEVER}


def test_a_model_without_capacity_cannot_become_the_first_champion() -> None:
    with pytest.raises(ValueError, match="tunesmith promote a"):
        plan_serving(None, run="a", base_model="micro", model=held("a", CapacityKind.MODEL), serving=None)
