"""Tells the members of a room what is new: once per tick, encoded once for all who know none of it."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from boards import protocol
from boards.element import Element
from boards.member import Member
from boards.scene import Scene

TICK_MIN_SECONDS = 0.016
TICK_MAX_SECONDS = 0.050
SHARE_MAX = 0.25
"""The tick stretches so that telling takes at most this share of the time."""


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
        self._scene = scene
        self._publish = publish
        self._fresh: dict[str, set[str]] = {}  # element id → sessions that know it already
        self._users: dict[str, bytes | None] = {}
        self._foreign: set[str] = set()  # ids of elements and sessions that other processes told of
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def element(self, element_id: str, knows: Iterable[str] = (), *, foreign: bool = False) -> None:
        """The element changed. knows: sessions that have this very version."""
        self._fresh[element_id] = set(knows)
        if foreign:
            self._foreign.add(element_id)
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
        self.schedule()

    def schedule(self) -> None:
        """The first change after a pause leaves at once, but together with what arrived with it."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._due - time.monotonic()), self._tick_when_due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def forget(self) -> None:
        """Drop what has not been told: the scene is read anew, and some of it may be gone."""
        self._fresh = {}
        for member in self.members.values():
            member.missed = set()

    def _tick_when_due(self) -> None:
        self._timer = None
        began = time.monotonic()
        self.tick()
        cost = time.monotonic() - began
        self._due = began + min(TICK_MAX_SECONDS, max(TICK_MIN_SECONDS, cost / SHARE_MAX))
        if any(member.missed or member.missed_users for member in self.members.values()):
            self.schedule()

    def tick(self) -> None:
        fresh, self._fresh = self._fresh, {}
        users, self._users = self._users, {}
        foreign, self._foreign = self._foreign, set()
        for_all = self._patch(fresh) if fresh else b""
        presence = protocol.presence(users) if users else b""
        authors = set().union(*fresh.values())
        for member in list(self.members.values()):
            if member.is_slow():
                member.missed.update(fresh)
                member.missed_users |= bool(users)
                continue
            if member.missed_users:
                member.missed_users = False
                member.write(protocol.presence(self.roster))
            elif presence:
                member.write(presence)
            if member.missed or member.session in authors:
                unseen = member.missed | {i for i, knows in fresh.items() if member.session not in knows}
                member.missed = set()
                if unseen:
                    member.write(self._patch(unseen))
            elif for_all:
                member.write(for_all)
            member.clock = self.clock
        ours = self._scene.elements(i for i in fresh if i not in foreign)
        our_users = {session: entry for session, entry in users.items() if session not in foreign}
        if ours or our_users:
            self._publish(News(ours, our_users))

    def _patch(self, ids: Iterable[str]) -> bytes:
        return protocol.patch(self.clock, [element.body for element in self._scene.elements(ids)])

    def broadcast(self, frame: bytes, *, lossy: bool = False) -> None:
        """Send to everybody now. lossy: not to those who are slow."""
        for member in list(self.members.values()):
            if not (lossy and member.is_slow()):
                member.write(frame)
