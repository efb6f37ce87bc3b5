"""Splits elements that exceed the limits of one: strokes end to end, texts one below the other. Pure.

Nothing is dropped, except from outlines: they must stay one element to be filled, and lose the points that matter
least. frontend/src/canvas/oversized.ts does the same while somebody draws.
"""

import heapq
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from boards.elements.element import ELEMENT_MAX_BYTES, POINTS_MAX, TEXT_MAX
from boards.exchange import text_layout
from boards.exchange.import_notes import Notes
from boards.exchange.repair import Values, stable_id, text_style_of

OVERLAP = 4
"""Points that two consecutive pieces of a stroke share: a stroke is drawn a little short of its last point.

The pieces look like the whole, except that translucent strokes are darker where two pieces cross. Simplifying the
stroke instead changes its shape, which is more visible.
"""
POINTS_MAX_BYTES = ELEMENT_MAX_BYTES - 32 * 1024
"""Bytes for points and pressures; the rest of ELEMENT_MAX_BYTES is for all other fields."""

Points = list[list[Any]]


def split(element: Values, notes: Notes) -> list[Values]:
    """The element, or its pieces, the first under its own id. Tombstones are cut short instead."""
    if "points" in element and isinstance(element["points"], list):
        return _of_points(element, notes)
    if element["type"] == "text" and max(len(element["text"]), len(element["originalText"])) > TEXT_MAX:
        return _of_text(element, notes)
    return [element]


def _of_points(element: Values, notes: Notes) -> list[Values]:
    points: Points = element["points"]
    most = _most(element)
    if len(points) <= most:
        return [element]
    if element["isDeleted"]:
        return [element | {"points": points[:2]} | ({"pressures": []} if "pressures" in element else {})]
    if element["type"] == "freedraw":
        notes.count("strokes")
        return list(_strokes(element, most))
    if points[0][:2] == points[-1][:2] or element["backgroundColor"] != "transparent":
        notes.count("points")
        return [element | {"points": simplified(points, most)}]
    notes.count("strokes")
    return list(_lines(element, most))


def _most(element: Values) -> int:
    """How many of its points fit into one element."""
    written = [element["points"], element.get("pressures")]
    size = len(msgspec.json.encode(written))
    return min(POINTS_MAX, max(OVERLAP * 2, int(len(element["points"]) * POINTS_MAX_BYTES / max(size, 1))))


def _strokes(element: Values, most: int) -> Iterator[Values]:
    points, pressures = element["points"], element["pressures"]
    for number, start in enumerate(range(0, len(points) - OVERLAP, most - OVERLAP)):
        part = points[start : start + most]
        xs, ys = zip(*(point[:2] for point in part), strict=True)
        size = {"width": max(xs) - min(xs), "height": max(ys) - min(ys)}
        yield _piece(element, number) | {"points": part, "pressures": pressures[start : start + most]} | size


def _lines(element: Values, most: int) -> Iterator[Values]:
    """Pieces of a line, each beginning where the one before ends. Arrowheads and bindings stay at the two ends."""
    points: Points = element["points"]
    starts = range(0, len(points) - 1, most - 1)
    for number, start in enumerate(starts):
        part = points[start : start + most]
        left, top = part[0][0], part[0][1]
        xs, ys = zip(*(point[:2] for point in part), strict=True)
        piece = _piece(element, number) | {
            "points": [[x - left, y - top, *rest] for x, y, *rest in part],
            "x": element["x"] + left,
            "y": element["y"] + top,
            "width": max(xs) - min(xs),
            "height": max(ys) - min(ys),
        }
        if number:
            piece |= {"startArrowhead": None, "startBinding": None}
        if start != starts[-1]:
            piece |= {"endArrowhead": None, "endBinding": None}
        yield piece


def _of_text(element: Values, notes: Notes) -> list[Values]:
    if element["isDeleted"]:
        return [element | {name: element[name][:TEXT_MAX] for name in ("text", "originalText")}]
    if len(element["text"]) <= TEXT_MAX:
        return [element | {"originalText": element["text"]}]
    notes.count("texts")
    style = text_style_of(element)
    pieces, top = [], element["y"]
    for number, part in enumerate(_pages(element["text"])):
        width, height = text_layout.size_of(part, style)
        width = width if element["autoResize"] else element["width"] or width
        size = {"text": part, "originalText": part, "y": top, "width": width, "height": height}
        pieces.append(_piece(element, number) | size | ({"containerId": None} if number else {}))
        top += height
    return pieces


def _pages(text: str) -> Iterator[str]:
    """Parts of at most TEXT_MAX characters, cut at line ends where there are any."""
    while len(text) > TEXT_MAX:
        end = text.rfind("\n", 0, TEXT_MAX + 1)
        yield text[: end if end > 0 else TEXT_MAX]
        text = text[end + 1 if end > 0 else TEXT_MAX :]
    if text:
        yield text


def _piece(element: Values, number: int) -> Values:
    """The element as its piece of this number, with an id of its own. All pieces are in one group."""
    group = stable_id("pieces", element["id"])
    piece = element | {"groupIds": [group, *element["groupIds"]]}
    if number == 0:
        return piece
    return piece | {"id": stable_id("piece", element["id"], number), "index": None, "boundElements": None}


def simplified(points: Points, most: int) -> Points:
    """At most `most` of the points, both ends among them: the points that make the smallest triangles with their neighbours go.

    Source: Visvalingam and Whyatt, Line generalisation by repeated elimination of points, 1993.
    """
    before, after = list(range(-1, len(points) - 1)), list(range(1, len(points) + 1))
    areas = [math.inf] * len(points)

    def area(at: int) -> float:
        (ax, ay, *_), (bx, by, *_), (cx, cy, *_) = points[before[at]], points[at], points[after[at]]
        return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2

    heap = []
    for at in range(1, len(points) - 1):
        areas[at] = area(at)
        heap.append((areas[at], at))
    heapq.heapify(heap)
    left = len(points)
    while left > most:
        size, at = heapq.heappop(heap)
        if areas[at] != size:
            continue  # its neighbours went since
        areas[at] = -1.0
        left -= 1
        before[after[at]], after[before[at]] = before[at], after[at]
        for beside in (before[at], after[at]):
            if 0 < beside < len(points) - 1:
                areas[beside] = max(area(beside), size)
                heapq.heappush(heap, (areas[beside], beside))
    return [point for point, size in zip(points, areas, strict=True) if size >= 0]
