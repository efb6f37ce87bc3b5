"""Strips image files of everything but the picture: no GPS position, camera, comment, or data after the end. Pure.

The pixels stay as they were written, byte for byte, so that nothing is lost and nothing grows.
Sources: ITU T.81 annex B (JPEG), PNG 3rd edition section 5, RFC 9649 (WebP).
"""

import struct
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Without the chunks of an animation only its first frame is left; without gamma all programs show the same.
_PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sBIT", b"pHYs"}
_WEBP_CHUNKS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}
_VP8X_ALPHA = 0x10

_SOS, _EOI, _APP0, _APP14, _COM = 0xDA, 0xD9, 0xE0, 0xEE, 0xFE
_RESTARTS = range(0xD0, 0xD8)


class Damaged(ValueError):
    """The file does not follow its format, so it cannot be copied chunk by chunk."""


def bare(data: bytes, format_name: str) -> bytes:
    """The file with nothing but its picture. format_name: PNG, JPEG or WEBP. Raises Damaged, also for an animated WebP."""
    parts = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp}[format_name]
    try:
        return parts(data)
    except (struct.error, IndexError) as error:
        raise Damaged(f"The {format_name} file is cut off.") from error


def _png(data: bytes) -> bytes:
    kept, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise Damaged("A chunk is cut off.")
        if kind in _PNG_CHUNKS:
            kept.append(data[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end


def _jpeg(data: bytes) -> bytes:
    """Without APP1–APP13, APP15 and comments. APP14 says how the colours are coded."""
    kept, at = [data[:2]], 2
    while True:
        if data[at] != 0xFF:
            raise Damaged("A marker is missing.")
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == _EOI:
            return b"".join(kept) + data[at : at + 2]
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if marker == _SOS:
            end = _end_of_scan(data, end)
        app = _APP0 < marker <= 0xEF and marker != _APP14
        if not app and marker != _COM:
            # A JFIF header may hold a small picture of its own.
            kept.append(
                b"\xff\xe0\x00\x10" + data[at + 4 : at + 16] + b"\0\0" if _is_jfif(data, at) else data[at:end]
            )
        at = end


def _is_jfif(data: bytes, at: int) -> bool:
    return data[at + 1] == _APP0 and data[at + 4 : at + 9] == b"JFIF\0"


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is. Within coded data 0xFF is followed by zero, or by a restart marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Damaged("The picture is cut off.")
        following = data[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or following in _RESTARTS:
            at += 2
        else:
            return at


def _webp(data: bytes) -> bytes:
    chunks = []
    for kind, body in _riff(data):
        if kind == b"ANIM":
            raise Damaged("An animation has no picture of its own.")
        if kind == b"VP8X":
            body = bytes([body[0] & _VP8X_ALPHA]) + body[1:]
        if kind in _WEBP_CHUNKS:
            chunks.append(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (size,) = struct.unpack_from("<I", data, 4)
    at, last = 12, min(len(data), size + 8)
    while at < last:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise Damaged("A chunk is cut off.")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
