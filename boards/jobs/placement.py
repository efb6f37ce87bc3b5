"""Puts finished pictures on the board: their elements are written in the transaction that writes the pictures."""

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
from django.dispatch import receiver
from fractional_indexing import generate_n_keys_between

from accounts.models import User
from boards import access
from boards.access import Act
from boards.elements import store
from boards.elements.defaults import DEFAULTS, NULLABLE
from boards.elements.element import Element
from boards.elements.geometry import Rectangle, rectangle_of
from boards.errors import BoardFrozen, BoardFull, BoardGone, Forbidden
from boards.files import board_files
from boards.jobs import candidates, in_place, reservation
from boards.models import Board, Placement
from boards.models import Element as ElementRow
from boards.principal import Principal
from generation.images.framing import SHAPE_MAX
from generation.jobs.events import images_made
from generation.models import GeneratedImage, Job


def contain(width_px: int, height_px: int, box: Rectangle) -> Rectangle:
    """The largest rectangle of the picture's shape inside `box`, in its middle.

    A picture as narrow as can be stands for a box that is narrower still: it is as long as the box, with paper beside it.
    """
    fits = box.width / width_px, box.height / height_px
    is_narrowest = max(width_px, height_px) / min(width_px, height_px) >= SHAPE_MAX
    scale = fits[width_px < height_px] if is_narrowest else min(fits)
    return box.centred(width_px * scale, height_px * scale)


@receiver(images_made)
def place(job: Job, images: Sequence[GeneratedImage], **_: Any) -> None:
    """Write one image element for each picture, or make them all candidates. Joins the sender's transaction.

    If the board is gone, full or frozen by now, or the job's user may no longer edit it, nothing is written: the job
    keeps its pictures, without elements or candidates. Rule J32.
    """
    placement = Placement.objects.select_for_update().filter(job=job).first()
    if placement is None:
        return
    with suppress(BoardGone, BoardFull, BoardFrozen, Forbidden):
        access.find(Principal(job.created_by), placement.board_id, Act.EDIT)
        if placement.where == Placement.Where.STAGE:
            candidates.offer(placement, images)
        elif placement.where == Placement.Where.IN_PLACE and placement.elements:
            # An earlier picture of this job came first.
            put(placement, job, images, Placement.Where.BESIDE, job.created_by)
        else:
            put(placement, job, images, placement.where, job.created_by)


def put(
    placement: Placement, job: Job, made: Sequence[GeneratedImage], where: str, user: User | None
) -> None:
    """Write an element for each of these pictures, with that user as its author. The caller has locked the placement.

    Where the first cannot take the place of the picture that was repainted it goes beside it, as do all others.
    Raises BoardGone, BoardFull, BoardFrozen; then nothing is written.
    """
    board = Board.objects.select_for_update(no_key=True).get(pk=placement.board_id)
    replacing = None
    if where == Placement.Where.IN_PLACE:
        replacing = in_place.changes(placement, job, made[0]) if made else None
        where = Placement.Where.BESIDE  # of the others
    added = _elements(board, placement, job, made[1:] if replacing else made, where)
    written = [*(replacing or []), *(element for _, element in added)]
    author_id = user.pk if user else None
    store.apply(board.pk, written, {element.id: author_id for element in written})
    for image in made:
        board_files.add_generated(board, image, user)
    if replacing:
        placement.elements |= {str(made[0].pk): placement.frame}
    placement.elements |= {image_id: element.id for image_id, element in added}
    placement.save(update_fields=["elements"])


def _elements(
    board: Board, placement: Placement, job: Job, images: Sequence[GeneratedImage], where: str
) -> list[tuple[str, Element]]:
    rows = ElementRow.objects.filter(board=board)
    frame = rows.filter(element_id=placement.frame, is_deleted=False).first() if placement.frame else None
    frame_body = msgspec.json.decode(frame.body) if frame else {}
    # The frame may have been moved or resized while the job ran: use its place now.
    region = rectangle_of(frame_body if frame else placement)
    inside = where == Placement.Where.INSIDE
    is_frame = frame_body.get("type") in {"frame", "magicframe"}
    indexes = _indexes_below(board, frame.index, len(images)) if inside and frame and is_frame else None
    indexes = indexes or _indexes_on_top(board, len(images))
    slots = [region] * len(images) if inside else reservation.claim(placement, region, len(images))
    placed: list[tuple[str, Element]] = []
    for image, index, slot in zip(images, indexes, slots, strict=True):
        # A repainted picture is as large as the one that it was made from, even where that is stretched.
        box = slot if placement.file_id else contain(image.width_px, image.height_px, slot)
        body = _body(job, image, box, index)
        body |= in_place.shown_as(placement, image)
        body["customData"]["atelier"]["source"] = placement.frame or None
        body["frameId"] = placement.frame if inside and is_frame else None
        raw = msgspec.json.encode(body)
        element = Element(body["id"], body["version"], body["versionNonce"], index, False, raw)
        placed.append((str(image.pk), element))
    return placed


def _body(job: Job, image: GeneratedImage, box: Rectangle, index: str) -> dict[str, Any]:
    """An Excalidraw image element with every field that restoring would otherwise fill in."""
    return {
        **DEFAULTS,
        **NULLABLE,
        "id": secrets.token_urlsafe(15)[:21],
        "type": "image",
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
        "strokeColor": "transparent",
        "index": index,
        "seed": secrets.randbelow(2**31),
        "version": 1,
        "versionNonce": secrets.randbelow(2**31),
        "updated": int(time.time() * 1000),
        "status": "saved",
        "fileId": image.sha256,
        "scale": [1, 1],
        "crop": None,
        "customData": {"atelier": in_place.note(job, image)},
    }


def _indexes_on_top(board: Board, count: int) -> list[str]:
    top = ElementRow.objects.filter(board=board).order_by("-index").values_list("index", flat=True).first()
    return list(generate_n_keys_between(top, None, count))


def _indexes_below(board: Board, index: str, count: int) -> list[str]:
    """Indexes right below a frame, where Excalidraw keeps a frame's children."""
    below = ElementRow.objects.filter(board=board, index__lt=index).order_by("-index")
    return list(generate_n_keys_between(below.values_list("index", flat=True).first(), index, count))
