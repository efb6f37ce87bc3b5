"""Names, checks and writes image bytes through Django storage. A key is made of the content alone."""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image
from redis.exceptions import RedisError

from generation.errors import SnapshotInvalid, StorageUnavailable
from generation.images import decoder, metadata, pixels
from generation.images.header import IMAGE_MAX_BYTES, ImageHeader, read_header

logger = logging.getLogger(__name__)

MARKED_SECONDS = 3600
"""Longer than any request or job needs from storing a file to the row that names it."""
# More than any model takes; a snapshot of a large display is scaled down to it.
SNAPSHOT_MAX_SIDE_PX = 1536


@dataclass(frozen=True)
class StoredImage:
    key: str
    sha256: str
    mime_type: str
    width_px: int
    height_px: int
    size_bytes: int


def store_image(picture: Image.Image, made_by: Mapping[str, Any]) -> StoredImage:
    """Keep a finished picture as PNG with its recipe inside. Raises StorageUnavailable."""
    return store_bytes(encode(picture, made_by), "images", picture.size, "image/png", "png")


def store_snapshot(data: bytes) -> tuple[StoredImage, tuple[int, int]]:
    """Keep what was on the board, flat on white. Returns it and its (width, height) as received.

    Raises SnapshotInvalid, DecoderBusy, StorageUnavailable.
    """
    check_image(data)
    png, size, received = decoder.snapshot(data, SNAPSHOT_MAX_SIDE_PX)
    return store_bytes(png, "snapshots", size, "image/png", "png"), received


def store_mask(data: bytes, size: tuple[int, int]) -> StoredImage:
    """Keep what is to be repainted: white on black, in the (width, height) of the snapshot that it belongs to.

    What is transparent stays as it is. Raises SnapshotInvalid, MaskEmpty, DecoderBusy, StorageUnavailable.
    """
    check_image(data)
    return store_bytes(decoder.mask(data, size), "masks", size, "image/png", "png")


def store_bytes(data: bytes, folder: str, size: tuple[int, int], mime_type: str, suffix: str) -> StoredImage:
    """Write bytes under the name of their content, unless they are there. Raises StorageUnavailable."""
    digest = hashlib.sha256(data).hexdigest()
    key = _key(folder, digest, suffix)
    mark(key)
    # Storages raise what their own libraries raise; whatever it is, the bytes are not safe.
    try:
        there = default_storage.exists(key)
        if there and default_storage.size(key) != len(data):  # whoever wrote it died over it
            default_storage.delete(key)
            there = False
        if not there:
            saved = default_storage.save(key, ContentFile(data))
            if saved != key:  # somebody stored the same bytes in between
                default_storage.delete(saved)
    except Exception as error:
        raise StorageUnavailable from error
    return StoredImage(key, digest, mime_type, *size, len(data))


def find_bytes(data: bytes, folder: str) -> StoredImage | None:
    """These very bytes of a picture, not an SVG, if they were stored before. Raises StorageUnavailable."""
    try:
        header = read_header(data, bounded=False)  # it was when it was stored, by the bounds of its day
    except SnapshotInvalid:
        return None
    digest = hashlib.sha256(data).hexdigest()
    key = _key(folder, digest, header.format.lower())
    mark(key)
    try:
        known = default_storage.exists(key) and default_storage.size(key) == len(data)
    except Exception as error:
        raise StorageUnavailable from error
    if not known:
        return None
    return StoredImage(key, digest, header.mime_type, header.width_px, header.height_px, len(data))


def mark(key: str) -> None:
    """Say that a row is about to name the file, which may be there already and named by none. Before looking for it."""
    try:
        cache.set(f"stored:{key}", 1, MARKED_SECONDS)
    except (RedisError, OSError) as error:
        logger.warning(
            "%s was not marked: %s", key, error
        )  # nothing is swept meanwhile either: see is_marked


def is_marked(key: str) -> bool:
    """Whether a row may be about to name the file. Raises RedisError while nobody knows."""
    return cache.get(f"stored:{key}") is not None


def open_key(key: str) -> BinaryIO:
    """A stored file, opened for reading. Raises StorageUnavailable, caused by FileNotFoundError if there is none."""
    try:
        return default_storage.open(key, "rb")  # type: ignore[return-value]  # Django's File reads like a file
    except Exception as error:
        missing = FileNotFoundError(key) if _is_missing(error) else error
        raise StorageUnavailable(f"The stored image {key} could not be read.") from missing


def read(key: str) -> bytes:
    """The bytes of a stored file. Raises FileNotFoundError on every storage, StorageUnavailable."""
    with reading(key), default_storage.open(key, "rb") as file:
        return bytes(file.read())


@contextmanager
def reading(key: str) -> Iterator[None]:
    """Whatever is done with a stored file within raises FileNotFoundError on every storage, or StorageUnavailable."""
    try:
        yield
    except Exception as error:
        if _is_missing(error):
            raise FileNotFoundError(key) from None
        raise StorageUnavailable(f"The stored file {key} could not be read.") from error


def _is_missing(error: Exception) -> bool:
    """S3 says it in its own way, and some servers only when the object is read."""
    said = getattr(error, "response", None) or {}
    return isinstance(error, FileNotFoundError) or said.get("Error", {}).get("Code") in {"404", "NoSuchKey"}


def load_picture(key: str) -> Image.Image:
    """A stored image, decoded, RGB. Raises StorageUnavailable."""
    with open_key(key) as file:
        return Image.open(file, formats=["PNG"]).convert("RGB")


def load_mask(key: str) -> Image.Image:
    """A stored mask, L. Raises StorageUnavailable."""
    return load_picture(key).convert("L")


def encode(picture: Image.Image, made_by: Mapping[str, Any]) -> bytes:
    return pixels.png(picture, pnginfo=metadata.png_info(made_by))


def check_image(source: bytes | BinaryIO) -> ImageHeader:
    """What kind of image this is, from its header alone. Raises SnapshotInvalid.

    A file is read from its current place, at most one byte further than is allowed, and put back.
    """
    if isinstance(source, bytes):
        return read_header(source)
    start = source.tell()
    data = source.read(IMAGE_MAX_BYTES + 1)
    source.seek(start)
    return read_header(data)


def clean_image(data: bytes) -> tuple[bytes, ImageHeader]:
    """The same picture as everybody will see it: upright, in sRGB, one frame, without metadata.

    Never larger than IMAGE_MAX_BYTES. Raises SnapshotInvalid, DecoderBusy.
    """
    check_image(data)
    cleaned, format_name, size = decoder.clean(data, IMAGE_MAX_BYTES)
    return cleaned, ImageHeader(format_name, f"image/{format_name.lower()}", *size, len(cleaned))


def _key(folder: str, digest: str, suffix: str) -> str:
    return f"{folder}/{digest[:2]}/{digest}.{suffix}"
