"""What must be drawn of a scene: the elements near a region, and the files of the images among them."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from boards.elements.geometry import Rectangle
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.rendering.options import ImageFile
from boards.rendering.render import DRAWABLE, IMAGES_MAX_BYTES, RenderTooLarge

FRAME_TYPES = {"frame", "magicframe"}
OUTSIDE = 60.0
"""Scene units by which names, arrowheads and wide strokes may reach beyond the box of an element."""


class Shape(msgspec.Struct, rename="camel"):
    """The fields of an element that decide whether it belongs to a drawing."""

    id: str
    type: str
    x: float
    y: float
    width: float
    height: float
    angle: float | None = 0.0
    is_deleted: bool = False
    frame_id: str | None = None
    bound_elements: list[dict[str, Any]] | None = None
    custom_data: dict[str, Any] | None = None

    @property
    def region(self) -> Rectangle:
        return Rectangle(self.x, self.y, self.width, self.height)

    def reach(self) -> Rectangle:
        """A rectangle that surely holds all that is drawn of it, however it is turned."""
        box = Rectangle(self.x, self.y, abs(self.width), abs(self.height))
        return box.grown(math.hypot(self.width, self.height) + OUTSIDE)


shape_of = msgspec.json.Decoder(Shape).decode


def elements_near(bodies: Sequence[bytes], region: Rectangle) -> list[bytes]:
    """The elements that may be visible in the region, with the frames that clip them and the text bound to them."""
    shapes = [shape_of(body) for body in bodies]
    wanted = {shape.id for shape in shapes if shape.reach().overlaps(region)}
    for shape in shapes:
        if shape.id in wanted:
            wanted |= {shape.frame_id} if shape.frame_id else set()
            wanted |= {str(bound.get("id")) for bound in shape.bound_elements or ()}
    return [body for body, shape in zip(bodies, shapes, strict=True) if shape.id in wanted]


def image_files_or_none(contents: Contents) -> dict[str, ImageFile]:
    """See `image_files`; empty where they are too many bytes to draw. The drawing then shows their places only."""
    try:
        return image_files(contents)
    except RenderTooLarge:
        return {}


def image_files(contents: Contents) -> dict[str, ImageFile]:
    """The files of the images on a board by file_id. Each is read when it is drawn, which raises StorageUnavailable.

    Raises RenderTooLarge.
    """
    drawable = [file for file in contents.files if file.mime_type in DRAWABLE]
    if sum(file.size_bytes for file in drawable) > IMAGES_MAX_BYTES:
        raise RenderTooLarge("The pictures on it are larger than can be drawn together.")
    return {file.file_id: ImageFile(file.mime_type, partial(exporting.file_bytes, file)) for file in drawable}
