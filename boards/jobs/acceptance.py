"""Accepting candidates, and keeping or discarding them. Callers check that the board may be edited."""

import uuid

from django.db import transaction

from accounts.models import User
from boards.errors import JobGone
from boards.jobs import candidates, placement
from boards.models import Element, Placement
from generation.jobs import events
from generation.models import GeneratedImage, Job


@transaction.atomic
def accept(
    job: Job, image_id: uuid.UUID, user: User, where: str | None = None, keep_others: bool = False
) -> None:
    """Put one picture of a job on its board. Does nothing if it is there; one that was deleted gets a new element.

    where: beside or inside, by default the placement's accepted_where. keep_others: keep the job's other candidates.
    Raises JobGone, BoardGone, BoardFrozen, BoardFull; then nothing is changed.
    """
    place = candidates.locked(job)
    image = _image(job, image_id)
    if not _is_live(place, image):
        placement.put(place, job, [image], where or place.accepted_where, user)
        candidates.accepted(place, image)
    if keep_others:
        candidates.put_away(place, candidates.waiting(place, list(job.images.all())), candidates.KEPT)
    events.announce_change(job)


@transaction.atomic
def put_away(job: Job, image_id: uuid.UUID | None, status: str) -> None:
    """Keep, discard or offer again one picture, or all. Keeping and discarding all concerns only candidates.

    A picture whose element was deleted counts as not accepted. Raises JobGone.
    """
    place = candidates.locked(job)
    images = [_image(job, image_id)] if image_id else list(job.images.all())
    if image_id is None and status != candidates.CANDIDATE:
        images = candidates.waiting(place, images)
    candidates.put_away(place, [image for image in images if not _is_live(place, image)], status)
    events.announce_change(job)


def _image(job: Job, image_id: uuid.UUID) -> GeneratedImage:
    image = job.images.filter(pk=image_id).first()
    if image is None:
        raise JobGone("The job has no such picture.")
    return image


def _is_live(place: Placement, image: GeneratedImage) -> bool:
    element_id = place.elements.get(str(image.pk))
    return (
        element_id is not None
        and Element.objects.filter(board=place.board_id, element_id=element_id, is_deleted=False).exists()
    )
