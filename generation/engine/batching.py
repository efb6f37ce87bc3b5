"""Who may begin next: round robin over people, then age; nobody is overtaken because he needs more room."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

# Of a step, for one person: whoever comes next begins at once instead of when a picture is done. It costs little,
# because the last rows of a step gain least.
SHARE_MAX = 0.75


class Waits(Protocol):
    """A picture that has not begun. owner: whoever shares with others."""

    @property
    def owner(self) -> str: ...


W = TypeVar("W", bound=Waits)
T = TypeVar("T")


def next_in_turn(waiting: Sequence[W], rows: Mapping[str, int], rows_max: int) -> W | None:
    """The oldest picture of the person who takes up least of the step. waiting: the oldest first.

    rows: that each person takes up. None if nobody waits, or only such who have their share.
    """
    within = [picture for picture in waiting if rows.get(picture.owner, 0) < SHARE_MAX * rows_max]
    return min(within, key=lambda picture: rows.get(picture.owner, 0), default=None)  # the first of equals


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
