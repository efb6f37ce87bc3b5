"""Shares the event loop fairly: a user whose messages cost much waits in a queue of their own and delays no other user.

A small message of a user who has not cost much lately is handled at once. Everything else, over however many sockets,
is put into that user's queue. The queues take turns: a few milliseconds of one, a pause as long, then the next.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from weakref import WeakValueDictionary

from boards.principal import Principal
from boards.wire.rate_limits import TokenBucket

PORTION_SECONDS = 0.003
AT_ONCE_PER_SECOND = 0.05
AT_ONCE_BURST = 0.1
"""Seconds of the loop that the messages of one user may take without being queued. A page that draws takes 0.005."""

Work = Iterator[None]
"""Something that is done in parts: between two of them it may run for PORTION_SECONDS. It must not raise."""


class UserQueue:
    """What waits of one user, of one share link, or of one socket without either, in this process."""

    def __init__(self) -> None:
        self.works: deque[Work] = deque()
        self._at_once = TokenBucket(AT_ONCE_PER_SECOND, AT_ONCE_BURST)

    def is_overdrawn(self) -> bool:
        """True if its messages have to be queued, because they cost too much lately."""
        return self._at_once.is_overdrawn(time.monotonic())

    def charge(self, seconds: float) -> None:
        """Count what a message took that was handled at once."""
        self._at_once.spend(seconds)

    def run(self, until: float) -> None:
        """Do part after part until this monotonic time."""
        while self.works and time.monotonic() < until:
            try:
                next(self.works[0])
            except StopIteration:
                self.works.popleft()
            except BaseException:
                self.works.popleft()
                raise


class FairQueue:
    """The queues of all users of this process, and the task that lets them take turns."""

    def __init__(self) -> None:
        self._queues: WeakValueDictionary[object, UserQueue] = WeakValueDictionary()
        self._waiting: deque[UserQueue] = deque()
        self._running: asyncio.Task[None] | None = None

    def queue_of(self, principal: Principal, session_id: str) -> UserQueue:
        """The user's, kept for as long as it is referred to. session_id: for a principal without user and link."""
        key = principal.identity or session_id
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = UserQueue()
        return queue

    def put(self, queue: UserQueue, work: Work) -> None:
        """Do this work when it is the queue's turn."""
        queue.works.append(work)
        if queue not in self._waiting:
            self._waiting.append(queue)
        loop = asyncio.get_running_loop()
        if self._running is None or self._running.get_loop() is not loop:
            self._running = loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                queue = self._waiting.popleft()
                began = time.monotonic()
                try:
                    queue.run(began + PORTION_SECONDS)
                finally:
                    if queue.works:
                        self._waiting.append(queue)
                # Threads that write to Postgres meanwhile need the interpreter.
                await asyncio.sleep(time.monotonic() - began)
        finally:
            self._running = None


fair_queue = FairQueue()
