"""Format and size of an image file, read from its header without decoding a pixel.

A 9 KB PNG can unpack to hundreds of megabytes and passes an image library's own checks, so its size is checked first.
"""

import math
import re
import struct
from dataclasses import dataclass

from generation.errors import SnapshotInvalid

IMAGE_MAX_BYTES = 10 * 1024 * 1024
IMAGE_MAX_PIXELS = 24_000_000
IMAGE_MAX_SIDE_PX = 16_384
FORMATS = "PNG, JPEG, WebP, GIF, AVIF, BMP or ICO"

AVIF_BRANDS = {b"avif", b"avis"}
_JPEG_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
# SOF0–SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range.
_JPEG_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


SVG_MIME_TYPE = "image/svg+xml"


@dataclass(frozen=True)
class ImageHeader:
    format: str  # as Pillow names it
    mime_type: str
    width_px: int
    height_px: int
    size_bytes: int


def is_svg(data: bytes) -> bool:
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") and b"<svg" in data[:65_536]


def read_header(data: bytes, *, bounded: bool = True) -> ImageHeader:
    """Format and size of an image in one of FORMATS. bounded: check the limits too. Raises SnapshotInvalid."""
    if not data:
        raise SnapshotInvalid("image_empty", "The image file is empty.")
    if bounded and len(data) > IMAGE_MAX_BYTES:
        raise SnapshotInvalid(
            "image_too_large", f"The image has {len(data)} bytes; {IMAGE_MAX_BYTES} are allowed."
        )
    name, size = _sniff(data)
    if size is None or min(size) < 1:
        raise SnapshotInvalid("image_broken", f"The {name} file does not say how large its picture is.")
    width, height = size
    if bounded and (max(size) > IMAGE_MAX_SIDE_PX or width * height > IMAGE_MAX_PIXELS):
        raise SnapshotInvalid(
            "image_too_many_pixels",
            f"The image is {width} × {height} px; {IMAGE_MAX_PIXELS // 1_000_000} megapixels "
            f"and {IMAGE_MAX_SIDE_PX} px a side are allowed.",
        )
    return ImageHeader(name, f"image/{name.lower()}", width, height, len(data))


def _sniff(data: bytes) -> tuple[str, tuple[int, int] | None]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG", _jpeg(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF", _pair(data[6:10], 2, "little")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP", _webp(data)
    if data[4:8] == b"ftyp" and AVIF_BRANDS & {data[at : at + 4] for at in range(8, 64, 4)}:
        return "AVIF", _avif(data)
    if data.startswith(b"BM"):
        return "BMP", _bmp(data)
    if data.startswith(b"\0\0\1\0"):
        return "ICO", _ico(data)
    raise SnapshotInvalid("image_format", f"The file is not an image that can be used; send {FORMATS}.")


def _png(data: bytes) -> tuple[int, int] | None:
    return _pair(data[16:24], 4, "big") if data[12:16] == b"IHDR" else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Height and width stand in the frame header, after any number of other segments."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            at += 2
        elif marker in _JPEG_FRAME:
            size = _pair(data[at + 5 : at + 9], 2, "big")
            return size and (size[1], size[0])
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        size = _pair(data[24:30], 3, "little")
        return size and (size[0] + 1, size[1] + 1)
    if chunk == b"VP8L" and data[20:21] == b"\x2f":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        size = _pair(data[26:30], 2, "little")
        return size and (size[0] & 0x3FFF, size[1] & 0x3FFF)
    return None


def _avif(data: bytes) -> tuple[int, int] | None:
    """The largest of its image spatial extents: a grid has one for each tile, and one for all."""
    sizes = [_pair(data[at.end() + 4 : at.end() + 12], 4, "big") for at in re.finditer(b"ispe", data)]
    return max(filter(None, sizes), key=math.prod, default=None)


def _bmp(data: bytes) -> tuple[int, int] | None:
    """OS/2's oldest header has 16 bits a side. A negative height says that the first row is the upper one."""
    if data[14:18] == b"\x0c\0\0\0":
        return _pair(data[18:22], 2, "little")
    if len(data) < 26:
        return None
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _ico(data: bytes) -> tuple[int, int] | None:
    """The largest of its pictures; a side of 0 means 256, and PNGs inside may be larger than their entry says."""
    count = min(int.from_bytes(data[4:6], "little"), 256)
    sizes = []
    for at in range(6, 6 + 16 * count, 16):
        if len(entry := data[at : at + 16]) < 16:
            return None
        start = int.from_bytes(entry[12:16], "little")
        inner = data[start : start + 24]
        png = _png(inner) if inner.startswith(b"\x89PNG") else None
        sizes.append(png or (entry[0] or 256, entry[1] or 256))
    return max(sizes, key=math.prod, default=None)


def _pair(data: bytes, width: int, order: str) -> tuple[int, int] | None:
    if len(data) < 2 * width:
        return None
    first, second = data[:width], data[width : 2 * width]
    if order == "big":
        return int.from_bytes(first, "big"), int.from_bytes(second, "big")
    return int.from_bytes(first, "little"), int.from_bytes(second, "little")
