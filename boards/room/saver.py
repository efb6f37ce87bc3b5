"""Writes what a room merged to Postgres, off the tick's path, and lets acks go only after the commit."""

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

from boards.database.threads import in_thread
from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.elements.reconcile import takes_incoming
from boards.errors import BoardError, ElementRefused, NotSaving
from boards.room.session import Member
from boards.wire.server_messages import Refusal

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.080
"""From one commit of a board to the next: what arrives meanwhile goes in one; the first after a pause goes at once.
A commit costs as much as 40 ticks; an ack has its 150 ms."""
RETRY_MIN_SECONDS = 0.1
RETRY_MAX_SECONDS = 2.0
UNAVAILABLE = (DatabaseError, InterfaceError, OSError, TimeoutError)
"""How a database that is away shows itself."""
WRONG = (DataError, IntegrityError)
"""How it shows that what it was given will never do."""
STUCK_SECONDS = 5.0
"""A commit that takes longer: Postgres does not answer, or somebody else holds the board's row."""
WAITING_MAX_BYTES = 64 * 2**20
WAITING_MAX_ACKS = 50_000
"""So much may wait for a database that is away, on one board; whoever brings more keeps it for now."""

T = TypeVar("T")


class Ack(NamedTuple):
    """What a member waits to hear about one push."""

    member: Member
    ref: str
    refused: list[Refusal]
    stamps: dict[str, Fingerprint]
    """Of the elements that were not refused so far."""


class Batch:
    """What one commit carries, and who waits for it."""

    def __init__(self) -> None:
        self.elements: dict[str, Element] = {}
        self.authors: dict[str, uuid.UUID | None] = {}
        self.acks: list[Ack] = []
        self.size_bytes = 0

    def add(self, element: Element, author_id: uuid.UUID | None) -> None:
        if (other := self.elements.get(element.id)) is not None:
            if other.ties_with(element):
                element, author_id = other.as_next_version(), self.authors[element.id]
            elif not takes_incoming(other.rank, element.rank):
                return  # the newer one was not shown yet, because the store has to find it a place
            self.size_bytes -= len(other.body)
        self.elements[element.id] = element
        self.authors[element.id] = author_id
        self.size_bytes += len(element.body)

    def absorb(self, later: "Batch") -> None:
        for element_id, element in later.elements.items():
            self.add(element, later.authors[element_id])
        self.acks += later.acks

    def has(self, element: Element) -> bool:
        mine = self.elements.get(element.id)
        return mine is not None and mine.rank == element.rank


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
        self._next = Batch()
        self._current = Batch()  # what is being written
        self._failing = False
        self._writing_since = math.inf
        self._work = asyncio.Event()
        self._busy = False

    @property
    def idle(self) -> bool:
        return not (self._busy or self._next.elements or self._next.acks)

    def check(self) -> None:
        """Raises NotSaving when more than is sensible waits for a database that is away."""
        waiting_bytes = self._current.size_bytes + self._next.size_bytes
        waiting_acks = len(self._current.acks) + len(self._next.acks)
        stuck = time.monotonic() - self._writing_since > STUCK_SECONDS
        if (self._failing or stuck) and (
            waiting_bytes > WAITING_MAX_BYTES or waiting_acks > WAITING_MAX_ACKS
        ):
            raise NotSaving("Changes cannot be saved at the moment: keep them, and try again.")

    def add(self, element: Element, author_id: uuid.UUID | None) -> None:
        """author_id: the user who made this version; None for somebody without an account."""
        self._next.add(element, author_id)
        self._work.set()

    def ensure(self, element: Element, author_id: uuid.UUID | None) -> None:
        """Store what somebody else should have stored, unless it waits here already.

        What is being written counts for its author only: should the board refuse it, whoever waits for this
        must hear of it too.
        """
        if not self._next.has(element):
            mine = self._current.authors.get(element.id) if self._current.has(element) else None
            self.add(element, mine or author_id)

    def acknowledge(self, ack: Ack) -> None:
        """Send this after the commit of all that was added before it."""
        self._next.acks.append(ack)
        self._work.set()

    def forget(self, member: Member) -> None:
        """It left: nobody waits for its acks any more."""
        for batch in (self._current, self._next):
            batch.acks = [ack for ack in batch.acks if ack.member is not member]

    def pending(self) -> list[Element]:
        """What waits for the next commit."""
        return list(self._next.elements.values())

    def author_of(self, element_id: str) -> uuid.UUID | None:
        """Who made the version that waits to be stored."""
        batch = self._next if element_id in self._next.authors else self._current
        return batch.authors.get(element_id)

    async def run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            self._busy = True
            while self._next.elements or self._next.acks:
                began, writes = time.monotonic(), bool(self._next.elements)
                await self._save()
                if (
                    writes
                ):  # also where nothing waits yet: something comes within milliseconds while people draw
                    await asyncio.sleep(INTERVAL_SECONDS - (time.monotonic() - began))
            self._busy = False

    async def _save(self) -> None:
        batch, self._next = self._next, Batch()
        self._current = batch
        self._writing_since = time.monotonic()
        try:
            change = await self._write(batch) if batch.elements else None
        except BoardError as error:
            await self._refused(batch, error)
        else:
            await self._committed(batch, change)
        self._current = Batch()
        self._writing_since = math.inf

    async def _write(self, batch: Batch) -> store.Change:
        """Try until it is written: a database that is away comes back, and nothing is lost meanwhile."""
        wait = RETRY_MIN_SECONDS
        while True:
            try:
                elements = list(batch.elements.values())
                change = await in_thread(store.apply, self._board_id, elements, batch.authors)
                self._failing = False
                return change
            except WRONG as error:
                log.exception("Board %s: this cannot be stored", self._board_id)
                raise ElementRefused("This cannot be stored.") from error
            except UNAVAILABLE as error:
                log.warning("Board %s: not saved yet: %s", self._board_id, error)
            self._failing = True
            await asyncio.sleep(wait)
            wait = min(RETRY_MAX_SECONDS, wait * 2)
            # What came meanwhile goes along: two versions of an element must not wait in two places.
            batch.absorb(self._next)
            self._next = Batch()


async def patiently(read: Callable[[], Awaitable[T]]) -> T:
    """What it returns, once Postgres answers."""
    wait = RETRY_MIN_SECONDS
    while True:
        try:
            return await read()
        except UNAVAILABLE as error:
            log.warning("Not read yet: %s", error)
        await asyncio.sleep(wait)
        wait = min(RETRY_MAX_SECONDS, wait * 2)
