"""What a room still has to read from Postgres: each thing once, and again until Postgres answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from boards.database.retry import UNAVAILABLE, Backoff

log = logging.getLogger(__name__)


class RefreshQueue:
    """Runs reads one after the other, apart from where their need is noticed: an outage must not hold that up."""

    def __init__(self) -> None:
        self._reads: dict[str, Callable[[], Awaitable[Any]]] = {}  # by name, in order
        self._is_filled = asyncio.Event()

    def add(self, name: str, read: Callable[[], Awaitable[Any]]) -> None:
        """Run this read soon, unless one of the same name waits already."""
        self._reads.setdefault(name, read)
        self._is_filled.set()

    async def run(self) -> None:
        backoff = Backoff()
        while True:
            await self._is_filled.wait()
            self._is_filled.clear()
            while self._reads:
                name = next(iter(self._reads))
                read = self._reads.pop(name)
                try:
                    await read()
                    backoff.reset()
                except UNAVAILABLE as error:
                    log.warning("Not read yet (%s): %s", name, error)
                    self._reads.setdefault(name, read)
                    await backoff.pause()
