"""How often does the advisor answer right, in tasks whose truth it is not told?

    OPENBLAS_NUM_THREADS=1 python -m bench.advisor

Method: each family has 20 worlds, drawn with seeds 0 to 19 (`bench/advisor_worlds.py`). Of each the product's
own `advise` sees what a run of `kind: advise` sees: scores of untuned models on a blind test, what the likest
training records answer, prices. The truth is what it does not see: the local learner is fitted to the world's
training records and asked fresh ones. Of too little data the right answer is that it cannot be said.

Caveats: what untuned models know is drawn, not measured, and the learner knows nothing to begin with: a tuned
language model keeps what its base knows, and learns more from less. Right answers near a threshold are a
matter of a point or two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np

from bench.advisor_worlds import World, scene
from tunesmith.evaluation.advice import advise

SEEDS: Final = range(20)
Draw = Callable[[np.random.Generator], World]


def near_the_ceiling(random: np.random.Generator) -> World:
    """The base model hardly errs."""
    base = random.uniform(0.97, 0.995)
    return World(
        base=base, few_shot=min(1.0, base + random.uniform(0, 0.01)), test=int(random.integers(400, 700))
    )


def examples_suffice(random: np.random.Generator) -> World:
    """The base model errs, and behind examples hardly."""
    return World(
        base=random.uniform(0.6, 0.8),
        few_shot=random.uniform(0.97, 0.995),
        test=int(random.integers(400, 700)),
    )


def records_teach(random: np.random.Generator) -> World:
    """The words tell the label, and no untuned model knows how."""
    base = random.uniform(0.4, 0.65)
    return World(
        base=base,
        few_shot=base + random.uniform(0, 0.15),
        own=random.uniform(0.3, 0.4),
        train=int(random.integers(400, 800)),
    )


def labels_contradict(random: np.random.Generator) -> World:
    """Half of the labels and more are drawn at random, and the base model knows what can be known."""
    base = random.uniform(0.93, 0.99)
    return World(
        base=base,
        few_shot=base,
        wrong=random.uniform(0.5, 0.8),
        own=random.uniform(0.05, 0.2),
        test=int(random.integers(300, 600)),
    )


def too_little(random: np.random.Generator) -> World:
    """The blind test has some dozens of records."""
    return World(
        base=random.uniform(0.4, 0.9), few_shot=random.uniform(0.5, 0.95), test=int(random.integers(20, 100))
    )


def a_larger_model_knows(random: np.random.Generator) -> World:
    """A larger model errs little; the volume is small or large, and so is what it costs beside tuning."""
    base = random.uniform(0.5, 0.8)
    return World(
        base=base,
        few_shot=base + random.uniform(0.0, 0.1),
        larger={"nova-pro": random.uniform(0.85, 0.98)},
        larger_price=random.uniform(5, 30),
        own=random.uniform(0.15, 0.4),
        train=int(random.integers(200, 800)),
        test=int(random.integers(200, 600)),
        answers_per_month=int(10 ** random.uniform(2, 6)),
    )


def anything(random: np.random.Generator) -> World:
    """Whatever comes: each property is drawn by itself, from all that may be met."""
    base = random.uniform(0.3, 0.97)
    return World(
        labels=int(random.integers(3, 13)),
        base=base,
        few_shot=min(0.99, base + random.uniform(-0.03, 0.25)),
        own=random.uniform(0.1, 0.45),
        wrong=random.choice([0.0, 0.1, 0.3]),
        train=int(random.integers(100, 900)),
        test=int(random.integers(110, 700)),
    )


FAMILIES: Final[Mapping[str, Draw]] = {
    "near the ceiling": near_the_ceiling,
    "examples suffice": examples_suffice,
    "records teach": records_teach,
    "labels contradict": labels_contradict,
    "too little": too_little,
    "a larger model knows": a_larger_model_knows,
    "anything": anything,
}
UNSEEN: Final = "anything"
"""The family that was written behind the thresholds, which have not changed since."""


def play(family: str, seed: int) -> tuple[str, str]:
    """Play one world; give the right answer, and the advisor's."""
    draw = FAMILIES[family]
    found = scene(draw(np.random.default_rng([seed, list(FAMILIES).index(family)])), seed)
    right = "cannot_say" if draw is too_little else found.right
    return right, advise(found.evidence).answer


def tally(family: str, seeds: Iterable[int] = SEEDS) -> Counter[str]:
    """Count the answers to a family's worlds: right, wrong, and `cannot_say` where something could be."""
    told: Counter[str] = Counter()
    for right, answer in (play(family, seed) for seed in seeds):
        told["right" if answer == right else "cannot_say" if answer == "cannot_say" else "wrong"] += 1
    return told


def main() -> None:
    """Print the answers, family by family."""
    print(f"{'family':<22}{'right':>8}{'cannot say':>12}{'wrong':>8}   of {len(SEEDS)} each")
    for family in FAMILIES:
        told = tally(family)
        name = f"{family} (unseen)" if family == UNSEEN else family
        print(f"{name:<22}{told['right']:>8}{told['cannot_say']:>12}{told['wrong']:>8}", flush=True)


if __name__ == "__main__":
    main()
