"""The channel between the rooms of one board in different processes: subscribe to its group, publish to it."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from channels.layers import get_channel_layer

from boards.announce import LOST, group, publish
from boards.database.retry import retry_until_available
from boards.elements.element import Fingerprint
from boards.room.scene import Entry
from boards.wire import peer_messages
from boards.wire.peer_messages import Announcement, PeerMessage, RoomTick


@asynccontextmanager
async def subscribe(board_id: uuid.UUID) -> AsyncIterator[Callable[[], Awaitable[PeerMessage]]]:
    """Yields a function that waits for the next message. While Redis is away, waits until it is back.

    Once subscribed, the layer itself comes back after each loss of Redis.
    """
    layer = get_channel_layer()

    async def join_group() -> str:
        channel: str = await layer.new_channel()
        await layer.group_add(group(board_id), channel)
        return channel

    channel = await retry_until_available(join_group, f"Board {board_id}: not listening yet", LOST)

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


class PeerPublisher:
    """Publishes what changes in one room. One message at a time; what comes while it is under way goes with the next.

    So a tick costs one message at most, and while Redis is away nothing piles up: of each element and each
    session only the newest waits. What is lost is not sent again; the clock shows the gap.
    """

    def __init__(self, board_id: uuid.UUID, start: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """start: runs a task that ends with the room."""
        self._board_id = board_id
        self._sender = uuid.uuid4().hex[:12]
        self._start = start
        self._entries: dict[str, Entry] = {}
        self._presence: dict[str, bytes | None] = {}
        self._commits: list[tuple[int, Mapping[str, Fingerprint]]] = []
        self._announcement: Announcement = ""
        self._is_publishing = False

    def send(
        self,
        entries: Iterable[Entry],
        presence: Mapping[str, bytes | None],
        announce: Announcement = "",
    ) -> None:
        """Send what changed here. announce: "yes" to announce this process, "ask" for the others to do so too."""
        self._entries |= {entry.element.id: entry for entry in entries}
        self._presence |= presence
        self._announcement = (
            "ask" if "ask" in (announce, self._announcement) else announce or self._announcement
        )
        self._publish_soon()

    def send_commit(self, clock: int, fingerprints: Mapping[str, Fingerprint]) -> None:
        """Send which versions this process committed, as they were stored."""
        self._commits.append((clock, fingerprints))
        self._publish_soon()

    def is_mine(self, message: RoomTick) -> bool:
        return message.sender == self._sender

    def _publish_soon(self) -> None:
        if not self._is_publishing:
            self._is_publishing = True
            self._start(self._publish_all())

    async def _publish_all(self) -> None:
        try:
            while self._entries or self._presence or self._commits or self._announcement:
                await publish(self._board_id, self._take())
        finally:
            self._is_publishing = False

    def _take(self) -> RoomTick:
        elements = [(msgspec.msgpack.encode(each.element), each.author_id) for each in self._entries.values()]
        message = RoomTick(self._sender, elements, self._presence, self._commits, self._announcement)
        self._entries, self._presence, self._commits, self._announcement = {}, {}, [], ""
        return message
