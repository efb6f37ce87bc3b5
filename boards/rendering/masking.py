"""Which part of a region a person wants repainted: the rules of frontend/src/generation/mask.ts, on the server."""

from collections.abc import Sequence
from typing import Any

import msgspec

from boards.elements.geometry import Rectangle
from boards.rendering.scenes import FRAMES, Shape
from generation.errors import NothingToRepaint

BLACK, WHITE = "#000000", "#ffffff"
# Scene units around a picture that count as covered: it need not fill its frame to the last unit.
RIM = 2


def parts(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Rectangle, target: Shape | None
) -> tuple[list[bytes], list[bytes]]:
    """The pictures of the region, and elements that draw its mask: white where it shall be repainted.

    That is where something was drawn over a picture, and what no picture covers. bodies: in drawing order. A picture
    that is itself the target is the only one. Raises NothingToRepaint where there is none.
    """
    found = [
        (body, shape) for body, shape in zip(bodies, shapes, strict=True) if _belongs(shape, region, target)
    ]
    pictures = [_changed(body, {}) for body, shape in found if shape.type == "image"]
    if not pictures:
        raise NothingToRepaint
    return pictures, [
        _changed(body, _covered(shape) if shape.type == "image" else _DRAWN) for body, shape in found
    ]


def _belongs(shape: Shape, region: Rectangle, target: Shape | None) -> bool:
    if shape.is_deleted or shape.type in FRAMES:
        return False
    if target is not None and target.type == "image":
        if shape.type == "image":
            return shape.id == target.id
    elif target is not None and shape.frame_id and shape.frame_id != target.id:
        return False
    at = shape.region if shape.type == "image" else shape.reach()
    return at.overlaps(region)


_DRAWN: dict[str, Any] = {
    "strokeColor": WHITE,
    "backgroundColor": WHITE,  # so that a closed line covers what is inside
    "fillStyle": "solid",
    "opacity": 100,
}


def _covered(shape: Shape) -> dict[str, Any]:
    return {
        "type": "rectangle",
        "strokeColor": BLACK,
        "backgroundColor": BLACK,
        "fillStyle": "solid",
        "strokeStyle": "solid",
        "strokeWidth": 2 * RIM,
        "roughness": 0,
        "opacity": 100,
        "roundness": None,
        "fileId": None,
    }


def _changed(body: bytes, fields: dict[str, Any]) -> bytes:
    element = msgspec.json.decode(body, type=dict[str, Any])
    return msgspec.json.encode(element | {"frameId": None} | fields)
