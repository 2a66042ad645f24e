"""Which images and videos lie in a project's folder, and how are they copied to where a run reads them?"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tunesmith.aws.objects import Bucket
from tunesmith.dataset.media import Shelf, Stored

IN_FLIGHT: Final = 16
"""Copies that are made at once; S3 takes 3,500 a second below a prefix."""


def shelf_of(uploads: Bucket, folder: str, account: str) -> Shelf:
    """Tell what lies below a folder; it is listed once, when the first object is asked for."""
    listed: dict[str, Stored] = {}
    asked = False

    def find(key: str) -> Stored | None:
        nonlocal asked
        if not asked:
            listed.update((name, Stored(size, tag)) for name, size, tag in uploads.listed(folder))
            asked = True
        return listed.get(key)

    return Shelf(bucket=uploads.name, folder=folder, account=account, find=find)


def copy_media(shelf: Shelf, uploads: Bucket, target: Bucket, copies: Mapping[str, str]) -> int:
    """Copy objects by key to S3 URIs in a bucket, and tell how many were not there yet.

    The name of a copy holds its content's tag, so what is there is the same.
    """
    prefix = target.uri("")
    wanted = {key: uri.removeprefix(prefix) for key, uri in copies.items()}
    folders = {name.rpartition("/")[0] + "/" for name in wanted.values()}
    there = {name for folder in folders for name in target.keys(folder)}
    missing = {key: name for key, name in wanted.items() if name not in there}

    def copy(item: tuple[str, str]) -> None:
        key, name = item
        stored = shelf.find(key)
        target.copy_from(uploads, key, name, tag=stored.tag if stored else "")

    with ThreadPoolExecutor(max_workers=IN_FLIGHT) as pool:
        for _ in pool.map(copy, missing.items()):
            pass
    return len(missing)
