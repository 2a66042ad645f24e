"""How does the stand-in go on reading? It learns to guess each word of a text from the words around it.

The same softmax regression as for answers, with the commonest words as classes. What stands
together in the texts is learned, and nothing else. Asked for one of several labels, it answers as its base
does, with a word in for the label whose words it would expect beside the question's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from local.bedrock.base_answers import answer_as_base
from local.bedrock.learner import Curve, LinearModel, Settings, fit
from local.bedrock.records import Example

AROUND: Final = 12
"""Words before and behind a word that it is guessed from."""
MOST_GUESSED: Final = 4_000
"""Words that are guessed in one reading; of more, so many at even distances."""
WEIGHT: Final = 0.25
"""What one nat in favour of a label's words counts beside an overlap of words."""

_WORD: Final = re.compile(r"[a-z]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class Reader:
    """A base model that has read on."""

    base: str
    words: LinearModel

    @property
    def completions(self) -> list[str]:
        """The words that it guesses among."""
        return self.words.completions

    def answer(self, system: str, user: str) -> str:
        """Answer as the base model does, with what was read in mind."""
        rows, values = self.words.encode("", user)
        scores = values @ self.words.weights[rows]
        expected = dict(zip(self.words.completions, (scores - scores.mean()).tolist(), strict=False))

        def favour(label: str) -> float:
            known = [expected[word] for word in _words(_CAMEL.sub(" ", label)) if word in expected]
            return WEIGHT * float(np.mean(known)) if known else 0.0

        return answer_as_base(self.base, system, user, favour=favour)


def read_on(
    base: str,
    texts: Sequence[str],
    settings: Settings,
    validation: Sequence[Sequence[str]] = (),
    start: Reader | None = None,
) -> tuple[Reader, Curve]:
    """Read texts, on from what an earlier reader knows; losses are nats per word that is guessed."""
    watched = [guesses(one) for one in validation]
    words, curve = fit(guesses(texts), settings, watched, start.words if start else None)
    return Reader(base, words), curve


def guesses(texts: Sequence[str]) -> list[Example]:
    """List which word is to be guessed from which words around it."""
    found = []
    for text in texts:
        words = _words(text)
        for place, word in enumerate(words):
            around = [*words[max(0, place - AROUND) : place], *words[place + 1 : place + 1 + AROUND]]
            found.append(Example("", " ".join(around), word))
    return found[:: max(1, -(-len(found) // MOST_GUESSED))]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
