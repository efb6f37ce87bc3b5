"""What a room still has to read from Postgres: each thing once, and again until Postgres answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from boards.room.saver import UNAVAILABLE

log = logging.getLogger(__name__)

RETRY_MIN_SECONDS = 0.1
RETRY_MAX_SECONDS = 2.0


class Errands:
    """Whoever hears of something to read goes on hearing: an outage of Postgres must not hold that up."""

    def __init__(self) -> None:
        self._open: dict[str, Callable[[], Awaitable[Any]]] = {}
        self._news = asyncio.Event()

    def want(self, name: str, read: Callable[[], Awaitable[Any]]) -> None:
        """Run it soon. One that waits under this name already is enough."""
        self._open.setdefault(name, read)
        self._news.set()

    async def run(self) -> None:
        wait = RETRY_MIN_SECONDS
        while True:
            await self._news.wait()
            self._news.clear()
            while self._open:
                name = next(iter(self._open))
                read = self._open.pop(name)
                try:
                    await read()
                    wait = RETRY_MIN_SECONDS
                except UNAVAILABLE as error:
                    log.warning("Not read yet (%s): %s", name, error)
                    self._open.setdefault(name, read)
                    await asyncio.sleep(wait)
                    wait = min(RETRY_MAX_SECONDS, wait * 2)
