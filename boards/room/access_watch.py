"""Who may still be on the boards of this process: asked of Postgres twice a second, once for all rooms.

Whatever ends somebody's access (signing out, a new password, a disabled account, a removed member, a link that ended
or ran out, a revoked key, a board that was frozen or deleted), however it came about and whether or not Redis told of
it, counts here within a second.
"""

import asyncio
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from boards.database.threads import in_attendance_thread
from boards.principal import Principal
from boards.room import board_state
from boards.room.board_state import Present
from boards.room.saver import UNAVAILABLE

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5


class Watched(NamedTuple):
    """A room. ask: who is there, by session. tell: hears how that stood at a monotonic time; None: the board is gone."""

    board_id: uuid.UUID
    ask: Callable[[], Mapping[str, Principal]]
    tell: Callable[[Present | None, float], None]


async def watch(room: Watched) -> None:
    """Tell the room again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    attendance = _attendances.setdefault(loop, Attendance())
    attendance.rooms.append(room)
    if attendance.task is None:
        attendance.task = asyncio.ensure_future(attendance.run())
    try:
        await asyncio.shield(attendance.task)
    finally:
        attendance.leave(room)


class Attendance:
    """Of one event loop. Its task lives for as long as a room is open."""

    def __init__(self) -> None:
        self.rooms: list[Watched] = []  # perhaps two of a board, while one ends and the next begins
        self.task: asyncio.Task[None] | None = None

    def leave(self, room: Watched) -> None:
        self.rooms.remove(room)
        if not self.rooms and self.task is not None:
            self.task.cancel()
            self.task = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._look()

    async def _look(self) -> None:
        occupied: defaultdict[uuid.UUID, dict[str, Principal]] = defaultdict(dict)
        for room in self.rooms:
            if there := room.ask():
                occupied[room.board_id] |= there
        if not occupied:
            return
        asked_at = time.monotonic()
        try:
            now = await in_attendance_thread(board_state.present, occupied)
        except UNAVAILABLE as error:
            log.warning("Could not ask who may still be here: %s", error)
            return
        for room in list(self.rooms):
            if room.board_id in occupied:
                room.tell(now.get(room.board_id), asked_at)


_attendances: "WeakKeyDictionary[asyncio.AbstractEventLoop, Attendance]" = WeakKeyDictionary()
