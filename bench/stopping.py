"""What do the policies for how long to train cost, and how far from the best length do they end?

    OPENBLAS_NUM_THREADS=1 python -m bench.stopping

Method: the product's own `next_step` plays each policy against worlds whose truth the bench knows. Families
of made-up curves (bench/loss_curves.py) come first, each by itself, since a mean over families says only how
often each was drawn. Then the local learner: a small linear model and no LLM, whose curves really come from
training on made-up data. Its settings (bench/learner_worlds.py) are two lists: those that were looked at
while the rule was built, and those that were not.

Regret is the share of what could be gained that is missed: (loss of the kept model - lowest loss of any
length) / (loss of the base model - lowest loss). It is at most 1, since a model that is worse than its base
is not promoted, and 0 where no length gains anything.
Caveats: families and noise are assumptions; how often each occurs on Bedrock is not known. The learner's rate
is constant, and a second job of the same length gives the same model.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from bench.learner_worlds import DEVELOPMENT, HELD_OUT, LearnerWorld, Place
from bench.loss_curves import FAMILIES, Trained, World
from tunesmith.training.policies import COMPLETED, MOST_STAGES, Ended, Policy, Setting, next_step

EPOCHS: Final = 5
WORLDS: Final = 500
LONGEST: Final = max(EPOCHS, MOST_STAGES)
PLAYS: Final[tuple[tuple[str, Policy, bool], ...]] = (
    ("one job", "single", False),
    ("probe", "probe", False),
    ("probe, answers", "probe", True),
    ("pair", "pair", True),
    ("chain", "chain", False),
)
"""Name, policy, and whether the models' answers to the validation records decide, or validation loss."""
CLOSE: Final = 0.05
SEED: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a policy came to in one world."""

    billed: int
    rounds: int
    regret: float
    above_best: float
    """Share of the lowest loss by which the kept model's is above it."""


def play(policy: Policy, world: World, epochs: int, *, judges: bool) -> Played:
    """Play one policy to its end."""
    setting = Setting(policy=policy, epochs=epochs, has_curve=True, judges=judges)
    ended: list[Ended] = []
    judged: dict[int, dict[str, float]] = {}
    models: dict[int, Trained] = {}
    rounds = 0
    while True:
        decision = next_step(setting, ended, judged)
        if decision.action == "judge":
            judged |= {number: models[number].right for number in decision.numbers}
            continue
        if decision.action != "train":
            break
        rounds += 1
        for plan in decision.jobs:
            models[plan.number] = done = world.train(
                plan.epochs, stages=plan.number - 1 if plan.parent else 0
            )
            ended.append(
                Ended(plan=plan, status=COMPLETED, training=done.training, validation=done.validation)
            )
    loss = models[decision.numbers[0]].loss
    gain = world.before - world.best
    missed = (loss - world.best) / gain if gain > 0 else 0.0
    return Played(
        billed=sum(one.plan.epochs for one in ended),
        rounds=rounds,
        regret=min(1.0, max(0.0, missed)) if math.isfinite(missed) else 1.0,
        above_best=loss / world.best - 1 if math.isfinite(loss) else math.inf,
    )


def main() -> None:
    """Print a table for each family of curves, then one for the local learner."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--worlds", type=int, default=WORLDS, help="made-up worlds in each family")
    parser.add_argument("--learner", choices=("development", "held-out", "none"), default="held-out")
    asked = parser.parse_args()
    print(f"A full job has {EPOCHS} epochs; {asked.worlds} worlds in each family.\n")
    print(
        f"{'curves':<14}{'policy':<16}{'epochs billed':>14}{'jobs in turn':>14}{'mean regret':>13}{'90th':>8}"
    )
    for family, make in FAMILIES.items():
        for name, policy, judges in PLAYS:
            worlds = (_world(make, seed) for seed in range(asked.worlds))
            _print(family, name, [play(policy, world, EPOCHS, judges=judges) for world in worlds])
    if asked.learner != "none":
        _print_learner(DEVELOPMENT if asked.learner == "development" else HELD_OUT, asked.learner)


def _world(make: Callable[[np.random.Generator, int, int], World], number: int) -> World:
    return make(np.random.default_rng([SEED, number]), LONGEST, number)


def _print_learner(places: Sequence[Place], name: str) -> None:
    print(f"\nThe local learner, {len(places)} {name} settings; losses on a test that no policy saw.\n")
    worlds = [LearnerWorld(place, LONGEST) for place in places]
    for name, policy, judges in PLAYS:
        played = [play(policy, world, EPOCHS, judges=judges) for world in worlds]
        _print("local learner", name, played)
        close = sum(one.above_best <= CLOSE for one in played)
        print(
            f"{'':<14}within {CLOSE:.0%} of the lowest loss: {close} of {len(played)};"
            f" {fmean(one.billed for one in played) / EPOCHS:.2f} x {EPOCHS} epochs,"
            f" at most {max(one.rounds for one in played)} jobs in turn"
        )


def _print(family: str, name: str, played: Sequence[Played]) -> None:
    regrets = [one.regret for one in played]
    print(
        f"{family:<14}{name:<16}{_mean(one.billed for one in played):>14.2f}"
        f"{_mean(one.rounds for one in played):>14.2f}{fmean(regrets):>12.1%}"
        f"{float(np.quantile(regrets, 0.9)):>9.1%}",
        flush=True,
    )


def _mean(values: Iterable[int]) -> float:
    return fmean(values)


if __name__ == "__main__":
    main()
