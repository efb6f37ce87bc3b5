"""The other processes that have the same board open: what they say is merged here, what happens here is told them.

All of it may be lost. The clock of each commit shows a gap, `boards.room.clock_poller` one at the end, and Postgres has the
truth; what a process told and then did not commit, because it died, is committed by those who heard it.
"""

import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from boards.elements.element import Element, Fingerprint
from boards.room.fanout import Fanout
from boards.room.peer_channel import Voice
from boards.room.scene import Fate, Scene
from boards.wire.peer_messages import RoomTick

BELIEVED_SECONDS = 45.0
"""Processes repeat who is with them; one that is silent for so long has died."""
GREETING_SECONDS = 1.0
"""A process that knows of no other says so little: who is there unheard finds it within this."""
ORPHANED_SECONDS = 4.0
"""What another process told of and nobody committed for so long is committed here."""

Author = uuid.UUID | None


class Neighbours:
    """Of one room. behind: called when Postgres has more than was heard. settle: stores what the store has to settle."""

    def __init__(
        self,
        board_id: uuid.UUID,
        scene: Scene,
        fanout: Fanout,
        start: Callable[[Coroutine[Any, Any, None]], None],
        behind: Callable[[], None],
        settle: Callable[[Element, Author], None],
    ) -> None:
        self._scene = scene
        self._fanout = fanout
        self._behind = behind
        self._settle = settle
        self._voice = Voice(board_id, start)
        self._heard: dict[str, float] = {}  # session elsewhere → when it was last told of
        self._believed_until = 0.0  # until then somebody else has this board open
        self._greeted = 0.0
        self._orphans: dict[
            str, tuple[float, Author]
        ] = {}  # element told and not committed → when, and whose

    # --- telling ---------------------------------------------------------------------------------------

    def tell(self, elements: Mapping[str, tuple[Element, Author]], users: Mapping[str, bytes | None]) -> None:
        """What came in here with a tick. Whoever is not known of reads it from Postgres."""
        if self._knows_others():
            self._voice.tell(elements, users)

    def committed(self, clock: int, elements: Iterable[Element]) -> None:
        """What was stored; to nobody, only a greeting now and then, because each message costs as much as a commit."""
        if self._knows_others():
            self._voice.saved(clock, {element.id: element.fingerprint for element in elements})
        elif time.monotonic() - self._greeted > GREETING_SECONDS:
            self.greet(ask=True)

    def greet(self, *, ask: bool = False) -> None:
        """Say that this process has the board open, and who is on it. ask: the others shall do the same."""
        self._greeted = time.monotonic()
        ours = {s: e for s, e in self._fanout.roster.items() if s in self._fanout.members}
        self._voice.tell({}, ours, greet="ask" if ask else "yes")

    def _knows_others(self) -> bool:
        return time.monotonic() < self._believed_until

    # --- hearing ---------------------------------------------------------------------------------------

    def hear(self, message: RoomTick) -> None:
        if self._voice.is_mine(message):
            return
        now = time.monotonic()
        self._believed_until = now + BELIEVED_SECONDS
        for packed, author_id in message.elements:
            self._hear_element(msgspec.msgpack.decode(packed, type=Element), author_id, now)
        for session, entry in message.users.items():
            self._hear_user(session, entry, now)
        for clock, stamps in message.saved:
            self._hear_saved(clock, stamps)
        if message.greet == "ask":
            self.greet()

    def _hear_element(self, element: Element, author: Author, now: float) -> None:
        match self._scene.take(element, None):
            case Fate.TAKEN:
                self._fanout.element(element.id, foreign=True)
                self._orphans.pop(element.id, None)  # to the end: the oldest come first
                self._orphans[element.id] = now, author
            case Fate.UNSETTLED:
                self._settle(element, author)

    def _hear_user(self, session: str, entry: bytes | None, now: float) -> None:
        if entry is None:
            self._heard.pop(session, None)
        else:
            self._heard[session] = now
        self._fanout.user(session, entry, foreign=True)

    def _hear_saved(self, clock: int, stamps: Mapping[str, Fingerprint]) -> None:
        if clock == self._fanout.clock + 1 and all(self._scene.has(i, stamp) for i, stamp in stamps.items()):
            self._scene.committed(stamps, clock)
            self._fanout.clock = clock
        elif clock > self._fanout.clock:
            self._behind()

    # --- what becomes of it ----------------------------------------------------------------------------

    def orphans(self) -> Iterator[tuple[Element, Author]]:
        """What was told here and should have been committed by now, each once."""
        now = time.monotonic()
        while self._orphans:
            element_id, (heard, author_id) = next(iter(self._orphans.items()))
            if now - heard < ORPHANED_SECONDS:
                return
            del self._orphans[element_id]
            if (element := self._scene.uncommitted(element_id)) is not None:
                yield element, author_id

    def forget(self) -> None:
        """The scene is read anew: what was told and is not stored is gone."""
        self._orphans.clear()

    def tidy(self) -> None:
        """Let go of people whose process went silent."""
        now = time.monotonic()
        for session in [s for s, heard in self._heard.items() if now - heard > BELIEVED_SECONDS]:
            del self._heard[session]
            self._fanout.user(session, None, foreign=True)
