"""The room: one per board and process. It joins the scene in memory, its saver and its fan-out, and hears
what other processes say.

A push is merged at once, reaches the other members with the next tick, and is written to Postgres off the
tick's path; its `ack` leaves only after that commit. `clock` is contiguous: every change up to it is in the
scene, and has been sent to each member whose own clock says so.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from boards.database.threads import in_thread
from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.errors import BoardError, BoardGone, RoomClosed
from boards.principal import Principal
from boards.room import access_watch, board_state, clock_poller, peer_channel
from boards.room.access_watch import Watched
from boards.room.board_cache import BoardCache
from boards.room.board_state import Present
from boards.room.fanout import Fanout, News
from boards.room.live import LiveBoard
from boards.room.peers import Neighbours
from boards.room.refresh_queue import Errands
from boards.room.saver import UNAVAILABLE, Ack, Batch, Saver, patiently
from boards.room.scene import Fate, Scene
from boards.room.scene_snapshot import Arrivals, Picture
from boards.room.session import Member
from boards.wire import protocol, server_messages
from boards.wire.client_messages import Presence
from boards.wire.frames import Packet
from boards.wire.peer_messages import (
    BoardChanged,
    ClockMoved,
    FileAdded,
    LiveChanged,
    PeerMessage,
    RoomTick,
)
from boards.wire.protocol import Close
from boards.wire.server_messages import (
    BoardUpdate,
    Collaborator,
    Refusal,
    Resync,
    Synced,
    Welcome,
    You,
    encode,
    encoded,
)
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
        self._fanout = Fanout(self._scene, self._publish)
        self._arrivals = Arrivals(self._scene)
        self._saver = Saver(board_id, self._committed, self._refused)
        self._errands = Errands()
        self._board = BoardCache(self._fanout, self.heal)
        self.live = LiveBoard(board_id, self._fanout, self._start, lambda: self._board.frozen)
        self._others = Neighbours(
            board_id, self._scene, self._fanout, self._start, self._heal_soon, self._saver.add
        )
        self._begun = 0  # how often the scene was read anew
        self._pruned_clock = 0  # of the board, when the scene was last read anew
        self._changed_at = 0.0  # when somebody's access may have changed
        self._healing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty_since = time.monotonic()

    @property
    def clock(self) -> int:
        return self._fanout.clock

    @property
    def frozen(self) -> bool:
        return self._board.frozen

    # --- coming and going ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the scene and begin to listen. Raises BoardGone."""
        state = await in_thread(board_state.read, self.board_id)
        self._board.load(state)
        self._begin(state)
        await self.live.look()
        following = clock_poller.follow(self.board_id, self._head_is)
        watching = access_watch.watch(Watched(self.board_id, self._principals, self._hear_present))
        for work in (
            self._listen(),
            following,
            watching,
            self._errands.run(),
            self._saver.run(),
            self._watch(),
        ):
            self._start(work)

    async def join(self, member: Member, since: int | None, pruned_clock: int, asked_at: float) -> None:
        """Welcome a member: the whole scene, or what changed since the clock it has seen. Raises RoomClosed.

        asked_at: when it was asked what the member may do here, monotonic seconds. pruned_clock: of the board, then.
        """
        if since is not None and since > self.clock:
            await self.heal()  # another process was faster
        if since is not None and not max(pruned_clock, self._pruned_clock) <= since <= self.clock:
            since = None  # it may have seen what is no more and cannot be told so: start over
        begun, cut = self._begun, self.clock
        if since is None:
            picture = await self._arrivals.picture(deflate=member.deflate)
        else:
            picture = Picture(list(self._scene.since(since)))
            if member.deflate:
                await picture.packed()
        if self.closed or (since is not None and self._begun != begun):
            raise RoomClosed("The board is read anew: come again.")
        # From here on nothing waits, so that nothing falls between the welcome and the next tick.
        if since is None:
            later = self._scene.changed()
        else:
            later = list(self._scene.since(cut)) if picture.took_long else []
        pack = Packet.deflated if member.deflate else Packet.of
        rest = picture.rest(deflate=member.deflate)
        if later:
            rest = rest + [pack(server_messages.patch(0, chunk)) for chunk in protocol.chunks(later)]
        welcome = Welcome(
            protocol=protocol.VERSION,
            session=member.session,
            you=You(member.who.id, member.who.name, member.who.color, member.role),
            clock=(since or 0) if rest else self.clock,
            complete=since is None,
            more=bool(rest),
            background=self._board.background,
            limits=board_state.LIMITS,
            live=self.live.described,
            files=self._board.files,
            collaborators=encoded(self._fanout.roster, Collaborator),
            jobs=list(self._board.jobs.values()),
            elements=[],
        )
        head = server_messages.welcome_head(welcome)
        packets = [picture.welcome(head, deflate=member.deflate), *rest]
        if rest:
            packets.append(Packet.of(encode(Synced(clock=self.clock))))
        self._fanout.members[member.session] = member
        self._fanout.user(member.session, member.entry())
        member.feed(packets, self.clock)
        member.show(self.live.picture)
        if asked_at <= self._changed_at:
            self._look_soon()  # the answer may be older than the change

    def leave(self, member: Member) -> None:
        if self._fanout.members.pop(member.session, None) is not None:
            self._fanout.user(member.session, None)
            self._empty_since = time.monotonic()
        self._saver.forget(member)
        self.live.left(member)
        member.end()

    # --- from a member ---------------------------------------------------------------------------------

    def push(self, member: Member, ref: str, elements: Iterable[Element], refused: list[Refusal]) -> None:
        """Merge checked elements. The ack follows the commit, with what was refused before and here.

        Raises NotSaving.
        """
        self._saver.check()
        author_id = member.user.pk if member.user else None
        lost: list[Element] = []
        stamps: dict[str, Fingerprint] = {}
        for element in map(self._scene.affordable, elements):
            try:
                fate = self._scene.merge(element)
            except BoardError as error:
                refused.append(Refusal(element.id, error.code, error.message))
                continue
            stamps[element.id] = element.fingerprint
            if fate is Fate.LOST:
                lost.append(element)
                continue
            if fate is Fate.TAKEN:
                self._fanout.element(element.id, [member.session])
            self._saver.add(element, author_id)
        self._answer_lost(member, lost, author_id)
        self._saver.acknowledge(Ack(member, ref, refused, stamps))

    def sift(self, elements: Iterable[Element], refused: list[Refusal], error: BoardError) -> list[Element]:
        """What of a push that may not come in is stored already, because an earlier attempt got through.

        The rest is refused. What of that is on its way to be stored is told once more: the page lets go of it.
        """
        stored: list[Element] = []
        for element in elements:
            on_its_way = self._scene.uncommitted(element.id) is not None
            if self._scene.has(element.id, element.fingerprint) and not on_its_way:
                stored.append(element)
                continue
            refused.append(Refusal(element.id, error.code, error.message))
            if on_its_way:
                self._fanout.element(element.id)
        return stored

    def _answer_lost(self, member: Member, lost: list[Element], author_id: uuid.UUID | None) -> None:
        """See to it that what beat these, or is one of these, gets stored, and tell of deletions."""
        for element in lost:
            # Another process told of it, and may have died before its commit.
            if (standing_now := self._scene.uncommitted(element.id)) is not None:
                self._saver.ensure(standing_now, author_id if standing_now.rank == element.rank else None)
        # Whoever got the scene without its tombstones does not know of them.
        tombstones = [body for element in lost if (body := self._scene.tombstone(element)) is not None]
        if tombstones:
            member.write(server_messages.patch(member.clock, tombstones))

    def set_presence(self, member: Member, presence: Presence) -> None:
        self._fanout.user(member.session, member.entry(presence))

    # --- saving ----------------------------------------------------------------------------------------

    async def _committed(self, batch: Batch, change: store.Change | None) -> None:
        if change is not None:
            await self._adopt(batch, change)
        for ack in batch.acks:
            self._fanout.acknowledge(ack.member, ack.ref, ack.refused)

    async def _adopt(self, batch: Batch, change: store.Change) -> None:
        """Take over how the store kept a batch."""
        for element in change.elements:
            self._take(element, change.clock)  # the store may have made it a version of its own
        if change.clock == self.clock + 1 and {e.id for e in change.elements} == batch.elements.keys():
            self._fanout.clock = change.clock
        else:
            try:
                await self.heal()
            except UNAVAILABLE:
                self._heal_soon()
        if change.elements:
            self._others.committed(change.clock, change.elements)

    def _take(self, element: Element, clock: int, *, foreign: bool = False) -> None:
        """Take over what is stored. foreign: another process wrote it."""
        match self._scene.take(element, clock):
            case Fate.TAKEN:
                self._fanout.element(element.id, foreign=foreign)
            case (
                Fate.UNSETTLED
            ):  # here is another of the same rank: the store shall make one of the two newer
                (held,) = self._scene.elements([element.id])
                self._saver.add(held, None)

    async def _refused(self, batch: Batch, error: BoardError) -> None:
        """The board took nothing of a batch: start over from what is stored, and say what was refused."""
        try:
            state = await patiently(lambda: in_thread(board_state.read_anew, self.board_id))
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self._start_over(state)
        for ack in batch.acks:
            self._say_refused(ack, self._reasons(ack, error))
        self._call_back()

    def _say_refused(self, ack: Ack, refused: list[Refusal]) -> None:
        """With what is stored instead: the push may have overtaken it on its way to its author."""
        member, ids = ack.member, [each.id for each in refused]
        for chunk in protocol.chunks(self._scene.bodies(ids)):
            if chunk:
                member.write(server_messages.patch(member.clock, chunk))
        answer = server_messages.Ack(ref=ack.ref, clock=member.clock, refused=refused)
        member.write(encode(answer))

    def _reasons(self, ack: Ack, error: BoardError) -> list[Refusal]:
        """Why which elements of a push are not stored: an earlier attempt may have been, though its answer was lost."""
        gone = [i for i, stamp in ack.stamps.items() if not self._scene.has(i, stamp)]
        return ack.refused + [Refusal(i, error.code, error.message) for i in gone]

    def _start_over(self, state: board_state.Standing) -> None:
        """Drop what was told and is not stored. Everybody is to be called back after that."""
        self._scene.clear()
        self._arrivals.forget()
        self._fanout.forget()
        self._others.forget()
        self._begin(state)

    def _call_back(self) -> None:
        """Let everybody come in anew: the last thing that they hear on this line."""
        for element in self._saver.pending():
            with suppress(BoardError):
                self._scene.merge(element)
        self._fanout.broadcast(encode(Resync()))

    def _begin(self, state: board_state.Standing) -> None:
        """Take over the whole scene as it is stored."""
        assert state.pruned is not None, "it comes with the whole scene"
        self._board.set_fields(state)
        self._begun += 1
        self._pruned_clock = state.pruned.clock
        self._scene.bury(state.pruned.ranks)
        for clock, element in state.snapshot.elements:
            self._scene.take(element, clock)
        self._fanout.clock = state.snapshot.clock

    async def heal(self) -> None:
        """Read what was committed past this room since its clock, and tell the members."""
        async with self._healing:
            try:
                changes = await in_thread(store.changes_since, self.board_id, self.clock)
            except BoardGone:
                self.close(Close.NOT_FOUND)
                return
            if (
                changes.pruned_clock > self.clock
            ):  # another process told something that the store then refused
                self._start_over(await in_thread(board_state.read, self.board_id))
                self._call_back()
                return
            for clock, element in changes.elements:
                self._take(element, clock, foreign=True)
            self._fanout.clock = max(self.clock, changes.clock)

    # --- between processes -----------------------------------------------------------------------------

    def _publish(self, news: News) -> None:
        elements = {e.id: (e, self._saver.author_of(e.id)) for e in news.elements}
        self._others.tell(elements, news.users)

    async def _listen(self) -> None:
        """Hear what others say about this board, for as long as the room lives."""
        async with peer_channel.listening(self.board_id) as receive:
            self._access_changed()  # it may have, before we listened
            self._others.greet(ask=True)
            while True:
                self._hear(await receive())

    def _hear(self, message: PeerMessage) -> None:
        match message:
            case RoomTick():
                self._others.hear(message)
            case ClockMoved(clock):
                self._head_is(clock)
            case JobChanged(job_id):
                self._errands.want(job_id, partial(self._board.refresh_job, job_id))
            case JobProgress():
                self._board.receive_progress(message)
            case LiveChanged():
                self.live.hear(message)
            case LiveRedrawn():
                self.live.hear_picture(message)
            case FileAdded(files):
                self._board.add_files(files)
            case BoardChanged():
                self._access_changed()

    def _head_is(self, clock: int) -> None:
        """So far the board is: read what is missing here, and store what nobody else did."""
        if clock > self.clock:
            self._heal_soon()
        for element, author_id in self._others.orphans():
            self._saver.ensure(element, author_id)

    def _heal_soon(self) -> None:
        self._errands.want("scene", self.heal)

    def _access_changed(self) -> None:
        """Look at those who are here; those whom it meets on their way in are looked at when they are."""
        self._changed_at = time.monotonic()
        self._look_soon()

    def _look_soon(self) -> None:
        self._errands.want("standing", self._look_again)

    async def _look_again(self) -> None:
        """Read how the board stands now, whatever was said and lost: clock, files, jobs, title, who may be here."""
        members, principals = dict(self._fanout.members), self._principals()
        present = await in_thread(board_state.present, {self.board_id: principals})
        try:
            state = await in_thread(board_state.read, self.board_id, self.clock)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self._take_over(present.get(self.board_id))
        self._board.set_fields(state)
        if state.snapshot.clock > self.clock:
            await self.heal()
        await self._board.refresh(state)
        for member in members.values():
            update = BoardUpdate(
                title=self._board.title,
                frozen=self._board.frozen,
                background=self._board.background,
                role=member.role,
            )
            member.write(encode(update))
        await self.live.look()

    def _principals(self) -> dict[str, Principal]:
        return {session: member.principal for session, member in self._fanout.members.items()}

    def _hear_present(self, present: Present | None, asked_at: float) -> None:
        """Who may be here, as it was when it was asked: what has changed since is being read already."""
        if asked_at > self._changed_at and self._take_over(present):
            self._look_soon()  # everybody is told, and what is redrawn live may have to end

    def _take_over(self, present: Present | None) -> bool:
        """Send away those who may not be here any more. Whether something changed for those who stay."""
        if present is None:
            self.close(Close.NOT_FOUND)
            return False
        changed = present.frozen != self._board.frozen
        self._board.frozen = present.frozen
        for session, stay in present.people.items():
            member = self._fanout.members.get(session)
            if member is None:
                continue
            if isinstance(stay, Close):
                member.close(stay)
                continue
            changed = changed or stay.role != member.role
            member.role, member.principal = stay
        return changed

    # --- housekeeping ----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Now and then: repeat our roster, forget silent processes, look who may still be here, close."""
        looked = time.monotonic()
        while not self.closed:
            await asyncio.sleep(ROSTER_INTERVAL_SECONDS)
            now = time.monotonic()
            self._others.tidy()
            if self._fanout.members:
                self._others.greet()
            self._arrivals.tidy()
            await self.live.tidy()
            if now - looked > board_state.CHECK_INTERVAL_SECONDS:
                looked = now
                self._look_soon()
            idle = not self._fanout.members and self._saver.idle
            if idle and now - self._empty_since > EMPTY_KEPT_SECONDS:
                self.close(Close.RESTART)

    def close(self, code: int) -> None:
        """Send everybody away and stop. The room is not used again."""
        self.closed = True
        self._fanout.stop()
        for member in self._fanout.members.values():
            member.close(code)
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Board %s: the room failed", self.board_id, exc_info=error)
            self.close(Close.RESTART)  # everybody comes back to a new room, read from Postgres
