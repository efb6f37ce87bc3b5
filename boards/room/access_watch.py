"""Reads the access of all sessions of this process twice a second, once for all rooms.

Whatever ends access (a sign-out, a new password, a disabled account, a removed member, a link that was revoked or
expired, a revoked key, a board that was frozen or deleted) takes effect within a second, however it came about and
whether or not Redis announced it.
"""

import asyncio
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from boards.database.retry import UNAVAILABLE
from boards.database.threads import in_access_thread
from boards.principal import Principal
from boards.room import access_check
from boards.room.access_check import BoardAccess

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5


class Watched(NamedTuple):
    """A room. principals: returns those of its sessions, by id. receive: called with the access that was
    read, None if the board is gone, and the monotonic time at which it was asked for."""

    board_id: uuid.UUID
    principals: Callable[[], Mapping[str, Principal]]
    receive: Callable[[BoardAccess | None, float], None]


async def watch(room: Watched) -> None:
    """Call the room's `receive` again and again, until cancelled."""
    access_watch = _watches.setdefault(asyncio.get_running_loop(), AccessWatch())
    access_watch.rooms.append(room)
    if access_watch.task is None:
        access_watch.task = asyncio.ensure_future(access_watch.run())
    try:
        await asyncio.shield(access_watch.task)
    finally:
        access_watch.remove(room)


class AccessWatch:
    """One for each event loop. Its task lives for as long as a room is open."""

    def __init__(self) -> None:
        self.rooms: list[Watched] = []  # perhaps two of a board, while one closes and the next opens
        self.task: asyncio.Task[None] | None = None

    def remove(self, room: Watched) -> None:
        self.rooms.remove(room)
        if not self.rooms and self.task is not None:
            self.task.cancel()
            self.task = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._check()

    async def _check(self) -> None:
        occupied: defaultdict[uuid.UUID, dict[str, Principal]] = defaultdict(dict)
        for room in self.rooms:
            if principals := room.principals():
                occupied[room.board_id] |= principals
        if not occupied:
            return
        asked_at = time.monotonic()
        try:
            checked = await in_access_thread(access_check.check, occupied)
        except UNAVAILABLE as error:
            log.warning("The access of sessions was not read: %s", error)
            return
        for room in list(self.rooms):
            if room.board_id in occupied:
                room.receive(checked.get(room.board_id), asked_at)


_watches: "WeakKeyDictionary[asyncio.AbstractEventLoop, AccessWatch]" = WeakKeyDictionary()
