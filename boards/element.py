"""The shape and the limits of one Excalidraw element that comes from outside.

A body is checked by typed decoding and otherwise kept as the bytes it came in: unknown types and unknown
fields survive while they are small and plain. What would break a client is mended (a missing `groupIds`
kills Excalidraw's React tree, see the tests) or refused with a reason.
"""

import re
import secrets
import time
import zlib
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Raw, Struct

from boards import note
from boards.errors import ElementRefused
from boards.reconcile import is_index

COORDINATE_MAX = 1e7
POINTS_MAX = 5_000
TEXT_MAX_BYTES = 20_000
CUSTOM_DATA_MAX_BYTES = 8_192
UNKNOWN_FIELDS_MAX_BYTES = 8_192
ELEMENT_MAX_BYTES = 256 * 1024
DEPTH_MAX = 8
KEYS_MAX = 100
VERSION_MAX = 2**53 - 1
"""The highest that JavaScript counts to. boards.reconcile.may_follow sees to it that nobody gets there."""

LINK_SCHEMES = {"http", "https", "mailto"}
UNSAFE_KEYS = {"__proto__", "constructor", "prototype"}
REFUSED_TYPES = {"iframe"}  # rendered by Excalidraw without asking validateEmbeddable (excalidraw#11930)

Coordinate = Annotated[float, Meta(ge=-COORDINATE_MAX, le=COORDINATE_MAX)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=64)]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Version = Annotated[int, Meta(ge=0, le=VERSION_MAX)]
Nonce = Annotated[int, Meta(ge=0, le=2**53)]  # a negative one would win every tie
Points = Annotated[
    list[Annotated[list[Coordinate], Meta(min_length=2, max_length=3)]], Meta(max_length=POINTS_MAX)
]
Text = Annotated[str, Meta(max_length=TEXT_MAX_BYTES)]


class _Shape(Struct, rename="camel"):
    """What every element has. Fields without a default are those without which nothing can be drawn."""

    id: Id
    type: Word
    x: Coordinate
    y: Coordinate
    width: Coordinate
    height: Coordinate
    version: Version
    version_nonce: Nonce
    angle: Coordinate = 0.0
    stroke_color: Word | None = None
    background_color: Word | None = None
    fill_style: Word | None = None
    stroke_width: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    stroke_style: Word | None = None
    roughness: Annotated[float, Meta(ge=0, le=100)] | None = None
    opacity: Annotated[float, Meta(ge=0, le=100)] | None = None
    group_ids: Annotated[list[Id], Meta(max_length=KEYS_MAX)] | None = None
    frame_id: Id | None = None
    index: str | None = None
    roundness: dict[str, float | None] | None = None
    seed: Whole | float | None = None
    is_deleted: bool = False
    bound_elements: Annotated[list[dict[str, Id]], Meta(max_length=1_000)] | None = None
    updated: Whole | float | None = None
    link: Annotated[str, Meta(max_length=2_048)] | None = None
    locked: bool = False
    custom_data: dict[str, Any] | None = None


class _Text(_Shape, rename="camel", kw_only=True):
    text: Text
    original_text: Text | None = None
    font_size: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    font_family: int | Word | None = None
    text_align: Word | None = None
    vertical_align: Word | None = None
    container_id: Id | None = None
    auto_resize: bool | None = None
    line_height: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    baseline: Coordinate | None = None


class _Line(_Shape, rename="camel", kw_only=True):
    points: Points
    last_committed_point: list[Coordinate] | None = None
    start_binding: dict[str, Any] | None = None
    end_binding: dict[str, Any] | None = None
    start_arrowhead: Word | None = None
    end_arrowhead: Word | None = None


class _Freedraw(_Shape, rename="camel", kw_only=True):
    points: Points
    pressures: Annotated[list[Coordinate], Meta(max_length=POINTS_MAX)] | None = None
    simulate_pressure: bool | None = None
    last_committed_point: list[Coordinate] | None = None


class _Image(_Shape, rename="camel", kw_only=True):
    file_id: Id | None = None
    status: Literal["pending", "saved", "error"] | None = None
    scale: Annotated[list[Coordinate], Meta(min_length=2, max_length=2)] | None = None
    crop: dict[str, float] | None = None


class _Frame(_Shape, rename="camel", kw_only=True):
    name: Annotated[str, Meta(max_length=500)] | None = None


SHAPES: dict[str, type[_Shape]] = {
    **dict.fromkeys(("rectangle", "diamond", "ellipse", "embeddable", "selection"), _Shape),
    **dict.fromkeys(("line", "arrow"), _Line),
    **dict.fromkeys(("frame", "magicframe"), _Frame),
    "text": _Text,
    "freedraw": _Freedraw,
    "image": _Image,
}

# Excalidraw throws, or draws nothing, without these.
DEFAULTS: dict[str, bytes] = {
    "groupIds": b"[]",
    "angle": b"0",
    "strokeColor": b'"#1e1e1e"',
    "backgroundColor": b'"transparent"',
    "fillStyle": b'"solid"',
    "strokeWidth": b"2",
    "strokeStyle": b'"solid"',
    "roughness": b"1",
    "opacity": b"100",
    "seed": b"1",
    "isDeleted": b"false",
    "locked": b"false",
}
NULLABLE_DEFAULTS = ("frameId", "roundness", "boundElements", "link")

_ALWAYS = frozenset({*DEFAULTS, *NULLABLE_DEFAULTS})

NULL = Raw(b"null")
_STAMPS = frozenset({"version", "versionNonce", "updated"})
# An escaped NUL, the backslash of which is not escaped itself. Postgres takes none in its text.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

_fields_of = msgspec.json.Decoder(dict[str, Raw]).decode
_shapes: set[type[_Shape]] = {_Shape, *SHAPES.values()}
_decoders = {shape: msgspec.json.Decoder(shape) for shape in _shapes}
_known = {
    shape: frozenset(field.encode_name for field in msgspec.structs.fields(shape)) for shape in _decoders
}


Stamp = tuple[int, int, int]
"""Version, nonce, and a digest of the body, which tells two versions of the same rank apart."""


class Element(Struct):
    """A checked element: what merging and ordering need, and the body as JSON."""

    id: str
    type: str
    version: int
    version_nonce: int
    index: str | None
    is_deleted: bool
    body: bytes
    file_id: str | None = None

    @property
    def rank(self) -> tuple[int, int]:
        return self.version, self.version_nonce

    @property
    def stamp(self) -> Stamp:
        return *self.rank, zlib.crc32(self.body)

    def ties_with(self, other: "Element") -> bool:
        """Do both have the same rank, and another content? Excalidraw draws nonces; a program may send a fixed one."""
        return self.rank == other.rank and self.body != other.body and not self.shows_the_same_as(other)

    def anew(self) -> "Element":
        """The same, as a version of its own, one higher: whoever holds another of the same rank takes it over.

        Clients draw their nonces below 2³¹, and of equal versions the lower nonce stays: so what the server makes
        like this never beats what somebody drew on the same version meanwhile.
        """
        return self._as((self.version + 1, 2**31 + secrets.randbelow(2**31)))

    def moved_to(self, index: str) -> "Element":
        """The same at another place in the order, as a version of its own."""
        moved = self.anew()
        fields = _fields_of(moved.body) | {"index": Raw(msgspec.json.encode(index))}
        return msgspec.structs.replace(moved, index=index, body=_join(fields))

    def buried(self, rank: tuple[int, int]) -> "Element":
        """The tombstone with this version and nonce of an element of which only those are known any more."""
        fields = _fields_of(self.body) | {"isDeleted": Raw(b"true")}
        return msgspec.structs.replace(self, is_deleted=True, body=_join(fields))._as(rank)

    def renewed(self, over: int, *, is_deleted: bool) -> "Element":
        """A copy as the version that replaces version `over` of the element, alive or as its tombstone.

        It may be from a time when more was let in: what a page does not bear is mended.
        """
        version, nonce = over + 1, secrets.randbelow(2**31)
        changes = {"version": version, "versionNonce": nonce, "isDeleted": is_deleted}
        changes["updated"] = int(time.time() * 1000)
        fields = _fields_of(self.body) | {name: Raw(msgspec.json.encode(v)) for name, v in changes.items()}
        return msgspec.structs.replace(
            self, version=version, version_nonce=nonce, is_deleted=is_deleted, body=_sound(_join(fields))
        )

    def _as(self, rank: tuple[int, int]) -> "Element":
        version, nonce = rank
        fields = _fields_of(self.body) | {"version": Raw(b"%d" % version), "versionNonce": Raw(b"%d" % nonce)}
        return msgspec.structs.replace(self, version=version, version_nonce=nonce, body=_join(fields))

    def shows_the_same_as(self, other: "Element") -> bool:
        """Would a person see no difference? Versions and times of change do not count."""
        return self.index == other.index and _seen(self.body) == _seen(other.body)


def parse(raw: bytes | Raw) -> Element:
    """The checked element. `index` is None where it was missing or malformed. Raises ElementRefused."""
    body = bytes(raw)
    if len(body) > ELEMENT_MAX_BYTES:
        raise ElementRefused(f"The element has {len(body)} bytes, {ELEMENT_MAX_BYTES} are allowed.")
    try:
        fields = _fields_of(body)
        kind = msgspec.json.decode(fields.get("type", b"null"))
        shape = SHAPES.get(kind, _Shape) if isinstance(kind, str) else _Shape
        element = _decoders[shape].decode(body)
        if unknown := fields.keys() - _known[shape]:
            _check_plain({name: fields[name] for name in unknown})
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ElementRefused(f"The element is malformed: {error}.") from None
    if element.type in REFUSED_TYPES:
        raise ElementRefused(f"Elements of type {element.type} are not let in.")
    if b"u0000" in body and _ESCAPED_NUL.search(body):
        raise ElementRefused("The element holds a NUL character.")
    if element.custom_data is not None:
        _check_custom_data(element.custom_data, fields["customData"])
    index = element.index if is_index(element.index) else None
    mended = _mend(fields, element)
    return Element(
        id=element.id,
        type=element.type,
        version=element.version,
        version_nonce=element.version_nonce,
        index=index,
        is_deleted=element.is_deleted,
        body=_join(mended) if mended is not None else body,
        file_id=element.file_id if isinstance(element, _Image) else None,
    )


def _sound(body: bytes) -> bytes:
    """A body as it is let in today; one that would be refused stays, for it is on the board already."""
    try:
        return parse(body).body
    except ElementRefused:
        return body


def _mend(fields: dict[str, Raw], element: _Shape) -> dict[str, Raw] | None:
    """The fields with what a client cannot do without, or None when nothing had to change."""
    changes: dict[str, Raw] = {}
    if not fields.keys() >= _ALWAYS or b"null" in map(bytes, map(fields.__getitem__, DEFAULTS)):
        changes |= {n: Raw(default) for n, default in DEFAULTS.items() if fields.get(n, NULL) == NULL}
        changes |= {name: NULL for name in NULLABLE_DEFAULTS if name not in fields}
    if element.link and not is_safe_link(element.link):
        changes["link"] = Raw(b"null")
    if element.custom_data is not None and (kept := _kept_data(element.custom_data)) != element.custom_data:
        changes["customData"] = Raw(msgspec.json.encode(kept))
    dropped = UNSAFE_KEYS & fields.keys()
    if not changes and not dropped:
        return None
    return {name: value for name, value in (fields | changes).items() if name not in dropped}


def _kept_data(data: dict[str, Any]) -> dict[str, Any]:
    """Without HTML for an iframe, and with a note of the shape that pages expect."""
    kept = {name: value for name, value in data.items() if name != "generationData"}
    if "atelier" in kept and (sound := note.mended(kept.pop("atelier"))) is not None:
        kept["atelier"] = sound
    return kept


def is_safe_link(link: str) -> bool:
    """Only links that open a page or a mail; everything else could run a script."""
    if any(ord(character) <= 0x20 for character in link.strip()):
        return False
    try:
        return urlsplit(link.strip()).scheme.lower() in LINK_SCHEMES
    except ValueError:
        return False


def _check_plain(unknown: dict[str, Raw]) -> None:
    if sum(map(len, unknown.values())) > UNKNOWN_FIELDS_MAX_BYTES:
        raise ElementRefused(
            f"Fields that Atelier does not know may have {UNKNOWN_FIELDS_MAX_BYTES} bytes in all."
        )
    if len(unknown) > KEYS_MAX:
        raise ElementRefused(f"The element has {len(unknown)} fields that Atelier does not know.")
    for value in unknown.values():
        _check_depth(msgspec.json.decode(value))


def _check_custom_data(data: dict[str, Any], raw: Raw) -> None:
    if len(raw) > CUSTOM_DATA_MAX_BYTES:
        raise ElementRefused(f"customData has {len(raw)} bytes, {CUSTOM_DATA_MAX_BYTES} are allowed.")
    _check_depth(data)


def _check_depth(value: object, depth: int = 1) -> None:
    if depth > DEPTH_MAX:
        raise ElementRefused(f"The element is nested deeper than {DEPTH_MAX} levels.")
    if isinstance(value, dict):
        if len(value) > KEYS_MAX or not UNSAFE_KEYS.isdisjoint(value):
            raise ElementRefused("The element holds too many or unsafe keys.")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _check_depth(item, depth + 1)


def _seen(body: bytes) -> dict[str, Raw]:
    return {name: value for name, value in _fields_of(body).items() if name not in _STAMPS}


def _join(fields: dict[str, Raw]) -> bytes:
    return (
        b"{"
        + b",".join(msgspec.json.encode(name) + b":" + bytes(value) for name, value in fields.items())
        + b"}"
    )
