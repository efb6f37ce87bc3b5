"""Repairs one element of a file, as Excalidraw's `restore` does when it opens one, so that the board's check takes it. Pure.

Missing, null and wrong values become those that Excalidraw gives; a number written as text is a number. Nonsense that
Excalidraw lets through is repaired as well. tests/boards/test_restore_beside_excalidraw.py compares the two.
Source: excalidraw/excalidraw v0.18.1, packages/excalidraw/data/restore.ts.
"""

import base64
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from boards.elements.defaults import DEFAULTS, FONT_FAMILY
from boards.elements.element import (
    COORDINATE_MAX,
    KEYS_MAX,
    REFUSED_TYPES,
    UNSAFE_KEYS,
    VERSION_MAX,
    is_safe_link,
)
from boards.errors import ElementRefused
from boards.exchange import text_layout
from boards.exchange.import_notes import Notes
from boards.exchange.text_layout import FAMILIES, TextStyle

Values = dict[str, Any]
"""The fields of one element, decoded."""

SIDE = 100.0
"""Width and height of elements without any, as in Excalidraw's element skeletons."""
FONT_SIZE = 20
LINK_MAX = 2_048
NAME_MAX = 500
WORD_MAX = 64
DOT = 0.0001
"""Distance between the two points of a dot, as Excalidraw draws it."""
BINDINGS_MAX = 1_000
NUMBER_MAX = 1e300
"""Larger numbers are treated as missing: products of them overflow."""

_Coordinate = (
    Annotated[int, Meta(ge=-int(COORDINATE_MAX), le=int(COORDINATE_MAX))]
    | Annotated[float, Meta(ge=-COORDINATE_MAX, le=COORDINATE_MAX)]
)
_Points = list[Annotated[list[_Coordinate], Meta(min_length=2, max_length=3)]]
_FAMILY_NUMBERS = {name: number for number, name in FAMILIES.items()}
_ADAPTIVE = {"rectangle", "embeddable", "image"}
_LEGACY_RADIUS, _PROPORTIONAL_RADIUS = 1, 2
_GONE = ("boundElementIds", "font", "rawText", *UNSAFE_KEYS)
"""Dropped: names that Excalidraw no longer uses, which are read here, and unsafe ones."""


class Invisible(Exception):
    """The element has no size, no points or no text, so that nothing of it is drawn."""


def repaired(raw: Mapping[str, Any], fallback_id: str, notes: Notes) -> Values:
    """The repaired element. fallback_id: its id if it has none. Raises Invisible; ElementRefused without a type or place."""
    kind = raw.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= WORD_MAX:
        raise ElementRefused("It has no type.")
    if kind in REFUSED_TYPES:
        raise ElementRefused("Pages that run inside a drawing are not taken: put a link to them instead.")
    kind = "line" if kind == "draw" else kind
    values = {name: value for name, value in raw.items() if name not in _GONE}
    values |= _common(raw, kind, fallback_id, notes)
    values |= _KINDS.get(kind, _shape)(raw, values)
    for name in ("x", "y", "width", "height"):
        if abs(values[name]) > COORDINATE_MAX:
            raise ElementRefused(
                f"It reaches farther than {COORDINATE_MAX:,.0f} from the middle of the board."
            )
    return values


def stable_id(*parts: object) -> str:
    """A new id made from a digest of the parts, so that importing the same file again finds the same element."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest)[:21].decode()


def valid_id(value: Any) -> str | None:
    """The id in a form that the board accepts, in every reference alike; None where there is none."""
    value = value if isinstance(value, str) else _digits(value)
    if not value:
        return None
    return stable_id("id", value) if len(value) > WORD_MAX or value in UNSAFE_KEYS else value


def is_deleted(raw: Mapping[str, Any]) -> bool:
    return _flag(raw.get("isDeleted"))


def number(value: Any) -> int | float | None:
    """The number, also if written as text; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
        value = int(value) if math.isfinite(value) and value == int(value) else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < NUMBER_MAX else None


def text_style_of(values: Mapping[str, Any]) -> TextStyle:
    """The style of a repaired text."""
    return TextStyle(values["fontFamily"], values["fontSize"], values["lineHeight"])


def _common(raw: Mapping[str, Any], kind: str, fallback_id: str, notes: Notes) -> Values:
    """The fields of every element. Where Excalidraw takes a default for 0 and "" as well, so does this."""
    common: Values = {
        "id": valid_id(raw.get("id")) or fallback_id,
        "type": kind,
        "x": _coordinate(raw.get("x")),
        "y": _coordinate(raw.get("y")),
        "version": _whole(raw.get("version"), 1, VERSION_MAX) or 1,
        "versionNonce": _whole(raw.get("versionNonce"), 0, 2**53),
        "index": raw.get("index") if isinstance(raw.get("index"), str) else None,
        "isDeleted": _flag(raw.get("isDeleted")),
        "locked": _flag(raw.get("locked")),
        "angle": _within(raw.get("angle"), -COORDINATE_MAX, COORDINATE_MAX, DEFAULTS["angle"]),
        "strokeColor": _word(raw.get("strokeColor")) or DEFAULTS["strokeColor"],
        "backgroundColor": _word(raw.get("backgroundColor")) or DEFAULTS["backgroundColor"],
        "fillStyle": _word(raw.get("fillStyle")) or DEFAULTS["fillStyle"],
        "strokeWidth": _positive(raw.get("strokeWidth"), 1_000) or DEFAULTS["strokeWidth"],
        "strokeStyle": _word(raw.get("strokeStyle")) or DEFAULTS["strokeStyle"],
        "roughness": _within(raw.get("roughness"), 0, 100, DEFAULTS["roughness"]),
        "opacity": _within(raw.get("opacity"), 0, 100, DEFAULTS["opacity"]),
        "seed": _within(raw.get("seed"), -(2**53), 2**53, DEFAULTS["seed"]),
        "groupIds": _ids(raw.get("groupIds"))[:KEYS_MAX],
        "frameId": valid_id(raw.get("frameId")),
        "roundness": _roundness(raw, kind),
        "boundElements": _bound_elements(raw),
        "link": _link(raw.get("link"), notes),
    }
    if "updated" in raw:
        common["updated"] = _within(raw["updated"], 0, 2**53, None)
    if "customData" in raw and not isinstance(raw["customData"], dict):
        common["customData"] = None
    return common


def _shape(raw: Mapping[str, Any], values: Values) -> Values:
    """Width, height and place of elements that are drawn in a box. Raises Invisible."""
    box = {side: SIDE if (size := number(raw.get(side))) is None else size for side in ("width", "height")}
    if box["width"] == 0 == box["height"] and not values["isDeleted"]:
        raise Invisible
    return box | _with_positive_size(box, values)


def _with_positive_size(size: Mapping[str, Any], values: Values) -> Values:
    """The place and size with negative sizes turned positive: drawn leftwards or upwards."""
    changes: Values = {}
    for side, start in (("width", "x"), ("height", "y")):
        if size[side] < 0:
            changes |= {side: -size[side], start: values[start] + size[side]}
    return changes


def _frame(raw: Mapping[str, Any], values: Values) -> Values:
    name = raw.get("name")
    return _shape(raw, values) | {"name": None if name is None else _text_of(name)[:NAME_MAX]}


def _image(raw: Mapping[str, Any], values: Values) -> Values:
    scale, crop = raw.get("scale"), raw.get("crop")
    factors = [number(factor) for factor in scale] if isinstance(scale, list) else []
    sides = {name: number(value) for name, value in crop.items()} if isinstance(crop, dict) else {}
    return _shape(raw, values) | {
        "status": raw.get("status") if raw.get("status") in ("pending", "saved", "error") else "pending",
        "fileId": _text_of(raw.get("fileId")) or None,
        "scale": factors if len(factors) == 2 and None not in factors else [1, 1],
        "crop": sides if sides and None not in sides.values() else None,
    }


def _text(raw: Mapping[str, Any], values: Values) -> Values:
    """The fields of a text in their present form. A text inside a shape is measured later, when its lines are wrapped."""
    text = _text_of(raw.get("text"))
    if not text and not values["isDeleted"]:
        raise Invisible
    size, family = _font(raw)
    box = {side: number(raw.get(side)) or 0 for side in ("width", "height")}
    box |= _with_positive_size(box, values)
    line_height = _positive(raw.get("lineHeight"), 1_000)
    if line_height is None and box["height"]:
        line_height = _positive(box["height"] / len(text.split("\n")) / size, 1_000)
    found: Values = {
        "text": text,
        "originalText": _text_of(raw.get("originalText")) or text,
        "fontSize": size,
        "fontFamily": family,
        "textAlign": _word(raw.get("textAlign")) or "left",
        "verticalAlign": _word(raw.get("verticalAlign")) or "top",
        "containerId": valid_id(raw.get("containerId")),
        "autoResize": raw.get("autoResize") is not False,
        "lineHeight": line_height or text_layout.line_height_of(family),
        **box,
    }
    if "baseline" in raw:
        found["baseline"] = _within(raw["baseline"], -COORDINATE_MAX, COORDINATE_MAX, None)
    if not (box["width"] and box["height"]) and found["containerId"] is None and not values["isDeleted"]:
        found |= measured_text(found)
    return found


def measured_text(text: Values) -> Values:
    """The size of a text without a container; one of a fixed width gets its lines wrapped."""
    style = text_style_of(text)
    wrapped = text["text"]
    if not text["autoResize"] and text["width"]:
        wrapped = text_layout.wrapped(wrapped, style, text["width"])
    width, height = text_layout.size_of(wrapped, style)
    return {
        "text": wrapped,
        "width": width if text["autoResize"] else text["width"] or width,
        "height": height,
    }


def _line(raw: Mapping[str, Any], values: Values) -> Values:
    """The fields of lines and arrows: their first point is their x and y, their size that of their points. Raises Invisible."""
    points, _ = _points(raw.get("points"))
    if len(points) < 2:
        across, down = number(raw.get("width")), number(raw.get("height"))
        points = [[0, 0], [SIDE, 0] if across is None is down else [across or 0, down or 0]]
        if points[1] == [0, 0] and not values["isDeleted"]:
            raise Invisible
    left, top = points[0][0], points[0][1]
    if left or top:
        points = [[x - left, y - top, *rest] for x, y, *rest in points]
    is_arrow = values["type"] == "arrow"
    is_elbow = is_arrow and _flag(raw.get("elbowed"))
    found: Values = {
        "points": points,
        "x": values["x"] + left,
        "y": values["y"] + top,
        **_extent(points),
        "lastCommittedPoint": None,
        "startArrowhead": _word(raw.get("startArrowhead")),
        "endArrowhead": _word(raw.get("endArrowhead", "arrow" if is_arrow else None)),
        "startBinding": _binding(raw.get("startBinding"), is_elbow) if is_arrow else None,
        "endBinding": _binding(raw.get("endBinding"), is_elbow) if is_arrow else None,
    }
    if is_arrow and "elbowed" in raw:
        found["elbowed"] = is_elbow
    if is_elbow:
        found |= _segments(raw)
    if is_elbow and not (found["startBinding"] or found["endBinding"]):
        found |= _rerouted(points)
    return found


def _segments(raw: Mapping[str, Any]) -> Values:
    """The segments of an elbow arrow that were moved by hand, without malformed ones."""
    given = raw.get("fixedSegments")
    fixed = [each for each in given if _is_segment(each)] if isinstance(given, list) else None
    special = {
        name: raw[name] for name in ("startIsSpecial", "endIsSpecial") if isinstance(raw.get(name), bool)
    }
    return {"fixedSegments": fixed or None, "startIsSpecial": None, "endIsSpecial": None} | special


def _is_segment(value: Any) -> bool:
    ends = [value.get("start"), value.get("end")] if isinstance(value, dict) else []
    return len(_points(ends)[0]) == 2 and isinstance(value.get("index"), int)


def _rerouted(points: list[list[Any]]) -> Values:
    """New points for an unbound elbow arrow that has corners without a right angle: three segments, the longer direction
    first. Empty for one that has none."""
    if all(abs(a[0] - b[0]) < 1 or abs(a[1] - b[1]) < 1 for a, b in pairwise(points)):
        return {}
    x, y = points[-1][0], points[-1][1]
    turns = [[x / 2, 0], [x / 2, y]] if abs(x) >= abs(y) else [[0, y / 2], [x, y / 2]]
    route = [[0, 0], *turns, [x, y]]
    return {
        "points": route,
        **_extent(route),
        "fixedSegments": None,
        "startIsSpecial": None,
        "endIsSpecial": None,
    }


def _freedraw(raw: Mapping[str, Any], values: Values) -> Values:
    points, kept = _points(raw.get("points"))
    if not points and not values["isDeleted"]:
        raise Invisible
    if len(points) == 1:
        points = [points[0], [points[0][0] + DOT, points[0][1] + DOT]]
    given = raw.get("pressures")
    pressures = [number(pressure) for pressure in given] if isinstance(given, list) else []
    if len(kept) < len(pressures):
        pressures = [pressures[at] for at in kept]
    simulates = raw.get("simulatePressure")
    size = {side: number(raw.get(side)) for side in ("width", "height")}
    return {
        "points": points,
        "pressures": [0.5 if pressure is None else pressure for pressure in pressures],
        "simulatePressure": simulates if isinstance(simulates, bool) else not pressures,
        "lastCommittedPoint": None,
        **(_extent(points) | {side: abs(length) for side, length in size.items() if length}),
    }


_KINDS: dict[str, Callable[[Mapping[str, Any], Values], Values]] = {
    "text": _text,
    "line": _line,
    "arrow": _line,
    "freedraw": _freedraw,
    "image": _image,
    "frame": _frame,
    "magicframe": _frame,
}


def _coordinate(value: Any) -> int | float:
    found = 0 if value is None else number(value)
    if found is None:
        raise ElementRefused("Its position cannot be read.")
    return found


def _points(value: Any) -> tuple[list[list[Any]], Sequence[int]]:
    """The well-formed points, and their positions in the list."""
    try:
        return msgspec.convert(value, _Points), range(len(value))  # nearly always so, and many times faster
    except msgspec.ValidationError:
        return _valid_points(value)


def _valid_points(value: Any) -> tuple[list[list[Any]], Sequence[int]]:
    points, kept = [], []
    for at, point in enumerate(value if isinstance(value, list) else ()):
        found = [number(part) for part in point[:3]] if isinstance(point, list) else []
        if len(found) < 2 or found[0] is None or found[1] is None:
            continue
        if max(abs(found[0]), abs(found[1])) > COORDINATE_MAX:
            raise ElementRefused(
                f"It reaches farther than {COORDINATE_MAX:,.0f} from the middle of the board."
            )
        points.append([part for part in found if part is not None])
        kept.append(at)
    return points, kept


def _extent(points: list[list[Any]]) -> Values:
    xs, ys = [point[0] for point in points] or [0], [point[1] for point in points] or [0]
    return {"width": max(xs) - min(xs), "height": max(ys) - min(ys)}


def _font(raw: Mapping[str, Any]) -> tuple[int | float, int]:
    """Font size and family. The oldest files have both in one field, as in CSS: "20px Virgil"."""
    size, family = raw.get("fontSize"), raw.get("fontFamily")
    if isinstance(font := raw.get("font"), str):
        first, _, name = font.partition(" ")
        size, family = first.removesuffix("px"), _FAMILY_NUMBERS.get(name, FONT_FAMILY)
    if isinstance(family, str):
        family = _FAMILY_NUMBERS.get(family, number(family))
    family = int(found) if (found := number(family)) and 0 < found < 2**31 else FONT_FAMILY
    return _positive(size, 10_000) or FONT_SIZE, family


def _binding(value: Any, is_elbow: bool) -> Values | None:
    """The binding of one end of an arrow; None without one. Elbow arrows need a fixed point."""
    if not isinstance(value, dict) or (element_id := valid_id(value.get("elementId"))) is None:
        return None
    others = {name: other for name, other in value.items() if _word(other) or isinstance(other, bool)}
    gap, point = number(value.get("gap")), _fixed_point(value.get("fixedPoint"))
    binding = others | {"elementId": element_id, "focus": number(value.get("focus")) or 0}
    binding["gap"] = 1 if gap is None else gap
    if "fixedPoint" in value:
        binding["fixedPoint"] = _off_centre(point) if is_elbow and point else point
    return None if is_elbow and point is None else binding


def _fixed_point(value: Any) -> list[int | float] | None:
    ratios = [number(ratio) for ratio in value] if isinstance(value, list) else []
    found = [ratio for ratio in ratios if ratio is not None]
    return found if len(found) == len(ratios) == 2 else None


def _off_centre(point: list[int | float]) -> list[int | float]:
    """The fixed point moved off the exact middle, where an elbow arrow could leave to either side."""
    return [0.5001 if abs(ratio - 0.5) < 1e-4 else ratio for ratio in point]


def _bound_elements(raw: Mapping[str, Any]) -> list[Values] | None:
    legacy, given = raw.get("boundElementIds"), raw.get("boundElements")
    if isinstance(legacy, list):
        return [{"type": "arrow", "id": each} for each in _ids(legacy)][:BINDINGS_MAX]
    if not isinstance(given, list):
        return None
    bound = (item for item in given if isinstance(item, dict) and item.get("type") in ("arrow", "text"))
    found = [item | {"id": element_id} for item in bound if (element_id := valid_id(item.get("id")))]
    return [{name: value for name, value in item.items() if name in ("id", "type")} for item in found][
        :BINDINGS_MAX
    ]


def _roundness(raw: Mapping[str, Any], kind: str) -> Values | None:
    given = raw.get("roundness")
    if isinstance(given, dict) and (number(given.get("type")) is not None):
        return {name: number(given[name]) for name in ("type", "value") if name in given}
    if not given and raw.get("strokeSharpness") == "round":
        return {"type": _LEGACY_RADIUS if kind in _ADAPTIVE else _PROPORTIONAL_RADIUS}
    return None


def _link(value: Any, notes: Notes) -> str | None:
    link = value.strip() if isinstance(value, str) else ""
    if not link:
        return None
    if len(link) > LINK_MAX:
        notes.count("long_links")
        return None
    if not is_safe_link(link):
        notes.count("links")
        return None
    return link


def _ids(value: Any) -> list[str]:
    found = (valid_id(each) for each in value) if isinstance(value, list) else ()
    return [element_id for element_id in found if element_id]


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= WORD_MAX else None


def _text_of(value: Any) -> str:
    """The string, or the number as one; "" for anything else."""
    return value if isinstance(value, str) else _digits(value) or ""


def _digits(value: Any) -> str | None:
    """A number as JavaScript writes it, without ".0"; None for anything else."""
    if isinstance(value, str) or (found := number(value)) is None:
        return None
    return str(int(found)) if found == int(found) else str(found)


def _flag(value: Any) -> bool:
    return value is True or value in (1, "true")


def _within(value: Any, low: float, high: float, default: Any) -> Any:
    found = number(value)
    return default if found is None else min(max(found, low), high)


def _positive(value: Any, high: float) -> int | float | None:
    found = number(value)
    return min(found, high) if found is not None and found > 0 else None


def _whole(value: Any, default: int, high: int) -> int:
    found = number(value)
    return default if found is None else int(min(max(found, 0), high))
