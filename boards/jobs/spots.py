"""Where pictures go beside what they were made from. Pure; scene units, y grows downwards."""

import math
from collections.abc import Iterable, Iterator, Sequence

from boards.elements.geometry import Rectangle

GAP = 40.0
"""Between a region and what is put beside it, and between the pictures."""
COLUMNS = 4


def beside(region: Rectangle, occupied: Sequence[Rectangle], view: Rectangle | None = None) -> Rectangle:
    """The first free place of the region's size beside it, see `beside_each`."""
    return beside_each(region, 1, occupied, view)[0]


def beside_each(
    region: Rectangle,
    count: int,
    occupied: Sequence[Rectangle],
    view: Rectangle | None = None,
    frames: Iterable[Rectangle] = (),
) -> list[Rectangle]:
    """Free places of the region's size for a job's pictures, side by side in reading order.

    Those within the view come first: at the right of the region, below it, at its left. Otherwise it is the first free
    place to the right, row after row downwards. frames: a region within one of them counts as its whole frame, which
    nothing is put into. Time grows with n log n of what is occupied.
    """
    anchor = _around(region, frames)
    for columns in _shapes(count):
        size = _block(region, count, columns)
        seen = (place for place in _near(anchor, *size) if view is not None and view.contains(place))
        for place in seen:
            if not any(place.overlaps(box) for box in occupied):
                return _cells(place, region, count, columns)
    columns = min(count, COLUMNS)
    return _cells(_below_at_right(anchor, *_block(region, count, columns), occupied), region, count, columns)


def _around(region: Rectangle, frames: Iterable[Rectangle]) -> Rectangle:
    """The largest frame around the region, or the region."""
    around = [frame for frame in frames if frame.contains(region)]
    return max(around, key=lambda frame: frame.width * frame.height, default=region)


def _shapes(count: int) -> list[int]:
    """The numbers of columns that are tried: one row, then a square grid."""
    return list(dict.fromkeys((min(count, COLUMNS), math.ceil(math.sqrt(count)))))


def _block(region: Rectangle, count: int, columns: int) -> tuple[float, float]:
    """Width and height of so many pictures in so many columns."""
    rows = -(-count // columns)
    return columns * (region.width + GAP) - GAP, rows * (region.height + GAP) - GAP


def _cells(block: Rectangle, region: Rectangle, count: int, columns: int) -> list[Rectangle]:
    """The places of the pictures in a block, row by row."""
    step_x, step_y = region.width + GAP, region.height + GAP
    at = (divmod(number, columns) for number in range(count))
    return [
        Rectangle(block.x + column * step_x, block.y + row * step_y, region.width, region.height)
        for row, column in at
    ]


def _near(anchor: Rectangle, width: float, height: float) -> Iterator[Rectangle]:
    """Places next to the anchor, the best first: right, below, left, then one further."""
    right, below = anchor.right + GAP, anchor.bottom + GAP
    left, above = anchor.x - GAP - width, anchor.y - GAP - height
    further_right, further_below = right + width + GAP, below + height + GAP
    for x, y in (
        (right, anchor.y),
        (anchor.x, below),
        (left, anchor.y),
        (right, below),
        (left, below),
        (further_right, anchor.y),
        (anchor.x, further_below),
        (anchor.x, above),
    ):
        yield Rectangle(x, y, width, height)


def _below_at_right(
    anchor: Rectangle, width: float, height: float, occupied: Sequence[Rectangle]
) -> Rectangle:
    """The first free place in four columns at the right of the anchor, row by row."""
    step = height + GAP
    columns = [anchor.right + GAP + number * (width + GAP) for number in range(COLUMNS)]
    row, x = min((_first_free_row(anchor.y, x, width, height, occupied), x) for x in columns)
    return Rectangle(x, anchor.y + row * step, width, height)


def _first_free_row(top: float, x: float, width: float, height: float, occupied: Sequence[Rectangle]) -> int:
    """The first row from `top` on in which a column is free."""
    step = height + GAP
    column = Rectangle(x, top, width, math.inf)
    taken = sorted(
        (math.floor((box.y - height - top) / step) + 1, math.ceil((box.bottom - top) / step) - 1)
        for box in occupied
        if box.overlaps(column)
    )
    free = 0
    for first, last in taken:
        if first > free:
            break
        free = max(free, last + 1)
    return free
