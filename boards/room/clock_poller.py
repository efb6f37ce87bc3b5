"""Polls Postgres for the clocks of all open boards of this process, in one query.

Redis may lose the last message about a board, or be away for long: then nothing else shows that there is more to
read.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from weakref import WeakKeyDictionary

from boards.database.retry import UNAVAILABLE
from boards.database.threads import in_thread
from boards.elements import store

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""With a tick and a read on top, sessions see within 3 s what Redis lost."""

Receive = Callable[[int], None]


async def follow(board_id: uuid.UUID, receive: Receive) -> None:
    """Call `receive` with the board's clock again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    poller = _pollers.setdefault(loop, ClockPoller())
    poller.followers[board_id].append(receive)
    if poller.task is None:
        poller.task = asyncio.ensure_future(poller.run())
    try:
        await asyncio.shield(poller.task)
    finally:
        poller.remove(board_id, receive)


class ClockPoller:
    """One for each event loop. Its task lives for as long as a board is followed."""

    def __init__(self) -> None:
        self.followers: defaultdict[uuid.UUID, list[Receive]] = defaultdict(list)
        self.task: asyncio.Task[None] | None = None

    def remove(self, board_id: uuid.UUID, receive: Receive) -> None:
        self.followers[board_id].remove(receive)
        if not self.followers[board_id]:
            del self.followers[board_id]
        if not self.followers and self.task is not None:
            self.task.cancel()
            self.task = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                clocks = await in_thread(store.clocks, list(self.followers))
            except UNAVAILABLE as error:
                log.warning("The clocks of the boards were not read: %s", error)
                continue
            for board_id, clock in clocks.items():
                for receive in list(self.followers.get(board_id, ())):
                    receive(clock)


_pollers: "WeakKeyDictionary[asyncio.AbstractEventLoop, ClockPoller]" = WeakKeyDictionary()
