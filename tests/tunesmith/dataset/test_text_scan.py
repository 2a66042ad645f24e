"""What is counted over many texts at once is what is counted in each."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.test_sensitive import FOUND, IDS
from tunesmith.dataset.records import NEXT_TURN, folded
from tunesmith.dataset.sensitive import find_sensitive
from tunesmith.dataset.text_scan import scan
from tunesmith.dataset.tokens import character_counts

EXAMPLES = [*(text for text, _, _ in FOUND), *IDS.values()]
PIECES = st.sampled_from(
    [*"ab Z09-_@.\t\n\0é漢+/()", "😀", "   ", "word ", "1234567", "-----BEGIN", *EXAMPLES]
)
TEXTS = st.lists(PIECES | st.characters(codec="utf-8"), max_size=12).map("".join)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_a_scan_says_of_each_text_what_a_closer_look_says(texts: list[str]) -> None:
    found = scan([text.encode() for text in texts])
    for text, counts, is_folded, suspect in zip(
        texts, found.counts.tolist(), found.folded.tolist(), found.suspect.tolist(), strict=True
    ):
        turns = text.split(NEXT_TURN)
        assert tuple(counts) == character_counts(text)
        # Beyond ASCII a text may be folded already and is looked at all the same.
        assert is_folded == (text.isascii() and all(folded(turn) == turn for turn in turns))
        assert suspect or not any(find_sensitive(turn) for turn in turns)


def test_texts_of_words_are_left_alone() -> None:
    texts = [b"Where is my card? It came on 12 May, not on the 3rd.", b"", b"short-lived, well-known (1999)"]
    found = scan(texts)
    assert (found.suspect.tolist(), found.folded.tolist()) == ([False] * 3, [True] * 3)
