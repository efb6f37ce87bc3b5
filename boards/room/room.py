"""The room: one per board and process. It joins the scene in memory with its saver and its fan-out, and receives
what other processes send.

A push is merged at once, reaches the other sessions with the next tick, and is written to Postgres off the
tick's path; its `ack` leaves only after that commit.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from boards.database.retry import UNAVAILABLE, retry_until_available
from boards.database.threads import in_thread
from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.errors import BoardError, BoardGone, RoomClosed
from boards.room import access_watch, board_state, clock_poller, peer_channel, welcome
from boards.room.access_check import BoardReading
from boards.room.access_watch import Watched
from boards.room.board_cache import BoardCache
from boards.room.board_state import BoardState
from boards.room.fanout import Fanout
from boards.room.live import LiveBoard
from boards.room.peers import Peers
from boards.room.refresh_queue import RefreshQueue
from boards.room.room_access import RoomAccess
from boards.room.saver import Batch, PendingAck, Saver
from boards.room.scene import Entry, MergeResult, Scene
from boards.room.scene_snapshot import SceneSnapshots
from boards.room.session import RoomSession
from boards.wire import protocol, server_messages
from boards.wire.client_messages import Presence
from boards.wire.peer_messages import (
    BoardChanged,
    ClockMoved,
    FileAdded,
    LiveChanged,
    PeerMessage,
    RoomTick,
)
from boards.wire.protocol import Close
from boards.wire.server_messages import BoardUpdate, Refusal, Resync, encode
from generation.messages import JobChanged, JobProgress, LiveRedrawn

log = logging.getLogger(__name__)

ROSTER_INTERVAL_SECONDS = 15.0
EMPTY_KEPT_SECONDS = 30.0


class Room:
    """Everything here runs on the event loop; between awaits nothing else does."""

    def __init__(self, board_id: uuid.UUID) -> None:
        self.board_id = board_id
        self.closed = False
        self._scene = Scene()
        self._fanout = Fanout(self._scene, lambda changes: self._peers.send_changes(changes))
        self._snapshots = SceneSnapshots(self._scene)
        self._saver = Saver(board_id, self._on_committed, self._on_refused)
        self._board = BoardCache(self._fanout, self.catch_up)
        self._refreshes = RefreshQueue()
        self.live = LiveBoard(board_id, self._fanout, self._start, lambda: self.frozen)
        self._peers = Peers(
            board_id, self._scene, self._fanout, self._start, self._catch_up_soon, self._saver.add
        )
        self._access = RoomAccess(board_id, self._fanout, self._board, self.close, self._refresh_soon)
        self._catching_up = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty_since = time.monotonic()

    @property
    def clock(self) -> int:
        return self._scene.clock

    @property
    def frozen(self) -> bool:
        return self._board.frozen

    # --- opening and closing ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the scene and begin to listen. Raises BoardGone."""
        state = await in_thread(board_state.read, self.board_id)
        self._board.load(state)
        self._load(state)
        await self.live.refresh()
        for work in (
            self._listen(),
            clock_poller.follow(self.board_id, self._on_clock),
            access_watch.watch(Watched(self.board_id, self._access.principals, self._access.receive)),
            self._refreshes.run(),
            self._saver.run(),
            self._housekeep(),
        ):
            self._start(work)

    def close(self, code: int) -> None:
        """Close every session's socket and stop. The room is not used again."""
        self.closed = True
        self._fanout.stop()
        for session in self._fanout.sessions.values():
            session.close(code)
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_ended)

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Board %s: the room failed", self.board_id, exc_info=error)
            self.close(Close.RESTART)  # clients come back to a new room, read from Postgres

    async def _housekeep(self) -> None:
        """Every ROSTER_INTERVAL_SECONDS: announce this process, drop what is not used, look at the board again."""
        refreshed = time.monotonic()
        while not self.closed:
            await asyncio.sleep(ROSTER_INTERVAL_SECONDS)
            now = time.monotonic()
            self._peers.drop_silent()
            if self._fanout.sessions:
                self._peers.announce()
            self._snapshots.drop_unused()
            await self.live.renew()
            if now - refreshed > board_state.CHECK_INTERVAL_SECONDS:
                refreshed = now
                self._refresh_soon()
            idle = not self._fanout.sessions and self._saver.idle
            if idle and now - self._empty_since > EMPTY_KEPT_SECONDS:
                self.close(Close.RESTART)

    # --- joining and leaving ---------------------------------------------------------------------------

    async def join(
        self, session: RoomSession, since: int | None, board: BoardReading, asked_at: float
    ) -> None:
        """Welcome a session with the whole scene, or with what changed since the clock it has seen. Raises RoomClosed.

        asked_at: when its access was read, monotonic seconds. board: read with it.
        """
        if since is not None and since > self.clock:
            await self.catch_up()  # another process was faster
        snapshot = await self._snapshots.take(since, board.pruned_clock, deflate=session.deflate)
        if self.closed or snapshot.epoch != self._scene.epoch:
            raise RoomClosed("The board is read anew: come again.")
        # No await from here on: nothing may fall between the welcome and the next tick.
        self._access.receive_joining(frozen=board.frozen, asked_at=asked_at)
        packets = welcome.packets(
            session,
            None if snapshot.complete else since,
            snapshot,
            self._snapshots.newer_than(snapshot),
            self.clock,
            self._board,
            self.live,
            self._fanout.roster,
        )
        self._fanout.sessions[session.id] = session
        self._fanout.presence(session.id, session.entry())
        session.feed(packets, self.clock)
        session.show(self.live.picture)

    def leave(self, session: RoomSession) -> None:
        if self._fanout.sessions.pop(session.id, None) is not None:
            self._fanout.presence(session.id, None)
            self._empty_since = time.monotonic()
        self._saver.forget(session)
        self.live.session_left(session)
        session.disconnect()

    # --- from a session ---------------------------------------------------------------------------------

    def push(
        self, session: RoomSession, ref: str, elements: Iterable[Element], refused: list[Refusal]
    ) -> None:
        """Merge checked elements. The ack follows the commit, with what was refused before and here.

        Raises NotSaving.
        """
        self._saver.check()
        author_id = session.user.pk if session.user else None
        lost: list[Element] = []
        fingerprints: dict[str, Fingerprint] = {}
        for element in map(self._scene.affordable, elements):
            entry = Entry(element, author_id)
            try:
                result = self._scene.merge(entry)
            except BoardError as error:
                refused.append(Refusal(element.id, error.code, error.message))
                continue
            fingerprints[element.id] = element.fingerprint
            if result is MergeResult.LOST:
                lost.append(element)
                continue
            if result is MergeResult.TAKEN:
                self._fanout.element(entry, skip_session=session.id)
            self._saver.add(element, author_id)
        self._answer_lost(session, lost, author_id)
        self._saver.acknowledge(PendingAck(session, ref, refused, fingerprints))

    def split_already_stored(
        self, elements: Iterable[Element], refused: list[Refusal], error: BoardError
    ) -> list[Element]:
        """Split a push that must be refused: returns the elements that an earlier attempt stored, refuses the others.

        An uncommitted version of a refused element is sent once more, so that the client drops its own.
        """
        stored: list[Element] = []
        for element in elements:
            uncommitted = self._scene.uncommitted(element.id)
            if self._scene.has(element.id, element.fingerprint) and uncommitted is None:
                stored.append(element)
                continue
            refused.append(Refusal(element.id, error.code, error.message))
            if uncommitted is not None:
                self._fanout.element(uncommitted)
        return stored

    def _answer_lost(self, session: RoomSession, lost: list[Element], author_id: uuid.UUID | None) -> None:
        """Save the uncommitted versions that these lost to or are equal to (RM9); send the tombstones among them (RM11)."""
        for element in lost:
            # Another process sent it, and may have died before its commit.
            if (entry := self._scene.uncommitted(element.id)) is not None:
                is_same = entry.element.rank == element.rank
                self._saver.ensure(entry.element, entry.author_id or (author_id if is_same else None))
        # A client that got the scene without its tombstones does not know of them.
        tombstones = [body for element in lost if (body := self._scene.tombstone(element)) is not None]
        if tombstones:
            session.write(server_messages.patch(session.clock, tombstones))

    def set_presence(self, session: RoomSession, presence: Presence) -> None:
        self._fanout.presence(session.id, session.entry(presence))

    # --- saving ----------------------------------------------------------------------------------------

    async def _on_committed(self, batch: Batch, change: store.Change | None) -> None:
        if change is not None:
            await self._take_commit(batch, change)
        for ack in batch.acks:
            self._fanout.acknowledge(ack.session, ack.ref, ack.refused)

    async def _take_commit(self, batch: Batch, change: store.Change) -> None:
        """Take over a batch as it was stored: the store may have made newer versions of some elements."""
        for element in change.elements:
            self._take(Entry(element, batch.authors.get(element.id), change.clock))
        if change.clock == self.clock + 1 and {e.id for e in change.elements} == batch.elements.keys():
            self._scene.advance(change.clock)
        else:
            try:
                await self.catch_up()
            except UNAVAILABLE:
                self._catch_up_soon()
        if change.elements:
            self._peers.send_commit(change.clock, change.elements)

    def _take(self, entry: Entry, *, remote: bool = False) -> None:
        """Take over what is stored. remote: another process wrote it."""
        match self._scene.take(entry):
            case MergeResult.TAKEN:
                self._fanout.element(entry, remote=remote)
            case MergeResult.UNSETTLED:
                # Another content of the same rank is here: the store makes one of the two newer.
                here = self._scene.entry(entry.element.id)
                assert here is not None, "what was pruned is stored with a higher rank only"
                self._saver.add(here.element, here.author_id)

    async def _on_refused(self, batch: Batch, error: BoardError) -> None:
        """The store refused a batch: load what is stored, and send each push its refusals (RM12)."""
        try:
            state = await retry_until_available(
                lambda: in_thread(board_state.read_anew, self.board_id),
                f"Board {self.board_id}: not read yet",
            )
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self._load(state)
        for ack in batch.acks:
            self._send_refusal(ack, self._refusals(ack, error))
        self._resync()

    def _send_refusal(self, ack: PendingAck, refused: list[Refusal]) -> None:
        """Send the ack after the stored versions of the refused elements: the client may have replaced those by its own."""
        session, ids = ack.session, [each.id for each in refused]
        for chunk in protocol.chunks(self._scene.bodies(ids)):
            if chunk:
                session.write(server_messages.patch(session.clock, chunk))
        session.write(encode(server_messages.Ack(ref=ack.ref, clock=session.clock, refused=refused)))

    def _refusals(self, ack: PendingAck, error: BoardError) -> list[Refusal]:
        """The refusals of a push, without elements that an earlier attempt stored although its ack was lost."""
        gone = [i for i, fingerprint in ack.fingerprints.items() if not self._scene.has(i, fingerprint)]
        return ack.refused + [Refusal(i, error.code, error.message) for i in gone]

    # --- reading what is stored ------------------------------------------------------------------------

    def _load(self, state: BoardState) -> None:
        """Replace the scene by what is stored, and drop what was not sent. Sessions then need a `resync`."""
        assert state.pruned is not None, "it comes with the whole scene"
        self._scene.load(state.snapshot, state.pruned)
        self._board.set_fields(state)
        self._fanout.forget()
        self._peers.forget()

    def _resync(self) -> None:
        """Have sessions join again: a `resync` is the last message on their sockets. Merge again what waits to be saved."""
        for element, author_id in self._saver.pending():
            with suppress(BoardError):
                self._scene.merge(Entry(element, author_id))
        self._fanout.broadcast(encode(Resync()))

    async def catch_up(self) -> None:
        """Read what was committed past this room since its clock, and send it to the sessions."""
        async with self._catching_up:
            try:
                changes = await in_thread(store.changes_since, self.board_id, self.clock)
            except BoardGone:
                self.close(Close.NOT_FOUND)
                return
            if changes.pruned_clock > self.clock:
                # Another process sent something that the store then refused.
                epoch, state = self._scene.epoch, await in_thread(board_state.read, self.board_id)
                if self._scene.epoch == epoch:  # else it was loaded meanwhile, and a resync sent
                    self._load(state)
                    self._resync()
                return
            for clock, element in changes.elements:
                self._take(Entry(element, clock=clock), remote=True)
            self._scene.advance(changes.clock)

    def _catch_up_soon(self) -> None:
        self._refreshes.add("scene", self.catch_up)

    def _on_clock(self, clock: int) -> None:
        """The board is at this clock: read what is missing here, and save what no other process did (RM18, RM19)."""
        if clock > self.clock:
            self._catch_up_soon()
        for entry in self._peers.take_overdue():
            self._saver.ensure(entry.element, entry.author_id)

    async def _refresh(self) -> None:
        """Read all of the board again, whatever was announced or lost: clock, files, jobs, title, access."""
        sessions, access = dict(self._fanout.sessions), await self._access.read()
        try:
            state = await in_thread(board_state.read, self.board_id, self.clock)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self._access.apply(access)
        self._board.set_fields(state)
        if state.snapshot.clock > self.clock:
            await self.catch_up()
        await self._board.refresh(state)
        for session in sessions.values():
            update = BoardUpdate(
                title=self._board.title,
                frozen=self._board.frozen,
                background=self._board.background,
                role=session.role,
            )
            session.write(encode(update))
        await self.live.refresh()

    def _refresh_soon(self) -> None:
        self._refreshes.add("board", self._refresh)

    # --- from other processes --------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Receive what is announced about this board, for as long as the room is open."""
        async with peer_channel.subscribe(self.board_id) as receive:
            self._access.receive_change()  # it may have, before we listened
            self._peers.announce(ask=True)
            while True:
                self._receive(await receive())

    def _receive(self, message: PeerMessage) -> None:
        match message:
            case RoomTick():
                self._peers.receive(message)
            case ClockMoved(clock):
                self._on_clock(clock)
            case JobChanged(job_id):
                self._refreshes.add(job_id, partial(self._board.refresh_job, job_id))
            case JobProgress():
                self._board.receive_progress(message)
            case LiveChanged():
                self.live.receive(message)
            case LiveRedrawn():
                self.live.receive_picture(message)
            case FileAdded(files):
                self._board.add_files(files)
            case BoardChanged():
                self._access.receive_change()
