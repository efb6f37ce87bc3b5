"""What a model sees of a board, drawn here: the same as our page sends along when somebody presses Generate.

The rules are those of frontend/src/generation/snapshot.ts; tests compare the two pictures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from boards.background import on_paper
from boards.elements.geometry import Rectangle, rectangle_of
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import WHITE, Board
from boards.rendering import drawing, masking, scenes
from boards.rendering.scenes import FRAMES, Shape, shape_of
from boards.rendering.view import View
from generation.checkpoints.kinds import Sees
from generation.errors import NothingToRepaint
from generation.jobs.submission import InputImages

LONGEST_SIDE_PX = 1024
SHARP_SIDE_PX = 512
STORABLE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


def draw(board: Board, region: Mapping[str, float], target: str, sees: Sees) -> InputImages:
    """What a job looks at of the region: a PNG of it on the board's background, without what was made from it before.

    With a mask, the pictures alone; the mask is white where somebody drew over them and where there is none. A file is that of the
    picture that is the target.
    target: id of the frame or picture that the region belongs to, which may have moved since; empty: none.
    Blocks for up to some seconds. Raises RenderFailed, BoardGone, NothingToRepaint, StorageUnavailable.
    """
    contents = exporting.contents(board)
    shapes = [shape_of(body) for body in contents.elements]
    found = next((shape for shape in shapes if target and shape.id == target), None)
    at = found.region if found is not None else rectangle_of(region)
    if sees is Sees.FILE:
        return InputImages(_file(contents, found))
    if sees is Sees.PICTURES_AND_MASK:
        pictures, mask = masking.parts(contents.elements, shapes, at, found)
        return InputImages(_png(contents, pictures, at), _png(contents, mask, at, ground=WHITE))
    return InputImages(_png(contents, seen(contents.elements, shapes, at, found), at))


def _png(
    contents: Contents, elements: Sequence[bytes], region: Rectangle, *, ground: str | None = None
) -> bytes:
    """ground: the colour behind them, by default the board's."""
    shown = exporting.with_files(contents.board, contents.clock, list(elements))
    view = View(region=region, background=ground or on_paper(contents.board.background))
    return drawing.png(elements, scenes.pictures(shown), view, scale=scale_of(region))


def _file(contents: Contents, target: Shape | None) -> bytes:
    """The picture itself, however small it lies on the board; as it is drawn there if it was cropped or turned.

    Raises NothingToRepaint.
    """
    body = next((body for body in contents.elements if target and shape_of(body).id == target.id), None)
    if body is None or target is None or target.type != "image":
        raise NothingToRepaint("Select a picture to enlarge.")
    file_id = exporting.file_id_of(body)
    file = next((file for file in contents.files if file.file_id == file_id), None)
    look = msgspec.json.decode(body, type=_Look)
    changed = look.crop is not None or look.angle or look.scale != (1, 1)
    data = None if file is None or changed or file.mime_type not in STORABLE else exporting.file_bytes(file)
    if data is not None:
        return data
    return _png(contents, [_unframed(body, target)], target.region)


class _Look(msgspec.Struct):
    angle: float = 0
    crop: Any = None  # Excalidraw's own object, or null
    scale: tuple[float, float] = (1, 1)


def seen(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Rectangle, target: Shape | None
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


def _is_seen(shape: Shape, region: Rectangle, target: Shape | None) -> bool:
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


def scale_of(region: Rectangle) -> float:
    """Small regions are drawn larger than life for the sake of thin lines, none beyond LONGEST_SIDE_PX."""
    side = max(region.width, region.height, 1.0)
    return min(max(2.0, SHARP_SIDE_PX / side), LONGEST_SIDE_PX / side)
