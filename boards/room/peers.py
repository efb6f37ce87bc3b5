"""The other processes that have the same board open: receives what they send, and sends them what changes here.

All of it may be lost. The clock of each commit shows a gap, boards.room.clock_poller shows one at the end, and the
rows in Postgres are the truth. What a process sent and never committed, because it died, is committed by the others.
"""

import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from boards.elements.element import Element, Fingerprint
from boards.room.fanout import Fanout, LocalChanges
from boards.room.peer_channel import PeerPublisher
from boards.room.scene import Entry, MergeResult, Scene
from boards.wire.peer_messages import RoomTick

PEER_TIMEOUT_SECONDS = 45.0
"""Processes announce themselves every 15 s; one that sent nothing for so long has died."""
ANNOUNCE_INTERVAL_SECONDS = 1.0
"""Between announcements while no peer is known: bounds how long a lost announcement hides one."""
COMMIT_TIMEOUT_SECONDS = 4.0
"""What another process sent and did not commit for so long is committed here (RM19)."""


class Peers:
    """The peers of one room."""

    def __init__(
        self,
        board_id: uuid.UUID,
        scene: Scene,
        fanout: Fanout,
        start: Callable[[Coroutine[Any, Any, None]], None],
        catch_up_soon: Callable[[], None],
        save: Callable[[Element, uuid.UUID | None], None],
    ) -> None:
        """start: runs a task that ends with the room. catch_up_soon: called when Postgres has more than was received.
        save: has an element and its author's version settled by the store."""
        self._scene = scene
        self._fanout = fanout
        self._catch_up_soon = catch_up_soon
        self._save = save
        self._publisher = PeerPublisher(board_id, start)
        self._remote_sessions: dict[str, float] = {}  # → when their presence was last received
        self._known_until = 0.0  # until then another process is taken to have this board open
        self._announced_at = 0.0
        self._uncommitted_remote: dict[str, float] = {}  # ids of elements received → when, the oldest first

    # --- sending ---------------------------------------------------------------------------------------

    def send_changes(self, changes: LocalChanges) -> None:
        """Send what a tick brought. A process that is not known yet reads it from Postgres."""
        if self._is_known():
            self._publisher.send(changes.entries, changes.presence)

    def send_commit(self, clock: int, elements: Iterable[Element]) -> None:
        """Send what was stored. Without a known peer only announce: each message costs as much as a commit."""
        if self._is_known():
            self._publisher.send_commit(clock, {element.id: element.fingerprint for element in elements})
        elif time.monotonic() - self._announced_at > ANNOUNCE_INTERVAL_SECONDS:
            self.announce(ask=True)

    def announce(self, *, ask: bool = False) -> None:
        """Announce that this process has the board open, and its sessions. ask: for the same in return."""
        self._announced_at = time.monotonic()
        ours = {s: e for s, e in self._fanout.roster.items() if s in self._fanout.sessions}
        self._publisher.send([], ours, announce="ask" if ask else "yes")

    def _is_known(self) -> bool:
        return time.monotonic() < self._known_until

    # --- receiving -------------------------------------------------------------------------------------

    def receive(self, message: RoomTick) -> None:
        if self._publisher.is_mine(message):
            return
        now = time.monotonic()
        self._known_until = now + PEER_TIMEOUT_SECONDS
        for packed, author_id in message.elements:
            self._receive_element(msgspec.msgpack.decode(packed, type=Element), author_id, now)
        for session_id, entry in message.users.items():
            self._receive_presence(session_id, entry, now)
        for clock, fingerprints in message.saved:
            self._receive_commit(clock, fingerprints)
        if message.announce == "ask":
            self.announce()

    def _receive_element(self, element: Element, author_id: uuid.UUID | None, now: float) -> None:
        entry = Entry(element, author_id)
        match self._scene.take(entry):
            case MergeResult.TAKEN:
                self._fanout.element(entry, remote=True)
                self._uncommitted_remote.pop(element.id, None)  # to the end
                self._uncommitted_remote[element.id] = now
            case MergeResult.UNSETTLED:
                self._save(element, entry.author_id)

    def _receive_presence(self, session_id: str, entry: bytes | None, now: float) -> None:
        if entry is None:
            self._remote_sessions.pop(session_id, None)
        else:
            self._remote_sessions[session_id] = now
        self._fanout.presence(session_id, entry, remote=True)

    def _receive_commit(self, clock: int, fingerprints: Mapping[str, Fingerprint]) -> None:
        if not self._scene.advance_by_commit(clock, fingerprints):
            self._catch_up_soon()

    # --- what was lost ---------------------------------------------------------------------------------

    def take_overdue(self) -> Iterator[Entry]:
        """What was received and should have been committed by now, each once."""
        now = time.monotonic()
        while self._uncommitted_remote:
            element_id, received_at = next(iter(self._uncommitted_remote.items()))
            if now - received_at < COMMIT_TIMEOUT_SECONDS:
                return
            del self._uncommitted_remote[element_id]
            if (entry := self._scene.uncommitted(element_id)) is not None:
                yield entry

    def forget(self) -> None:
        """Drop what waits to be committed: the scene was loaded anew."""
        self._uncommitted_remote.clear()

    def drop_silent(self) -> None:
        """Remove the sessions of processes that have died."""
        now = time.monotonic()
        for session_id in [s for s, at in self._remote_sessions.items() if now - at > PEER_TIMEOUT_SECONDS]:
            del self._remote_sessions[session_id]
            self._fanout.presence(session_id, None, remote=True)
