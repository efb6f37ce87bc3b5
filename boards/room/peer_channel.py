"""How the rooms of one board talk across processes: one listens to the board's group, and tells the others what came in here."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from channels.layers import get_channel_layer

from boards.announce import LOST, group, publish
from boards.elements.element import Element, Fingerprint
from boards.wire import peer_messages
from boards.wire.peer_messages import Greeting, PeerMessage, RoomTick

log = logging.getLogger(__name__)
AGAIN_MIN_SECONDS = 0.1
AGAIN_MAX_SECONDS = 2.0


@asynccontextmanager
async def listening(board_id: uuid.UUID) -> AsyncIterator[Callable[[], Awaitable[PeerMessage]]]:
    """Gives the function that waits for the next message. Waits for a Redis that is away, for as long as it takes.

    Once it listens, the layer itself comes back after each loss of Redis.
    """
    layer, wait = get_channel_layer(), AGAIN_MIN_SECONDS
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(group(board_id), channel)
            break
        except LOST as error:
            log.warning("Board %s: not listening yet: %s", board_id, error)
        await asyncio.sleep(wait)
        wait = min(AGAIN_MAX_SECONDS, wait * 2)

    async def receive() -> PeerMessage:
        while True:
            message = peer_messages.decode(await layer.receive(channel))
            if message is not None:
                return message

    try:
        yield receive
    finally:
        with suppress(*LOST):
            await layer.group_discard(group(board_id), channel)


class Voice:
    """What one room says to the others. One message at a time; what comes while it travels goes with the next.

    So a tick costs one message at most, and while Redis is away nothing piles up: of each element and each
    person only the newest waits. What is lost is not said again; the clock heals it.
    """

    def __init__(self, board_id: uuid.UUID, start: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """start: runs a task that ends with the room."""
        self._board_id = board_id
        self._sender = uuid.uuid4().hex[:12]
        self._start = start
        self._elements: dict[str, tuple[Element, uuid.UUID | None]] = {}
        self._users: dict[str, bytes | None] = {}
        self._saved: list[tuple[int, Mapping[str, Fingerprint]]] = []
        self._greet: Greeting = ""
        self._speaking = False

    def tell(
        self,
        elements: Mapping[str, tuple[Element, uuid.UUID | None]],
        users: Mapping[str, bytes | None],
        greet: Greeting = "",
    ) -> None:
        """What came in here, the elements with their authors. greet: "yes", or "ask" to be greeted in turn."""
        self._elements |= elements
        self._users |= users
        self._greet = "ask" if "ask" in (greet, self._greet) else greet or self._greet
        self._speak()

    def saved(self, clock: int, stamps: Mapping[str, Fingerprint]) -> None:
        """What this process committed, as it was stored."""
        self._saved.append((clock, stamps))
        self._speak()

    def is_mine(self, message: RoomTick) -> bool:
        return message.sender == self._sender

    def _speak(self) -> None:
        if not self._speaking:
            self._speaking = True
            self._start(self._say_all())

    async def _say_all(self) -> None:
        try:
            while self._elements or self._users or self._saved or self._greet:
                await publish(self._board_id, self._take())
        finally:
            self._speaking = False

    def _take(self) -> RoomTick:
        elements = [(msgspec.msgpack.encode(element), author) for element, author in self._elements.values()]
        message = RoomTick(self._sender, elements, self._users, self._saved, self._greet)
        self._elements, self._users, self._saved, self._greet = {}, {}, [], ""
        return message
