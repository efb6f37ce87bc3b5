"""What a model sees of a board, drawn here: the same as our page sends along when somebody presses Generate.

The rules are those of frontend/src/generation/snapshot.ts; tests compare the two pictures.
"""

from collections.abc import Mapping, Sequence

import msgspec

from boards.exchange import outgoing
from boards.models import Board
from boards.rendering import drawing, scenes
from boards.rendering.scenes import FRAMES, Region, Shape, shape_of
from boards.rendering.view import View

LONGEST_SIDE_PX = 1024
SHARP_SIDE_PX = 512


def draw(board: Board, region: Mapping[str, float], target: str) -> bytes:
    """A PNG of the region on white, without what was made from it before.

    target: id of the frame or picture that the region belongs to, which may have moved since; empty: none.
    Blocks for up to some seconds. Raises RenderFailed, BoardGone, StorageUnavailable.
    """
    contents = outgoing.contents(board)
    at = Region(region["x"], region["y"], region["width"], region["height"])
    shapes = [shape_of(body) for body in contents.elements]
    found = next((shape for shape in shapes if target and shape.id == target), None)
    at = found.region if found is not None else at
    elements = seen(contents.elements, shapes, at, found)
    shown = outgoing.with_files(board, contents.clock, elements)
    return drawing.png(elements, scenes.pictures(shown), View(region=at), scale=scale_of(at))


def seen(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Region, target: Shape | None
) -> list[bytes]:
    """The elements within the region but frames and earlier results: a result never becomes part of what it came from.

    The picture that is itself the target stays, as do results of other frames that somebody laid here on purpose.
    Frames cut nothing here: what reaches into the region is seen as a whole.
    """
    return [
        _unframed(body, shape)
        for body, shape in zip(bodies, shapes, strict=True)
        if _is_seen(shape, region, target)
    ]


def _is_seen(shape: Shape, region: Region, target: Shape | None) -> bool:
    if shape.is_deleted or shape.type in FRAMES:
        return False
    if target is not None and shape.id == target.id:
        return True
    if not shape.reach().overlaps(region):
        return False
    target_id = target.id if target else None
    if target and target.type in FRAMES and shape.frame_id and shape.frame_id != target_id:
        return False
    note = (shape.custom_data or {}).get("atelier")
    note = note if isinstance(note, dict) else {}
    return not note.get("job") or (bool(note.get("source")) and note["source"] != target_id)


def _unframed(body: bytes, shape: Shape) -> bytes:
    if shape.frame_id is None:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(fields | {"frameId": None})


def scale_of(region: Region) -> float:
    """Small regions are drawn larger than life for the sake of thin lines, none beyond LONGEST_SIDE_PX."""
    side = max(region.width, region.height, 1.0)
    return min(max(2.0, SHARP_SIDE_PX / side), LONGEST_SIDE_PX / side)
