"""Sends the sessions of a room what is new, once per tick: built once for all to whom all of it is new."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from boards.room.scene import Entry, Scene
from boards.room.session import RoomSession
from boards.wire import protocol, server_messages
from boards.wire.frames import Packet
from boards.wire.server_messages import Ack, Refusal

TICK_MIN_SECONDS = 0.016
TICK_MAX_SECONDS = 0.050
SHARE_MAX = 0.25
"""The tick stretches so that ticks take at most this share of the time …"""
TICK_CROWD_SECONDS = 0.033
TICK_SESSION_SECONDS = TICK_CROWD_SECONDS / 50
"""… and with the number of sessions, because each costs a system call per tick: 30 a second are smooth for fifty."""
JOINED_MAX = 2
"""A tick of at most so many messages leaves in one packet: presence and one patch."""
CROWD = 50
CROWD_PRESENCE_SECONDS = 1 / 15
"""With more people than CROWD, presence goes out less often: its bytes grow with the square of the people."""


def _pause(sessions: int, cost_seconds: float) -> float:
    """Seconds from one tick to the next. cost_seconds: what this one took."""
    crowd = min(TICK_CROWD_SECONDS, sessions * TICK_SESSION_SECONDS)
    return min(TICK_MAX_SECONDS, max(TICK_MIN_SECONDS, crowd, cost_seconds / SHARE_MAX))


class _Change(NamedTuple):
    """skip_session: id of the session that sent this version, and has it; remote: another process sent it."""

    entry: Entry
    skip_session: str
    remote: bool


class LocalChanges(NamedTuple):
    """What changed in this process during a tick, for the other processes. presence: see Fanout.presence."""

    entries: list[Entry]
    presence: dict[str, bytes | None]


class Fanout:
    """Collects changes and sends them with the next tick. Every change of the scene has to be passed to it."""

    def __init__(self, scene: Scene, publish: Callable[[LocalChanges], None]) -> None:
        """scene: its clock goes with what is sent. publish: called at each tick with what changed in this process."""
        self.sessions: dict[str, RoomSession] = {}
        self.roster: dict[str, bytes] = {}  # session id → its newest presence, also of other processes
        self._scene = scene
        self._publish = publish
        self._previous_clock = 0  # of the scene, at the last tick
        self._dirty: dict[str, _Change] = {}  # by element id, since the last tick
        self._presence: dict[str, bytes | None] = {}  # likewise by session id
        self._remote_sessions: set[str] = set()  # ids of those of them that are connected to other processes
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._due = 0.0
        self._presence_due = 0.0

    def element(self, entry: Entry, *, skip_session: str = "", remote: bool = False) -> None:
        """This version is in the scene now. skip_session: has it already. remote: another process sent it."""
        self._dirty[entry.element.id] = _Change(entry, skip_session, remote)
        self.schedule()

    def presence(self, session_id: str, entry: bytes | None, *, remote: bool = False) -> None:
        """The presence of a session changed. entry: its JSON; None: it has left. remote: it is connected to another process."""
        if entry is None:
            self.roster.pop(session_id, None)
        else:
            self.roster[session_id] = entry
        self._presence[session_id] = entry
        if remote:
            self._remote_sessions.add(session_id)
        self.schedule(self._presence_due)

    def acknowledge(self, session: RoomSession, ref: str, refused: list[Refusal]) -> None:
        """Send the ack with the next tick: its clock must not run ahead of the patches (RM14)."""
        session.acks.append((ref, refused))
        self.schedule()

    def schedule(self, earliest: float = 0.0) -> None:
        """Tick as soon as one is due, and not before `earliest` (monotonic seconds).

        The first change after a pause leaves at once, together with what arrived in the same turn of the loop.
        """
        at = max(self._due, earliest)
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        delay = max(0.0, at - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick_when_due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def forget(self) -> None:
        """Drop element changes that were not sent: the scene was loaded anew, and some may be gone."""
        self._dirty = {}
        for session in self.sessions.values():
            session.missed = {}

    def broadcast(self, message: bytes, *, lossy: bool = False) -> None:
        """Send to every session now. lossy: skip slow ones."""
        packet, now = Packet.of(message), time.monotonic()
        for session in list(self.sessions.values()):
            if not lossy or session.takes_more(now):
                session.send(packet)

    def show(self, picture: Packet | None) -> None:
        """Send everybody a live picture; slow sessions get the newest one when they have caught up."""
        for session in list(self.sessions.values()):
            session.show(picture)
        if any(session.is_behind for session in self.sessions.values()):
            self.schedule()

    # --- the tick ---------------------------------------------------------------------------------------

    def _tick_when_due(self) -> None:
        self._timer = None
        began = time.monotonic()
        self.tick()
        self._due = began + _pause(len(self.sessions), time.monotonic() - began)
        if self._presence:
            self.schedule(self._presence_due)
        if any(session.is_behind for session in self.sessions.values()):
            self.schedule()

    def tick(self) -> None:
        """Send all that is new, and publish what of it began here."""
        now = time.monotonic()
        dirty, self._dirty = self._dirty, {}
        presence, remote_sessions = self._take_presence(now)
        tick = _Tick(dirty, presence, self._previous_clock, self._scene.clock)
        for session in list(self.sessions.values()):
            if session.takes_more(now):
                self._send_tick(session, tick)
            else:
                session.missed.update(tick.entries)
                session.missed_presence.update(presence)
                session.send(*self._acks(session))
        self._previous_clock = tick.clock
        ours = [change.entry for change in dirty.values() if not change.remote]
        our_presence = {
            session_id: entry for session_id, entry in presence.items() if session_id not in remote_sessions
        }
        if ours or our_presence:
            self._publish(LocalChanges(ours, our_presence))

    def _take_presence(self, now: float) -> tuple[dict[str, bytes | None], set[str]]:
        """The presence to send with this tick, and the ids of those of other processes."""
        if now < self._presence_due:
            return {}, set()
        if len(self.roster) > CROWD:
            self._presence_due = now + CROWD_PRESENCE_SECONDS
        taken = self._presence, self._remote_sessions
        self._presence, self._remote_sessions = {}, set()
        return taken

    def _send_tick(self, session: RoomSession, tick: "_Tick") -> None:
        if session.missed or session.missed_presence:
            self._send_missed(session, tick)
            session.send(*self._acks(session))
            return
        if session.deflate or not tick.messages:
            packets = tick.deflated
        elif session.id in tick.skip_sessions:
            packets = tick.without_echo(session.id)
        else:
            packets = tick.plain
        if len(packets) > 1:
            session.feed(packets, tick.clock)
            packets = []
        else:
            session.clock = tick.clock
        session.send(*packets, *self._acks(session))

    def _send_missed(self, session: RoomSession, tick: "_Tick") -> None:
        """Send all it missed, each element and presence in its newest state, a piece at a time."""
        ids = session.missed_presence | tick.presence.keys()
        presence = {session_id: self.roster.get(session_id) for session_id in ids}
        messages = [server_messages.presence(presence)] if presence else []
        messages += _patches(session.missed | tick.entries, session.clock, tick.clock)
        session.missed, session.missed_presence = {}, set()
        pack = Packet.deflated if session.deflate else Packet.of
        session.feed([pack(message) for message in messages], tick.clock)

    def _acks(self, session: RoomSession) -> list[Packet]:
        if not session.acks:
            return []
        acks, session.acks = session.acks, []
        messages = [Ack(ref=ref, clock=session.clock, refused=refused) for ref, refused in acks]
        return [Packet.of(*map(server_messages.encode, messages))]


class _Tick:
    """What one tick sends, in each of the forms that sessions take, built when the first one needs it.

    previous_clock: everything up to it was sent before. clock: everything up to it is sent after this tick.
    """

    def __init__(
        self,
        dirty: Mapping[str, _Change],
        presence: Mapping[str, bytes | None],
        previous_clock: int,
        clock: int,
    ) -> None:
        self.presence = presence
        self.clock = clock
        self.skip_sessions = {change.skip_session for change in dirty.values()}
        self._dirty = dirty
        self._previous_clock = previous_clock

    @cached_property
    def entries(self) -> dict[str, Entry]:
        return {element_id: change.entry for element_id, change in self._dirty.items()}

    @cached_property
    def messages(self) -> list[bytes]:
        return self._presence_messages + self._patches(self.entries)

    @cached_property
    def plain(self) -> list[Packet]:
        return _packed(self.messages, Packet.of)

    @cached_property
    def deflated(self) -> list[Packet]:
        """The same for every session, senders too: an element that a client has already changes nothing."""
        return _packed(self.messages, Packet.deflated)

    def without_echo(self, session_id: str) -> list[Packet]:
        """Without the elements that this session sent itself."""
        others = {i: change.entry for i, change in self._dirty.items() if change.skip_session != session_id}
        return _packed([*self._presence_messages, *self._patches(others)], Packet.of)

    @cached_property
    def _presence_messages(self) -> list[bytes]:
        return [server_messages.presence(self.presence)] if self.presence else []

    def _patches(self, entries: Mapping[str, Entry]) -> list[bytes]:
        return _patches(entries, self._previous_clock, self.clock)


def _patches(entries: Mapping[str, Entry], previous_clock: int, clock: int) -> list[bytes]:
    """Patches of these elements, each of a size that every server sends.

    All but the last carry the previous clock: a client that loses its socket in between lacks the later ones.
    """
    if not entries:
        return []
    patch = server_messages.patch
    *firsts, last = protocol.chunks([entry.element.body for entry in entries.values()])
    return [*(patch(previous_clock, chunk) for chunk in firsts), patch(clock, last)]


def _packed(messages: Sequence[bytes], pack: Callable[..., Packet]) -> list[Packet]:
    """One packet of all; more where there are many, as after a restore, to be sent as the socket takes them."""
    if len(messages) <= JOINED_MAX:
        return [pack(*messages)] if messages else []
    return [pack(message) for message in messages]
