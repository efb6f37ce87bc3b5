"""Where the content of a board lies, for small pictures of it: a stray stroke far away does not make all of it tiny. Pure."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from boards.elements.bounds import bounds_of
from boards.elements.geometry import Rectangle, union

GAP = 400.0
"""Scene units of empty paper that set parts of a board apart."""
SMALLEST_SCALE = 0.3
"""Pixels for each scene unit: smaller, drawings are not recognised any more, and only the main part is shown."""


class _Visibility(msgspec.Struct):
    opacity: float | None = None


_visibility_of = msgspec.json.Decoder(_Visibility).decode


def main_part(bodies: Sequence[bytes], size_px: tuple[int, int]) -> Rectangle | None:
    """The part of a scene with most of its elements; None where the whole is shown well enough at this size."""
    visible = (body for body in bodies if _visibility_of(body).opacity != 0)
    boxes = [box for box in map(bounds_of, visible) if box is not None]
    whole = union(boxes)
    if whole is None or _scale(whole, size_px) >= SMALLEST_SCALE:
        return None
    part = union(_densest(boxes))
    return None if part == whole else part


def _scale(box: Rectangle, size_px: tuple[int, int]) -> float:
    return min(size_px[0] / max(box.width, 1.0), size_px[1] / max(box.height, 1.0))


def _densest(boxes: list[Rectangle]) -> list[Rectangle]:
    """The boxes of the part with the most of them, cut at gaps from side to side and from top to bottom."""
    while True:
        columns = _cut(boxes, lambda box: (box.x, box.right))
        fullest: list[Rectangle] = max(columns, key=len)
        rows = _cut(fullest, lambda box: (box.y, box.bottom))
        if len(columns) == len(rows) == 1:
            return boxes
        boxes = max(rows, key=len)


def _cut(
    boxes: Iterable[Rectangle], ends: Callable[[Rectangle], tuple[float, float]]
) -> list[list[Rectangle]]:
    """The boxes in groups, between which GAP is free along one axis."""
    groups: list[list[Rectangle]] = []
    reached = 0.0
    for box in sorted(boxes, key=ends):
        start, end = ends(box)
        if not groups or start > reached + GAP:
            groups.append([])
            reached = end
        groups[-1].append(box)
        reached = max(reached, end)
    return groups
