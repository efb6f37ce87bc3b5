"""Live redraw in a room: frames from the host's browser to a worker, pictures from the worker to every session.

Rules L1… in docs/live.md. Nothing here waits on the event loop: Redis is called on threads of its own, and the only
timer runs while a frame waits for its picture.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import redis

from boards import access, announce
from boards.access import Act
from boards.errors import BoardError
from boards.room import live_slot
from boards.room.fanout import Fanout
from boards.room.session import RoomSession
from boards.wire import server_messages
from boards.wire.frames import Packet
from boards.wire.peer_messages import LiveChanged, Run
from boards.wire.server_messages import LiveEnd, LiveHost, LiveRun, LiveUpdate
from generation import live as frames
from generation.checkpoints import catalogue
from generation.errors import GenerationError
from generation.live import LiveFrame
from generation.messages import LiveRedrawn

log = logging.getLogger(__name__)

ANSWER_SECONDS = 60.0
"""A frame may wait so long for its picture: a checkpoint that is loaded first takes most of a minute."""
_redis = ThreadPoolExecutor(4, thread_name_prefix="boards-live")
T = TypeVar("T")


class LiveBoard:
    """Live redraw in one room. picture: the newest picture of the current run, for sessions that join; None without one."""

    def __init__(
        self,
        board_id: uuid.UUID,
        fanout: Fanout,
        start: Callable[[Coroutine[Any, Any, None]], None],
        frozen: Callable[[], bool],
    ) -> None:
        """start: runs a task that ends with the room. frozen: returns whether the board is frozen."""
        self._board_id = board_id
        self._fanout = fanout
        self._start = start
        self._frozen = frozen
        self._run: Run | None = None
        self._received_seq = 0  # the newest of a frame that came in
        self._shown_seq = 0  # the newest of a picture that came back
        self._next: LiveFrame | None = None  # the newest frame that was not offered to workers yet
        self._offering = False
        self._timeout: asyncio.TimerHandle | None = None
        self.picture: Packet | None = None

    @property
    def described(self) -> LiveRun | None:
        """The run as sessions are sent it; None while nothing is redrawn."""
        run = self._run
        if run is None:
            return None
        host = LiveHost(run.host.id, run.host.name, run.host.color, run.session)
        return LiveRun(run.run, run.frame, host, run.params)

    # --- from a session ---------------------------------------------------------------------------------

    def receive_frame(self, session: RoomSession, run: int, seq: int, look: int, jpeg: bytes) -> None:
        """Receive how the frame looks now. Raises as `access.allows` and `frames.check` do.

        A frame of another session or run, or older than the last one, is dropped: it crossed a change on its way.
        """
        access.allows(session.role, Act.EDIT, frozen=self._frozen())
        now = self._run
        if now is None or now.session != session.id or now.run != run or seq <= self._received_seq:
            return
        frames.check(jpeg)
        self._received_seq = seq
        self._next = LiveFrame(announce.group(self._board_id), run, seq, now.params, jpeg, look)
        if self._timeout is None:
            self._timeout = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._on_timeout, now)
        if not self._offering:
            self._offering = True
            self._start(self._offer())

    def stop(self, session: RoomSession, frame: str | None) -> None:
        """Stop the redraw, for any session that may edit. frame: only if it is this one; None: whichever it is."""
        if self._run and frame in (None, self._run.frame):
            self._start(self._end(self._run, "stopped", by=session.name))

    def session_left(self, session: RoomSession) -> None:
        if self._run and self._run.session == session.id:
            self._start(self._end(self._run, "host_left"))

    async def _offer(self) -> None:
        """Offer frames to workers, one at a time; of those that come meanwhile only the newest."""
        try:
            while self._next is not None:
                frame, self._next = self._next, None
                is_received = await _in_thread(frames.offer, frame, catalogue.get(frame.params["checkpoint"]))
                if not is_received and self._run and self._run.run == frame.run:
                    await self._end(self._run, "no_worker")
        except redis.RedisError as error:
            log.warning("Board %s: a live frame was lost: %s", self._board_id, error)
        except GenerationError as error:  # the catalogue was edited meanwhile
            if self._run:
                await self._end(self._run, "failed", message=error.message)
        finally:
            self._offering = False

    def _on_timeout(self, run: Run) -> None:
        self._timeout = None
        if self._run and self._run.run == run.run:
            self._start(self._end(self._run, "no_answer"))

    # --- between processes -----------------------------------------------------------------------------

    def receive(self, message: LiveChanged) -> None:
        if message.live is not None:
            self._adopt(message.live)
        elif self._run and self._run.run == message.run:
            self._reset(message.reason, message.by, message.message)

    def receive_picture(self, message: LiveRedrawn) -> None:
        run = self._run
        if run is None or run.run != message.run or message.seq <= self._shown_seq:
            return
        self._shown_seq = message.seq
        self._cancel_timeout()
        if not message.code:
            self.picture = Packet.live(run.run, self._shown_seq, message.look, message.jpeg)
            self._fanout.show(self.picture)
        elif run.session in self._fanout.sessions:
            self._start(self._end(run, "failed", message=message.message))

    def _adopt(self, run: Run) -> None:
        if run == self._run:
            return
        if self._run is None or self._run.run != run.run:
            self._forget()
        self._run = run
        self._broadcast(LiveUpdate(live=self.described))

    def _reset(self, reason: LiveEnd | None, by: str | None = None, message: str | None = None) -> None:
        self._forget()
        self._fanout.show(None)
        self._broadcast(LiveUpdate(live=None, reason=reason, by=by, message=message))

    def _forget(self) -> None:
        self._cancel_timeout()
        self._run = self._next = self.picture = None
        self._received_seq = self._shown_seq = 0

    def _cancel_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _broadcast(self, update: LiveUpdate) -> None:
        self._fanout.broadcast(server_messages.encode(update))

    async def _end(
        self, run: Run, reason: LiveEnd, *, by: str | None = None, message: str | None = None
    ) -> None:
        ended = LiveChanged(run.run, None, reason, by, message)
        try:
            await _in_thread(live_slot.release, self._board_id, run.run)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot frees itself: %s", self._board_id, error)
        self.receive(ended)  # after the slot is free; here it ends even if Redis is away
        await announce.publish(self._board_id, ended)

    # --- housekeeping ----------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read the slot again, in case an announcement was lost; end the run of a host that may not edit any more."""
        try:
            holder = await _in_thread(live_slot.read, self._board_id)
            if holder is not None and holder != self._run:
                self._adopt(holder)
                await self._read_picture(holder)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot is not known: %s", self._board_id, error)
            return
        host = self._host()
        if self._run and host is None and holder is None:
            self._reset("host_left")
        elif self._run and host is not None:
            try:
                access.allows(host.role, Act.EDIT, frozen=self._frozen())
            except BoardError as error:
                await self._end(self._run, "refused", message=error.message)

    async def renew(self) -> None:
        """Hold the slot longer if the host is here, else see whether it is still held. Called every few seconds."""
        if self._run is None:
            return
        if self._host() is None:
            await self.refresh()
            return
        try:
            holder = await _in_thread(live_slot.renew, self._board_id, self._run)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot is not held: %s", self._board_id, error)
            return
        if holder is not None:
            self._adopt(holder)

    async def _read_picture(self, run: Run) -> None:
        last = await _in_thread(frames.last_picture, announce.group(self._board_id))
        if last is not None and last.run == run.run and last.seq > self._shown_seq:
            self._shown_seq = last.seq
            self.picture = Packet.live(last.run, last.seq, last.look, last.jpeg)
            self._fanout.show(self.picture)

    def _host(self) -> RoomSession | None:
        """The host's session, if it is connected to this process."""
        return self._fanout.sessions.get(self._run.session) if self._run else None


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_redis, partial(function, *arguments))
