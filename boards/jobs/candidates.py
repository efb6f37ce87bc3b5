"""The status of pictures that are made for a board and have no element there: candidate, kept or discarded.

None is ever deleted: a kept or discarded one can be offered again, or accepted. Callers have locked the placement's
row, see `locked`.
"""

from collections.abc import Iterable, Sequence

from boards.errors import JobGone
from boards.models import Placement
from generation.models import GeneratedImage, Job

CANDIDATE, KEPT, DISCARDED = (
    Placement.CandidateStatus.CANDIDATE,
    Placement.CandidateStatus.KEPT,
    Placement.CandidateStatus.DISCARDED,
)
PLACED = "placed"


def locked(job: Job) -> Placement:
    """The job's placement, locked until the transaction ends. Raises JobGone if it has none."""
    placement = Placement.objects.select_for_update().filter(job=job).first()
    if placement is None:
        raise JobGone("This job belongs to no board.")
    return placement


def status_of(placement: Placement | None, image_id: str) -> str | None:
    """The status of a picture: PLACED if it has or had an element; None if the board refused it, or there is none."""
    if placement is None:
        return None
    return PLACED if image_id in placement.elements else placement.standings.get(image_id)


def offer(placement: Placement, images: Iterable[GeneratedImage]) -> None:
    """Make new pictures candidates, or kept if another picture of the job was accepted already."""
    status = KEPT if placement.elements else CANDIDATE
    _set(placement, dict.fromkeys((str(image.pk) for image in images), status))


def put_away(placement: Placement, images: Iterable[GeneratedImage], status: str) -> None:
    """Set the status of pictures without an element on the board."""
    ids = [str(image.pk) for image in images]
    placement.elements = {image_id: e for image_id, e in placement.elements.items() if image_id not in ids}
    _set(placement, dict.fromkeys(ids, status))


def accepted(placement: Placement, image: GeneratedImage) -> None:
    """Forget the status of a picture that has an element now."""
    statuses = dict(placement.standings)
    statuses.pop(str(image.pk), None)
    _write(placement, statuses)


def waiting(placement: Placement, images: Sequence[GeneratedImage]) -> list[GeneratedImage]:
    """The pictures among these that are candidates."""
    return [image for image in images if status_of(placement, str(image.pk)) == CANDIDATE]


def _set(placement: Placement, changes: dict[str, str]) -> None:
    _write(placement, {**placement.standings, **{image_id: str(each) for image_id, each in changes.items()}})


def _write(placement: Placement, statuses: dict[str, str]) -> None:
    placement.standings = statuses
    placement.choosing = CANDIDATE in statuses.values()
    placement.save(update_fields=["elements", "standings", "choosing"])
