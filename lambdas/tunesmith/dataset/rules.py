"""Which rules can a record break, and what is told of a line that breaks one? The catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

MAX_LINE_BYTES: Final = 4 << 20
"""Longest line that is read. 32,000 tokens of 4 characters take 1.5 MB, if JSON spells each in 12 bytes."""

OUTVOTED: Final = "TQ001"
UNDECIDED: Final = "TQ002"
BRIDGING: Final = "TQ003"
NEAR: Final = "TQ004"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's id, which never changes, and what breaking it means.

    An error rejects the line; a quarantine keeps a valid record out of every part of the split.
    """

    id: str
    severity: Literal["error", "warning", "quarantine"]
    reason: str


class Finding(NamedTuple):
    """A broken rule and the reason in one sentence about this line."""

    rule: str
    reason: str


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        Rule("TS001", "warning", "The line is blank; it is left out."),
        Rule("TS002", "warning", "The file starts with a byte order mark, which is left out."),
        Rule("TS003", "error", "The line is not UTF-8 text."),
        Rule("TS004", "error", "The line is not valid JSON."),
        Rule("TS005", "error", "The line is JSON but no object."),
        Rule("TS006", "error", "A key stands twice in one object, so one of its values would be lost."),
        Rule("TS007", "error", "The line is longer than any record can be."),
        Rule("TS008", "error", "A key does not belong to the record format."),
        Rule("TS009", "error", "schemaVersion is not text."),
        Rule("TS010", "error", "system is not a list of text blocks."),
        Rule("TS011", "error", "messages is missing or not a list of turns."),
        Rule("TS012", "error", "A turn is not an object with a role and content."),
        Rule("TS013", "error", "A role is neither user nor assistant."),
        Rule("TS014", "error", "The roles do not alternate."),
        Rule("TS015", "error", "The first turn is not the user's."),
        Rule("TS016", "error", "The last turn is not the assistant's."),
        Rule("TS017", "error", "Content is not a list with at least one block."),
        Rule("TS018", "error", "A text is empty."),
        Rule("TS019", "error", "A block is of a kind that may not stand there."),
        Rule("TS020", "error", "A word that the model reserves stands in the record."),
        Rule("TS021", "error", "The record has more tokens than the model trains on."),
        Rule("TS022", "error", "A text holds half a character (a lone surrogate) or a NUL."),
        Rule("TS023", "error", "The record is in another format than the file."),
        Rule("TS024", "error", "prompt or completion is missing or no text."),
        Rule("TS025", "error", "The group key is missing or neither text nor a number."),
        Rule("TS026", "error", "The record holds something sensitive, and data.sensitive is refuse."),
        Rule("TS027", "error", "The file is of another kind than it should be; nothing of it is read."),
        Rule("TS028", "error", "The compressed file cannot be read to its end; what is behind is unknown."),
        Rule("TS029", "error", "What a grader is told cannot be handed to it as it is."),
        Rule("TS030", "error", "An image or a video is not given by its S3 location, as Converse has it."),
        Rule("TS031", "error", "An image or a video has a format that the model does not read."),
        Rule("TS032", "error", "The S3 location of an image or a video is not well-formed."),
        Rule("TS033", "error", "The record shows more images or videos than the model takes."),
        Rule("TS034", "error", "The record shows both images and videos."),
        Rule("TS035", "error", "An image or a video does not lie in the project's folder, or is another's."),
        Rule("TS036", "error", "The object of an image or a video does not exist."),
        Rule("TS037", "error", "The object of an image or a video is empty or larger than the model takes."),
        Rule("TS040", "error", "The row of a table has more or fewer cells than its header."),
        Rule("TS041", "error", "The header of a table lacks a column that a record needs; nothing is read."),
        Rule("TS042", "error", "A quote in a table is never closed; nothing behind it is read."),
        Rule("TS043", "warning", "The columns of a table are separated by semicolons or tabs, and read so."),
        Rule("TS044", "error", "The row of a table is not quoted as CSV has it."),
        Rule(
            "TS045", "error", "The logged call failed, or the log does not hold what was asked or answered."
        ),
        Rule("TS046", "error", "The logged answer was cut off or withheld."),
        Rule("TS047", "error", "The logged request or answer has a shape that is not known."),
        Rule("TS048", "error", "input, the text to learn from, is missing or no text."),
        Rule("TS049", "error", "The record is of another kind of tuning than the job's."),
        Rule(OUTVOTED, "quarantine", "Two thirds of the records with this prompt give another answer."),
        Rule(
            UNDECIDED, "quarantine", "Records with this prompt disagree, without two thirds for one answer."
        ),
        Rule(BRIDGING, "quarantine", "The record ties parts together that an earlier version set apart."),
        Rule(NEAR, "quarantine", "Another record says nearly the same, and data.near_duplicates is drop."),
    )
}
