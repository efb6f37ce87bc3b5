"""The room: one per board and process. It merges what people push, tells everybody once per tick, and saves.

A push is merged into the scene in memory at once, reaches the other members with the next tick, and is
written to Postgres off the tick's path; its `ack` leaves only after that commit. `clock` is contiguous:
every change up to it is in `scene`, and has been sent to each member whose own clock says so.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Iterable
from typing import Any

import msgspec
from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError

from boards import bus, jobs, protocol, standing, store
from boards.element import VERSION_JUMP_MAX, Element
from boards.errors import BoardError, BoardFull, BoardGone
from boards.member import Member
from boards.protocol import Close
from boards.reconcile import takes_incoming
from boards.threads import in_thread

log = logging.getLogger(__name__)

TICK_MIN_SECONDS = 0.016
TICK_MAX_SECONDS = 0.050
FLUSH_SHARE = 0.25
"""The tick stretches so that sending takes at most this share of the time."""
SAVE_INTERVAL_SECONDS = 0.050
SAVE_RETRY_MAX_SECONDS = 5.0
ROSTER_INTERVAL_SECONDS = 15.0
ROSTER_KEPT_SECONDS = 45.0
EMPTY_KEPT_SECONDS = 30.0

UNAVAILABLE = (DatabaseError, InterfaceError, OSError, TimeoutError)


class Entry(msgspec.Struct):
    """An element in memory. clock is None until its version is committed."""

    element: Element
    clock: int | None


class Ack(msgspec.Struct):
    member: Member
    ref: str
    refused: list[dict[str, str]]


class Room:
    """Everything here runs on the event loop, between awaits nothing else does."""

    def __init__(self, board_id: uuid.UUID) -> None:
        self.board_id = board_id
        self.members: dict[str, Member] = {}
        self.scene: dict[str, Entry] = {}
        self.indexes: dict[str, str] = {}  # fractional index → element id, tombstones included
        self.live = 0
        self.clock = 0
        self.title = ""
        self.frozen = False
        self.files: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.presences: dict[str, bytes] = {}  # our members' entries
        self.others: dict[
            str, tuple[float, bytes]
        ] = {}  # members of other processes, with when they were heard of
        self.closed = False
        self._process = uuid.uuid4().hex[:12]
        self._fresh: dict[str, set[str]] = {}  # element id → sessions that know it, since the last tick
        self._fresh_users: dict[str, bytes | None] = {}
        self._foreign: set[str] = set()  # element ids and sessions in this tick that came from the bus
        self._unsaved: dict[str, Element] = {}
        self._acks: list[Ack] = []
        self._work = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None
        self._next_tick = 0.0
        self._healing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty_since = time.monotonic()

    # --- coming and going ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the scene and begin to listen. Raises BoardGone."""
        state = await in_thread(standing.read, self.board_id)
        self.title, self.frozen = state.title, state.frozen
        self.files, self.jobs = state.files, {job["id"]: job for job in state.jobs}
        for clock, element in state.snapshot.elements:
            self._put(element, clock)
        self.clock = state.snapshot.clock
        for work in (self._listen(), self._save_forever(), self._watch()):
            self._start(work)

    def join(self, member: Member, since: int | None) -> None:
        """Welcome a member: the whole scene, or what changed since the clock it has seen."""
        self.tick()
        complete = since is None or since > self.clock
        after = -1 if complete or since is None else since
        bodies = [
            entry.element.body
            for entry in self.scene.values()
            if (entry.clock is None or entry.clock > after) and not (complete and entry.element.is_deleted)
        ]
        first, *rest = protocol.chunks(bodies)
        welcome: dict[str, Any] = {
            "type": "welcome",
            "protocol": protocol.VERSION,
            "session": member.session,
            "you": member.who | {"role": member.role},
            "clock": self.clock if not rest else (since or 0),
            "complete": complete,
            "elements": [msgspec.Raw(body) for body in first],
            "files": self.files,
            "collaborators": {session: msgspec.Raw(entry) for session, entry in self._roster().items()},
            "jobs": list(self.jobs.values()),
            "limits": standing.LIMITS,
            "more": bool(rest),
        }
        member.write(protocol.encode(welcome))
        for chunk in rest:
            member.write(protocol.patch(since or 0, chunk))
        if rest:
            member.write(protocol.encode({"type": "synced", "clock": self.clock}))
        member.clock = self.clock
        self.members[member.session] = member
        self._set_presence(member, b"{}")

    def leave(self, member: Member) -> None:
        if self.members.pop(member.session, None) is not None:
            self.presences.pop(member.session, None)
            self._fresh_users[member.session] = None
            self._schedule_tick()
            self._empty_since = time.monotonic()

    def _roster(self) -> dict[str, bytes]:
        return self.presences | {session: entry for session, (_, entry) in self.others.items()}

    # --- from a member ---------------------------------------------------------------------------------

    def push(
        self, member: Member, ref: str, elements: Iterable[Element], refused: list[dict[str, str]]
    ) -> None:
        """Merge checked elements. The ack follows the commit, with what was refused before and here."""
        for element in elements:
            try:
                self._merge(element, member)
            except BoardError as error:
                refused.append({"id": element.id, "code": error.code, "message": error.message})
        self._acks.append(Ack(member, ref, refused))
        self._work.set()
        self._schedule_tick()

    def _merge(self, element: Element, member: Member) -> None:
        stored = self.scene.get(element.id)
        if stored is None and not element.is_deleted and self.live >= store.LIVE_ELEMENTS_MAX:
            raise BoardFull(f"The board is full: {store.LIVE_ELEMENTS_MAX} elements.")
        known_version = stored.element.version if stored else 0
        if element.version > known_version + VERSION_JUMP_MAX:
            raise BoardError(f"Version {element.version} is too far ahead of {known_version}.")
        if stored is not None and not takes_incoming(stored.element.rank, element.rank):
            return
        own = stored.element.index if stored else None
        if own is not None:
            self.indexes.pop(own, None)  # its own place does not stand in its way
        index = store.settle_index(element, own, self.indexes)
        knows = {member.session}
        if index != element.index:
            element, knows = element.moved_to(index), set()
        self._put(element, None)
        self._fresh[element.id] = knows
        self._unsaved[element.id] = element

    def _put(self, element: Element, clock: int | None) -> None:
        previous = self.scene.get(element.id)
        if previous is not None:
            self.live -= not previous.element.is_deleted
            if self.indexes.get(previous.element.index or "") == element.id:
                del self.indexes[previous.element.index or ""]
        self.live += not element.is_deleted
        self.indexes[element.index or ""] = element.id
        self.scene[element.id] = Entry(element, clock)

    def set_presence(self, member: Member, presence: protocol.Presence) -> None:
        body = msgspec.json.encode(presence)
        self._set_presence(
            member, body.replace(b'"type":"presence",', b"", 1).replace(b'"type":"presence"', b"", 1)
        )

    def _set_presence(self, member: Member, presence: bytes) -> None:
        entry = member.entry(presence)
        self.presences[member.session] = entry
        self._fresh_users[member.session] = entry
        self._schedule_tick()

    # --- the tick --------------------------------------------------------------------------------------

    def _schedule_tick(self) -> None:
        if self._ticking is None and not self.closed:
            self._ticking = self._start(self._tick_when_due())

    async def _tick_when_due(self) -> None:
        # The first update after a pause leaves at once; let what arrived together leave together.
        await asyncio.sleep(max(0.0, self._next_tick - time.monotonic()))
        self._ticking = None
        began = time.monotonic()
        self.tick()
        cost = time.monotonic() - began
        self._next_tick = began + min(TICK_MAX_SECONDS, max(TICK_MIN_SECONDS, cost / FLUSH_SHARE))
        if any(member.missed or member.missed_users for member in self.members.values()):
            self._schedule_tick()

    def tick(self) -> None:
        """Send everybody what is new, encoded once for all who know none of it."""
        fresh, self._fresh = self._fresh, {}
        users, self._fresh_users = self._fresh_users, {}
        foreign, self._foreign = self._foreign, set()
        frame_for_all = protocol.patch(self.clock, self._bodies(fresh)) if fresh else b""
        users_frame = protocol.presence(users) if users else b""
        authors = set().union(*fresh.values()) if fresh else set()
        for member in list(self.members.values()):
            if member.is_slow():
                member.missed.update(fresh)
                member.missed_users |= bool(users)
                continue
            if users_frame:
                member.write(users_frame if not member.missed_users else protocol.presence(self._roster()))
                member.missed_users = False
            if member.missed:
                unseen = member.missed | {i for i, knows in fresh.items() if member.session not in knows}
                member.missed = set()
                member.write(protocol.patch(self.clock, self._bodies(unseen)))
            elif member.session in authors:
                unseen = {i for i, knows in fresh.items() if member.session not in knows}
                if unseen:
                    member.write(protocol.patch(self.clock, self._bodies(unseen)))
            elif frame_for_all:
                member.write(frame_for_all)
            member.clock = self.clock
        self._tell_other_processes(fresh, users, foreign)

    def _bodies(self, ids: Iterable[str]) -> list[bytes]:
        return [self.scene[element_id].element.body for element_id in ids]

    def _tell_other_processes(
        self, fresh: dict[str, set[str]], users: dict[str, bytes | None], foreign: set[str]
    ) -> None:
        bodies = [msgspec.msgpack.encode(self.scene[i].element) for i in fresh if i not in foreign]
        ours = {session: entry for session, entry in users.items() if session not in foreign}
        if bodies or ours:
            message = {"type": "room.tick", "from": self._process, "elements": bodies, "users": ours}
            self._start(bus.publish(self.board_id, message))

    def broadcast(self, frame: bytes) -> None:
        for member in self.members.values():
            member.write(frame)

    # --- saving ----------------------------------------------------------------------------------------

    async def _save_forever(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._unsaved or self._acks:
                began = time.monotonic()
                await self._save()
                if self._unsaved:  # leave the database room, and let more arrive for one commit
                    await asyncio.sleep(SAVE_INTERVAL_SECONDS - (time.monotonic() - began))

    async def _save(self) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        acks, self._acks = self._acks, []
        if unsaved:
            try:
                change = await self._apply(unsaved)
            except BoardError as error:
                await self._take_back(unsaved, acks, error)
                return
            await self._committed(unsaved, change)
        self.tick()  # an ack's clock must not run ahead of what its receiver has been sent
        for ack in acks:
            clock = ack.member.clock if ack.member.missed else self.clock
            ack.member.write(protocol.ack(ack.ref, clock, ack.refused))

    async def _apply(self, unsaved: dict[str, Element]) -> store.Change:
        """Write until it is written: a database that is away comes back, and nothing is lost meanwhile."""
        wait = 0.1
        while True:
            try:
                return await in_thread(store.apply, self.board_id, list(unsaved.values()))
            except UNAVAILABLE as error:
                log.warning("Board %s: not saved yet: %s", self.board_id, error)
                await asyncio.sleep(wait)
                wait = min(SAVE_RETRY_MAX_SECONDS, wait * 2)
                # Two versions of one element must not wait in two places.
                unsaved |= self._unsaved
                self._unsaved = {}

    async def _committed(self, unsaved: dict[str, Element], change: store.Change) -> None:
        saved = {element.id: element.rank for element in change.elements}
        for element in change.elements:
            entry = self.scene[element.id]
            if entry.element.rank == element.rank:
                entry.clock = change.clock
            elif takes_incoming(entry.element.rank, element.rank):  # the store found it a free index
                self._put(element, change.clock)
                self._fresh[element.id] = set()
        if change.elements and change.clock == self.clock + 1 and saved.keys() == unsaved.keys():
            self.clock = change.clock
        else:
            await self.heal()
        if saved:
            message = {"type": "room.saved", "from": self._process, "clock": change.clock, "ranks": saved}
            self._start(bus.publish(self.board_id, message))

    async def _take_back(self, unsaved: dict[str, Element], acks: list[Ack], error: BoardError) -> None:
        """The board refused the whole write: say so, and start over from what is stored."""
        for ack in acks:
            refused = {item["id"]: item for item in ack.refused}
            refused |= {i: {"id": i, "code": error.code, "message": error.message} for i in unsaved}
            ack.member.write(protocol.ack(ack.ref, ack.member.clock, list(refused.values())))
        await self._reload()

    async def _reload(self) -> None:
        try:
            snapshot = await in_thread(store.snapshot, self.board_id)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self.scene, self.indexes, self.live, self._fresh = {}, {}, 0, {}
        for clock, element in snapshot.elements:
            self._put(element, clock)
        self.clock = snapshot.clock
        for element in self._unsaved.values():
            self._put(element, None)
        self.broadcast(protocol.encode({"type": "resync"}))

    async def heal(self) -> None:
        """Read what was committed past this room since its clock, and tell the members."""
        async with self._healing:
            changes = await in_thread(store.changes_since, self.board_id, self.clock)
            for clock, element in changes.elements:
                entry = self.scene.get(element.id)
                if entry is None or takes_incoming(entry.element.rank, element.rank):
                    self._put(element, clock)
                    self._fresh[element.id] = set()
                    self._foreign.add(element.id)
                elif entry.element.rank == element.rank:
                    entry.clock = clock
            self.clock = max(self.clock, changes.clock)
        self._schedule_tick()

    # --- from other processes --------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Hear what other processes say about this board, for as long as the room lives."""
        layer, wait = get_channel_layer(), 0.1
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(bus.group(self.board_id), channel)
                await self._look_again()  # what was said before we listened
                while True:
                    await self._hear(await layer.receive(channel))
                    wait = 0.1
            except (*bus.LOST, DatabaseError) as error:
                log.warning("Board %s: not listening: %s", self.board_id, error)
                await asyncio.sleep(wait)
                wait = min(5.0, wait * 2)

    async def _hear(self, message: dict[str, Any]) -> None:
        if message.get("from") == self._process:
            return
        match message["type"]:
            case "room.tick":
                self._hear_tick(message)
            case "room.saved":
                await self._hear_saved(message["clock"], message["ranks"])
            case "clock.moved":
                if message["clock"] > self.clock:
                    await self.heal()
            case "job.changed":
                await self._hear_job(message["job"])
            case "job.progress":
                self._hear_progress(message)
            case "file.added":
                self._hear_file(message["files"])
            case "board.changed":
                await self._look_again()

    def _hear_tick(self, message: dict[str, Any]) -> None:
        for body in message["elements"]:
            element = msgspec.msgpack.decode(body, type=Element)
            entry = self.scene.get(element.id)
            if entry is None or takes_incoming(entry.element.rank, element.rank):
                self._put(element, None)
                self._fresh[element.id] = set()
                self._foreign.add(element.id)
        for session, entry_bytes in message["users"].items():
            if entry_bytes is None:
                self.others.pop(session, None)
            else:
                self.others[session] = (time.monotonic(), entry_bytes)
            self._fresh_users[session] = entry_bytes
            self._foreign.add(session)
        self._schedule_tick()

    async def _hear_saved(self, clock: int, ranks: dict[str, list[int]]) -> None:
        entries = {element_id: self.scene.get(element_id) for element_id in ranks}
        have_all = all(entry and entry.element.rank >= tuple(ranks[i]) for i, entry in entries.items())
        if clock == self.clock + 1 and have_all:
            for element_id, entry in entries.items():
                if entry and entry.element.rank == tuple(ranks[element_id]):
                    entry.clock = clock
            self.clock = clock
        elif clock > self.clock:
            await self.heal()

    async def _hear_job(self, job_id: str) -> None:
        job = await in_thread(jobs.describe_by_id, job_id)
        if job is None:
            self.jobs.pop(job_id, None)
            return
        if job["status"] == "succeeded":
            await self.heal()
            self.tick()
        previous = self.jobs.get(job_id, {})
        if jobs.is_shown(job):
            # Progress is newer here than in the row, which is written less often.
            self.jobs[job_id] = job | {"preview_url": previous.get("preview_url")}
        else:
            self.jobs.pop(job_id, None)
        self.broadcast(protocol.encode({"type": "job", "job": job}))

    def _hear_progress(self, message: dict[str, Any]) -> None:
        progress = {"step": message["step"], "steps": message["steps"]}
        if message.get("preview"):
            progress["preview_url"] = jobs.preview_url(message["preview"])
        job = self.jobs.get(message["job"])
        if job is not None:
            job.update(progress)
        frame = protocol.encode({"type": "progress", "job": message["job"], "preview_url": None} | progress)
        for member in self.members.values():
            if not member.is_slow():  # lossy: the next step says more
                member.write(frame)

    def _hear_file(self, files: dict[str, dict[str, Any]]) -> None:
        self.files |= files
        self.broadcast(protocol.encode({"type": "file", "files": files}))

    async def _look_again(self) -> None:
        """Whatever the board says now: its clock, who may be here, its title, files and jobs."""
        try:
            state = await in_thread(standing.read, self.board_id, self.clock)
            keys = {session: member.key for session, member in self.members.items()}
            roles = await in_thread(standing.roles, self.board_id, keys)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self.title, self.frozen = state.title, state.frozen
        if state.snapshot.clock > self.clock:
            await self.heal()
        if new := {file_id: file for file_id, file in state.files.items() if file_id not in self.files}:
            self._hear_file(new)
        for member in list(self.members.values()):
            role = roles.get(member.session, member.role)  # who came meanwhile was asked at the door
            if role is None:
                member.close(Close.FORBIDDEN)
                continue
            member.role = role
            fields = {"type": "board", "title": state.title, "frozen": state.frozen, "role": role}
            member.write(protocol.encode(fields))

    # --- housekeeping ----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Now and then: look who may still be here, repeat our roster, forget silent processes, close."""
        looked = time.monotonic()
        while not self.closed:
            await asyncio.sleep(ROSTER_INTERVAL_SECONDS)
            now = time.monotonic()
            for session, (heard, _) in list(self.others.items()):
                if now - heard > ROSTER_KEPT_SECONDS:
                    del self.others[session]
                    self._fresh_users[session] = None
                    self._foreign.add(session)
            self._fresh_users |= self.presences
            self._schedule_tick()
            if now - looked > standing.CHECK_INTERVAL_SECONDS:
                looked = now
                try:
                    await self._look_again()
                except UNAVAILABLE as error:
                    log.warning("Board %s: could not look again: %s", self.board_id, error)
            idle = not self.members and not self._unsaved and not self._acks
            if idle and now - self._empty_since > EMPTY_KEPT_SECONDS:
                self.close(Close.RESTART)

    def close(self, code: int) -> None:
        """Send everybody away and stop. The room is not used again."""
        self.closed = True
        for member in self.members.values():
            member.close(code)
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Board %s: the room failed", self.board_id, exc_info=error)
            self.close(Close.RESTART)  # everybody comes back to a new room, read from Postgres


_rooms: dict[uuid.UUID, asyncio.Future[Room]] = {}


async def room_of(board_id: uuid.UUID) -> Room:
    """The board's room in this process, opened if need be. Raises BoardGone."""
    opening = _rooms.get(board_id)
    if opening is not None and opening.done() and (opening.exception() or opening.result().closed):
        opening = None
    if opening is None:
        opening = _rooms[board_id] = asyncio.ensure_future(_open(board_id))
        for other, done in list(_rooms.items()):
            if done.done() and not done.exception() and done.result().closed:
                del _rooms[other]
    return await asyncio.shield(opening)


async def _open(board_id: uuid.UUID) -> Room:
    room = Room(board_id)
    await room.open()
    return room
