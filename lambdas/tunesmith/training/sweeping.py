"""Which jobs does a sweep train next, and which model does it keep? Round by round, then answers decide.

A sweep has one round of full length, or rounds over growing shares of the training records, from each of
which the better half goes on. The default goes on always: it is what a winner has to beat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import fmean

from tunesmith.catalogue import Model
from tunesmith.job_sections import Sweep
from tunesmith.training.hyperparameters import spell_number
from tunesmith.training.policies import (
    COMPLETED,
    Decision,
    Ended,
    JobPlan,
    Setting,
    choose,
    common_records,
    waiting_for_answers,
)
from tunesmith.training.sweeps import AT_ONCE, sweep_rounds, sweep_settings
from tunesmith.training.winners import choose_setting

_ONLY_RIGHT_OR_WRONG = {0.0, 1.0}


def sweep_plans(model: Model, sweep: Sweep, setting: Setting) -> list[JobPlan]:
    """List the jobs of a sweep's first round: the job file's own setting first, the default to beat."""
    settings = sweep_settings(sweep, model, setting.chosen)
    share, _ = sweep_rounds(sweep, len(settings))[0]
    return [
        JobPlan(
            number=number,
            purpose="sweep",
            epochs=setting.epochs,
            why=f"a sweep's {'default' if number == 1 else 'setting'}: {_told(values)}{_on(share)}",
            hyperparameters={}
            if number == 1
            else {name: spell_number(str(value)) for name, value in values.items()},
            data_share=share,
        )
        for number, values in enumerate(settings, start=1)
    ]


def next_of_sweep(
    first: Sequence[JobPlan],
    sweep: Sweep,
    setting: Setting,
    ended: Sequence[Ended],
    judged: Mapping[int, Mapping[str, float]],
    *,
    seed: int,
) -> Decision:
    """Train a round's settings two at a time, let their models answer, and let the better half go on.

    `first` are the jobs of the first round. At the full share the default is kept unless one is better.
    """
    over = {one.plan.number: one for one in ended}
    plans, rounds, cut_short = list(first), sweep_rounds(sweep, len(first)), ""
    for position, (share, _) in enumerate(rounds, start=1):
        # What was asked for stands, whatever would be asked for today.
        plans = [over[plan.number].plan if plan.number in over else plan for plan in plans]
        waiting = [plan for plan in plans if plan.number not in over]
        if waiting and not setting.closed:
            return Decision(action="train", why=_why(plans, share, rounds), jobs=tuple(waiting[:AT_ONCE]))
        done = [plan for plan in plans if plan.number in over and over[plan.number].status == COMPLETED]
        cut_short = setting.closed if waiting or position < len(rounds) else ""
        if cut_short or not done or position == len(rounds):
            break
        answers = waiting_for_answers([plan.number for plan in done], judged, "")
        if answers is not None:
            return answers
        plans = _next_round(done, judged, rounds[position], number=plans[-1].number + 1)
    why = f"not all of the sweep is trained, since {cut_short}" if cut_short else ""
    return _keep(first, setting, ended, judged, seed=seed, why=why)


def _keep(
    first: Sequence[JobPlan],
    setting: Setting,
    ended: Sequence[Ended],
    judged: Mapping[int, Mapping[str, float]],
    *,
    seed: int,
    why: str,
) -> Decision:
    """Keep the default's model, unless another is better where both saw all records."""
    completed = [one for one in ended if one.status == COMPLETED]
    largest = max((one.plan.data_share for one in completed), default=1.0)
    last = [one for one in completed if one.plan.data_share == largest]
    if not last:
        return choose(setting, ended, judged, why)
    defaults = [one.plan for one in completed if not one.plan.hyperparameters]
    kept = max(defaults, key=lambda plan: plan.data_share, default=None)
    if kept is not None and min(largest, kept.data_share) < 1:
        told = (
            f"job {kept.number}, the default{_on(kept.data_share)}, is kept: one replaces it only where both "
            "saw all records"
        )
        return Decision(action="keep", why=f"{why}; {told}" if why else told, numbers=(kept.number,))
    if kept is None or len(last) == 1:
        return choose(setting, last, judged, why)
    default, numbers = kept.number, [one.plan.number for one in last]
    waiting = waiting_for_answers(numbers, judged, why)
    if waiting is not None:
        return waiting
    records = common_records(numbers, judged)
    if not records:
        return choose(setting, last, judged, why)
    order = [default, *(number for number in numbers if number != default)]
    scores = [[judged[number][record] for record in records] for number in order]
    compared = [plan.number for plan in first if plan.number in judged]
    answered = common_records(compared, judged)
    tried = [[judged[number][record] for record in answered] for number in compared] if answered else []
    yes_or_no = {value for row in scores for value in row} <= _ONLY_RIGHT_OR_WRONG
    winner = choose_setting(scores, right_or_wrong=yes_or_no, seed=seed, tried=tried)
    told = (
        f"{winner.reason} (settings are jobs {', '.join(map(str, order))}); the best of equals would look "
        f"{winner.optimism:.4g} better by luck"
    )
    return Decision(action="keep", why=f"{why}; {told}" if why else told, numbers=(order[winner.number],))


def _next_round(
    done: Sequence[JobPlan],
    judged: Mapping[int, Mapping[str, float]],
    following: tuple[float, int],
    *,
    number: int,
) -> list[JobPlan]:
    """Plan the next round: the default, and the best of the others by what their models answered."""
    share, most = following
    records = common_records([plan.number for plan in done], judged)

    def mean(plan: JobPlan) -> float:
        return fmean(judged[plan.number][record] for record in records) if records else 0.0

    defaults = [plan for plan in done if not plan.hyperparameters]
    others = sorted((plan for plan in done if plan.hyperparameters), key=mean, reverse=True)
    going_on = [*defaults, *others[: most - len(defaults)]]
    return [
        replace(
            plan,
            number=number + position,
            round=plan.round + 1,
            data_share=share,
            why=f"job {plan.number} scored {100 * mean(plan):.1f} on {len(records):,} validation records: it "
            f"goes on{_on(share)}",
        )
        for position, plan in enumerate(going_on)
    ]


def _why(plans: Sequence[JobPlan], share: float, rounds: Sequence[tuple[float, int]]) -> str:
    if len(rounds) == 1:
        return f"a sweep of {len(plans)} settings, each at full length"
    return f"round {plans[0].round} of {len(rounds)} of a sweep: {len(plans)} settings{_on(share)}"


def _on(share: float) -> str:
    if share == 1:
        return ""
    return f", on {100 * share:.4g}% of the training records"


def _told(values: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{name} {spell_number(str(value))}" for name, value in values.items())
