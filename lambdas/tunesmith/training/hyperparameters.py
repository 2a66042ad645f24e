"""Which hyperparameters does a job get, and why? The job file's own; for the rest, what the data suggests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from tunesmith.catalogue import Hyperparameter, Model
from tunesmith.suggestions import did_you_mean

EPOCHS: Final = "epochCount"
WARM_UP: Final = "learningRateWarmupSteps"
RATES: Final = ("learningRate", "learningRateMultiplier")
_EPOCHS_BELOW: Final = ((1_000, 5), (5_001, 3))
"""Training records below which so many epochs are run; it is two above."""
_FEWEST_EPOCHS: Final = 2
BATCH: Final = "batchSize"
SAMPLES: Final = "trainingSamplePerPrompt"
_FEWEST_STEPS: Final = 8
"""Steps that an epoch of a reinforcement has at least, where the model takes so small a batch."""
_BATCH_UNIT: Final = 16


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One hyperparameter that is sent, under Bedrock's name, spelled as Bedrock takes it."""

    name: str
    value: str
    why: str

    def to_json(self) -> dict[str, str]:
        """Spell the choice as the report holds it."""
        return asdict(self)


def choose_hyperparameters(
    asked: Mapping[str, int | float | str], model: Model, *, records: int
) -> tuple[Choice, ...]:
    """Choose what is sent with a job on so many training records, in the catalogue's order.

    Epochs, rate and warm-up are always said, since they are what is paid for and what is judged; whatever
    else the model has is left to Bedrock unless the job file names it.
    """
    known = model.hyperparameters
    suggested = {choice.name: choice for choice in _suggested(model, records)}
    told = {
        name: Choice(name=name, value=spell_number(value), why="the job file asks for it")
        for name, value in asked.items()
    }
    chosen = {**suggested, **told}
    return tuple(
        chosen[name] for name in (*known, *(name for name in told if name not in known)) if name in chosen
    )


def values_of(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Map each chosen hyperparameter to its value."""
    return {choice.name: choice.value for choice in choices}


def epochs_of(choices: tuple[Choice, ...]) -> int:
    """Give the number of epochs that was chosen."""
    return int(Decimal(values_of(choices)[EPOCHS]))


def typed_values(values: Mapping[str, int | float | str], model: Model) -> dict[str, int | float]:
    """Turn hyperparameters into the numbers that a reinforcement is sent, where others are sent as text."""
    known = model.hyperparameters
    return {name: int(value) if known[name].integer else float(value) for name, value in values.items()}


def hyperparameter_problems(asked: Mapping[str, int | float | str], model: Model) -> Iterator[str]:
    """Say of each hyperparameter of a job file what the model would not take."""
    for name, value in asked.items():
        known = model.hyperparameters.get(name)
        if known is None:
            yield (
                f"hyperparameters.{name} is unknown{did_you_mean(name, model.hyperparameters)}: "
                f"{model.title} has {', '.join(model.hyperparameters)}"
            )
            continue
        number = Decimal(str(value))
        if not known.min <= number <= known.max or (known.integer and number % 1):
            yield f"hyperparameters.{name} is {value}: {model.title} takes {_range(known)}"


def spell_number(value: int | float | str | Decimal) -> str:
    """Spell a hyperparameter as Bedrock's string map wants it: plain decimal notation, never `1e-05`."""
    number = Decimal(str(value))
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")


def _suggested(model: Model, records: int) -> Iterator[Choice]:
    known = model.hyperparameters
    if model.learns_by_reward:
        yield from _suggested_for_rewards(model, records)
        return
    if EPOCHS in known:
        wanted = next((epochs for below, epochs in _EPOCHS_BELOW if records < below), _FEWEST_EPOCHS)
        why = f"{records:,} training records: 5 epochs below 1,000, 3 up to 5,000, 2 above"
        yield _within(EPOCHS, Decimal(wanted), known[EPOCHS], why)
    for name in RATES:
        if name in known:
            yield Choice(name=name, value=spell_number(known[name].default), why="the model's default")
    if WARM_UP in known:
        if model.warm_up_records is None:
            yield Choice(name=WARM_UP, value=spell_number(known[WARM_UP].default), why="the model's default")
        else:
            steps = (Decimal(records) / model.warm_up_records).quantize(Decimal(1), ROUND_HALF_UP)
            why = f"one step for each {model.warm_up_records:,} of {records:,} training records"
            yield _within(WARM_UP, steps, known[WARM_UP], why)


def _suggested_for_rewards(model: Model, records: int) -> Iterator[Choice]:
    """Say every number: together they make the hours that are billed."""
    for name, known in model.hyperparameters.items():
        if name == BATCH:
            units = max(1, records // _FEWEST_STEPS // _BATCH_UNIT)
            why = f"{records:,} prompts: {_FEWEST_STEPS} steps an epoch or more, of {known.default:f} at most"
            yield _within(name, min(Decimal(_BATCH_UNIT * units), known.default), known, why)
        else:
            yield Choice(name=name, value=spell_number(known.default), why="what AWS's sample request has")


def _within(name: str, wanted: Decimal, known: Hyperparameter, why: str) -> Choice:
    value = min(max(wanted, known.min), known.max)
    if value != wanted:
        why += f"; the model takes {_range(known)}"
    return Choice(name=name, value=spell_number(value), why=why)


def _range(known: Hyperparameter) -> str:
    kind = "a whole number" if known.integer else "a number"
    return f"{kind} from {known.min.normalize():f} to {known.max.normalize():f}"
