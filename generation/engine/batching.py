"""Fair batching: round-robin by user, then FIFO; large requests are not starved.

Sizes are rows of the UNet's batch; a picture takes one to three (see denoiser). rows_max: how many fit into one step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

# The share of a step that one person's pictures may take when a picture begins. The rest lets the next person begin at
# once instead of when a picture is done. It costs little, because the last rows of a step gain least.
SHARE_MAX = 0.75
# The most rows of one person, as a multiple of those of the person with the fewest. A step takes longer the more rows it
# has; with twice as many beside theirs, that person waits about 1.3 times as long as with equally many.
LEAD_MAX = 2


class HasOwner(Protocol):
    """A picture that has not begun. owner: the person it belongs to, an opaque id."""

    @property
    def owner(self) -> str: ...


class HasRows(HasOwner, Protocol):
    """A picture that has begun. rows: of the UNet's batch."""

    @property
    def rows(self) -> int: ...


P = TypeVar("P", bound=HasOwner)
F = TypeVar("F", bound=HasRows)
T = TypeVar("T")


def owner_rows_max(rows: Mapping[str, int], rows_max: int) -> int:
    """How many rows of a step one person gets at most. rows: of all pictures that each person has in flight."""
    return LEAD_MAX * min(rows.values()) if len(rows) > 1 else rows_max


def rows_in_use(rows: Mapping[str, int], rows_max: int) -> int:
    """How many rows the next step has when nobody gets more than their share. rows: in flight, by person."""
    most = owner_rows_max(rows, rows_max)
    return sum(min(each, most) for each in rows.values())


def next_to_begin(pending: Sequence[P], rows: Mapping[str, int], rows_max: int) -> P | None:
    """The oldest picture of the person with the fewest rows in flight.

    pending: the oldest first. rows: in flight, by person. None if nothing is pending, or only pictures of people who
    have their share already.
    """
    most = min(owner_rows_max(rows, rows_max), SHARE_MAX * rows_max)
    allowed = [picture for picture in pending if rows.get(picture.owner, 0) < most]
    return min(allowed, key=lambda picture: rows.get(picture.owner, 0), default=None)  # the first of equals


def select_for_step(
    pictures: Sequence[F], rows: Mapping[str, int], rows_max: int, last_step: Mapping[str, int]
) -> list[F]:
    """The pictures that make the next step, in the order given: the oldest first.

    Takes each person's oldest, up to their share but at least one. If that is too much for one step, people whose last
    step is longest ago come first; the others follow in the next step.
    rows: in flight, by person. last_step: the number of each person's last step.
    """
    chosen: set[int] = set()
    most, filled = owner_rows_max(rows, rows_max), 0
    owners = dict.fromkeys(picture.owner for picture in pictures)
    for owner in sorted(owners, key=lambda owner: last_step.get(owner, -1)):
        own = 0
        for picture in (picture for picture in pictures if picture.owner == owner):
            over_share = own and own + picture.rows > most
            if over_share or (chosen and filled + picture.rows > rows_max):
                break
            chosen.add(id(picture))
            own, filled = own + picture.rows, filled + picture.rows
    return [picture for picture in pictures if id(picture) in chosen]


def split(items: Sequence[T], rows: Callable[[T], int], rows_max: int) -> list[list[T]]:
    """Split items into consecutive batches of at most rows_max rows; an item larger than that is a batch alone."""
    batches: list[list[T]] = []
    filled = 0
    for item in items:
        if not batches or filled + rows(item) > rows_max:
            batches.append([])
            filled = 0
        batches[-1].append(item)
        filled += rows(item)
    return batches
