"""What travels between processes about one board: through the channel layer, as hints.

The layer may lose any of it, and be away. A room notices by the clock, and the rows in Postgres heal it.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from boards.element import Element, Stamp

log = logging.getLogger(__name__)
LOST = (RedisError, OSError, TimeoutError)
"""How a Redis that is away shows itself. Its own ConnectionError is none of Python's."""
AGAIN_MIN_SECONDS = 0.1
AGAIN_MAX_SECONDS = 2.0

Message = dict[str, Any]


def group(board_id: uuid.UUID | str) -> str:
    """The group of a board's rooms; also the audience of the jobs that are asked for there."""
    return f"board.{board_id}"


class _Line:
    """Whether Redis was there the last time: each outage is logged once, not once a tick."""

    is_down = False


async def publish(board_id: uuid.UUID, message: Message) -> None:
    """Tell the other processes. When Redis is away the message is lost, which rooms survive."""
    layer = get_channel_layer()
    try:
        await layer.group_send(group(board_id), message)
    except LOST as error:
        if not _Line.is_down:
            log.warning("Redis is away, other processes follow by the clock: %s", error)
        _Line.is_down = True
    else:
        _Line.is_down = False


def announce(board_id: uuid.UUID, message: Message) -> None:
    """`publish` for synchronous code; call it after the commit."""
    async_to_sync(publish)(board_id, message)


def clock_moved(board_id: uuid.UUID, clock: int) -> None:
    """Elements were written past the rooms: they shall read what is new."""
    announce(board_id, {"type": "clock.moved", "clock": clock})


def board_changed(board_id: uuid.UUID) -> None:
    """Title, roles, links or frozenness changed: rooms look again at who may do what."""
    announce(board_id, {"type": "board.changed"})


@asynccontextmanager
async def listening(board_id: uuid.UUID) -> AsyncIterator[Callable[[], Awaitable[Message]]]:
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

    async def receive() -> Message:
        message: Message = await layer.receive(channel)
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
        self._saved: list[tuple[int, Mapping[str, Stamp]]] = []
        self._greet = ""
        self._speaking = False

    def tell(
        self,
        elements: Mapping[str, tuple[Element, uuid.UUID | None]],
        users: Mapping[str, bytes | None],
        greet: str = "",
    ) -> None:
        """What came in here, the elements with their authors. greet: "yes", or "ask" to be greeted in turn."""
        self._elements |= elements
        self._users |= users
        self._greet = "ask" if "ask" in (greet, self._greet) else greet or self._greet
        self._speak()

    def saved(self, clock: int, stamps: Mapping[str, Stamp]) -> None:
        """What this process committed, as it was stored."""
        self._saved.append((clock, stamps))
        self._speak()

    def is_mine(self, message: Message) -> bool:
        return message.get("from") == self._sender

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

    def _take(self) -> Message:
        message: Message = {
            "type": "room.tick",
            "from": self._sender,
            "elements": [
                (msgspec.msgpack.encode(element), str(author_id) if author_id else None)
                for element, author_id in self._elements.values()
            ],
            "users": self._users,
            "saved": self._saved,
            "greet": self._greet,
        }
        self._elements, self._users, self._saved, self._greet = {}, {}, [], ""
        return message
