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
from typing import Any

import msgspec
from channels.layers import get_channel_layer
from django.db import DatabaseError

from boards import bus, jobs, protocol, standing, store
from boards.element import Element
from boards.errors import BoardError, BoardGone
from boards.fanout import Fanout, News
from boards.member import Member
from boards.protocol import Close
from boards.saver import UNAVAILABLE, Ack, Batch, Saver
from boards.scene import Scene
from boards.threads import in_thread

log = logging.getLogger(__name__)

ROSTER_INTERVAL_SECONDS = 15.0
ROSTER_KEPT_SECONDS = 45.0
"""Other processes repeat who is with them; one that is silent for so long has died."""
EMPTY_KEPT_SECONDS = 30.0


class Room:
    """Everything here runs on the event loop; between awaits nothing else does."""

    def __init__(self, board_id: uuid.UUID) -> None:
        self.board_id = board_id
        self.title = ""
        self.frozen = False
        self.closed = False
        self._scene = Scene()
        self._fanout = Fanout(self._scene, self._publish)
        self._saver = Saver(board_id, self._committed, self._refused)
        self._files: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._heard: dict[str, float] = {}  # session in another process → when it was last told of
        self._took_back = False  # something was told to members that the store then refused
        self._process = uuid.uuid4().hex[:12]
        self._healing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty_since = time.monotonic()

    @property
    def clock(self) -> int:
        return self._fanout.clock

    # --- coming and going ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the scene and begin to listen. Raises BoardGone."""
        state = await in_thread(standing.read, self.board_id)
        self.title, self.frozen = state.title, state.frozen
        self._files, self._jobs = state.files, {job["id"]: job for job in state.jobs}
        for clock, element in state.snapshot.elements:
            self._scene.take(element, clock)
        self._fanout.clock = state.snapshot.clock
        for work in (self._listen(), self._saver.run(), self._watch()):
            self._start(work)

    def join(self, member: Member, since: int | None) -> None:
        """Welcome a member: the whole scene, or what changed since the clock it has seen."""
        self._fanout.tick()
        if since is not None and (since > self.clock or self._took_back):
            since = None  # it has seen what is not, or not any more: start over
        bodies = self._scene.live() if since is None else self._scene.since(since)
        first, *rest = protocol.chunks(list(bodies))
        welcome: dict[str, Any] = {
            "type": "welcome",
            "protocol": protocol.VERSION,
            "session": member.session,
            "you": member.who | {"role": member.role},
            "clock": (since or 0) if rest else self.clock,
            "complete": since is None,
            "elements": [msgspec.Raw(body) for body in first],
            "files": self._files,
            "collaborators": {s: msgspec.Raw(entry) for s, entry in self._fanout.roster.items()},
            "jobs": list(self._jobs.values()),
            "limits": standing.LIMITS,
            "more": bool(rest),
        }
        member.write(protocol.encode(welcome))
        for chunk in rest:
            member.write(protocol.patch(since or 0, chunk))
        if rest:
            member.write(protocol.encode({"type": "synced", "clock": self.clock}))
        member.clock = self.clock
        self._fanout.members[member.session] = member
        self._fanout.user(member.session, member.entry())

    def leave(self, member: Member) -> None:
        if self._fanout.members.pop(member.session, None) is not None:
            self._fanout.user(member.session, None)
            self._empty_since = time.monotonic()

    # --- from a member ---------------------------------------------------------------------------------

    def push(
        self, member: Member, ref: str, elements: Iterable[Element], refused: list[dict[str, str]]
    ) -> None:
        """Merge checked elements. The ack follows the commit, with what was refused before and here."""
        for element in elements:
            try:
                merged = self._scene.merge(element)
            except BoardError as error:
                refused.append({"id": element.id, "code": error.code, "message": error.message})
                continue
            if merged is not None:
                self._fanout.element(merged.id, [member.session] if merged is element else [])
                self._saver.add(merged)
        self._saver.acknowledge(Ack(member, ref, refused))

    def set_presence(self, member: Member, presence: protocol.Presence) -> None:
        self._fanout.user(member.session, member.entry(protocol.presence_fields(presence)))

    # --- saving ----------------------------------------------------------------------------------------

    async def _committed(self, batch: Batch, change: store.Change | None) -> None:
        if change is not None:
            await self._adopt(batch, change)
        self._fanout.tick()  # an ack's clock must not run ahead of what its receiver has been sent
        for member, ref, refused in batch.acks:
            member.write(protocol.ack(ref, member.clock if member.missed else self.clock, refused))

    async def _adopt(self, batch: Batch, change: store.Change) -> None:
        """Take over how the store kept a batch."""
        for element in change.elements:
            if self._scene.take(element, change.clock):  # the store found it a free index
                self._fanout.element(element.id)
        ranks = {element.id: element.rank for element in change.elements}
        if change.clock == self.clock + 1 and ranks.keys() == batch.elements.keys():
            self._fanout.clock = change.clock
        else:
            await self.heal()
        if ranks:
            self._tell({"type": "room.saved", "clock": change.clock, "ranks": ranks})

    async def _refused(self, batch: Batch, error: BoardError) -> None:
        """The board took nothing of a batch: say so, and start over from what is stored."""
        for member, ref, refused in batch.acks:
            reasons = {item["id"]: item for item in refused}
            reasons |= {i: {"id": i, "code": error.code, "message": error.message} for i in batch.elements}
            member.write(protocol.ack(ref, member.clock, list(reasons.values())))
        try:
            snapshot = await in_thread(store.snapshot, self.board_id)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self._took_back = True
        self._scene.clear()
        self._fanout.forget()
        for clock, element in snapshot.elements:
            self._scene.take(element, clock)
        for element in self._saver.pending():
            self._scene.take(element, None)
        self._fanout.clock = snapshot.clock
        self._fanout.broadcast(protocol.encode({"type": "resync"}))

    async def heal(self) -> None:
        """Read what was committed past this room since its clock, and tell the members."""
        async with self._healing:
            changes = await in_thread(store.changes_since, self.board_id, self.clock)
            for clock, element in changes.elements:
                if self._scene.take(element, clock):
                    self._fanout.element(element.id, foreign=True)
            self._fanout.clock = max(self.clock, changes.clock)

    # --- between processes -----------------------------------------------------------------------------

    def _publish(self, news: News) -> None:
        bodies = [msgspec.msgpack.encode(element) for element in news.elements]
        self._tell({"type": "room.tick", "elements": bodies, "users": news.users})

    def _tell(self, message: dict[str, Any]) -> None:
        self._start(bus.publish(self.board_id, message | {"from": self._process}))

    async def _listen(self) -> None:
        """Hear what others say about this board, for as long as the room lives."""
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
                self._hear_tick(message["elements"], message["users"])
            case "room.saved":
                await self._hear_saved(message["clock"], message["ranks"])
            case "clock.moved" if message["clock"] > self.clock:
                await self.heal()
            case "job.changed":
                await self._hear_job(message["job"])
            case "job.progress":
                self._hear_progress(message)
            case "file.added":
                self._hear_files(message["files"])
            case "board.changed":
                await self._look_again()

    def _hear_tick(self, bodies: list[bytes], users: dict[str, bytes | None]) -> None:
        for body in bodies:
            element = msgspec.msgpack.decode(body, type=Element)
            if self._scene.take(element, None):
                self._fanout.element(element.id, foreign=True)
        for session, entry in users.items():
            if entry is None:
                self._heard.pop(session, None)
            else:
                self._heard[session] = time.monotonic()
            self._fanout.user(session, entry, foreign=True)

    async def _hear_saved(self, clock: int, ranks: dict[str, list[int]]) -> None:
        known = {element_id: (rank[0], rank[1]) for element_id, rank in ranks.items()}
        if clock == self.clock + 1 and all(self._scene.has(i, rank) for i, rank in known.items()):
            self._scene.committed(known, clock)
            self._fanout.clock = clock
        elif clock > self.clock:
            await self.heal()

    async def _hear_job(self, job_id: str) -> None:
        job = await in_thread(jobs.describe_by_id, job_id)
        if job is None:
            self._jobs.pop(job_id, None)
            return
        if job["status"] == "succeeded":
            await self.heal()
            self._fanout.tick()  # the picture first, then the word that it is there
        if jobs.is_shown(job):
            preview = self._jobs.get(job_id, {}).get("preview_url")  # the row knows none
            self._jobs[job_id] = job | {"preview_url": preview}
        else:
            self._jobs.pop(job_id, None)
        self._fanout.broadcast(protocol.encode({"type": "job", "job": job}))

    def _hear_progress(self, message: dict[str, Any]) -> None:
        progress = {"step": message["step"], "steps": message["steps"]}
        if message.get("preview"):
            progress["preview_url"] = jobs.preview_url(message["preview"])
        if message["job"] in self._jobs:
            self._jobs[message["job"]].update(progress)
        frame = {"type": "progress", "job": message["job"], "preview_url": None} | progress
        self._fanout.broadcast(protocol.encode(frame), lossy=True)

    def _hear_files(self, files: dict[str, dict[str, Any]]) -> None:
        self._files |= files
        self._fanout.broadcast(protocol.encode({"type": "file", "files": files}))

    async def _look_again(self) -> None:
        """Read how the board stands now, whatever was said and lost: clock, files, jobs, title, who may be here."""
        members = dict(self._fanout.members)
        try:
            state = await in_thread(standing.read, self.board_id, self.clock)
            keys = {session: member.key for session, member in members.items()}
            roles = await in_thread(standing.roles, self.board_id, keys)
        except BoardGone:
            self.close(Close.NOT_FOUND)
            return
        self.title, self.frozen = state.title, state.frozen
        if state.snapshot.clock > self.clock:
            await self.heal()
        if new := {file_id: file for file_id, file in state.files.items() if file_id not in self._files}:
            self._hear_files(new)
        now = {job["id"]: job["status"] for job in state.jobs}
        before = {job_id: job["status"] for job_id, job in self._jobs.items()}
        for job_id in {job_id for job_id, _ in now.items() ^ before.items()}:
            await self._hear_job(job_id)
        for session, member in members.items():
            role = roles[session]
            if role is None:
                member.close(Close.FORBIDDEN)
                continue
            member.role = role
            fields = {"type": "board", "title": self.title, "frozen": self.frozen, "role": role}
            member.write(protocol.encode(fields))

    # --- housekeeping ----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Now and then: repeat our roster, forget silent processes, look who may still be here, close."""
        looked = time.monotonic()
        while not self.closed:
            await asyncio.sleep(ROSTER_INTERVAL_SECONDS)
            now = time.monotonic()
            for session, heard in list(self._heard.items()):
                if now - heard > ROSTER_KEPT_SECONDS:
                    del self._heard[session]
                    self._fanout.user(session, None, foreign=True)
            ours = {s: e for s, e in self._fanout.roster.items() if s in self._fanout.members}
            if ours:
                self._publish(News([], dict(ours)))
            if now - looked > standing.CHECK_INTERVAL_SECONDS:
                looked = now
                try:
                    await self._look_again()
                except UNAVAILABLE as error:
                    log.warning("Board %s: could not look again: %s", self.board_id, error)
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


_rooms: dict[uuid.UUID, "asyncio.Future[Room]"] = {}


async def room_of(board_id: uuid.UUID) -> Room:
    """The board's room in this process, opened if need be. Raises BoardGone."""
    for other, opening in list(_rooms.items()):
        if opening.done() and (opening.exception() is not None or opening.result().closed):
            del _rooms[other]
    if board_id not in _rooms:
        _rooms[board_id] = asyncio.ensure_future(_open(board_id))
    return await asyncio.shield(_rooms[board_id])


async def _open(board_id: uuid.UUID) -> Room:
    room = Room(board_id)
    await room.open()
    return room
