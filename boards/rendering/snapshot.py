"""Snapshots: what a job's model sees of a board, drawn on the server where the page sent none along.

frontend/src/generation/snapshot.ts has the same rules; tests compare the two drawings.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from boards.background import on_paper
from boards.elements.geometry import Rectangle, rectangle_of
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import WHITE, Board
from boards.rendering import masking, render, scenes
from boards.rendering.options import RenderOptions
from boards.rendering.scenes import FRAME_TYPES, Shape, shape_of
from generation.checkpoints.kinds import Sees
from generation.errors import NothingToRepaint
from generation.jobs.submission import InputImages

LONGEST_SIDE_PX = 1024
SHARP_SIDE_PX = 512
STORABLE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


def draw(board: Board, region: Mapping[str, float], target: str, sees: Sees) -> InputImages:
    """The files that a job of this kind sees of the region.

    A sketch: a PNG of the region on the board's background, without earlier results of the same target. Pictures and
    mask: a PNG of the images alone, and one that is white where they are to be repainted. A file: that of the image that
    is the target. target: id of the frame or image that the region belongs to; where that has moved since, its place
    counts and not `region`; empty: none. Blocks for up to some seconds. Raises RenderFailed, BoardGone, NothingToRepaint, StorageUnavailable.
    """
    contents = exporting.contents(board)
    shapes = [shape_of(body) for body in contents.elements]
    found = next((shape for shape in shapes if target and shape.id == target), None)
    at = found.region if found is not None else rectangle_of(region)
    if sees is Sees.FILE:
        return InputImages(_file(contents, found))
    if sees is Sees.PICTURES_AND_MASK:
        pictures, mask = masking.images_and_mask(contents.elements, shapes, at, found)
        return InputImages(_png(contents, pictures, at), _png(contents, mask, at, ground=WHITE))
    return InputImages(_png(contents, elements_seen(contents.elements, shapes, at, found), at))


def _png(
    contents: Contents, elements: Sequence[bytes], region: Rectangle, *, ground: str | None = None
) -> bytes:
    """The elements as PNG. ground: the colour behind them, by default the board's."""
    shown = exporting.with_files(contents.board, contents.clock, list(elements))
    options = RenderOptions(region=region, background=ground or on_paper(contents.board.background))
    return render.png_bytes(elements, scenes.image_files(shown), options, scale=scale_of(region))


def _file(contents: Contents, target: Shape | None) -> bytes:
    """The target's own file, at full size however small it is shown; a drawing of it if it was cropped or turned.

    Raises NothingToRepaint.
    """
    body = next((body for body in contents.elements if target and shape_of(body).id == target.id), None)
    if body is None or target is None or target.type != "image":
        raise NothingToRepaint("Select a picture to enlarge.")
    file_id = exporting.file_id_of(body)
    file = next((file for file in contents.files if file.file_id == file_id), None)
    transform = msgspec.json.decode(body, type=_Transform)
    changed = transform.crop is not None or transform.angle or transform.scale != (1, 1)
    data = None if file is None or changed or file.mime_type not in STORABLE else exporting.file_bytes(file)
    if data is not None:
        return data
    return _png(contents, [_unframed(body, target)], target.region)


class _Transform(msgspec.Struct):
    """The fields with which Excalidraw shows an image otherwise than its file."""

    angle: float = 0
    crop: Any = None  # Excalidraw's own object, or null
    scale: tuple[float, float] = (1, 1)


def elements_seen(
    bodies: Sequence[bytes], shapes: Sequence[Shape], region: Rectangle, target: Shape | None
) -> list[bytes]:
    """The elements that a sketch of the region shows: all that reach into it, but frames and earlier results of the target.

    So a result never becomes part of what it was made from. The target itself stays if it is an image, as do results of
    other targets. Frames clip nothing here: what reaches into the region is drawn as a whole.
    """
    return [
        _unframed(body, shape)
        for body, shape in zip(bodies, shapes, strict=True)
        if _is_seen(shape, region, target)
    ]


def _is_seen(shape: Shape, region: Rectangle, target: Shape | None) -> bool:
    if shape.is_deleted or shape.type in FRAME_TYPES:
        return False
    if target is not None and shape.id == target.id:
        return True
    if not shape.reach().overlaps(region):
        return False
    target_id = target.id if target else None
    if target and target.type in FRAME_TYPES and shape.frame_id and shape.frame_id != target_id:
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
    """Pixels for each scene unit. Small regions are enlarged for the sake of thin lines, none beyond LONGEST_SIDE_PX."""
    side = max(region.width, region.height, 1.0)
    return min(max(2.0, SHARP_SIDE_PX / side), LONGEST_SIDE_PX / side)
