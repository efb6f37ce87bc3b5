"""Concurrency limits of costly requests in this process: so many at once of one person, and so many of all."""

import threading
from collections import Counter
from collections.abc import Hashable
from types import TracebackType

from accounts.errors import RateLimited
from boards import database
from boards.errors import BoardError

RETRY_SECONDS = 3.0
"""When to try again after a refusal: about as long as one such request takes."""


class Overloaded(BoardError):
    """As many costly requests of one sort are under way as the process allows."""

    code = "overloaded"
    status = 503
    retryable = True
    retry_after_seconds = RETRY_SECONDS


class ConcurrencyLimit:
    """Hands out slots to work in.

    what: names the work in messages, e.g. "pictures". per_person: slots of one person at once. queued_per_person: how
    many more requests of theirs may wait for one. total: slots and waiting requests of all people together.
    timeout_seconds: how long a request waits.
    """

    def __init__(
        self, what: str, *, per_person: int, queued_per_person: int, total: int, timeout_seconds: float
    ) -> None:
        self._what = what
        self._per_person, self._queued_per_person, self._total = per_person, queued_per_person, total
        self._timeout_seconds = timeout_seconds
        self._present: Counter[Hashable] = Counter()  # slots and waiting requests of each person
        self._working: Counter[Hashable] = Counter()  # slots of each person
        self._changed = threading.Condition()

    def take(self, person: Hashable, *, waits: bool = True) -> "Slot":
        """A slot, to be released. Gives this thread's database connection back before it waits for one.

        waits: False to be refused at once, where the thread is one of a few that others need as well.
        Raises RateLimited, Overloaded.
        """
        with self._changed:
            if self._present[person] >= self._per_person + (self._queued_per_person if waits else 0):
                raise self._too_many()
            if self._present.total() >= self._total:
                raise Overloaded(f"Too many {self._what} are being made right now.")
            self._present[person] += 1
            if self._working[person] >= self._per_person:
                database.give_back()
            try:
                free = self._changed.wait_for(
                    lambda: self._working[person] < self._per_person, self._timeout_seconds
                )
            except BaseException:
                self._leave(person)
                raise
            if not free:
                self._leave(person)
                raise self._too_many()
            self._working[person] += 1
        return Slot(self, person)

    def give_back(self, person: Hashable) -> None:
        """Free one slot of this person. Called by Slot alone."""
        with self._changed:
            self._working[person] -= 1
            self._leave(person)
            self._changed.notify_all()

    def _leave(self, person: Hashable) -> None:
        self._present[person] -= 1
        if not self._present[person]:
            del self._present[person], self._working[person]

    def _too_many(self) -> RateLimited:
        return RateLimited(f"Wait for the {self._what} that you asked for before.", RETRY_SECONDS)


class Slot:
    """A place under a ConcurrencyLimit. Held until it is released, its `with` block ends, or it is garbage-collected."""

    def __init__(self, limit: ConcurrencyLimit, person: Hashable) -> None:
        self._limit: ConcurrencyLimit | None = limit
        self._person = person

    def release(self) -> None:
        """Idempotent."""
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.give_back(self._person)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    # A response may be dropped before its first chunk is read.
    __del__ = release


renders = ConcurrencyLimit("pictures", per_person=1, queued_per_person=8, total=16, timeout_seconds=20.0)
"""One of a person, so that one of the drawing processes stays free for others."""
exports = ConcurrencyLimit("exports", per_person=2, queued_per_person=4, total=32, timeout_seconds=10.0)
"""Sent as fast as the client reads; costs little more than the chunk that is under way."""
uploads = ConcurrencyLimit("uploads", per_person=2, queued_per_person=8, total=32, timeout_seconds=60.0)
"""Uploaded pictures and imported files: decoded one after the other in a process that all share."""
requests = ConcurrencyLimit("requests", per_person=2, queued_per_person=8, total=32, timeout_seconds=60.0)
"""Requests for pictures: their snapshots and masks are decoded in the same process."""
