"""Live redraw as a room sees it: whose frame it is, frames on their way out, pictures on their way to everybody.

Rules L1… in docs/live.md. Nobody waits here: what needs Redis runs on threads of its own, and there is no timer but
one while a frame waits for its picture.
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
from boards.room.session import Member
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
"""So long a frame may wait for its picture: a checkpoint that is loaded first takes most of a minute."""
_redis = ThreadPoolExecutor(4, thread_name_prefix="boards-live")
T = TypeVar("T")


class LiveBoard:
    """Of one room. All but `described` and `picture` is called on the room's event loop."""

    def __init__(
        self,
        board_id: uuid.UUID,
        fanout: Fanout,
        start: Callable[[Coroutine[Any, Any, None]], None],
        frozen: Callable[[], bool],
    ) -> None:
        """start: runs a task that ends with the room."""
        self._board_id = board_id
        self._fanout = fanout
        self._start = start
        self._frozen = frozen
        self._run: Run | None = None
        self._seen = self._shown = 0  # the newest seq that came in, and that came back
        self._next: LiveFrame | None = None  # the newest frame that Redis does not have yet
        self._offering = False
        self._patience: asyncio.TimerHandle | None = None
        self.picture: Packet | None = None

    @property
    def described(self) -> LiveRun | None:
        """What members are told of it."""
        run = self._run
        if run is None:
            return None
        host = LiveHost(run.host.id, run.host.name, run.host.color, run.session)
        return LiveRun(run.run, run.frame, host, run.params)

    # --- from a member ---------------------------------------------------------------------------------

    def see(self, member: Member, run: int, seq: int, look: int, jpeg: bytes) -> None:
        """Take in how the frame looks now. Raises as `access.allows` and `frames.check` do.

        What comes from another member, another run or too late is dropped: it crossed a change on its way.
        """
        access.allows(member.role, Act.EDIT, frozen=self._frozen())
        now = self._run
        if now is None or now.session != member.session or now.run != run or seq <= self._seen:
            return
        frames.check(jpeg)
        self._seen = seq
        self._next = LiveFrame(announce.group(self._board_id), run, seq, now.params, jpeg, look)
        if self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._lose_patience, now)
        if not self._offering:
            self._offering = True
            self._start(self._offer())

    def stop(self, member: Member, frame: str | None) -> None:
        """Whoever may edit may stop it. frame: only if it is this one."""
        if self._run and frame in (None, self._run.frame):
            self._start(self._end(self._run, "stopped", by=member.name))

    def left(self, member: Member) -> None:
        if self._run and self._run.session == member.session:
            self._start(self._end(self._run, "host_left"))

    async def _offer(self) -> None:
        """One frame at a time; of those that come meanwhile only the newest."""
        try:
            while self._next is not None:
                frame, self._next = self._next, None
                heard = await _in_thread(frames.offer, frame, catalogue.get(frame.params["checkpoint"]))
                if not heard and self._run and self._run.run == frame.run:
                    await self._end(self._run, "no_worker")
        except redis.RedisError as error:
            log.warning("Board %s: a live frame was lost: %s", self._board_id, error)
        except GenerationError as error:  # the catalogue was edited meanwhile
            if self._run:
                await self._end(self._run, "failed", message=error.message)
        finally:
            self._offering = False

    def _lose_patience(self, run: Run) -> None:
        self._patience = None
        if self._run and self._run.run == run.run:
            self._start(self._end(self._run, "no_answer"))

    # --- between processes -----------------------------------------------------------------------------

    def hear(self, message: LiveChanged) -> None:
        if message.live is not None:
            self._adopt(message.live)
        elif self._run and self._run.run == message.run:
            self._over(message.reason, message.by, message.message)

    def hear_picture(self, message: LiveRedrawn) -> None:
        run = self._run
        if run is None or run.run != message.run or message.seq <= self._shown:
            return
        self._shown = message.seq
        self._have_patience()
        if not message.code:
            self.picture = Packet.live(run.run, self._shown, message.look, message.jpeg)
            self._fanout.show(self.picture)
        elif run.session in self._fanout.members:
            self._start(self._end(run, "failed", message=message.message))

    def _adopt(self, run: Run) -> None:
        if run == self._run:
            return
        if self._run is None or self._run.run != run.run:
            self._forget()
        self._run = run
        self._tell(LiveUpdate(live=self.described))

    def _over(self, reason: LiveEnd | None, by: str | None = None, message: str | None = None) -> None:
        self._forget()
        self._fanout.show(None)
        self._tell(LiveUpdate(live=None, reason=reason, by=by, message=message))

    def _forget(self) -> None:
        self._have_patience()
        self._run = self._next = self.picture = None
        self._seen = self._shown = 0

    def _have_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _tell(self, update: LiveUpdate) -> None:
        self._fanout.broadcast(server_messages.encode(update))

    async def _end(
        self, run: Run, reason: LiveEnd, *, by: str | None = None, message: str | None = None
    ) -> None:
        ended = LiveChanged(run.run, None, reason, by, message)
        try:
            await _in_thread(live_slot.release, self._board_id, run.run)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot frees itself: %s", self._board_id, error)
        self.hear(ended)  # now that somebody else may begin; here, whatever became of Redis
        await announce.publish(self._board_id, ended)

    # --- housekeeping ----------------------------------------------------------------------------------

    async def look(self) -> None:
        """See how it stands, whatever was said and lost, and whether the host may still draw here."""
        try:
            holder = await _in_thread(live_slot.read, self._board_id)
            if holder is not None and holder != self._run:
                self._adopt(holder)
                await self._look_at_picture(holder)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot is not known: %s", self._board_id, error)
            return
        host = self._host()
        if self._run and host is None and holder is None:
            self._over("host_left")
        elif self._run and host is not None:
            try:
                access.allows(host.role, Act.EDIT, frozen=self._frozen())
            except BoardError as error:
                await self._end(self._run, "refused", message=error.message)

    async def tidy(self) -> None:
        """Now and then while it is on: hold the slot, or see whether whoever holds it is still there."""
        if self._run is None:
            return
        if self._host() is None:
            await self.look()
            return
        try:
            holder = await _in_thread(live_slot.renew, self._board_id, self._run)
        except redis.RedisError as error:
            log.warning("Board %s: the live slot is not held: %s", self._board_id, error)
            return
        if holder is not None:
            self._adopt(holder)

    async def _look_at_picture(self, run: Run) -> None:
        last = await _in_thread(frames.last_picture, announce.group(self._board_id))
        if last is not None and last.run == run.run and last.seq > self._shown:
            self._shown = last.seq
            self.picture = Packet.live(last.run, last.seq, last.look, last.jpeg)
            self._fanout.show(self.picture)

    def _host(self) -> Member | None:
        """The host, if they are a member here and not of another process."""
        return self._fanout.members.get(self._run.session) if self._run else None


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_redis, partial(function, *arguments))
