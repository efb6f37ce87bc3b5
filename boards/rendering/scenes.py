"""Boards as scenes: which elements matter to a region, and the bytes of the pictures that they show."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from boards.elements.geometry import Rectangle
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.rendering.drawing import DRAWABLE, PICTURES_MAX_BYTES, RenderTooLarge
from boards.rendering.view import Picture

FRAMES = {"frame", "magicframe"}
OUTSIDE = 60.0
"""Scene units by which names, arrowheads and wide strokes may stick out of the box of an element."""


class Shape(msgspec.Struct, rename="camel"):
    """As much of an element as choosing needs."""

    id: str
    type: str
    x: float
    y: float
    width: float
    height: float
    is_deleted: bool = False
    frame_id: str | None = None
    bound_elements: list[dict[str, Any]] | None = None
    custom_data: dict[str, Any] | None = None

    @property
    def region(self) -> Rectangle:
        return Rectangle(self.x, self.y, self.width, self.height)

    def reach(self) -> Rectangle:
        """Where it may be seen. A turned or unnormalised element may reach further than its box."""
        box = Rectangle(self.x, self.y, abs(self.width), abs(self.height))
        return box.grown(math.hypot(self.width, self.height) + OUTSIDE)


shape_of = msgspec.json.Decoder(Shape).decode


def near(bodies: Sequence[bytes], region: Rectangle) -> list[bytes]:
    """The elements that may be seen in the region, with the frames that cut them and the text on them."""
    shapes = [shape_of(body) for body in bodies]
    wanted = {shape.id for shape in shapes if shape.reach().overlaps(region)}
    for shape in shapes:
        if shape.id in wanted:
            wanted |= {shape.frame_id} if shape.frame_id else set()
            wanted |= {str(bound.get("id")) for bound in shape.bound_elements or ()}
    return [body for body, shape in zip(bodies, shapes, strict=True) if shape.id in wanted]


def pictures_or_none(contents: Contents) -> dict[str, Picture]:
    """The same; nothing where there are more than can be drawn: their places are better than no picture at all."""
    try:
        return pictures(contents)
    except RenderTooLarge:
        return {}


def pictures(contents: Contents) -> dict[str, Picture]:
    """The files that the elements show; each is read from the storage when it is drawn, which raises StorageUnavailable.

    Raises RenderTooLarge.
    """
    drawable = [file for file in contents.files if file.mime_type in DRAWABLE]
    if sum(file.size_bytes for file in drawable) > PICTURES_MAX_BYTES:
        raise RenderTooLarge("The pictures on it are larger than can be drawn together.")
    return {file.file_id: Picture(file.mime_type, partial(exporting.file_bytes, file)) for file in drawable}
