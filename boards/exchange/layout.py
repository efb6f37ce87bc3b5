"""Where imported copies and library items are placed beside a scene. Scene units; pure."""

import math
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from boards.elements.geometry import Rectangle
from boards.exchange.document import Fields

GAP = 80.0
ITEM_GAP = 48.0


def moved(fields: Fields, by: tuple[float, float]) -> Fields:
    """The element moved by (x, y). One with a malformed position is returned unchanged."""
    if by == (0.0, 0.0):
        return fields
    changes = {}
    for name, distance in zip("xy", by, strict=True):
        try:
            changes[name] = Raw(msgspec.json.encode(msgspec.json.decode(fields[name], type=float) + distance))
        except (KeyError, msgspec.DecodeError):
            return fields
    return {**fields, **changes}


def shift_beside(scene: Rectangle | None, copy: Rectangle | None) -> tuple[float, float]:
    """How far to move a copy so that it is at the right of the scene; (0, 0) if the two do not touch anyway."""
    if scene is None or copy is None or not scene.touches(copy):
        return 0.0, 0.0
    return scene.right + GAP - copy.x, scene.y - copy.y


def shifts_in_grid(items: Sequence[Rectangle | None], scene: Rectangle | None) -> list[tuple[float, float]]:
    """How far to move each item so that all are in rows and columns at the right of the scene."""
    boxes = [item or Rectangle(0, 0, 0, 0) for item in items]
    columns = max(1, math.ceil(math.sqrt(len(boxes))))
    widths = [max(box.width for box in boxes[at::columns]) for at in range(min(columns, len(boxes)))]
    x = scene.right + GAP if scene else 0.0
    y = scene.y if scene else 0.0
    shifts = []
    for start in range(0, len(boxes), columns):
        row = boxes[start : start + columns]
        left = x
        for box, width in zip(row, widths, strict=False):
            shifts.append((left - box.x, y - box.y))
            left += width + ITEM_GAP
        y += max(box.height for box in row) + ITEM_GAP
    return shifts
