"""Pictures to choose from: made for a board, and on nobody's until somebody accepts one.

None of them is ever lost: what is kept or discarded can be offered again, or accepted later. Callers hold the
placement's row, see `locked`.
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
    """Where the job's pictures belong, held until the transaction ends. Raises JobGone if that is no board."""
    placement = Placement.objects.select_for_update().filter(job=job).first()
    if placement is None:
        raise JobGone("This job belongs to no board.")
    return placement


def standing_of(placement: Placement | None, image_id: str) -> str | None:
    """“placed” for one that has, or had, an element. None for one that the board did not take, or that has no board."""
    if placement is None:
        return None
    return PLACED if image_id in placement.elements else placement.standings.get(image_id)


def offer(placement: Placement, images: Iterable[GeneratedImage]) -> None:
    """New pictures: candidates, unless somebody has accepted another of the job's already."""
    standing = KEPT if placement.elements else CANDIDATE
    _stand(placement, dict.fromkeys((str(image.pk) for image in images), standing))


def put_away(placement: Placement, images: Iterable[GeneratedImage], standing: str) -> None:
    """Keep, discard or offer again these pictures, none of which is on a board."""
    ids = [str(image.pk) for image in images]
    placement.elements = {image_id: e for image_id, e in placement.elements.items() if image_id not in ids}
    _stand(placement, dict.fromkeys(ids, standing))


def accepted(placement: Placement, image: GeneratedImage) -> None:
    """It has an element now."""
    standings = dict(placement.standings)
    standings.pop(str(image.pk), None)
    _write(placement, standings)


def waiting(placement: Placement, images: Sequence[GeneratedImage]) -> list[GeneratedImage]:
    """Those that are to be chosen from now."""
    return [image for image in images if standing_of(placement, str(image.pk)) == CANDIDATE]


def _stand(placement: Placement, changes: dict[str, str]) -> None:
    _write(placement, {**placement.standings, **{image_id: str(each) for image_id, each in changes.items()}})


def _write(placement: Placement, standings: dict[str, str]) -> None:
    placement.standings = standings
    placement.choosing = CANDIDATE in standings.values()
    placement.save(update_fields=["elements", "standings", "choosing"])
