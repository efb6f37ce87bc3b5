"""Writes what a room merged to Postgres, off the tick's path; acks follow the commit."""

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from django.db import DataError, IntegrityError

from boards.database.retry import UNAVAILABLE, retry_until_available
from boards.database.threads import in_thread
from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.elements.reconcile import takes_incoming
from boards.errors import BoardError, ElementRefused, NotSaving
from boards.room.session import RoomSession
from boards.wire.server_messages import Refusal

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.080
"""From one commit of a board to the next. What arrives meanwhile goes in one; the first after a pause goes at once.
A commit costs as much as 40 ticks; an ack has its 150 ms."""
WRONG = (DataError, IntegrityError)
"""How Postgres shows that it will never take what it was given."""
STUCK_SECONDS = 5.0
"""A commit that takes longer is stuck: Postgres does not answer, or another transaction holds the board's row."""
WAITING_MAX_BYTES = 64 * 2**20
WAITING_MAX_ACKS = 50_000
"""So much may wait on one board for a database that is away; further pushes are refused for now."""


class PendingAck(NamedTuple):
    """The ack of one push, to be sent after its commit."""

    session: RoomSession
    ref: str
    refused: list[Refusal]
    fingerprints: dict[str, Fingerprint]
    """By element id, of those that were not refused so far."""


class Batch:
    """The elements of one commit, and the acks that wait for it."""

    def __init__(self) -> None:
        self.elements: dict[str, Element] = {}
        self.authors: dict[str, uuid.UUID | None] = {}
        self.acks: list[PendingAck] = []
        self.size_bytes = 0

    def add(self, element: Element, author_id: uuid.UUID | None) -> None:
        if (other := self.elements.get(element.id)) is not None:
            if other.ties_with(element):
                element, author_id = other.as_next_version(), self.authors[element.id]
            elif not takes_incoming(other.rank, element.rank):
                return  # the newer one waits for the store to settle its index
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
    """Saves batch after batch of one board, while `run` runs."""

    def __init__(
        self,
        board_id: uuid.UUID,
        committed: Callable[[Batch, store.Change | None], Awaitable[None]],
        refused: Callable[[Batch, BoardError], Awaitable[None]],
    ) -> None:
        """committed: awaited after a commit; its change is None for acks that had nothing to write.
        refused: awaited when the board took nothing of a batch."""
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
        """Save it with the next commit. author_id: the user who made this version; None without an account."""
        self._next.add(element, author_id)
        self._work.set()

    def ensure(self, element: Element, author_id: uuid.UUID | None) -> None:
        """Save what another process should have saved, unless it waits for the next commit already.

        That it is being written now is not enough: should the board refuse that batch, the acks that wait for this
        one have to be refused too.
        """
        if not self._next.has(element):
            known = self._current.authors.get(element.id) if self._current.has(element) else None
            self.add(element, known or author_id)

    def acknowledge(self, ack: PendingAck) -> None:
        """Send this ack after the commit of all that was added before it."""
        self._next.acks.append(ack)
        self._work.set()

    def forget(self, session: RoomSession) -> None:
        """Drop the acks of a session that has left."""
        for batch in (self._current, self._next):
            batch.acks = [ack for ack in batch.acks if ack.session is not session]

    def pending(self) -> list[tuple[Element, uuid.UUID | None]]:
        """The elements that wait for the next commit, with their authors."""
        return [(element, self._next.authors[i]) for i, element in self._next.elements.items()]

    async def run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            self._busy = True
            while self._next.elements or self._next.acks:
                began, writes = time.monotonic(), bool(self._next.elements)
                await self._save()
                # Also where nothing waits yet: something comes within milliseconds while people draw.
                if writes:
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
        """Try until the batch is stored: nothing is lost while the database is away. Raises BoardError."""
        return await retry_until_available(
            lambda: self._apply(batch), f"Board {self._board_id}: not saved yet"
        )

    async def _apply(self, batch: Batch) -> store.Change:
        # What came meanwhile goes along: two versions of an element must not wait in two places.
        if self._failing:
            batch.absorb(self._next)
            self._next = Batch()
        try:
            elements = list(batch.elements.values())
            change = await in_thread(store.apply, self._board_id, elements, batch.authors)
        except WRONG as error:
            log.exception("Board %s: this cannot be stored", self._board_id)
            raise ElementRefused("This cannot be stored.") from error
        except UNAVAILABLE:
            self._failing = True
            raise
        self._failing = False
        return change
