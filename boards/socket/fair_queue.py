"""Who costs the event loop much waits in a line of their own, so that everybody else is heard at once.

Each person's messages are handled where they arrive, as long as they are small and the person has not cost much lately.
Whatever else they say, over however many sockets, is done at the desk: a portion of milliseconds of one person, then of
the next, and as long a pause after each.
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
"""Seconds of the loop that one person's small messages may take without a wait. A page that draws takes 0.005."""

Work = Iterator[None]
"""Something that is done in parts: as much as PORTION_SECONDS may lie between two of them."""


class Line:
    """What one person, or who came by one link, waits for in this process."""

    def __init__(self) -> None:
        self.works: deque[Work] = deque()
        self._at_once = TokenBucket(AT_ONCE_PER_SECOND, AT_ONCE_BURST)

    def is_overdrawn(self) -> bool:
        return self._at_once.is_overdrawn(time.monotonic())

    def charge(self, seconds: float) -> None:
        """What was handled at once took so long."""
        self._at_once.spend(seconds)

    def go_on(self, until: float) -> None:
        while self.works and time.monotonic() < until:
            try:
                next(self.works[0])
            except StopIteration:
                self.works.popleft()
            except BaseException:
                self.works.popleft()
                raise


class Desk:
    """All lines of this process, in turn."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[object, Line] = WeakValueDictionary()
        self._waiting: deque[Line] = deque()
        self._working: asyncio.Task[None] | None = None

    def line_of(self, principal: Principal, session: str) -> Line:
        """Theirs, for as long as somebody holds it. session: for who shows nothing else."""
        who = principal.identity or session
        line = self._lines.get(who)
        if line is None:
            line = self._lines[who] = Line()
        return line

    def put(self, line: Line, work: Work) -> None:
        """Do this when it is its turn. It must raise nothing."""
        line.works.append(work)
        if line not in self._waiting:
            self._waiting.append(line)
        loop = asyncio.get_running_loop()
        if self._working is None or self._working.get_loop() is not loop:
            self._working = loop.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                line = self._waiting.popleft()
                began = time.monotonic()
                try:
                    line.go_on(began + PORTION_SECONDS)
                finally:
                    if line.works:
                        self._waiting.append(line)
                # Other threads write to Postgres meanwhile, and need the interpreter for that.
                await asyncio.sleep(time.monotonic() - began)
        finally:
            self._working = None


desk = Desk()
