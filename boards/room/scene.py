"""The scene of one board in memory: merged as it comes in, read when somebody joins or a tick leaves. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

import msgspec

from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.elements.hatching import BOARD_COST_MAX
from boards.elements.reconcile import Rank, may_follow, takes_incoming
from boards.errors import BoardFull, ElementRefused


class Fate(Enum):
    """What became of an element that came."""

    TAKEN = "taken"
    LOST = "lost"
    """What stands here is newer, or the same."""
    UNSETTLED = "unsettled"
    """It is newer, but had to be mended, or its index is bad or taken; or it has the rank of what stands here, and
    another content. The store alone makes a version that settles it: what a process made and told by itself could
    die with it, and nobody would push it again."""


class Entry(msgspec.Struct):
    """An element as it stands. clock is None until this version is committed."""

    element: Element
    clock: int | None
    hatch_cost: float = 0.0


class Scene:
    """Elements by id, tombstones included, each at an index of its own."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._indexes: dict[str, str] = {}  # fractional index → element id
        self._live = 0
        self._hatch_cost = 0.0
        self._pruned: Mapping[str, Rank] = {}
        self._changed: set[str] = set()  # ids of what was put in since the scene was last cut

    def bury(self, ranks: Mapping[str, Rank]) -> None:
        """These were deleted so long ago that only their ranks are known: what is older does not come back."""
        self._pruned = ranks

    def affordable(self, element: Element) -> Element:
        """The element, filled solidly where its hatching is more than the board's pages can draw beside the rest."""
        cost, entry = element.hatch_cost, self._entries.get(element.id)
        before = entry.hatch_cost if entry is not None else 0.0
        if cost <= before or self._hatch_cost - before + cost <= BOARD_COST_MAX:
            return element
        return element.with_solid_fill()

    def merge(self, element: Element) -> Fate:
        """Take in what somebody pushed, if it has a place. Raises BoardFull, ElementRefused."""
        stored = self._entries.get(element.id)
        if stored is None and not element.is_deleted and self._live >= store.LIVE_ELEMENTS_MAX:
            raise BoardFull(f"The board is full: {store.LIVE_ELEMENTS_MAX} elements.")
        known = self._rank(element.id)
        known_version = known[0] if known else 0
        if not may_follow(known_version, element.version):
            raise ElementRefused(f"Version {element.version} is too far ahead of {known_version}.")
        if known is not None and not takes_incoming(known, element.rank):
            return Fate.UNSETTLED if self._ties(element) else Fate.LOST
        if (
            element.repaired
            or element.index is None
            or self._indexes.get(element.index, element.id) != element.id
        ):
            return Fate.UNSETTLED
        self._put(element, None)
        return Fate.TAKEN

    def take(self, element: Element, clock: int | None) -> Fate:
        """Take in what the store (at this clock) or another process (None) says."""
        known = self._rank(element.id)
        if known is None or takes_incoming(known, element.rank):
            self._put(element, clock)
            return Fate.TAKEN
        if self._ties(element):
            return Fate.UNSETTLED
        entry = self._entries.get(element.id)
        if entry is not None and entry.element.rank == element.rank and clock is not None:
            entry.clock = clock
        return Fate.LOST

    def uncommitted(self, element_id: str) -> Element | None:
        """The element, if nobody said yet that this version is stored."""
        entry = self._entries.get(element_id)
        return entry.element if entry is not None and entry.clock is None else None

    def tombstone(self, loser: Element) -> bytes | None:
        """What to tell somebody whose version lost to a deletion, of which they may not know."""
        entry = self._entries.get(loser.id)
        if entry is None:
            return loser.as_tombstone(self._pruned[loser.id]).body
        return entry.element.body if entry.element.is_deleted else None

    def has(self, element_id: str, stamp: Fingerprint) -> bool:
        """Is this version here, or one that replaced it?"""
        entry = self._entries.get(element_id)
        if entry is None:
            return False
        version, nonce, _ = stamp
        if entry.element.rank == (version, nonce):
            return entry.element.fingerprint == stamp
        return not takes_incoming(entry.element.rank, (version, nonce))

    def committed(self, stamps: Mapping[str, Fingerprint], clock: int) -> None:
        """These versions are stored, at this clock."""
        for element_id, stamp in stamps.items():
            entry = self._entries.get(element_id)
            if entry is not None and entry.element.fingerprint == stamp:
                entry.clock = clock

    def live(self) -> Iterator[bytes]:
        """Bodies for a newcomer, who needs no tombstones."""
        return (e.element.body for e in self._entries.values() if not e.element.is_deleted)

    def since(self, clock: int) -> Iterator[bytes]:
        """Bodies for one who returns: whatever is newer than the clock, or not yet committed."""
        return (e.element.body for e in self._entries.values() if e.clock is None or e.clock > clock)

    def cut(self) -> list[bytes]:
        """The live bodies now. `changed` begins anew."""
        self._changed = set()
        return list(self.live())

    def changed(self) -> list[bytes]:
        """Bodies of what changed since the last cut, tombstones included."""
        return [element.body for element in self.elements(self._changed)]

    @property
    def changes(self) -> int:
        """How many elements changed since the last cut."""
        return len(self._changed)

    def elements(self, ids: Iterable[str]) -> list[Element]:
        return [self._entries[element_id].element for element_id in ids]

    def bodies(self, ids: Iterable[str]) -> list[bytes]:
        """Of those of these that are here."""
        return [entry.element.body for element_id in ids if (entry := self._entries.get(element_id))]

    def _ties(self, element: Element) -> bool:
        """Does it have the rank of what is here, or of a pruned tombstone, and another content?"""
        entry = self._entries.get(element.id)
        if entry is None:
            return self._pruned.get(element.id) == element.rank and not element.is_deleted
        return entry.element.ties_with(element)

    def _rank(self, element_id: str) -> Rank | None:
        entry = self._entries.get(element_id)
        return entry.element.rank if entry is not None else self._pruned.get(element_id)

    def _put(self, element: Element, clock: int | None) -> None:
        assert element.index is not None, "whatever enters the scene has a place"
        previous = self._entries.get(element.id)
        if previous is not None:
            self._live -= not previous.element.is_deleted
            self._hatch_cost -= previous.hatch_cost
            if previous.element.index is not None and self._indexes.get(previous.element.index) == element.id:
                del self._indexes[previous.element.index]
        self._live += not element.is_deleted
        self._indexes[element.index] = element.id
        entry = self._entries[element.id] = Entry(element, clock, element.hatch_cost)
        self._hatch_cost += entry.hatch_cost
        self._changed.add(element.id)
