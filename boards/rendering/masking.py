"""The mask of a region: which part of it is to be repainted. frontend/src/generation/mask.ts has the same rules.

A picture that is the target is upright in it, however it is turned on the board; what was drawn over it is turned along.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from boards.elements.bounds import bounds_of, turned
from boards.elements.geometry import Rectangle
from boards.rendering.scenes import FRAME_TYPES, Shape, shape_of
from generation.errors import NothingToRepaint

BLACK, WHITE = "#000000", "#ffffff"
# Scene units around an image that count as covered by it: it need not fill its frame to the last unit.
RIM = 2


def images_and_mask(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Rectangle, target: Shape | None
) -> tuple[list[bytes], list[bytes]]:
    """The image elements of the region, and elements that draw its mask: white where it is to be repainted, else black.

    White is what was drawn over an image, and what no image covers. bodies: in drawing order, with their shapes.
    target: the frame or image that the region belongs to; of images, a target image is the only one that counts.
    Raises NothingToRepaint where there is no image.
    """
    found = _belonging(bodies, shapes, region, target)
    images = [_changed(body, {}) for body, shape in found if shape.type == "image"]
    if not images:
        raise NothingToRepaint
    return images, [
        _changed(body, _covered(shape) if shape.type == "image" else _DRAWN) for body, shape in found
    ]


def marks_on(bodies: Sequence[bytes], picture: Shape) -> list[str]:
    """The ids of the elements that mark what of a picture is repainted, and for nothing else.

    They lie above it, with their middle on it: what only reaches into it, such as an arrow that points there, marks some of
    it too, but has a meaning of its own, as has what is locked.
    """
    shapes = [shape_of(body) for body in bodies]
    above = False
    marks = []
    for body, shape in _belonging(bodies, shapes, picture.region, picture):
        if shape.id == picture.id:
            above = True
        elif above and not is_locked(body) and _has_middle_on(body, picture.region):
            marks.append(shape.id)
    return marks


class _Lockable(msgspec.Struct):
    locked: bool | None = False


_lockable = msgspec.json.Decoder(_Lockable)


def is_locked(body: bytes | str) -> bool:
    """True if somebody locked the element: it stays as it is, and marks nothing."""
    return bool(_lockable.decode(body).locked)


def _has_middle_on(body: bytes, region: Rectangle) -> bool:
    box = bounds_of(body)
    return box is not None and region.touches(box.centred(0, 0))


def _belonging(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Rectangle, target: Shape | None
) -> list[tuple[bytes, Shape]]:
    """What of the board lies in the region, turned with a target picture until that is upright."""
    if target is not None and target.type == "image" and target.angle:
        middle = region.centred(0, 0)
        bodies = [turned(body, (middle.x, middle.y), -target.angle) for body in bodies]
        shapes = [shape_of(body) for body in bodies]
    return [
        (body, shape)
        for body, shape in zip(bodies, shapes, strict=True)
        if _belongs(body, shape, region, target)
    ]


def _belongs(body: bytes, shape: Shape, region: Rectangle, target: Shape | None) -> bool:
    if shape.is_deleted or shape.type in FRAME_TYPES:
        return False
    if target is not None and target.type == "image":
        if shape.type == "image":
            return shape.id == target.id
    elif target is not None and shape.frame_id and shape.frame_id != target.id:
        return False
    at = (bounds_of(body) or shape.region) if shape.type == "image" else shape.reach()
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
