"""Who may begin next and who makes the next step: people take turns, then age; nobody is overtaken because he needs
more room."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

# Of a step, for one person: whoever comes next begins at once instead of when a picture is done. It costs little,
# because the last rows of a step gain least.
SHARE_MAX = 0.75
# So many times the rows of the person who has least, for everybody beside him. A step takes longer the more rows it
# has, and with twice as many he waits about 1.3 times as long as beside somebody who asks for no more than he does.
LEAD = 2


class Waits(Protocol):
    """A picture that has not begun. owner: whoever shares with others."""

    @property
    def owner(self) -> str: ...


class Moves(Waits, Protocol):
    """A picture that has begun. rows: of a step."""

    @property
    def rows(self) -> int: ...


W = TypeVar("W", bound=Waits)
M = TypeVar("M", bound=Moves)
T = TypeVar("T")


def share(rows: Mapping[str, int], rows_max: int) -> int:
    """The rows of a step that one person gets at most, when these are the rows that each has begun."""
    return LEAD * min(rows.values()) if len(rows) > 1 else rows_max


def taken(rows: Mapping[str, int], rows_max: int) -> int:
    """The rows of a step when everybody has their share of it."""
    most = share(rows, rows_max)
    return sum(min(each, most) for each in rows.values())


def next_in_turn(waiting: Sequence[W], rows: Mapping[str, int], rows_max: int) -> W | None:
    """The oldest picture of the person who takes up least of the step. waiting: the oldest first.

    rows: that each person takes up. None if nobody waits, or only such who have their share.
    """
    most = min(share(rows, rows_max), SHARE_MAX * rows_max)
    within = [picture for picture in waiting if rows.get(picture.owner, 0) < most]
    return min(within, key=lambda picture: rows.get(picture.owner, 0), default=None)  # the first of equals


def movers(
    pictures: Sequence[M], rows: Mapping[str, int], rows_max: int, moved: Mapping[str, int]
) -> list[M]:
    """The pictures that make the next step, in the order that they are given in: the oldest first.

    Of each person the oldest, up to their share but at least one. If that is too much for a step, whoever moved longest ago comes
    first; the others make theirs in the next one. rows: that each person has begun. moved: when each last moved.
    """
    chosen: set[int] = set()
    most, filled = share(rows, rows_max), 0
    people = dict.fromkeys(picture.owner for picture in pictures)
    for owner in sorted(people, key=lambda owner: moved.get(owner, -1)):
        own = 0
        for picture in (picture for picture in pictures if picture.owner == owner):
            beyond = own and own + picture.rows > most
            if beyond or (chosen and filled + picture.rows > rows_max):
                break
            chosen.add(id(picture))
            own, filled = own + picture.rows, filled + picture.rows
    return [picture for picture in pictures if id(picture) in chosen]


def portions(items: Sequence[T], rows: Callable[[T], int], rows_max: int) -> list[list[T]]:
    """Split what goes into one step into calls of at most rows_max rows; one alone may be larger."""
    found: list[list[T]] = []
    filled = 0
    for item in items:
        if not found or filled + rows(item) > rows_max:
            found.append([])
            filled = 0
        found[-1].append(item)
        filled += rows(item)
    return found
