"""Snapshots: what a job's model sees of a board, drawn on the server where the page sent none along.

frontend/src/generation/snapshot.ts has the same rules; tests compare the two drawings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from boards.background import on_paper
from boards.elements.geometry import Rectangle, rectangle_of
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import WHITE, Board
from boards.rendering import masking, render, repainting, scenes
from boards.rendering.options import RenderOptions
from boards.rendering.repainting import PIXELS, Repaint, transform_of
from boards.rendering.scenes import FRAME_TYPES, Shape, shape_of
from generation.checkpoints.kinds import Sees
from generation.errors import NothingToRepaint
from generation.jobs.submission import NO_IMAGES, InputImages

LONGEST_SIDE_PX = 1024
SHARP_SIDE_PX = 512


@dataclass(frozen=True)
class Seen:
    """What a job sees. repaint: of one picture that can be repainted in place; None for anything else."""

    images: InputImages
    repaint: Repaint | None = None


def draw(
    board: Board, region: Mapping[str, float], target: str, sees: Sees, sent: InputImages = NO_IMAGES
) -> Seen:
    """The files that a job of this kind sees of the region; of those that were sent along, these.

    A sketch: a PNG of the region on the board's background, without earlier results of the same target. Pictures and
    mask: a PNG of the images alone, and one that is white where they are to be repainted; if an image is the target, its
    file and a mask of that. A file: that of the image that is the target.
    target: id of the frame or image that the region belongs to; where that has moved since, its place counts and not
    `region`; empty: none. Blocks for up to some seconds.
    Raises RenderFailed, BoardGone, NothingToRepaint, StorageUnavailable.
    """
    contents = exporting.contents(board)
    shapes = [shape_of(body) for body in contents.elements]
    found = next((shape for shape in shapes if target and shape.id == target), None)
    at = found.region if found is not None else rectangle_of(region)
    if sees is Sees.FILE:
        return Seen(InputImages(_file(contents, found)))
    if sees is not Sees.PICTURES_AND_MASK:
        return Seen(InputImages(_png(contents, elements_seen(contents.elements, shapes, at, found), at)))
    if found is not None and found.type == "image" and sent.snapshot is None:
        repaint = repainting.draw(contents, found, sent.mask)
        return Seen(repaint.images, repaint)
    pictures, mask = masking.images_and_mask(contents.elements, shapes, at, found)
    return Seen(
        InputImages(
            sent.snapshot or _png(contents, pictures, at),
            sent.mask or _png(contents, mask, at, ground=WHITE),
        )
    )


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
    as_it_is = transform_of(body).changes_nothing and file is not None and file.mime_type in PIXELS
    data = exporting.file_bytes(file) if file is not None and as_it_is else None
    if data is not None:
        return data
    return _png(contents, [_unframed(body, target)], target.region)


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
