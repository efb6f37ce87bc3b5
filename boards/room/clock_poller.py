"""How far each board is, asked of Postgres once for all rooms of a process.

Redis may lose the last message about a board, or be away for long: then nothing else would tell that there is
more to read.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from weakref import WeakKeyDictionary

from boards.database.threads import in_thread
from boards.elements import store
from boards.room.saver import UNAVAILABLE

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""With a tick and a read on top, others see within 3 s what Redis lost."""

Tell = Callable[[int], None]


async def follow(board_id: uuid.UUID, tell: Tell) -> None:
    """Call `tell` with the board's clock again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    heads = _heads.setdefault(loop, Heads())
    heads.listeners[board_id].append(tell)
    if heads.task is None:
        heads.task = asyncio.ensure_future(heads.run())
    try:
        await asyncio.shield(heads.task)
    finally:
        heads.leave(board_id, tell)


class Heads:
    """Of one event loop. Its task lives for as long as somebody follows a board."""

    def __init__(self) -> None:
        self.listeners: defaultdict[uuid.UUID, list[Tell]] = defaultdict(list)
        self.task: asyncio.Task[None] | None = None

    def leave(self, board_id: uuid.UUID, tell: Tell) -> None:
        self.listeners[board_id].remove(tell)
        if not self.listeners[board_id]:
            del self.listeners[board_id]
        if not self.listeners and self.task is not None:
            self.task.cancel()
            self.task = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                clocks = await in_thread(store.clocks, list(self.listeners))
            except UNAVAILABLE as error:
                log.warning("Could not ask how far the boards are: %s", error)
                continue
            for board_id, clock in clocks.items():
                for tell in list(self.listeners.get(board_id, ())):
                    tell(clock)


_heads: "WeakKeyDictionary[asyncio.AbstractEventLoop, Heads]" = WeakKeyDictionary()
