"""Accepting candidates, and keeping or discarding them. Callers check that the board may be edited."""

import uuid

from django.db import transaction

from accounts.models import User
from boards.errors import JobGone
from boards.jobs import candidates, in_place, placement
from boards.models import Placement
from generation.jobs import events
from generation.models import GeneratedImage, Job


@transaction.atomic
def accept(
    job: Job, image_id: uuid.UUID, user: User, where: str | None = None, keep_others: bool = False
) -> None:
    """Put one picture of a job on its board. Does nothing if it is there; one that was deleted gets a new element.

    where: beside, inside or in place of what was repainted, by default the placement's accepted_where. keep_others: keep
    the job's other candidates.
    Raises JobGone, BoardGone, BoardFrozen, BoardFull; then nothing is changed.
    """
    place = candidates.locked(job)
    image = _image(job, image_id)
    if not in_place.is_shown(place, image):
        placement.put(place, job, [image], where or place.accepted_where, user)
        candidates.accepted(place, image)
        candidates.put_away(place, _replaced_by(place, job, image), candidates.KEPT)
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
    candidates.put_away(place, [image for image in images if not in_place.is_shown(place, image)], status)
    events.announce_change(job)


def _image(job: Job, image_id: uuid.UUID) -> GeneratedImage:
    image = job.images.filter(pk=image_id).first()
    if image is None:
        raise JobGone("The job has no such picture.")
    return image


def _replaced_by(place: Placement, job: Job, image: GeneratedImage) -> list[GeneratedImage]:
    """The pictures of the job that were in the element that shows this one now."""
    element_id = place.elements[str(image.pk)]
    others = [other for other in job.images.all() if other.pk != image.pk]
    return [other for other in others if place.elements.get(str(other.pk)) == element_id]
