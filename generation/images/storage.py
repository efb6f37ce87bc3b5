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
# Larger snapshots are scaled down to it; no model takes more.
SNAPSHOT_MAX_SIDE_PX = 1536


@dataclass(frozen=True)
class StoredImage:
    """A stored file. key: its name in the storage, made of the sha256 of its bytes."""

    key: str
    sha256: str
    mime_type: str
    width_px: int
    height_px: int
    size_bytes: int


def store_image(picture: Image.Image, made_by: Mapping[str, Any]) -> StoredImage:
    """Store a finished picture as PNG with the params that made it inside. Raises StorageUnavailable."""
    return store_bytes(encode(picture, made_by), "images", picture.size, "image/png", "png")


def store_snapshot(data: bytes) -> tuple[StoredImage, tuple[int, int]]:
    """Store an input image, flattened on white. Returns it and the (width, height) that was received.

    Raises SnapshotInvalid, DecoderBusy, StorageUnavailable.
    """
    check_image(data)
    png, size, received = decoder.snapshot(data, SNAPSHOT_MAX_SIDE_PX)
    return store_bytes(png, "snapshots", size, "image/png", "png"), received


def store_whole(data: bytes) -> StoredImage:
    """Store a picture of which a part is repainted: at its own size, and transparent where it is.

    data: of a file that is stored already. It may have more bytes than may be uploaded, but not more pixels.
    Raises SnapshotInvalid, DecoderBusy, StorageUnavailable.
    """
    png, size = decoder.whole(data)
    return store_bytes(png, "snapshots", size, "image/png", "png")


def store_mask(data: bytes, size: tuple[int, int]) -> StoredImage:
    """Store a mask: white where to repaint, black elsewhere and where transparent. size: of its snapshot, (width, height).

    Raises SnapshotInvalid, MaskEmpty, DecoderBusy, StorageUnavailable.
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
        if there and default_storage.size(key) != len(data):  # its writer died halfway
            default_storage.delete(key)
            there = False
        if not there:
            saved = default_storage.save(key, ContentFile(data))
            if saved != key:  # the same bytes were stored in between
                default_storage.delete(saved)
    except Exception as error:
        raise StorageUnavailable from error
    return StoredImage(key, digest, mime_type, *size, len(data))


def find_bytes(data: bytes, folder: str) -> StoredImage | None:
    """The stored file with these bytes, of a picture that is not an SVG; None if there is none. Raises StorageUnavailable."""
    try:
        header = read_header(data, bounded=False)  # limits may have been others when it was stored
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
    """Keep files/unreferenced from deleting a file to which a row is about to refer. Call it before looking for the file."""
    try:
        cache.set(f"stored:{key}", 1, MARKED_SECONDS)
    except (RedisError, OSError) as error:
        # Nothing is deleted while the cache is away: see is_marked.
        logger.warning("%s was not marked: %s", key, error)


def is_marked(key: str) -> bool:
    """True if a row may be about to refer to the file. Raises RedisError if the cache is away."""
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
    """Turns the errors of every kind of storage into FileNotFoundError or StorageUnavailable."""
    try:
        yield
    except Exception as error:
        if _is_missing(error):
            raise FileNotFoundError(key) from None
        raise StorageUnavailable(f"The stored file {key} could not be read.") from error


def _is_missing(error: Exception) -> bool:
    """S3 reports a missing object as a response error, some servers only when it is read."""
    response = getattr(error, "response", None) or {}
    return isinstance(error, FileNotFoundError) or response.get("Error", {}).get("Code") in {
        "404",
        "NoSuchKey",
    }


def load_picture(key: str) -> Image.Image:
    """A stored image, decoded, RGB. Raises StorageUnavailable."""
    with open_key(key) as file:
        return Image.open(file, formats=["PNG"]).convert("RGB")


def load_whole(key: str) -> Image.Image:
    """What `store_whole` stored, decoded, RGB or RGBA. Raises StorageUnavailable."""
    with open_key(key) as file:
        image = Image.open(file, formats=["PNG"])
        return image.convert("RGBA" if image.has_transparency_data else "RGB")


def load_mask(key: str) -> Image.Image:
    """A stored mask, L. Raises StorageUnavailable."""
    return load_picture(key).convert("L")


def encode(picture: Image.Image, made_by: Mapping[str, Any]) -> bytes:
    return pixels.png(picture, pnginfo=metadata.png_info(made_by))


def check_image(source: bytes | BinaryIO) -> ImageHeader:
    """Format and size of an image, from its header alone. Raises SnapshotInvalid.

    A file is read from its current position, at most one byte beyond the limit, and its position is restored.
    """
    if isinstance(source, bytes):
        return read_header(source)
    start = source.tell()
    data = source.read(IMAGE_MAX_BYTES + 1)
    source.seek(start)
    return read_header(data)


def clean_image(data: bytes) -> tuple[bytes, ImageHeader]:
    """The picture as browsers show it: upright, in sRGB, one frame, without metadata.

    Never larger than IMAGE_MAX_BYTES. Raises SnapshotInvalid, DecoderBusy.
    """
    check_image(data)
    cleaned, format_name, size = decoder.clean(data, IMAGE_MAX_BYTES)
    return cleaned, ImageHeader(format_name, f"image/{format_name.lower()}", *size, len(cleaned))


def _key(folder: str, digest: str, suffix: str) -> str:
    return f"{folder}/{digest[:2]}/{digest}.{suffix}"
