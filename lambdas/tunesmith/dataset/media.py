"""Which images and videos does a record show, may it show them, and where do they go?

Records name them by S3 location. What shows on the record alone is checked without S3; whether an object is
there, and how large it is, whoever reads the files is asked. Sources: the user guides' pages on preparing
data for Nova and Llama; formats, numbers and sizes are the catalogue's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from tunesmith.catalogue import MediaLimits, Model
from tunesmith.dataset.formats import one_line
from tunesmith.dataset.sensitive import masked_excerpt

KINDS: Final = ("image", "video")
_URI: Final = re.compile(r"s3://([a-z0-9][-.a-z0-9]{1,61}[a-z0-9])/([\w\-/.]{1,1024})", re.ASCII)
"""A bucket, and a key of the characters that Nova's training takes in the name of a file."""
_FORM: Final = '{"format": "…", "source": {"s3Location": {"uri": "s3://…"}}}'
_OWNER: Final = re.compile(r"[0-9]{12}", re.ASCII)
_BRIEF: Final = 100
_LEAST_WORDS: Final = 8
_WORD_BYTES: Final = 3
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,5}$", re.ASCII)


class Fault(NamedTuple):
    """A broken rule and the reason in one sentence."""

    rule: str
    reason: str


class Shown(NamedTuple):
    """An image or a video that a record shows."""

    kind: str
    format: str
    uri: str
    owner: str
    """Account that the bucket is said to belong to; empty where nothing is said."""

    @property
    def key(self) -> str:
        """Key of the object in its bucket."""
        return self.uri.split("/", 3)[3]


class Stored(NamedTuple):
    """An object as S3 lists it."""

    size: int
    """In bytes."""
    tag: str
    """Changes with the content."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where a project's images and videos have to lie."""

    bucket: str
    folder: str
    """Prefix of the keys, with its slash."""
    account: str
    find: Callable[[str], Stored | None]
    """Look an object up by key; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Where a run's images and videos are copied to, and how its records name them then."""

    shelf: Shelf
    folders: Mapping[str, str]
    """Part of the split to the S3 URI of its folder, with the slash."""

    def spelling(self, part: str) -> Callable[[bytes], bytes]:
        """Give what spells a record's line so that it names the copies of its part."""

        def spelled(line: bytes) -> bytes:
            if b'"s3Location"' not in line:
                return line
            value = msgspec.json.decode(line)
            for block in _blocks(value):
                location = block["source"]["s3Location"]
                block["source"]["s3Location"] = {"uri": self._copy(location["uri"], part)}
            return one_line(msgspec.json.encode(value))

        return spelled

    def copies(self, lines: Iterable[bytes], part: str) -> dict[str, str]:
        """Map the key of what a part's records show, as they came, to the URI of its copy."""
        return {
            shown.key: self._copy(shown.uri, part)
            for line in lines
            if b'"s3Location"' in line
            for shown in shown_by(msgspec.json.decode(line))
        }

    def _copy(self, uri: str, part: str) -> str:
        # Named by the content too: a repeat that finds another image breaks the blind test's seal.
        key = uri.split("/", 3)[3]
        stored = self.shelf.find(key)
        name = hashlib.sha256(f"{key}\0{stored.tag if stored else ''}".encode()).hexdigest()[:32]
        suffix = _SUFFIX.search(key.lower())
        return f"{self.folders[part]}{name}{suffix.group() if suffix else ''}"


def shown_by(value: Mapping[str, Any]) -> list[Shown]:
    """List what a valid conversation shows, in its order."""
    found = []
    for turn in value["messages"]:
        for block in turn["content"]:
            for kind in KINDS:
                if kind in block:
                    location = block[kind]["source"]["s3Location"]
                    found.append(
                        Shown(kind, block[kind]["format"], location["uri"], location.get("bucketOwner", ""))
                    )
    return found


def tokens_of(shown: Sequence[Shown], model: Model) -> int:
    """Estimate the tokens of what a record shows: for each the most that it may take."""
    return sum(model.media[each.kind].tokens for each in shown)


def block_faults(block: Mapping[str, Any], kind: str, place: str, model: Model) -> Iterator[Fault]:
    """Name what is wrong with a block that shows an image or a video, as far as the record tells."""
    content = block[kind]
    location = _location(content)
    if len(block) > 1 or location is None:
        yield Fault(
            "TS030",
            f"The {kind} of {place} is not of the form {_FORM}.",
        )
        return
    limits = model.media[kind]
    if content["format"] not in limits.formats:
        named = masked_excerpt(content["format"], 20)
        yield Fault(
            "TS031",
            f"The {kind} of {place} has the format {named!r}; {model.title} reads "
            f"{', '.join(limits.formats)}.",
        )
    if not _URI.fullmatch(location["uri"]) or ".." in location["uri"]:
        yield Fault(
            "TS032",
            f"The location of the {kind} of {place} is no S3 URI of letters, digits and - _ / . alone; "
            "rename the object.",
        )
    if not _OWNER.fullmatch(location.get("bucketOwner", "0" * 12)):
        yield Fault("TS032", f"The bucketOwner of the {kind} of {place} is no account's number of 12 digits.")


def record_faults(value: Mapping[str, Any], model: Model) -> Iterator[Fault]:
    """Name what is wrong with a record's images and videos together; what is malformed counts nothing."""
    counts = {kind: sum(1 for _ in _named(value, kind)) for kind in model.media}
    for kind, count in counts.items():
        most = model.media[kind].most
        if most is not None and count > most:
            yield Fault("TS033", f"The record shows {count} {kind}s; {model.title} takes at most {most}.")
    if all(counts.get(kind) for kind in KINDS):
        yield Fault("TS034", "The record shows both images and videos; a dataset may have one of the two.")


def stored_faults(shown: Sequence[Shown], model: Model, shelf: Shelf) -> Iterator[Fault]:
    """Name what is wrong with the objects that a record shows."""
    for each in shown:
        named = f"{each.kind} {_brief(each.uri)}"
        if not each.uri.startswith(f"s3://{shelf.bucket}/{shelf.folder}"):
            yield Fault(
                "TS035",
                f"The {named} does not lie in the project's own folder, s3://{shelf.bucket}/{shelf.folder}.",
            )
        elif each.owner not in ("", shelf.account):
            yield Fault("TS035", f"The {named} is said to belong to the account {each.owner}.")
        elif (stored := shelf.find(each.key)) is None:
            yield Fault("TS036", f"There is no {named}; upload it before the records.")
        else:
            yield from _size_faults(each, stored, model.media[each.kind], model)


def words_of(shown: Sequence[Shown], like: str) -> str:
    """Spell what a record shows as words by which records are compared, about as many as a text has.

    What two records show counts as much as what they say: the words of different images have nothing in
    common, so a question that is asked of many images makes no near-duplicates.
    """
    if not shown:
        return ""
    each = max(_LEAST_WORDS, len(like.split())) // len(shown) + 1
    found = []
    for one in shown:
        digits = hashlib.shake_128(one.uri.encode()).hexdigest(each * _WORD_BYTES)
        step = 2 * _WORD_BYTES
        found += [digits[place : place + step] for place in range(0, len(digits), step)]
    return " ".join(found)


def _size_faults(shown: Shown, stored: Stored, limits: MediaLimits, model: Model) -> Iterator[Fault]:
    if not stored.size:
        yield Fault("TS037", f"The {shown.kind} {_brief(shown.uri)} is empty.")
    if stored.size > limits.bytes:
        yield Fault(
            "TS037",
            f"The {shown.kind} {_brief(shown.uri)} has {stored.size:,} bytes; {model.title} takes at most "
            f"{limits.bytes:,}.",
        )


def _brief(uri: str) -> str:
    return uri if len(uri) <= _BRIEF else f"…{uri[-_BRIEF:]}"


def _location(content: Any) -> dict[str, str] | None:
    """Read the S3 location of a well-formed image or video."""
    try:
        location = content["source"]["s3Location"]
        is_whole = set(content) == {"format", "source"} and set(content["source"]) == {"s3Location"}
    except (KeyError, TypeError):
        return None
    if not is_whole or not isinstance(location, dict) or not isinstance(content["format"], str):
        return None
    keys_fit = {"uri"} <= set(location) <= {"uri", "bucketOwner"}
    return location if keys_fit and all(isinstance(each, str) for each in location.values()) else None


def _named(value: Mapping[str, Any], kind: str) -> Iterator[Any]:
    messages = value.get("messages")
    for turn in messages if isinstance(messages, list) else []:
        content = turn.get("content") if isinstance(turn, dict) else None
        for block in content if isinstance(content, list) else []:
            if isinstance(block, dict) and kind in block:
                yield block[kind]


def _blocks(value: Mapping[str, Any]) -> Iterator[Any]:
    for kind in KINDS:
        yield from _named(value, kind)
