"""How a Postgres that is away shows itself, and trying again until it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError

log = logging.getLogger(__name__)

UNAVAILABLE = (DatabaseError, InterfaceError, OSError, TimeoutError)
RETRY_MIN_SECONDS = 0.1
RETRY_MAX_SECONDS = 2.0

Errors = tuple[type[Exception], ...]
T = TypeVar("T")


class Backoff:
    """Pauses between attempts, each twice as long as the one before, up to RETRY_MAX_SECONDS."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._pause_seconds = RETRY_MIN_SECONDS

    async def pause(self) -> None:
        await asyncio.sleep(self._pause_seconds)
        self._pause_seconds = min(RETRY_MAX_SECONDS, self._pause_seconds * 2)


async def retry_until_available(
    attempt: Callable[[], Awaitable[T]], failed: str, unavailable: Errors = UNAVAILABLE
) -> T:
    """The result of `attempt`, which is called again for as long as it raises one of `unavailable`.

    failed: what to log then. Any other error is raised.
    """
    backoff = Backoff()
    while True:
        try:
            return await attempt()
        except unavailable as error:
            log.warning("%s: %s", failed, error)
        await backoff.pause()
