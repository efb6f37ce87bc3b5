"""Names, checks and writes image bytes through Django storage. A key is made of the content alone."""

import hashlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageCms, ImageOps
from redis.exceptions import RedisError

from generation import recipe
from generation.errors import MaskEmpty, SnapshotInvalid, StorageUnavailable
from generation.image_header import IMAGE_MAX_BYTES, IMAGE_MAX_PIXELS, ImageHeader, read_header

logger = logging.getLogger(__name__)

MARKED_SECONDS = 3600
"""Longer than any request or job needs from storing a file to the row that names it."""
# More than any model takes; a snapshot of a large display is scaled down to it.
SNAPSHOT_MAX_SIDE_PX = 1536
# Level 1 is four times as fast as the default and a tenth larger on the flat pictures made here.
PNG_LEVEL = 1
JPEG_QUALITY = 92
# Of a side: pictures are scaled to whole pixels.
SHAPE_TOLERANCE = 0.02
_BLACK_OR_WHITE = [255 * (value >= 128) for value in range(256)]
_HIGH_BYTE = [value // 256 for value in range(65536)]


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

    Raises SnapshotInvalid, StorageUnavailable.
    """
    image = _decode(data, check_image(data))
    received = image.size
    image = on_white(image)
    image.thumbnail((SNAPSHOT_MAX_SIDE_PX, SNAPSHOT_MAX_SIDE_PX), Image.Resampling.LANCZOS)
    stored = store_bytes(_png(image), "snapshots", image.size, "image/png", "png")
    return stored, received


def store_mask(data: bytes, size: tuple[int, int]) -> StoredImage:
    """Keep what is to be repainted: white on black, in the (width, height) of the snapshot that it belongs to.

    What is transparent stays as it is. Raises SnapshotInvalid, MaskEmpty, StorageUnavailable.
    """
    image = _decode(data, check_image(data))
    if abs(image.width * size[1] - image.height * size[0]) > SHAPE_TOLERANCE * image.width * size[1]:
        raise SnapshotInvalid(
            "mask_shape",
            f"The mask has {image.width} × {image.height} px, which is not the shape of {size[0]} × {size[1]} px.",
        )
    ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
    ground.alpha_composite(image.convert("RGBA"))
    mask = ground.convert("L").resize(size, Image.Resampling.BILINEAR).point(_BLACK_OR_WHITE)
    if mask.getbbox() is None:
        raise MaskEmpty
    return store_bytes(_png(mask), "masks", mask.size, "image/png", "png")


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
    """These very bytes of a picture, if they were stored before. Raises SnapshotInvalid, StorageUnavailable."""
    header = check_image(data)
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
    """A stored file, opened for reading. Raises StorageUnavailable."""
    try:
        return default_storage.open(key, "rb")  # type: ignore[return-value]  # Django's File reads like a file
    except Exception as error:
        raise StorageUnavailable(f"The stored image {key} could not be read.") from error


def load_picture(key: str) -> Image.Image:
    """A stored image, decoded, RGB. Raises StorageUnavailable."""
    with open_key(key) as file:
        return Image.open(file, formats=["PNG"]).convert("RGB")


def load_mask(key: str) -> Image.Image:
    """A stored mask, L. Raises StorageUnavailable."""
    return load_picture(key).convert("L")


def encode(picture: Image.Image, made_by: Mapping[str, Any]) -> bytes:
    return _png(picture, pnginfo=recipe.png_info(made_by))


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
    """The same picture written anew: upright, in sRGB, without metadata, a GIF's first frame as PNG.

    Raises SnapshotInvalid.
    """
    header = check_image(data)
    image = _decode(data, header)
    format_name = "PNG" if header.format == "GIF" else header.format
    if format_name == "PNG":
        cleaned = _png(image)
    else:
        buffer = io.BytesIO()
        image = on_white(image) if format_name == "JPEG" else image
        image.save(
            buffer, format_name, quality=JPEG_QUALITY, **({"method": 2} if format_name == "WEBP" else {})
        )
        cleaned = buffer.getvalue()
    return cleaned, ImageHeader(format_name, f"image/{format_name.lower()}", *image.size, len(cleaned))


def _key(folder: str, digest: str, suffix: str) -> str:
    return f"{folder}/{digest[:2]}/{digest}.{suffix}"


def on_white(image: Image.Image) -> Image.Image:
    """RGB; where the image is transparent the white board shows through."""
    if image.mode == "RGB":
        return image
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _decode(data: bytes, header: ImageHeader) -> Image.Image:
    """All pixels of the first frame, upright, RGB or RGBA in sRGB."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=[header.format])
        # A GIF's frame may be larger than its header says.
        if image.width * image.height > IMAGE_MAX_PIXELS:
            raise SnapshotInvalid(
                "image_too_many_pixels", f"The image unpacks to {image.width} × {image.height} px."
            )
        image.load()
    # Decoders fail with almost anything on hostile bytes: OSError, SyntaxError, ValueError, struct.error…
    except SnapshotInvalid:
        raise
    except Exception as error:
        raise SnapshotInvalid(
            "image_broken", f"The {header.format} file is damaged and cannot be read."
        ) from error
    profile = image.info.get("icc_profile")
    image = _flat_mode(_upright(image))
    if profile:
        image = _in_srgb(image, profile)
    image.info = {}  # Pillow writes comments and profiles that it finds here into the next file
    return image


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held. A picture whose metadata are damaged is still a picture."""
    try:
        return ImageOps.exif_transpose(image)
    # Its reader fails with struct.error, SyntaxError and more.
    except Exception:
        return image


def _flat_mode(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "I;16", "I;16B"):
        # Pillow clips 16 bits to 8; a table scales them.
        return image.convert("I").point(_HIGH_BYTE, "L").convert("RGB")
    transparent = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Phones write Display P3; without this their colours would fade when the profile is dropped."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image


def _png(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=PNG_LEVEL, **options)
    return buffer.getvalue()
