"""The fields of an element that pages read: what they may hold, and which value replaces any other. Pure.

A wrong value here is repaired, not refused, so that no drawing is lost for it. Names that every JavaScript object
has (`constructor`, …) are refused as ids and keys: a page that looks one up would find a built-in function.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from boards.elements.defaults import FONT_FAMILY
from boards.errors import ElementRefused

COORDINATE_MAX = 1e7
DEPTH_MAX = 8
KEYS_MAX = 100
NESTED_MAX_BYTES = 1_024
"""Size of one object inside an element, such as a binding."""
BOUND_ELEMENTS_MAX = 1_000

_ACCESSORS = ("Getter", "Setter")
UNSAFE_KEYS = frozenset(
    [
        "__proto__",
        "constructor",
        "prototype",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toString",
    ]
).union(
    ["toLocaleString", "valueOf", *(f"__{do}{what}__" for do in ("define", "lookup") for what in _ACCESSORS)]
)

Coordinate = Annotated[float, Meta(ge=-COORDINATE_MAX, le=COORDINATE_MAX)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Point = Annotated[list[Coordinate], Meta(min_length=2, max_length=3)]
Positive = Annotated[float, Meta(gt=0, le=COORDINATE_MAX)]

NULL = Raw(b"null")

_ARROWHEADS = ["arrow", "bar", "dot", "circle", "circle_outline", "triangle", "triangle_outline", "diamond"]
_ARROWHEADS += ["diamond_outline", "crowfoot_one", "crowfoot_many", "crowfoot_one_or_many"]
CHOICES: Mapping[str, list[str]] = {
    "fillStyle": ["solid", "hachure", "cross-hatch", "zigzag"],
    "strokeStyle": ["solid", "dashed", "dotted"],
    "textAlign": ["left", "center", "right"],
    "verticalAlign": ["top", "middle", "bottom"],
    "startArrowhead": _ARROWHEADS,
    "endArrowhead": _ARROWHEADS,
    "status": ["saved", "pending", "error"],
}
"""The values that Excalidraw knows; the first replaces any other."""
_CHOSEN = {
    name: frozenset([b"null", *(b'"%s"' % w.encode() for w in words)]) for name, words in CHOICES.items()
}
_FIRST = {name: Raw(b'"%s"' % words[0].encode()) for name, words in CHOICES.items()}

_DEFAULT_FAMILY = Raw(b"%d" % FONT_FAMILY)
_font_family = re.compile(rb"[1-9][0-9]{0,3}|null").fullmatch
REFERENCES = ("frameId", "containerId", "fileId")


class _Roundness(Struct):
    type: Literal[1, 2, 3]
    value: Coordinate | None = None


class _Binding(Struct, rename="camel"):
    element_id: Id
    focus: Coordinate | None = None
    gap: Coordinate | None = None
    fixed_point: Point | None = None


class _Crop(Struct, rename="camel"):
    x: Coordinate
    y: Coordinate
    width: Positive
    height: Positive
    natural_width: Positive
    natural_height: Positive


class _Bound(Struct):
    id: Id
    type: Literal["arrow", "text"]


NESTED: Mapping[str, msgspec.json.Decoder[Any]] = {
    "roundness": msgspec.json.Decoder(_Roundness),
    "startBinding": msgspec.json.Decoder(_Binding),
    "endBinding": msgspec.json.Decoder(_Binding),
    "crop": msgspec.json.Decoder(_Crop),
    "lastCommittedPoint": msgspec.json.Decoder(Point),
}
"""Fields that hold an object, with the type that it must have; null replaces any other."""
_bound = msgspec.json.Decoder(_Bound)
_list = msgspec.json.Decoder(list[Raw])
_any = msgspec.json.Decoder()


def repairs(fields: Mapping[str, Raw]) -> dict[str, Raw]:
    """The fields that must change, with their new values."""
    changes: dict[str, Raw] = {}
    for name in _CHOSEN.keys() & fields.keys():
        if bytes(fields[name]) not in _CHOSEN[name]:
            changes[name] = _FIRST[name]
    for name in NESTED.keys() & fields.keys():
        if fields[name] != NULL and not _is_sound(fields[name], NESTED[name]):
            changes[name] = NULL
    for name in REFERENCES:
        if name in fields and _is_unsafe(fields[name]):
            changes[name] = NULL
    if "fontFamily" in fields and not _font_family(bytes(fields["fontFamily"])):
        changes["fontFamily"] = _DEFAULT_FAMILY
    if fields.get("boundElements", NULL) != NULL:
        changes |= _without(fields, "boundElements", lambda each: not _is_sound(each, _bound))
    if len(fields.get("groupIds", NULL)) > len(b"null"):
        changes |= _without(fields, "groupIds", _is_unsafe)
    return changes


def check_plain(value: object, depth: int = 1) -> None:
    """Raises ElementRefused where it is nested too deeply, or has too many keys or unsafe ones."""
    if depth > DEPTH_MAX:
        raise ElementRefused(f"The element is nested deeper than {DEPTH_MAX} levels.")
    if isinstance(value, dict):
        if len(value) > KEYS_MAX or not UNSAFE_KEYS.isdisjoint(value):
            raise ElementRefused("The element holds too many or unsafe keys.")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            check_plain(item, depth + 1)


def _without(fields: Mapping[str, Raw], name: str, goes: Callable[[Raw], bool]) -> dict[str, Raw]:
    """The list field without the items for which `goes` is true, as a change; empty if none is."""
    try:
        items = _list.decode(fields[name])
    except (msgspec.DecodeError, RecursionError):
        return {name: NULL}
    kept = [item for item in items[:BOUND_ELEMENTS_MAX] if not goes(item)]
    return {} if len(kept) == len(items) else {name: Raw(msgspec.json.encode(kept))}


def _is_sound(raw: Raw, decoder: msgspec.json.Decoder[Any]) -> bool:
    """True if it decodes to the type, is small, and holds no unsafe keys. Unknown fields are allowed."""
    if len(raw) > NESTED_MAX_BYTES:
        return False
    try:
        found = decoder.decode(raw)
        check_plain(_any.decode(raw))
    except (msgspec.DecodeError, UnicodeError, RecursionError, ElementRefused):
        return False
    names = (getattr(found, "element_id", ""), getattr(found, "id", ""))
    return UNSAFE_KEYS.isdisjoint(names)


def _is_unsafe(raw: Raw) -> bool:
    name = _any.decode(raw) if len(raw) < NESTED_MAX_BYTES else None
    return isinstance(name, str) and name in UNSAFE_KEYS
