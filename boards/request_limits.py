"""Answers that cost much take turns: so many of one person at once, and so many of all, in this process."""

import threading
from collections import Counter
from types import TracebackType

from accounts.errors import RateLimited
from boards import database
from boards.errors import BoardError

AGAIN_SECONDS = 3.0
"""When somebody who was sent away may try again: about as long as one answer takes."""


class Crowded(BoardError):
    """So many people ask for the same costly thing that some must come again."""

    code = "overloaded"
    status = 503
    retryable = True
    retry_after_seconds = AGAIN_SECONDS


class Turns:
    """Who has how many answers under way, or waits for a turn.

    each: so many of one person at once. waiting: so many more of theirs wait. everybody: so many of all people,
    those that wait included.
    """

    def __init__(
        self, what: str, *, each: int, waiting: int, everybody: int, patience_seconds: float
    ) -> None:
        self._what = what
        self._each, self._waiting, self._everybody = each, waiting, everybody
        self._patience_seconds = patience_seconds
        self._here: Counter[object] = Counter()  # of each person, those that wait included
        self._taken: Counter[object] = Counter()
        self._changed = threading.Condition()

    def take(self, who: object, *, waits: bool = True) -> "Turn":
        """A turn, to be released; waits for it without a database connection. Raises RateLimited, Crowded.

        waits: False where the thread that would wait is one of a few that others need as well.
        """
        with self._changed:
            if self._here[who] >= self._each + (self._waiting if waits else 0):
                raise self._too_many()
            if self._here.total() >= self._everybody:
                raise Crowded(f"Too many {self._what} are being made right now.")
            self._here[who] += 1
            if self._taken[who] >= self._each:
                database.give_back()
            try:
                free = self._changed.wait_for(lambda: self._taken[who] < self._each, self._patience_seconds)
            except BaseException:
                self._leave(who)
                raise
            if not free:
                self._leave(who)
                raise self._too_many()
            self._taken[who] += 1
        return Turn(self, who)

    def give(self, who: object) -> None:
        """The turn of this person is over."""
        with self._changed:
            self._taken[who] -= 1
            self._leave(who)
            self._changed.notify_all()

    def _leave(self, who: object) -> None:
        self._here[who] -= 1
        if not self._here[who]:
            del self._here[who], self._taken[who]

    def _too_many(self) -> RateLimited:
        return RateLimited(f"Wait for the {self._what} that you asked for before.", AGAIN_SECONDS)


class Turn:
    """Lasts until it is released, the block ends, or nobody holds it any more."""

    def __init__(self, turns: Turns, who: object) -> None:
        self._turns: Turns | None = turns
        self._who = who

    def release(self) -> None:
        """Twice is once."""
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.give(self._who)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    # An answer may be dropped before anybody began to read it.
    __del__ = release


renders = Turns("pictures", each=1, waiting=8, everybody=16, patience_seconds=20.0)
"""Whoever asks for one after the other keeps one process busy; the others' pictures are drawn by the other."""
exports = Turns("exports", each=2, waiting=4, everybody=32, patience_seconds=10.0)
"""Each is read at its reader's speed and costs this process little more than what is under way to the network."""
uploads = Turns("uploads", each=2, waiting=8, everybody=32, patience_seconds=60.0)
"""Pictures and files that people bring: each is decoded, one after the other, in a process that all share."""
requests = Turns("requests", each=2, waiting=8, everybody=32, patience_seconds=60.0)
"""Jobs that are asked for: what the model shall see is decoded in the same process."""
