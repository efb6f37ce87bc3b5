"""Tells the members of a room what is new: once per tick, built once for all who know none of it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from boards.elements.element import Element
from boards.room.scene import Scene
from boards.room.session import Member
from boards.wire import protocol, server_messages
from boards.wire.frames import Packet
from boards.wire.server_messages import Ack, Refusal

TICK_MIN_SECONDS = 0.016
TICK_MAX_SECONDS = 0.050
SHARE_MAX = 0.25
"""The tick stretches so that telling takes at most this share of the time …"""
TICK_CROWD_SECONDS = 0.033
TICK_MEMBER_SECONDS = TICK_CROWD_SECONDS / 50
"""… and with the crowd, because every tick costs a system call for each member: 30 a second are smooth for fifty."""
JOINED_MAX = 2
"""So many messages, each of a size that every server sends, leave at once: who is where, and one patch."""
CROWD = 50
CROWD_PRESENCE_SECONDS = 1 / 15
"""Of more people than CROWD, pointers go out less often: bytes grow with the square of the people."""


def _pause(members: int, cost_seconds: float) -> float:
    """Seconds from one tick to the next. cost_seconds: what this one took."""
    crowd = min(TICK_CROWD_SECONDS, members * TICK_MEMBER_SECONDS)
    return min(TICK_MAX_SECONDS, max(TICK_MIN_SECONDS, crowd, cost_seconds / SHARE_MAX))


class News(NamedTuple):
    """What happened in this process since the last tick, for the other processes."""

    elements: list[Element]
    users: dict[str, bytes | None]


class Fanout:
    """Collects changes and sends them. `publish` is called with each tick's news that began here."""

    def __init__(self, scene: Scene, publish: Callable[[News], None]) -> None:
        self.members: dict[str, Member] = {}
        self.roster: dict[str, bytes] = {}  # session → its newest presence entry, other processes' too
        self.clock = 0
        self._told = 0  # the clock of the last tick
        self._scene = scene
        self._publish = publish
        self._fresh: dict[str, set[str]] = {}  # element id → sessions that know it already
        self._users: dict[str, bytes | None] = {}
        self._foreign: set[str] = set()  # ids of elements and sessions that other processes told of
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._due = 0.0
        self._users_due = 0.0

    def element(self, element_id: str, knows: Iterable[str] = (), *, foreign: bool = False) -> None:
        """The element changed. knows: sessions that have this very version."""
        self._fresh[element_id] = set(knows)
        if foreign:
            self._foreign.add(element_id)
        else:
            self._foreign.discard(element_id)
        self.schedule()

    def user(self, session: str, entry: bytes | None, *, foreign: bool = False) -> None:
        """Somebody's presence changed; None: they left."""
        if entry is None:
            self.roster.pop(session, None)
        else:
            self.roster[session] = entry
        self._users[session] = entry
        if foreign:
            self._foreign.add(session)
        self.schedule(self._users_due)

    def acknowledge(self, member: Member, ref: str, refused: list[Refusal]) -> None:
        """Its push is stored. The word goes with the next tick: its clock must not run ahead of what was sent."""
        member.acks.append((ref, refused))
        self.schedule()

    def schedule(self, earliest: float = 0.0) -> None:
        """The first change after a pause leaves at once, but together with what arrived with it."""
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
        """Drop what has not been told: the scene is read anew, and some of it may be gone."""
        self._fresh = {}
        for member in self.members.values():
            member.missed = set()

    def broadcast(self, message: bytes, *, lossy: bool = False) -> None:
        """Send to everybody now. lossy: not to those who are slow."""
        packet, now = Packet.of(message), time.monotonic()
        for member in list(self.members.values()):
            if not lossy or member.takes_more(now):
                member.send(packet)

    def show(self, picture: Packet | None) -> None:
        """Show everybody a live picture; those who are slow get the newest one when they have room."""
        for member in list(self.members.values()):
            member.show(picture)
        if any(member.is_behind for member in self.members.values()):
            self.schedule()

    # --- the tick ---------------------------------------------------------------------------------------

    def _tick_when_due(self) -> None:
        self._timer = None
        began = time.monotonic()
        self.tick()
        self._due = began + _pause(len(self.members), time.monotonic() - began)
        if self._users:
            self.schedule(self._users_due)
        if any(member.is_behind for member in self.members.values()):
            self.schedule()

    def tick(self) -> None:
        now = time.monotonic()
        fresh, self._fresh = self._fresh, {}
        users = self._due_users(now)
        foreign = self._foreign
        self._foreign = foreign & self._users.keys()
        news = _Tick(self, fresh, users)
        for member in list(self.members.values()):
            if member.takes_more(now):
                self._tell(member, news)
            else:
                member.missed.update(fresh)
                member.missed_users.update(users)
                member.send(*self._acks(member))
        self._told = self.clock
        ours = self._scene.elements(i for i in fresh if i not in foreign)
        our_users = {session: entry for session, entry in users.items() if session not in foreign}
        if ours or our_users:
            self._publish(News(ours, our_users))

    def _due_users(self, now: float) -> dict[str, bytes | None]:
        if now < self._users_due:
            return {}
        if len(self.roster) > CROWD:
            self._users_due = now + CROWD_PRESENCE_SECONDS
        users, self._users = self._users, {}
        return users

    def _tell(self, member: Member, news: "_Tick") -> None:
        if member.missed or member.missed_users:
            self._catch_up(member, news)
            member.send(*self._acks(member))
            return
        if member.deflate or not news.messages:
            packets = news.deflated
        elif member.session in news.authors:
            packets = news.without_echo(member.session)
        else:
            packets = news.plain
        if len(packets) > 1:
            member.feed(packets, self.clock)
            packets = []
        else:
            member.clock = self.clock
        member.send(*packets, *self._acks(member))

    def _catch_up(self, member: Member, news: "_Tick") -> None:
        """What it missed, each thing in its newest state, a piece at a time."""
        users = {session: self.roster.get(session) for session in member.missed_users | news.users.keys()}
        messages = [server_messages.presence(users)] if users else []
        messages += self.patches(member.missed | news.fresh.keys(), member.clock)
        member.missed, member.missed_users = set(), set()
        pack = Packet.deflated if member.deflate else Packet.of
        member.feed([pack(message) for message in messages], self.clock)

    def _acks(self, member: Member) -> list[Packet]:
        if not member.acks:
            return []
        acks, member.acks = member.acks, []
        messages = [Ack(ref=ref, clock=member.clock, refused=refused) for ref, refused in acks]
        return [Packet.of(*map(server_messages.encode, messages))]

    def patches(self, ids: Iterable[str], before: int) -> list[bytes]:
        """Patches of these elements, each of a size that every server sends.

        before: the clock that is known without them. All but the last say this one, because whoever loses
        the socket in between has not seen what the others bring.
        """
        bodies = [element.body for element in self._scene.elements(ids)]
        if not bodies:
            return []
        *firsts, last = protocol.chunks(bodies)
        patch = server_messages.patch
        return [*(patch(before, chunk) for chunk in firsts), patch(self.clock, last)]


class _Tick:
    """What one tick tells, in each of the forms that members want, built when the first one wants it."""

    def __init__(
        self, fanout: Fanout, fresh: Mapping[str, set[str]], users: Mapping[str, bytes | None]
    ) -> None:
        self.fresh = fresh
        self.users = users
        self.authors = set().union(*fresh.values())
        self._fanout = fanout

    @cached_property
    def _presence(self) -> list[bytes]:
        return [server_messages.presence(self.users)] if self.users else []

    @cached_property
    def messages(self) -> list[bytes]:
        return self._presence + self._fanout.patches(self.fresh, self._fanout._told)

    @cached_property
    def plain(self) -> list[Packet]:
        return _packed(self.messages, Packet.of)

    @cached_property
    def deflated(self) -> list[Packet]:
        """For everybody alike, authors too: an element that one has already changes nothing."""
        return _packed(self.messages, Packet.deflated)

    def without_echo(self, session: str) -> list[Packet]:
        unseen = [element_id for element_id, knows in self.fresh.items() if session not in knows]
        return _packed([*self._presence, *self._fanout.patches(unseen, self._fanout._told)], Packet.of)


def _packed(messages: Sequence[bytes], pack: Callable[..., Packet]) -> list[Packet]:
    """In one packet; what is too long for that, as after a restore, in pieces that leave when there is room."""
    if len(messages) <= JOINED_MAX:
        return [pack(*messages)] if messages else []
    return [pack(message) for message in messages]
