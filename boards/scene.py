"""The scene of one board in memory: merged as it comes in, read when somebody joins or a tick leaves. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from boards import store
from boards.element import VERSION_JUMP_MAX, Element
from boards.errors import BoardFull, ElementRefused
from boards.reconcile import takes_incoming


class Entry(msgspec.Struct):
    """An element as it stands. clock is None until this version is committed."""

    element: Element
    clock: int | None


class Scene:
    """Elements by id, tombstones included, each at an index of its own."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._indexes: dict[str, str] = {}  # fractional index → element id
        self._live = 0

    def merge(self, element: Element) -> Element | None:
        """Take in what somebody pushed. Returns it as it stands now, maybe at another index, or None if it lost.

        Raises BoardFull, ElementRefused.
        """
        stored = self._entries.get(element.id)
        if stored is None and not element.is_deleted and self._live >= store.LIVE_ELEMENTS_MAX:
            raise BoardFull(f"The board is full: {store.LIVE_ELEMENTS_MAX} elements.")
        known_version = stored.element.version if stored else 0
        if element.version > known_version + VERSION_JUMP_MAX:
            raise ElementRefused(f"Version {element.version} is too far ahead of {known_version}.")
        if stored is not None and not takes_incoming(stored.element.rank, element.rank):
            return None
        own = stored.element.index if stored else None
        if own is not None:
            self._indexes.pop(own, None)  # its own place does not stand in its way
        index = store.settle_index(element, own, self._indexes)
        if index != element.index:
            element = element.moved_to(index)
        self._put(element, None)
        return element

    def take(self, element: Element, clock: int | None) -> bool:
        """Take in what the store or another process says. Returns whether something changed to be told."""
        entry = self._entries.get(element.id)
        if entry is None or takes_incoming(entry.element.rank, element.rank):
            self._put(element, clock)
            return True
        if entry.element.rank == element.rank and clock is not None:
            entry.clock = clock
        return False

    def has(self, element_id: str, rank: tuple[int, int]) -> bool:
        """Is this version here, or one that replaced it?"""
        entry = self._entries.get(element_id)
        return entry is not None and (
            entry.element.rank == rank or not takes_incoming(entry.element.rank, rank)
        )

    def committed(self, ranks: dict[str, tuple[int, int]], clock: int) -> None:
        """These versions are stored, at this clock."""
        for element_id, rank in ranks.items():
            entry = self._entries.get(element_id)
            if entry is not None and entry.element.rank == rank:
                entry.clock = clock

    def live(self) -> Iterator[bytes]:
        """Bodies for a newcomer, who needs no tombstones."""
        return (e.element.body for e in self._entries.values() if not e.element.is_deleted)

    def since(self, clock: int) -> Iterator[bytes]:
        """Bodies for one who returns: whatever is newer than the clock, or not yet committed."""
        return (e.element.body for e in self._entries.values() if e.clock is None or e.clock > clock)

    def elements(self, ids: Iterable[str]) -> list[Element]:
        return [self._entries[element_id].element for element_id in ids]

    def _put(self, element: Element, clock: int | None) -> None:
        assert element.index is not None, "whatever enters the scene has a place"
        previous = self._entries.get(element.id)
        if previous is not None:
            self._live -= not previous.element.is_deleted
            if previous.element.index is not None and self._indexes.get(previous.element.index) == element.id:
                del self._indexes[previous.element.index]
        self._live += not element.is_deleted
        self._indexes[element.index] = element.id
        self._entries[element.id] = Entry(element, clock)
