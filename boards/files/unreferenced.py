"""Deletes files in the storage that no row names, once they are a day old. They are found by listing the storage.

Files are named by their content, so an unreferenced one may be referenced again at any moment.
generation.images.storage marks the files it hands out; one that was marked while it was deleted is put back.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from boards.models import BoardFile, Thumbnail, Version
from generation.images import storage
from generation.models import GeneratedImage, Job

log = logging.getLogger(__name__)

# Only these are listed: the storage may hold files of other programs.
FOLDERS = ("files", "health", "images", "masks", "snapshots", "thumbnails", "versions")
AGE_MIN = timedelta(days=1)
"""A younger file may belong to a row that is not written yet."""
KEYS_AT_ONCE = 1_000
_REFERENCES = (
    (BoardFile, "key"),
    (Thumbnail, "key"),
    (Version, "thumbnail_key"),
    (GeneratedImage, "key"),
    (Job, "snapshot"),
    (Job, "mask"),
)


def sweep(now: datetime) -> int:
    """Delete the files that no row names and that are older than AGE_MIN. Returns how many.

    Does nothing if no row names any file: then storage and database probably do not belong together.
    """
    if not any(model.objects.exclude(**{field: ""}).exists() for model, field in _REFERENCES):
        if next(_files(), None):
            log.warning("The storage has files and the database knows none: nothing is swept.")
        return 0
    files, count = _files(), 0
    while keys := list(islice(files, KEYS_AT_ONCE)):
        count += _sweep(keys, now)
    return count


def _sweep(keys: Sequence[str], now: datetime) -> int:
    unnamed = [key for key in _unnamed(keys) if _is_old(key, now)]
    return sum(_delete(key) for key in unnamed)


def _is_old(key: str, now: datetime) -> bool:
    """True if the file is older than AGE_MIN; False if it was deleted since it was listed."""
    with suppress(FileNotFoundError), storage.reading(key):
        return default_storage.get_modified_time(key) < now - AGE_MIN
    return False


def _unnamed(keys: Sequence[str]) -> list[str]:
    named: set[str] = set()
    for model, field in _REFERENCES:
        named.update(model.objects.filter(**{f"{field}__in": keys}).values_list(field, flat=True))
    return [key for key in keys if key not in named]


def _delete(key: str) -> bool:
    if storage.is_marked(key):
        return False
    try:
        data = storage.read(key)
    except FileNotFoundError:
        return False  # another run deleted it
    default_storage.delete(key)
    if storage.is_marked(key) or not _unnamed([key]):
        default_storage.save(key, ContentFile(data))
        return False
    return True


def _files() -> Iterator[str]:
    """Every key in our folders."""
    for folder in FOLDERS:
        yield from _files_in(folder)


def _files_in(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return  # nothing of that kind was ever stored on this disk
    yield from (f"{folder}/{name}" for name in files if name)
    for name in folders:
        yield from _files_in(f"{folder}/{name}")
