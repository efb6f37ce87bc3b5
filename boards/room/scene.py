"""The scene of one board in memory, with its clock: merged as elements come in, read by joins and ticks. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from uuid import UUID

import msgspec

from boards.elements import store
from boards.elements.element import Element, Fingerprint
from boards.elements.hatching import BOARD_COST_MAX
from boards.elements.reconcile import Rank, may_follow, takes_incoming
from boards.elements.tombstones import Pruned
from boards.errors import BoardFull, ElementRefused


class MergeResult(Enum):
    """What became of an element that was offered to the scene."""

    TAKEN = "taken"
    """It is in the scene now."""
    LOST = "lost"
    """The element in the scene is newer, or the same."""
    UNSETTLED = "unsettled"
    """It is not in the scene, because only the store can settle it: it is newer, but had to be repaired, or its index
    is malformed or taken; or it has the rank of the element here, and another content. The store makes a version of
    its own of it. One made and sent by this process before the commit would be lost if the process died."""


class Entry(msgspec.Struct):
    """One version of an element.

    author_id: the user who made it, None for a person without an account or if not known.
    clock: the board's clock at which it was committed; None until it is.
    """

    element: Element
    author_id: UUID | None = None
    clock: int | None = None
    hatch_cost: float = 0.0
    """Set by the scene."""


class Scene:
    """Entries by element id, tombstones included, each at an index of its own.

    clock: every change committed up to it is in the scene. epoch: grows with each load; changes read in one epoch
    do not continue those of another.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._clear()

    def _clear(self) -> None:
        self._clock = 0
        self._entries: dict[str, Entry] = {}
        self._indexes: dict[str, str] = {}  # fractional index → element id
        self._visible = 0
        self._hatch_cost = 0.0
        self._pruned = Pruned(0, {})
        self._changed: set[str] = set()  # ids of elements that changed since the last cut

    def load(self, snapshot: store.Snapshot, pruned: Pruned) -> None:
        """Replace everything by what is stored. pruned: ranks of the tombstones that are not stored any more."""
        self._clear()
        self.epoch += 1
        self._pruned = pruned
        for clock, element in snapshot.elements:
            self.take(Entry(element, clock=clock))
        self.advance(snapshot.clock)

    # --- clock -----------------------------------------------------------------------------------------

    @property
    def clock(self) -> int:
        return self._clock

    def advance(self, clock: int) -> None:
        """Every change committed up to this clock is in the scene. An older clock changes nothing."""
        self._clock = max(self._clock, clock)

    def advance_by_commit(self, clock: int, fingerprints: Mapping[str, Fingerprint]) -> bool:
        """Note that these versions (by element id) were committed at this clock.

        False if the scene lacks one of them, or an earlier commit: then it has to catch up.
        """
        if clock != self._clock + 1 or not all(self.has(i, each) for i, each in fingerprints.items()):
            return clock <= self._clock
        for element_id, fingerprint in fingerprints.items():
            entry = self._entries.get(element_id)
            if entry is not None and entry.element.fingerprint == fingerprint:
                entry.clock = clock
        self.advance(clock)
        return True

    def changes_since(self, clock: int | None, pruned_clock: int = 0) -> tuple[bool, Iterator[bytes]]:
        """(complete, bodies) for a client that has seen everything up to `clock`; None: it has seen nothing.

        complete: the bodies are the whole scene without tombstones, and the client drops what it has. True for a
        clock below the pruned clock, as deletions would be missing from the changes, and for one ahead of the scene.
        Otherwise the bodies are those newer than the clock, or not committed yet, tombstones included.
        pruned_clock: the board's, as far as the caller knows it. Lazy: read the bodies before the next merge.
        """
        known_from = max(pruned_clock, self._pruned.clock)
        if clock is None or not known_from <= clock <= self._clock:
            return True, self.visible()
        return False, self._newer_than(clock)

    def _newer_than(self, clock: int) -> Iterator[bytes]:
        return (e.element.body for e in self._entries.values() if e.clock is None or e.clock > clock)

    # --- merging ---------------------------------------------------------------------------------------

    def affordable(self, element: Element) -> Element:
        """The element, filled solidly where its hatching is more than the board's pages can draw beside the rest."""
        cost, entry = element.hatch_cost, self._entries.get(element.id)
        before = entry.hatch_cost if entry is not None else 0.0
        if cost <= before or self._hatch_cost - before + cost <= BOARD_COST_MAX:
            return element
        return element.with_solid_fill()

    def merge(self, entry: Entry) -> MergeResult:
        """Merge a pushed version, if it has a place. Raises BoardFull, ElementRefused."""
        element = entry.element
        stored = self._entries.get(element.id)
        if stored is None and not element.is_deleted and self._visible >= store.LIVE_ELEMENTS_MAX:
            raise BoardFull(f"The board is full: {store.LIVE_ELEMENTS_MAX} elements.")
        known = self._rank(element.id)
        known_version = known[0] if known else 0
        if not may_follow(known_version, element.version):
            raise ElementRefused(f"Version {element.version} is too far ahead of {known_version}.")
        if known is not None and not takes_incoming(known, element.rank):
            return MergeResult.UNSETTLED if self._ties(element) else MergeResult.LOST
        if (
            element.repaired
            or element.index is None
            or self._indexes.get(element.index, element.id) != element.id
        ):
            return MergeResult.UNSETTLED
        self._put(entry)
        return MergeResult.TAKEN

    def take(self, entry: Entry) -> MergeResult:
        """Merge a version that the store has (with its clock) or that another process sent (without)."""
        element = entry.element
        known = self._rank(element.id)
        if known is None or takes_incoming(known, element.rank):
            self._put(entry)
            return MergeResult.TAKEN
        if self._ties(element):
            return MergeResult.UNSETTLED
        here = self._entries.get(element.id)
        if here is not None and here.element.rank == element.rank and entry.clock is not None:
            here.clock = entry.clock
        return MergeResult.LOST

    def _ties(self, element: Element) -> bool:
        """True if it has the rank of the element here, or of a pruned tombstone, and another content."""
        entry = self._entries.get(element.id)
        if entry is None:
            return self._pruned.ranks.get(element.id) == element.rank and not element.is_deleted
        return entry.element.ties_with(element)

    def _rank(self, element_id: str) -> Rank | None:
        entry = self._entries.get(element_id)
        return entry.element.rank if entry is not None else self._pruned.ranks.get(element_id)

    def _put(self, entry: Entry) -> None:
        element = entry.element
        assert element.index is not None, "an element without an index does not get here"
        previous = self._entries.get(element.id)
        if previous is not None:
            self._visible -= not previous.element.is_deleted
            self._hatch_cost -= previous.hatch_cost
            if previous.element.index is not None and self._indexes.get(previous.element.index) == element.id:
                del self._indexes[previous.element.index]
        self._visible += not element.is_deleted
        self._indexes[element.index] = element.id
        self._entries[element.id] = entry
        entry.hatch_cost = element.hatch_cost
        self._hatch_cost += entry.hatch_cost
        self._changed.add(element.id)

    # --- reading ---------------------------------------------------------------------------------------

    def entry(self, element_id: str) -> Entry | None:
        return self._entries.get(element_id)

    def uncommitted(self, element_id: str) -> Entry | None:
        """The element's entry, if its version is not known to be stored."""
        entry = self._entries.get(element_id)
        return entry if entry is not None and entry.clock is None else None

    def tombstone(self, loser: Element) -> bytes | None:
        """The body of the tombstone that this version lost to; None if it lost to a visible element."""
        entry = self._entries.get(loser.id)
        if entry is None:
            return loser.as_tombstone(self._pruned.ranks[loser.id]).body
        return entry.element.body if entry.element.is_deleted else None

    def has(self, element_id: str, fingerprint: Fingerprint) -> bool:
        """True if this version is here, or one that replaced it."""
        entry = self._entries.get(element_id)
        if entry is None:
            return False
        version, nonce, _ = fingerprint
        if entry.element.rank == (version, nonce):
            return entry.element.fingerprint == fingerprint
        return not takes_incoming(entry.element.rank, (version, nonce))

    def visible(self) -> Iterator[bytes]:
        """Bodies of all elements but tombstones."""
        return (e.element.body for e in self._entries.values() if not e.element.is_deleted)

    def bodies(self, ids: Iterable[str]) -> list[bytes]:
        """Bodies of those of these elements that are here, tombstones included."""
        return [entry.element.body for element_id in ids if (entry := self._entries.get(element_id))]

    # --- cutting ---------------------------------------------------------------------------------------

    def cut(self) -> list[bytes]:
        """The visible bodies now. From here on `changed` begins anew."""
        self._changed = set()
        return list(self.visible())

    def changed(self) -> list[bytes]:
        """Bodies of the elements that changed since the last cut, tombstones included."""
        return self.bodies(self._changed)

    @property
    def changed_count(self) -> int:
        """How many elements changed since the last cut."""
        return len(self._changed)
