"""The places on a board that are kept for pictures while they are made: no two jobs get the same one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q

from boards.elements.bounds import bounds_of
from boards.elements.geometry import Rectangle, rectangle_of
from boards.jobs.spots import beside_each
from boards.models import Board, Element, Placement
from generation.models import ACTIVE

IN_PLACE = Q(where=Placement.Where.IN_PLACE) | Q(
    where=Placement.Where.STAGE, accepted_where=Placement.Where.IN_PLACE
)
"""The placements that are in place, as `Placement.is_in_place` says of one."""
FRAME_TYPES = frozenset({"frame", "magicframe"})


@dataclass(frozen=True)
class Ground:
    """The places of a board's elements. frames: those of the frames among them."""

    occupied: list[Rectangle]
    frames: list[Rectangle]


class _Kind(msgspec.Struct):
    type: str = ""


_kind = msgspec.json.Decoder(_Kind).decode


def ground_of(board: Board) -> Ground:
    """What stands on the board now."""
    bodies = Element.objects.filter(board=board, is_deleted=False).values_list("body", flat=True)
    boxes = [(_kind(body).type, bounds_of(body)) for body in bodies]
    occupied = [box for _, box in boxes if box is not None]
    return Ground(occupied, [box for kind, box in boxes if box is not None and kind in FRAME_TYPES])


def choose(
    board: Board, region: Rectangle, where: str, count: int, view: Rectangle | None, ground: Ground
) -> list[dict[str, float]]:
    """Places for a new job's pictures, as they are stored. The caller keeps the board's row locked until it has stored them."""
    if where in (Placement.Where.INSIDE, Placement.Where.IN_PLACE):
        return [msgspec.structs.asdict(region)]
    occupied = [*ground.occupied, *_kept(board)]
    return [
        msgspec.structs.asdict(spot) for spot in beside_each(region, count, occupied, view, ground.frames)
    ]


def claim(placement: Placement, region: Rectangle, count: int) -> list[Rectangle]:
    """Free places for pictures that are done: the ones that were kept, unless something was put there meanwhile.

    region: where the frame is now; where it was moved to, its places move along. The caller has locked the board's row.
    """
    ground = ground_of(placement.board)
    occupied = [*ground.occupied, *_kept(placement.board, besides=placement)]
    moved = region.x - placement.x, region.y - placement.y
    # Of what was to be in place of a picture nothing was kept beside it.
    kept = [] if placement.is_in_place else placement.spots
    spots = [rectangle_of(spot).moved(*moved) for spot in kept]
    same_size = (region.width, region.height) == (placement.width, placement.height)
    free = [spot for spot in spots if same_size and not any(spot.overlaps(box) for box in occupied)]
    if len(free) >= count:
        return free[:count]
    view = rectangle_of(placement.view) if placement.view else None
    rest = beside_each(region, count - len(free), [*occupied, *free], view, ground.frames)
    return [*free, *rest]


def _kept(board: Board, besides: Placement | None = None) -> Iterable[Rectangle]:
    """The places kept for jobs that are not done, and for choices that are not made."""
    waiting = Placement.objects.filter(Q(job__status__in=ACTIVE) | Q(choosing=True), board=board)
    waiting = waiting.exclude(where=Placement.Where.INSIDE).exclude(IN_PLACE)
    others = waiting.exclude(pk=besides.pk) if besides else waiting
    kept: Iterable[list[Mapping[str, Any]]] = others.values_list("spots", flat=True)
    return [rectangle_of(spot) for spots in kept for spot in spots]
