"""Which jobs does a sweep train, and which model does it keep? One full-length round, then answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

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
from tunesmith.training.sweeps import sweep_settings
from tunesmith.training.winners import choose_setting

_ONLY_RIGHT_OR_WRONG = {0.0, 1.0}


def sweep_plans(model: Model, sweep: Sweep, setting: Setting) -> list[JobPlan]:
    """List the jobs of a sweep: the job file's own setting first, which is the default to beat."""
    return [
        JobPlan(
            number=number,
            purpose="sweep",
            epochs=setting.epochs,
            why=f"a sweep's {'default' if number == 1 else 'setting'}: {_told(values)}",
            hyperparameters={}
            if number == 1
            else {name: spell_number(str(value)) for name, value in values.items()},
        )
        for number, values in enumerate(sweep_settings(sweep, model, setting.chosen), start=1)
    ]


def next_of_sweep(
    plans: Sequence[JobPlan],
    setting: Setting,
    ended: Sequence[Ended],
    judged: Mapping[int, Mapping[str, float]],
    *,
    seed: int,
) -> Decision:
    """Train all settings in one round, let their models answer, and keep the default unless one is better."""
    if not ended:
        why = f"a sweep of {len(plans)} settings, each at full length"
        return Decision(action="train", why=why, jobs=tuple(plans))
    done = [one.plan.number for one in ended if one.status == COMPLETED]
    default = plans[0].number
    if default not in done or len(done) == 1:
        return choose(setting, ended, judged, "")
    waiting = waiting_for_answers(done, judged, "")
    if waiting is not None:
        return waiting
    records = common_records(done, judged)
    if not records:
        return choose(setting, ended, judged, "")
    order = [default, *(number for number in done if number != default)]
    scores = [[judged[number][record] for record in records] for number in order]
    yes_or_no = {value for row in scores for value in row} <= _ONLY_RIGHT_OR_WRONG
    winner = choose_setting(scores, right_or_wrong=yes_or_no, seed=seed)
    why = (
        f"{winner.reason} (settings are jobs {', '.join(map(str, order))}); the best of equals would look "
        f"{winner.optimism:.4g} better by luck"
    )
    return Decision(action="keep", why=why, numbers=(order[winner.number],))


def _told(values: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{name} {spell_number(str(value))}" for name, value in values.items())
