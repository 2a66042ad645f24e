"""What does each kind of run mean? Bedrock's name for how it tunes, and what a job file may ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of run, under the name that a job file has for it."""

    name: str
    customization: str
    """Bedrock's `customizationType`; empty where nothing is tuned."""
    weighs: str = ""
    """The kind of tuning whose worth is asked; empty where it is tuned and not asked."""
    is_listed: bool = True
    """Whether Bedrock lists the models that take it. Source: its service model, ModelCustomization."""
    section: str = ""
    """Key of the job file's mapping that this kind alone has; empty where it needs none."""
    section_needs: str = ""
    """The key that must stand in that mapping."""
    why_one_job: str = ""
    """Why a run is one job, with neither sweep nor policy; empty where it need not be."""
    chooses_length: bool = False
    """Whether Bedrock chooses hyperparameters and length, so that none may be sent."""
    sends_numbers: bool = False
    """Whether hyperparameters are sent as numbers, in a part of the request that is the kind's own."""
    reads_validation: bool = True
    """Whether training takes validation data, of a model that makes use of it."""
    learns_texts: bool = False
    """Whether its records are texts, which ask and answer nothing: a test needs a file of its own."""
    billed: Literal["tokens", "hours"] = "tokens"
    """What training is billed by."""

    @property
    def tunes(self) -> bool:
        """Whether a run trains a model at all."""
        return not self.weighs

    @property
    def has_curve(self) -> bool:
        """Whether the loss on validation data tells which length is best."""
        return self.reads_validation and not self.why_one_job


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(name="fine-tuning", customization="FINE_TUNING"),
        Kind(
            name="continued-pre-training",
            customization="CONTINUED_PRE_TRAINING",
            learns_texts=True,
        ),
        Kind(
            name="distillation",
            customization="DISTILLATION",
            section="distillation",
            section_needs="teacher",
            why_one_job="Bedrock chooses what it is sent and how long it trains",
            chooses_length=True,
            # The answers that are learned are the teacher's: the user's own are no measure of them.
            reads_validation=False,
        ),
        Kind(
            name="reinforcement",
            customization="REINFORCEMENT_FINE_TUNING",
            is_listed=False,
            section="reinforcement",
            section_needs="grader",
            why_one_job="training is billed by the hour, and no file tells its rewards for certain",
            sends_numbers=True,
            billed="hours",
        ),
        Kind(
            name="advise",
            customization="",
            weighs="fine-tuning",
            why_one_job="nothing is trained",
        ),
    )
}
"""Every kind of run: those that tune, and the one that asks whether to."""
