"""A page over a real socket: draws without pause, loses its line, comes back and says again what was not confirmed."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from boards.elements.reconcile import VERSION_JUMP_MAX, free_index
from tests.boards.storm.editor import Editor, Seen
from tests.boards.storm.process import texts

PACE_SECONDS = 0.25
MOST_ELEMENTS = 150
PATIENCE_SECONDS = 15.0
"""After so long without an answer to a push the line counts as dead, as in the product."""
LOST = (OSError, TimeoutError, WebSocketException, InvalidHandshake)


class Page:
    """confirmed, refused: edits, for whoever checks. drawn: every edit of every page goes there."""

    def __init__(
        self, name: str, board: str, key: str, ports: Sequence[int], seed: int, drawn: list[Seen]
    ) -> None:
        self.name = name
        self.ports = list(ports)
        self.confirmed: list[Seen] = []
        self.refused: list[Seen] = []
        self.ack_seconds: list[float] = []
        self.drawing = True
        self.board = board
        self.drawn = drawn
        self._key = key
        self._random = random.Random(seed)
        self._made = 0
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._sent_at: dict[str, float] = {}
        self._deflate = seed % 2 == 0
        self.editor = Editor(name, self._random, self._outgoing.put_nowait, drawn, paced=True)

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(*LOST):
                await self._one_line(self._random.choice(self.ports))
            self.editor.lost()
            self._outgoing = asyncio.Queue()
            self.editor.send = self._outgoing.put_nowait
            await asyncio.sleep(0.05 + self._random.random() * 0.4)

    async def _one_line(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/ws/v1/boards/{self.board}"
        async with connect(
            url,
            subprotocols=["board.v1"],
            open_timeout=10,
            close_timeout=1,
            ping_interval=None,
            max_size=None,
        ) as socket:
            hello = self.editor.hello() | {"token": self._key, "deflate": self._deflate}
            await socket.send(json.dumps(hello))
            async with asyncio.TaskGroup() as tasks:
                work = [
                    tasks.create_task(part)
                    for part in (self._receive(socket), self._send(socket), self._draw())
                ]
                await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
                for task in work:
                    task.cancel()

    async def _receive(self, socket: ClientConnection) -> None:
        with suppress(*LOST):
            async for frame in socket:
                message = {"bytes": frame} if isinstance(frame, bytes) else {"text": frame}
                for text in texts(message):
                    self.editor.receive(text)
                self._note()
                if self.editor.reenter:
                    self.editor.reenter = False
                    return

    async def _send(self, socket: ClientConnection) -> None:
        with suppress(*LOST):
            while True:
                text = await self._outgoing.get()
                self._sent_at[json.loads(text)["id"]] = time.monotonic()
                await socket.send(text)

    async def _draw(self) -> None:
        came = time.monotonic()
        while True:
            await asyncio.sleep(PACE_SECONDS * (0.5 + self._random.random()))
            if time.monotonic() - max(came, self._oldest_unanswered()) > PATIENCE_SECONDS:
                return
            if self.drawing and self.editor.welcomed and len(self.editor.pushes) < 64:
                for _ in range(self._random.randint(2, 6)):
                    self._edit()
            self.editor.flush()

    def _oldest_unanswered(self) -> float:
        if not self.editor.welcomed:
            return 0.0
        return min((self._sent_at.get(ref, 0.0) for ref in self.editor.pushes), default=time.monotonic())

    def _edit(self) -> None:
        editor, held, chance = self.editor, self.editor.held, self._random.random()
        known = list(held)
        if not known or (chance < 0.2 and len(known) < MOST_ELEMENTS):
            editor.draw(*self._new())
        elif chance < 0.25:
            editor.edit(self._random.choice(known), index=held[self._random.choice(known)].index)
        elif chance < 0.3:
            element_id = self._random.choice(known)
            editor.edit(element_id, deleted=not held[element_id].is_deleted)
        elif chance < 0.31:
            editor.draw(*self._new(), version=2 * VERSION_JUMP_MAX)  # to be refused
        else:
            editor.edit(self._random.choice(known))

    def _new(self) -> tuple[str, str]:
        """An id, and the index above all that is seen here: as two people draw at once, often somebody else's too."""
        self._made += 1
        top = max((e.index for e in self.editor.held.values()), default=None)
        return f"{self.name}-{self._made}", free_index(None, {top} if top else set())

    def _note(self) -> None:
        now = time.monotonic()
        for ref, edit in self.editor.acknowledged:
            self.confirmed.append(edit)
            if ref not in self.editor.resent and ref in self._sent_at:
                self.ack_seconds.append(now - self._sent_at.pop(ref))
        self.editor.acknowledged.clear()
        self.refused += self.editor.refused
        self.editor.refused.clear()


@asynccontextmanager
async def alive(pages: Sequence[Page]) -> AsyncIterator[None]:
    """They draw until the block ends. One that fails ends the block."""
    async with asyncio.TaskGroup() as tasks:
        work = [tasks.create_task(page.live()) for page in pages]
        yield
        for task in work:
            task.cancel()
