"""What must hold in a storm: the rules of docs/sync-rules.md that can be seen from outside."""

from collections.abc import Iterable, Sequence

import msgspec

from boards.elements.element import Element
from boards.elements.reconcile import takes_incoming
from boards.room.room import Room
from tests.boards.storm.editor import Editor, Seen
from tests.boards.storm.memory import MemoryStore

seen = msgspec.json.Decoder(Seen).decode


class Violation(AssertionError):
    """A rule did not hold."""


class Rules:
    """drawn: every edit that anybody made. Each check raises Violation."""

    def __init__(self, store: MemoryStore, drawn: Sequence[Seen]) -> None:
        self.store = store
        self.drawn = drawn

    def commit(self, before: int) -> None:
        """RM6."""
        if self.store.clock != before + 1:
            raise Violation(f"The clock went from {before} to {self.store.clock}")

    def ack(self, edit: Seen) -> None:
        """RM7."""
        stored = self.store.rank(edit.id)
        if stored is None or takes_incoming(stored, edit.rank):
            raise Violation(f"{edit} was acknowledged, stored is {stored}")
        row = self.store.rows.get(edit.id)
        if row is not None and row.element.rank == edit.rank and seen(row.element.body).x != edit.x:
            raise Violation(f"{edit} was acknowledged, stored is {row.element.body!r}")

    def refusal(self, edit: Seen) -> None:
        """RM10."""
        row = self.store.rows.get(edit.id)
        if row is not None:
            stored = seen(row.element.body).x == edit.x
        else:  # pruned: of two that have the same rank, nobody knows any more which it was
            stored = all(e.x == edit.x for e in self.drawn if (e.id, e.rank) == (edit.id, edit.rank))
        if stored and self.store.rank(edit.id) == edit.rank:
            raise Violation(f"{edit} was refused, and is stored")

    def clock(self, editor: Editor) -> None:
        """RM14: every change up to a clock that a page was told has been sent to it."""
        if editor.clock is None or not editor.synced:
            return
        if editor.clock > self.store.clock:
            raise Violation(f"{editor.name} was told clock {editor.clock}, it is {self.store.clock}")
        for row in self.store.rows.values():
            if row.clock > editor.clock:
                continue
            stored, held = row.element, editor.held.get(row.element.id)
            if editor.is_pending(stored.id):
                continue  # what beats it comes in answer to the push
            if held is None and (stored.is_deleted or self._was_deleted(stored)):
                continue
            if held is None or takes_incoming(held.rank, stored.rank):
                raise Violation(
                    f"{editor.name} was told clock {editor.clock}, but has {held} of {stored.body!r} ({row.clock})"
                )

    def _was_deleted(self, stored: Element) -> bool:
        """Did somebody delete it? Who comes meanwhile gets the scene without it, committed or not."""
        return any(
            e.id == stored.id and e.is_deleted and takes_incoming(stored.rank, e.rank) for e in self.drawn
        )

    def end(self, editors: Iterable[Editor], rooms: Iterable[Room]) -> None:
        """RM13 and RM2: the same scene everywhere, each element at an index of its own."""
        truth = {
            i: seen(row.element.body) for i, row in self.store.rows.items() if not row.element.is_deleted
        }
        indexes = [row.element.index for row in self.store.rows.values()]
        if len(set(indexes)) != len(indexes):
            raise Violation(f"Two elements stand at one index: {sorted(indexes)}")
        for i, row in self.store.rows.items():
            shown = seen(row.element.body)
            if (shown.rank, shown.index, shown.is_deleted) != (
                row.element.rank,
                row.element.index,
                row.element.is_deleted,
            ):
                raise Violation(f"{i} has columns that its body does not have: {row}")
        for editor in editors:
            self.clock(editor)
            self._compare(editor.name, {i: e for i, e in editor.held.items() if not e.is_deleted}, truth)
        for room in rooms:
            if room.clock != self.store.clock:
                raise Violation(f"A room stands at {room.clock}, the store at {self.store.clock}")
            self._compare("a room", {e.id: e for e in map(seen, room._scene.visible())}, truth)

    def _compare(self, who: str, held: dict[str, Seen], truth: dict[str, Seen]) -> None:
        for element_id in held.keys() | truth.keys():
            if held.get(element_id) != truth.get(element_id):
                raise Violation(
                    f"{who} has {held.get(element_id)}, the store {truth.get(element_id)} "
                    f"(row {self.store.rows.get(element_id)}, pruned {self.store.pruned.get(element_id)})"
                )
