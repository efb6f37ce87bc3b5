"""The rectangle that an element covers on a board. Pure; frontend/src/generation/bounds.ts has the same rule.

Both run tests/shared/bounds_cases.json.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from boards.elements.geometry import Rectangle

FREEDRAW_WIDTH = 4.25
"""Excalidraw draws a free stroke this many times as wide as its strokeWidth."""
STROKED = frozenset({"rectangle", "diamond", "ellipse", "line", "arrow", "freedraw"})
POINTED = frozenset({"line", "arrow", "freedraw"})

Point = tuple[float, float]


class _Extent(Struct, rename="camel"):
    x: float
    y: float
    type: str = ""
    width: float = 0.0
    height: float = 0.0
    angle: float = 0.0
    stroke_width: float = 0.0
    points: list[list[float]] | None = None


_extent = msgspec.json.Decoder(_Extent)


def bounds_of(body: bytes | str) -> Rectangle | None:
    """The smallest upright rectangle around all that is drawn of an element; None if its fields are malformed.

    A line or stroke covers its points, which may lie left of and above where it begins; a negative width or height counts
    from its other side. The angle and the width of the stroke are included; the bulge of curves and arrowheads is not.
    """
    try:
        found = _extent.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return _around(_turned(_outline(found), found.angle)).grown(_margin(found))


def bounds_of_fields(fields: Any) -> Rectangle | None:
    """The same of a decoded element."""
    return bounds_of(msgspec.json.encode(fields))


def turned(body: bytes, about: Point, angle: float) -> bytes:
    """The element turned by an angle in radians about a point of the board, and nothing else changed."""
    found = _extent.decode(body)
    box = _around(_outline(found))
    middle = box.x + box.width / 2, box.y + box.height / 2
    at = _turn(middle, about, angle)
    moved = {"x": found.x + at[0] - middle[0], "y": found.y + at[1] - middle[1], "angle": found.angle + angle}
    return msgspec.json.encode(msgspec.json.decode(body, type=dict[str, msgspec.Raw]) | moved)


def _outline(found: _Extent) -> list[Point]:
    """Its points, or the corners of its box, in scene units."""
    points = [(each[0], each[1]) for each in found.points or () if len(each) >= 2]
    if not points or (found.type and found.type not in POINTED):
        points = [(0.0, 0.0), (found.width, 0.0), (found.width, found.height), (0.0, found.height)]
    return [(found.x + x, found.y + y) for x, y in points]


def _turned(points: Sequence[Point], angle: float) -> Sequence[Point]:
    """The points turned about the middle of the rectangle around them."""
    if not angle:
        return points
    box = _around(points)
    middle = box.x + box.width / 2, box.y + box.height / 2
    return [_turn(point, middle, angle) for point in points]


def _turn(point: Point, about: Point, angle: float) -> Point:
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = point[0] - about[0], point[1] - about[1]
    return about[0] + x * cos - y * sin, about[1] + x * sin + y * cos


def _around(points: Sequence[Point]) -> Rectangle:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = min(xs), min(ys)
    return Rectangle(left, top, max(xs) - left, max(ys) - top)


def _margin(found: _Extent) -> float:
    """Scene units by which the stroke is drawn outside of the outline."""
    if found.type not in STROKED:
        return 0.0
    width = max(found.stroke_width, 0.0) * (FREEDRAW_WIDTH if found.type == "freedraw" else 1)
    return width / 2
