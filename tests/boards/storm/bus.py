"""A channel layer that loses, doubles, delays and swaps messages, and is away now and then."""

import asyncio
import itertools
import random
from collections import defaultdict
from typing import Any

import msgspec
from redis.exceptions import ConnectionError as RedisConnectionError


class LossyLayer:
    """What every process of the storm gets from `get_channel_layer()`."""

    def __init__(self, random_: random.Random) -> None:
        self.away = False
        self.loss = self.doubles = 0.0
        self.delay_seconds = 0.002
        self.sent = 0
        self._random = random_
        self._queues: dict[str, asyncio.Queue[bytes]] = {}
        self._groups: dict[str, set[str]] = defaultdict(set)
        self._names = itertools.count(1)

    async def new_channel(self) -> str:
        self._reach()
        name = f"channel-{next(self._names)}"
        self._queues[name] = asyncio.Queue()
        return name

    async def group_add(self, group: str, channel: str) -> None:
        self._reach()
        self._groups[group].add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._groups[group].discard(channel)

    async def receive(self, channel: str) -> dict[str, Any]:
        try:
            return msgspec.msgpack.decode(await self._queues[channel].get())
        except asyncio.CancelledError:
            self._queues.pop(channel, None)
            raise

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self._reach()
        self.sent += 1
        packed = msgspec.msgpack.encode(message)
        loop = asyncio.get_running_loop()
        for channel in self._groups[group]:
            for _ in range(1 + (self._random.random() < self.doubles)):
                if self._random.random() >= self.loss:
                    loop.call_later(
                        self._random.random() * self.delay_seconds, self._deliver, channel, packed
                    )

    def listeners(self) -> int:
        return len(self._queues)

    def _deliver(self, channel: str, packed: bytes) -> None:
        if channel in self._queues:
            self._queues[channel].put_nowait(packed)

    def _reach(self) -> None:
        if self.away:
            raise RedisConnectionError("The bus is away.")
