"""Puts a scene into a PNG or SVG file, and reads it again, where Excalidraw does. Pure.

A PNG carries it as a text chunk, an SVG as comments around base64 in its <metadata>. Both hold the same JSON
envelope: the scene deflated, each byte as one character ("bstring").
Source: excalidraw/excalidraw, packages/excalidraw/data/image.ts, data/encode.ts and scene/export.ts.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from boards.errors import ImportRefused, SceneMissing, TooBig

MIME_TYPE = "application/vnd.excalidraw+json"
SCENE_MAX_BYTES = 64 * 1024 * 1024
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS_MAX = 100_000

_KEYWORD = MIME_TYPE.encode()
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
_TYPE_MARK = f"payload-type:{MIME_TYPE}".encode()
_START, _END = b"<!-- payload-start -->", b"<!-- payload-end -->"
_VERSION_1 = b"<!-- payload-version:1 -->"
_VERSION = b"<!-- payload-version:"


class Chunk(NamedTuple):
    kind: bytes
    data: bytes


class _Envelope(msgspec.Struct):
    encoded: str | None = None
    encoding: str = "bstring"
    compressed: bool = False


def into_image(image: bytes, scene: bytes) -> bytes:
    """The PNG or SVG file with the scene in it. Raises ImportRefused where it is neither."""
    if image.startswith(PNG_SIGNATURE):
        return into_png(image, scene)
    return into_svg(image.decode(), scene).encode()


def into_png(png: bytes, scene: bytes) -> bytes:
    """The PNG with the scene in it; one that it held before is replaced."""
    kept = [chunk for chunk in _chunks(png) if not _is_scene(chunk)]
    # Excalidraw reads the first tEXt chunk only, so ours comes before any other text.
    place = next((at for at, chunk in enumerate(kept) if chunk.kind in _TEXT_CHUNKS), len(kept) - 1)
    kept.insert(place, Chunk(b"tEXt", _KEYWORD + b"\0" + _envelope(scene)))
    return PNG_SIGNATURE + b"".join(map(_packed, kept))


def from_png(png: bytes) -> bytes:
    """The scene's JSON. Raises SceneMissing where there is none, ImportRefused, TooBig."""
    for chunk in _chunks(png):
        if _is_scene(chunk):
            return _scene(_text(chunk))
    raise SceneMissing("This PNG is only a picture: there is no board in it.")


def into_svg(svg: str, scene: bytes) -> str:
    """The SVG with the scene in a <metadata> element. Raises ImportRefused where it is no SVG."""
    payload = base64.b64encode(_envelope(scene)).decode()
    metadata = (
        f"<metadata><!-- payload-type:{MIME_TYPE} --><!-- payload-version:2 -->"
        f"{_START.decode()}{payload}{_END.decode()}</metadata>"
    )
    root = svg.find("<svg")
    end = _end_of_tag(svg, root)
    if svg[end - 1] == "/":
        return f"{svg[: end - 1]}>{metadata}</svg>{svg[end + 1 :]}"
    return svg[: end + 1] + metadata + svg[end + 1 :]


def from_svg(svg: bytes) -> bytes:
    """The scene's JSON. Raises SceneMissing where there is none, ImportRefused, TooBig."""
    start = svg.find(_START)
    if _TYPE_MARK not in svg or start < 0:
        raise SceneMissing("This SVG is only a picture: there is no board in it.")
    end = svg.find(_END, start)
    if end < 0:
        raise ImportRefused("The board in this SVG was cut off.")
    try:
        data = base64.b64decode(b"".join(svg[start + len(_START) : end].split()), validate=True)
    except binascii.Error:
        raise ImportRefused("The board in this SVG is damaged.") from None
    # The first version's base64 is of UTF-8, later ones' of one byte for each character.
    first = _VERSION_1 in svg[:start] or _VERSION not in svg[:start]
    return _scene(data if first else data.decode("latin-1").encode())


def inflate(data: bytes, limit_bytes: int = SCENE_MAX_BYTES) -> bytes:
    """Decompress zlib data, holding at most limit_bytes + 1 of it. Raises ImportRefused, TooBig."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(data, limit_bytes + 1)
    except zlib.error:
        raise ImportRefused("The board in this file is damaged.") from None
    if len(unpacked) > limit_bytes:
        raise TooBig(f"The board inside unpacks to more than the {limit_bytes // 2**20} MB that are allowed.")
    if not unpacking.eof:
        raise ImportRefused("The board in this file was cut off.")
    return unpacked


def _envelope(scene: bytes) -> bytes:
    """The envelope of a scene: JSON in latin-1. Characters below 0x20 are escaped, so there is no NUL in it."""
    packed = zlib.compress(scene, 6).decode("latin-1")
    envelope = {"version": "1", "encoding": "bstring", "compressed": True, "encoded": packed}
    return msgspec.json.encode(envelope).decode().encode("latin-1")


def _scene(envelope: bytes) -> bytes:
    """The scene in an envelope, which is JSON in UTF-8; in the oldest files it is the scene itself."""
    try:
        found = msgspec.json.decode(envelope, type=_Envelope)
        if found.encoded is None:
            return envelope
        if found.encoding != "bstring":
            raise ImportRefused("The board in this picture is in a format that is not supported.")
        data = found.encoded.encode("latin-1")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ImportRefused("The board in this picture is damaged.") from None
    if found.compressed:
        return inflate(data)
    if len(data) > SCENE_MAX_BYTES:
        raise TooBig(
            f"The board inside has {len(data) // 2**20:,} MB; {SCENE_MAX_BYTES // 2**20} MB are allowed."
        )
    return data


def _chunks(png: bytes) -> Iterator[Chunk]:
    """All chunks of a PNG up to IEND, check sums verified. Raises ImportRefused."""
    at, count = len(PNG_SIGNATURE), 0
    while True:
        if at + 12 > len(png):
            raise ImportRefused("The PNG file is cut off.")
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        count += 1
        if at + 12 + length > len(png) or count > CHUNKS_MAX:
            raise ImportRefused("The PNG file is cut off or damaged.")
        if struct.unpack_from(">I", png, at + 8 + length)[0] != zlib.crc32(data, zlib.crc32(kind)):
            raise ImportRefused(f"The PNG file is damaged: the check sum of {kind!r} is wrong.")
        yield Chunk(kind, data)
        if kind == b"IEND":
            return
        at += 12 + length


def _packed(chunk: Chunk) -> bytes:
    body = chunk.kind + chunk.data
    return struct.pack(">I", len(chunk.data)) + body + struct.pack(">I", zlib.crc32(body))


def _is_scene(chunk: Chunk) -> bool:
    return chunk.kind in _TEXT_CHUNKS and chunk.data.startswith(_KEYWORD + b"\0")


def _text(chunk: Chunk) -> bytes:
    """The text of a chunk as UTF-8. Image editors convert Excalidraw's tEXt into the other two kinds."""
    data = chunk.data[len(_KEYWORD) + 1 :]
    if chunk.kind == b"tEXt":
        return data.decode("latin-1").encode()
    if chunk.kind == b"zTXt":
        return inflate(data[1:]).decode("latin-1").encode()
    compressed, rest = data[:1] == b"\1", data[2:].split(b"\0", 2)
    if len(rest) < 3:
        raise ImportRefused("The board in this PNG is damaged.")
    return inflate(rest[2]) if compressed else rest[2]


def _end_of_tag(svg: str, start: int) -> int:
    """The position of the ">" that ends the tag at `start`; one inside an attribute value does not count."""
    quote = ""
    for at in range(max(start, 0), len(svg)):
        character = svg[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == ">" and start >= 0:
            return at
    raise ImportRefused("This is not an SVG.")
