"""Writes what a room merged to Postgres, off the tick's path, and lets acks go only after the commit."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError

from boards import store
from boards.element import Element
from boards.errors import BoardError
from boards.member import Member
from boards.threads import in_thread

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.050
"""Between two commits of one board: what arrives meanwhile goes in one."""
RETRY_MIN_SECONDS = 0.1
RETRY_MAX_SECONDS = 5.0
UNAVAILABLE = (DatabaseError, InterfaceError, OSError, TimeoutError)
"""How a database that is away shows itself."""


class Ack(NamedTuple):
    """What a member waits to hear about one push."""

    member: Member
    ref: str
    refused: list[dict[str, str]]


class Batch(NamedTuple):
    """What one commit carries, and who waits for it."""

    elements: dict[str, Element]
    acks: list[Ack]


class Saver:
    """committed(batch, change) is awaited after a commit; change is None for acks that had nothing to write.
    refused(batch, error) is awaited when the board took nothing."""

    def __init__(
        self,
        board_id: uuid.UUID,
        committed: Callable[[Batch, store.Change | None], Awaitable[None]],
        refused: Callable[[Batch, BoardError], Awaitable[None]],
    ) -> None:
        self._board_id = board_id
        self._committed = committed
        self._refused = refused
        self._next = Batch({}, [])
        self._work = asyncio.Event()
        self._busy = False

    @property
    def idle(self) -> bool:
        return not (self._busy or self._next.elements or self._next.acks)

    def add(self, element: Element) -> None:
        self._next.elements[element.id] = element
        self._work.set()

    def acknowledge(self, ack: Ack) -> None:
        """Send this after the commit of all that was added before it."""
        self._next.acks.append(ack)
        self._work.set()

    def pending(self) -> list[Element]:
        """What waits for the next commit."""
        return list(self._next.elements.values())

    async def run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            self._busy = True
            while self._next.elements or self._next.acks:
                began = time.monotonic()
                await self._save()
                if self._next.elements:
                    await asyncio.sleep(INTERVAL_SECONDS - (time.monotonic() - began))
            self._busy = False

    async def _save(self) -> None:
        batch, self._next = self._next, Batch({}, [])
        try:
            change = await self._write(batch) if batch.elements else None
        except BoardError as error:
            await self._refused(batch, error)
        else:
            await self._committed(batch, change)

    async def _write(self, batch: Batch) -> store.Change:
        """Try until it is written: a database that is away comes back, and nothing is lost meanwhile."""
        wait = RETRY_MIN_SECONDS
        while True:
            try:
                return await in_thread(store.apply, self._board_id, list(batch.elements.values()))
            except UNAVAILABLE as error:
                log.warning("Board %s: not saved yet: %s", self._board_id, error)
            await asyncio.sleep(wait)
            wait = min(RETRY_MAX_SECONDS, wait * 2)
            # What came meanwhile goes along: two versions of an element must not wait in two places.
            batch.elements.update(self._next.elements)
            batch.acks.extend(self._next.acks)
            self._next = Batch({}, [])
