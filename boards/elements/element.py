"""One Excalidraw element: the check of what comes from outside, and the versions that the server makes of it.

A body is checked by typed decoding and otherwise kept as the bytes it came in: unknown types and unknown
fields survive while they are small and plain. What would break a page is repaired (without `groupIds`
Excalidraw's React tree throws) or refused with a reason.
"""

import re
import secrets
import time
import zlib
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Raw, Struct

from boards.elements import annotations
from boards.elements.defaults import DEFAULTS, NULLABLE
from boards.elements.fields import CHOICES, NESTED, NULL, Coordinate, Id, Point, check_plain, repairs
from boards.elements.fields import COORDINATE_MAX as COORDINATE_MAX
from boards.elements.fields import KEYS_MAX as KEYS_MAX
from boards.elements.fields import UNSAFE_KEYS as UNSAFE_KEYS
from boards.elements.hatching import ELEMENT_COST_MAX, PASSES, hatch_cost
from boards.elements.reconcile import CLIENT_NONCES_END, Rank, is_index
from boards.errors import ElementRefused

POINTS_MAX = 5_000
TEXT_MAX = 20_000
CUSTOM_DATA_MAX_BYTES = 8_192
UNKNOWN_FIELDS_MAX_BYTES = 8_192
ELEMENT_MAX_BYTES = 256 * 1024
VERSION_MAX = 2**53 - 1
"""The highest integer that JavaScript counts to; boards.elements.reconcile.may_follow keeps versions far below."""

LINK_SCHEMES = {"http", "https", "mailto"}
REFUSED_TYPES = {"iframe"}  # rendered by Excalidraw without asking validateEmbeddable (excalidraw#11930)

Word = Annotated[str, Meta(max_length=64)]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Version = Annotated[int, Meta(ge=0, le=VERSION_MAX)]
Nonce = Annotated[int, Meta(ge=0, le=2**53)]  # a negative one would win every tie
Points = Annotated[list[Point], Meta(max_length=POINTS_MAX)]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]


class _Shape(Struct, rename="camel"):
    """The fields of every element. Those without a default are required: nothing can be drawn without them. A Raw one
    is checked, and repaired, by boards.elements.fields."""

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
    fill_style: Raw = NULL
    stroke_width: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    stroke_style: Raw = NULL
    roughness: Annotated[float, Meta(ge=0, le=100)] | None = None
    opacity: Annotated[float, Meta(ge=0, le=100)] | None = None
    group_ids: Annotated[list[Id], Meta(max_length=KEYS_MAX)] | None = None
    frame_id: Id | None = None
    index: str | None = None
    roundness: Raw = NULL
    seed: Whole | float | None = None
    is_deleted: bool = False
    bound_elements: Raw = NULL
    updated: Whole | float | None = None
    link: Annotated[str, Meta(max_length=2_048)] | None = None
    locked: bool = False
    custom_data: dict[str, Any] | None = None


class _Text(_Shape, rename="camel", kw_only=True):
    text: Text
    original_text: Text | None = None
    font_size: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    font_family: Raw = NULL
    text_align: Raw = NULL
    vertical_align: Raw = NULL
    container_id: Id | None = None
    auto_resize: bool | None = None
    line_height: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    baseline: Coordinate | None = None


class _Line(_Shape, rename="camel", kw_only=True):
    points: Points
    last_committed_point: Raw = NULL
    start_binding: Raw = NULL
    end_binding: Raw = NULL
    start_arrowhead: Raw = NULL
    end_arrowhead: Raw = NULL


class _Freedraw(_Shape, rename="camel", kw_only=True):
    points: Points
    pressures: Annotated[list[Coordinate], Meta(max_length=POINTS_MAX)] | None = None
    simulate_pressure: bool | None = None
    last_committed_point: Raw = NULL


class _Image(_Shape, rename="camel", kw_only=True):
    file_id: Id | None = None
    status: Raw = NULL
    scale: Annotated[list[Coordinate], Meta(min_length=2, max_length=2)] | None = None
    crop: Raw = NULL


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

_DEFAULTS = {name: Raw(msgspec.json.encode(value)) for name, value in DEFAULTS.items()}
_ALWAYS = frozenset({*DEFAULTS, *NULLABLE})

_UNSEEN = frozenset({"version", "versionNonce", "updated"})
# An escaped NUL whose backslash is not escaped itself. Postgres stores no NUL in text.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

_fields_of = msgspec.json.Decoder(dict[str, Raw]).decode
_shapes: set[type[_Shape]] = {_Shape, *SHAPES.values()}
_decoders = {shape: msgspec.json.Decoder(shape) for shape in _shapes}
_known = {
    shape: frozenset({f.encode_name for f in msgspec.structs.fields(shape)} | CHOICES.keys() | NESTED.keys())
    for shape in _decoders
}


class _Hatched(Struct, rename="camel"):
    """The fields that the cost of hatching depends on."""

    type: str
    width: float
    height: float
    fill_style: str | None = None
    background_color: str | None = None
    stroke_width: float | None = None
    points: list[list[float]] | None = None


SOLID = Raw(b'"solid"')
_HATCH_STYLES = [style.encode() for style in PASSES]
_hatched_of = msgspec.json.Decoder(_Hatched).decode

Fingerprint = tuple[int, int, int]
"""Version, nonce, and CRC-32 of the body, which tells apart two versions with the same rank."""
ROW = ("element_id", "version", "version_nonce", "index", "is_deleted", "body")
"""The columns of boards.models.Element and PastElement that Element.from_row takes, in its order."""


class Element(Struct):
    """A checked element: the fields that merging and ordering need, and the whole of it as JSON."""

    id: str
    version: int
    version_nonce: int
    index: str | None
    is_deleted: bool
    body: bytes
    repaired: bool = False
    """True if parse changed something that its author sent: the store then writes it as a newer version, so that the
    author's page takes the change over."""

    @classmethod
    def from_row(
        cls, element_id: str, version: int, version_nonce: int, index: str, is_deleted: bool, body: str
    ) -> "Element":
        """An element as it is stored. The arguments are the columns of ROW."""
        return cls(element_id, version, version_nonce, index, is_deleted, body.encode())

    @property
    def rank(self) -> Rank:
        return self.version, self.version_nonce

    @property
    def fingerprint(self) -> Fingerprint:
        return *self.rank, zlib.crc32(self.body)

    def ties_with(self, other: "Element") -> bool:
        """True if both have the same rank and differ. Excalidraw draws nonces by chance; a program may send a fixed one."""
        return self.rank == other.rank and self.body != other.body and not self.looks_like(other)

    def as_next_version(self) -> "Element":
        """The same content one version higher, which replaces every element of the current version.

        Its nonce loses to every client's, so that it never beats a change that a client made to the same version.
        """
        return self._with_rank((self.version + 1, CLIENT_NONCES_END + secrets.randbelow(2**31)))

    def moved_to(self, index: str) -> "Element":
        """The next version of the element, at another place in the order."""
        moved = self.as_next_version()
        fields = _fields_of(moved.body) | {"index": Raw(msgspec.json.encode(index))}
        return msgspec.structs.replace(moved, index=index, body=_join(fields))

    def as_tombstone(self, rank: Rank) -> "Element":
        """The element deleted, with this rank; for one whose stored tombstone was pruned and only its rank kept."""
        fields = _fields_of(self.body) | {"isDeleted": Raw(b"true")}
        return msgspec.structs.replace(self, is_deleted=True, body=_join(fields))._with_rank(rank)

    def replacing(self, version: int, *, is_deleted: bool) -> "Element":
        """This content as the version after `version` of the element, live or as its tombstone.

        An old revision may be from a time when more was accepted: what pages cannot draw is repaired.
        """
        version, nonce = version + 1, secrets.randbelow(CLIENT_NONCES_END)
        changes = {"version": version, "versionNonce": nonce, "isDeleted": is_deleted}
        changes["updated"] = int(time.time() * 1000)
        fields = _fields_of(self.body) | {name: Raw(msgspec.json.encode(v)) for name, v in changes.items()}
        return msgspec.structs.replace(
            self, version=version, version_nonce=nonce, is_deleted=is_deleted, body=_sound(_join(fields))
        )

    @property
    def hatch_cost(self) -> float:
        """About how many hatch lines it takes to draw it (boards.elements.hatching); 0 for a tombstone."""
        return 0.0 if self.is_deleted else _hatch_cost(self.body)

    def with_solid_fill(self) -> "Element":
        """The same without its hatching, for an element that has more of it than pages can draw."""
        body = _join(_fields_of(self.body) | {"fillStyle": SOLID})
        return msgspec.structs.replace(self, body=body, repaired=True)

    def _with_rank(self, rank: Rank) -> "Element":
        version, nonce = rank
        fields = _fields_of(self.body) | {"version": Raw(b"%d" % version), "versionNonce": Raw(b"%d" % nonce)}
        return msgspec.structs.replace(
            self, version=version, version_nonce=nonce, body=_join(fields), repaired=False
        )

    def looks_like(self, other: "Element") -> bool:
        """True if both are drawn alike: they differ in version, nonce and time of change at most."""
        return self.index == other.index and _drawn_fields(self.body) == _drawn_fields(other.body)


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
    if element.type in UNSAFE_KEYS or (element.id in UNSAFE_KEYS and not element.is_deleted):
        raise ElementRefused("The element has a name that every JavaScript object knows.")
    if element.type in REFUSED_TYPES:
        raise ElementRefused(f"Elements of type {element.type} are not let in.")
    if b"u0000" in body and _ESCAPED_NUL.search(body):
        raise ElementRefused("The element holds a NUL character.")
    if element.custom_data is not None:
        _check_custom_data(element.custom_data, fields["customData"])
    index = element.index if is_index(element.index) else None
    changes, dropped = _repairs(fields, element), UNSAFE_KEYS & fields.keys()
    if changes or dropped:
        body = _join({name: value for name, value in (fields | changes).items() if name not in dropped})
    parsed = Element(
        id=element.id,
        version=element.version,
        version_nonce=element.version_nonce,
        index=index,
        is_deleted=element.is_deleted,
        body=body,
        repaired=bool(dropped) or any(fields.get(name, NULL) != NULL for name in changes),
    )
    return parsed if parsed.hatch_cost <= ELEMENT_COST_MAX else parsed.with_solid_fill()


def _sound(body: bytes) -> bytes:
    """The body as parse repairs it today; unchanged where parse would refuse it, since it is on the board already."""
    try:
        return parse(body).body
    except ElementRefused:
        return body


def _hatch_cost(body: bytes) -> float:
    if not any(style in body for style in _HATCH_STYLES):
        return 0.0
    area = _hatched_of(body)
    size = (area.width, area.height)
    width = DEFAULTS["strokeWidth"] if area.stroke_width is None else area.stroke_width
    return hatch_cost(area.type, area.fill_style, area.background_color, width, size, area.points or ())


def _repairs(fields: dict[str, Raw], element: _Shape) -> dict[str, Raw]:
    """The fields that must change so that pages can draw the element, with their new values."""
    changes: dict[str, Raw] = {}
    if not fields.keys() >= _ALWAYS or b"null" in map(bytes, map(fields.__getitem__, DEFAULTS)):
        changes |= {n: default for n, default in _DEFAULTS.items() if fields.get(n, NULL) == NULL}
        changes |= {name: NULL for name in NULLABLE if name not in fields}
    changes |= repairs(fields)
    if element.link and not is_safe_link(element.link):
        changes["link"] = Raw(b"null")
    if (
        element.custom_data is not None
        and (kept := _safe_custom_data(element.custom_data)) != element.custom_data
    ):
        changes["customData"] = Raw(msgspec.json.encode(kept))
    return changes


def _safe_custom_data(data: dict[str, Any]) -> dict[str, Any]:
    """The data without `generationData`, which holds HTML for an iframe, and with a repaired annotation."""
    kept = {name: value for name, value in data.items() if name != "generationData"}
    if "atelier" in kept and (sound := annotations.repaired(kept.pop("atelier"))) is not None:
        kept["atelier"] = sound
    return kept


def is_safe_link(link: str) -> bool:
    """True for links that open a page or a mail; every other scheme could run a script."""
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
        check_plain(msgspec.json.decode(value))


def _check_custom_data(data: dict[str, Any], raw: Raw) -> None:
    if len(raw) > CUSTOM_DATA_MAX_BYTES:
        raise ElementRefused(f"customData has {len(raw)} bytes, {CUSTOM_DATA_MAX_BYTES} are allowed.")
    check_plain(data)


def _drawn_fields(body: bytes) -> dict[str, Raw]:
    return {name: value for name, value in _fields_of(body).items() if name not in _UNSEEN}


def _join(fields: dict[str, Raw]) -> bytes:
    return (
        b"{"
        + b",".join(msgspec.json.encode(name) + b":" + bytes(value) for name, value in fields.items())
        + b"}"
    )
