"""Axis-parallel rectangles on a board, in scene units; y grows downwards. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct


class Rectangle(Struct, frozen=True):
    """A place on a board. x, y: its upper left corner. Negative sizes, which elements of old files have, are kept."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def overlaps(self, other: "Rectangle") -> bool:
        """True if the two share some area; a common border is not enough."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )

    def touches(self, other: "Rectangle") -> bool:
        """True if the two share at least a point of their borders."""
        apart_x = self.right < other.x or other.right < self.x
        return not (apart_x or self.bottom < other.y or other.bottom < self.y)

    def contains(self, other: "Rectangle") -> bool:
        """True if no part of the other is outside."""
        across = self.x <= other.x and other.right <= self.right
        return across and self.y <= other.y and other.bottom <= self.bottom

    def moved(self, x: float, y: float) -> "Rectangle":
        """The rectangle at another place, of the same size."""
        return Rectangle(self.x + x, self.y + y, self.width, self.height)

    def grown(self, by: float) -> "Rectangle":
        """The rectangle with its borders moved outwards."""
        return Rectangle(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def centred(self, width: float, height: float) -> "Rectangle":
        """A rectangle of this size with the same centre."""
        return Rectangle(
            self.x + (self.width - width) / 2, self.y + (self.height - height) / 2, width, height
        )


def rectangle_of(source: object) -> Rectangle:
    """The x, y, width and height of a mapping or an object. Raises msgspec.ValidationError where one is missing."""
    return msgspec.convert(source, Rectangle, from_attributes=True)


def union(rectangles: Iterable[Rectangle | None]) -> Rectangle | None:
    """The smallest rectangle around all of them; None if there are none."""
    known = [each for each in rectangles if each is not None]
    if not known:
        return None
    x, y = min(each.x for each in known), min(each.y for each in known)
    right, bottom = max(each.right for each in known), max(each.bottom for each in known)
    return Rectangle(x, y, right - x, bottom - y)
