"""Repainted pictures in the place of what they were made from: the same element, with another file.

Where it lies now, its size, angle, crop and order stay. What marked the part goes in the same change. The replaced versions
are kept as revisions, and the files that they show as long as their board.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from boards.elements.element import Element
from boards.models import Element as ElementRow
from boards.models import Placement
from boards.rendering import masking
from generation.models import GeneratedImage, Job

AHEAD = 100
"""Versions by which a replaced picture is ahead: more than a page makes before it hears of it while somebody drags the
picture. That page would otherwise keep its own version, and the old file with it."""
SHOWN_AS = ("angle", "scale", "crop")
"""The fields with which an image element shows its file turned, mirrored and cropped."""


def changes(placement: Placement, job: Job, image: GeneratedImage) -> list[Element] | None:
    """The picture with this image in it, and the tombstones of what marked it.

    None if the picture was deleted or shows something else by now, which the image knows nothing of.
    """
    row = _undeleted(placement, [placement.frame]).get(placement.frame)
    body = msgspec.json.decode(row.body) if row else {}
    if row is None or not _shows(placement, job, body):
        return None
    custom = (body.get("customData") or {}) | {"atelier": _repainted_note(body, note(job, image))}
    changed = body | {"fileId": image.sha256, "status": "saved", "crop": crop_of(body, image)}
    changed["customData"] = custom
    # What somebody locked meanwhile is to stay, as what was locked before is no mark at all.
    marks = [
        mark for mark in _undeleted(placement, placement.marks).values() if not masking.is_locked(mark.body)
    ]
    tombstones = [_next(mark, _signed(mark, job, image), is_deleted=True) for mark in marks]
    return [_next(row, changed, ahead=AHEAD), *tombstones]


def is_shown(placement: Placement, image: GeneratedImage) -> bool:
    """True if the element that an image was put into is on the board and shows it."""
    element_id = placement.elements.get(str(image.pk), "")
    row = _undeleted(placement, [element_id]).get(element_id)
    return row is not None and msgspec.json.decode(row.body).get("fileId") == image.sha256


def file_shown(placement: Placement, job: Job) -> str:
    """The file that the picture of a placement shows if this job made it, else the one that it was asked for."""
    row = _undeleted(placement, [placement.frame]).get(placement.frame)
    file_id = msgspec.json.decode(row.body).get("fileId") if row else None
    return file_id if placement.file_id and file_id in _made(job) else placement.file_id


def shown_as(placement: Placement, image: GeneratedImage) -> dict[str, Any]:
    """How the picture that was repainted shows, or showed, its file, as fields for an element of this image."""
    row = ElementRow.objects.filter(board=placement.board_id, element_id=placement.frame).first()
    if not placement.file_id or row is None:
        return {}
    body = msgspec.json.decode(row.body)
    return {name: body[name] for name in SHOWN_AS if name in body} | {"crop": crop_of(body, image)}


def crop_of(body: Mapping[str, Any], image: GeneratedImage) -> dict[str, Any] | None:
    """The crop of an element for another image of the same picture, which may have another number of pixels."""
    crop = body.get("crop")
    if not crop:
        return None
    across, down = image.width_px / crop["naturalWidth"], image.height_px / crop["naturalHeight"]
    if (across, down) == (1, 1):
        return dict(crop)
    wide = {name: crop[name] * across for name in ("x", "width", "naturalWidth")}
    return dict(crop) | wide | {name: crop[name] * down for name in ("y", "height", "naturalHeight")}


def note(job: Job, image: GeneratedImage) -> dict[str, Any]:
    """What an element says of the image that it shows, but from what it was made."""
    made = {"job": str(job.pk), "image": str(image.pk), "kind": job.kind}
    draft = {"draft": True} if job.params.get("draft") else {}
    return made | {"prompt": job.params["prompt"], "seed": image.seed} | draft


def _repainted_note(body: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """The note of a picture that is repainted: a result stays one of its frame; anything else was made from itself.

    So a photograph in a sketch stays part of that sketch.
    """
    before = (body.get("customData") or {}).get("atelier") or {}
    return made | {"source": before.get("source") if before.get("job") else body["id"]}


def _signed(mark: ElementRow, job: Job, image: GeneratedImage) -> dict[str, Any]:
    """The body of what marked the part, with what removes it: a page that asked for either takes that back as its own."""
    body: dict[str, Any] = msgspec.json.decode(mark.body)
    custom = body.get("customData") or {}
    removed_by = {"job": str(job.pk), "image": str(image.pk)}
    return body | {"customData": custom | {"atelier": (custom.get("atelier") or {}) | removed_by}}


def _next(row: ElementRow, body: Mapping[str, Any], *, ahead: int = 0, is_deleted: bool = False) -> Element:
    """The next version of an element. ahead: versions that are left out before it."""
    raw = msgspec.json.encode(body)
    stored = Element(row.element_id, row.version, row.version_nonce, row.index, row.is_deleted, raw)
    return stored.replacing(row.version + ahead, is_deleted=is_deleted)


def _shows(placement: Placement, job: Job, body: Mapping[str, Any]) -> bool:
    """True if the picture shows what it did, or another image of the same job."""
    return body.get("type") == "image" and body.get("fileId") in {placement.file_id, *_made(job)}


def _made(job: Job) -> set[str]:
    return set(job.images.values_list("sha256", flat=True))


def _undeleted(placement: Placement, ids: list[str]) -> dict[str, ElementRow]:
    """Those of these elements that are on the board, by id."""
    rows = ElementRow.objects.filter(board=placement.board_id, element_id__in=ids, is_deleted=False)
    return {row.element_id: row for row in rows}
