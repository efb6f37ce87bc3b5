"""Web processes of a storm, and the lines between them and the pages."""

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from boards.errors import RoomClosed
from boards.models import Role
from boards.principal import NOBODY
from boards.room.access_check import BoardReading
from boards.room.room import Room
from boards.room.session import RoomSession
from boards.socket import consumers
from tests.boards.storm.editor import Editor

if TYPE_CHECKING:
    from tests.boards.storm.world import World


class Process:
    """One web process: its room of the board, while it has one."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._opening: asyncio.Future[Room] | None = None
        self.lines: dict[Line, None] = {}  # in order, so that a seed always does the same

    async def room(self) -> Room:
        if self._opening is None or (self._opening.done() and self.live is None):
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> Room:
        opened = Room(self._world.board_id)
        await opened.open()
        return opened

    @property
    def live(self) -> Room | None:
        done = self._opening is not None and self._opening.done() and not self._opening.cancelled()
        if not done or self._opening is None or self._opening.exception():
            return None
        found = self._opening.result()
        return None if found.closed else found

    def kill(self) -> None:
        """As kill -9 does: no last word to anybody."""
        for line in list(self.lines):
            line.cut()
        if self._opening is not None:
            self._opening.cancel()
        if found := self.live:
            for task in sorted(found._tasks, key=lambda task: int(task.get_name().split("-")[1])):
                task.cancel()
            found._fanout.stop()
            found.closed = True
        self._opening = None


class Line:
    """One websocket: in order, not at once, and cut at any moment."""

    def __init__(self, world: "World", editor: Editor, process: Process) -> None:
        self.editor = editor
        self.slow = False
        self.open = True
        self._deflate = world.random.random() < 0.3
        self._world = world
        self._process = process
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._up = self._down = 0.0
        self._reading = asyncio.Event()
        self._reading.set()
        process.lines[self] = None
        self._task = asyncio.ensure_future(self._serve())

    def push(self, text: str) -> None:
        """From the page to the server."""
        if self.open:
            self._world.say(f"{self.editor.name} > {text}")
            self._up = self._world.soon(
                self._up, self._inbox.put_nowait, {"type": "websocket.receive", "text": text}
            )

    def cut(self) -> None:
        """Both ends lose it; what was on its way is gone."""
        if not self.open:
            return
        self.open = False
        self._process.lines.pop(self, None)
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._reading.set()
        self._world.lost(self.editor)

    def set_slow(self, slow: bool) -> None:
        self.slow = slow
        self._reading.clear() if slow else self._reading.set()

    async def _serve(self) -> None:
        hello = self.editor.hello()
        try:
            found = await self._process.room()
            if not self.open:
                return
            at = self._world.processes.index(self._process)
            self._world.say(f"{self.editor.name} comes to process {at} with {hello}")
            one = RoomSession(
                f"s{next(self._world.sessions)}",
                NOBODY,
                hello["name"],
                Role.EDIT,
                self._send,
                deflate=self._deflate,
            )
            try:
                asked_at = asyncio.get_running_loop().time()
                store = self._world.store
                board = BoardReading(store.frozen, store.pruned_clock)
                await found.join(one, hello["clock"], board, asked_at)
                await consumers._receive_messages(one, found, self._inbox.get)
            finally:
                found.leave(one)
        except (consumers.Closed, RoomClosed, OperationalError, asyncio.CancelledError):
            pass
        self.cut()

    async def _send(self, message: dict[str, Any]) -> None:
        if not self.open:
            raise ConnectionError("The socket is closed.")
        await self._reading.wait()
        if message["type"] == "websocket.close":
            self.cut()
        else:
            self._down = self._world.soon(self._down, self._arrive, message)

    def _arrive(self, message: dict[str, Any]) -> None:
        if self.open:
            for text in texts(message):
                self._world.say(f"{self.editor.name} < {text}")
                self.editor.receive(text)
            self._world.heard(self)


def texts(message: dict[str, Any]) -> list[str]:
    """The JSON messages of one frame."""
    if (packed := message.get("bytes")) is None:
        return [message["text"]]
    return zlib.decompress(packed, wbits=-zlib.MAX_WBITS).decode().split("\n")
