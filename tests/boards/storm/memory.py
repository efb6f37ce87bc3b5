"""boards.elements.store and what else the rooms read of Postgres, in memory: the same rules, a thousand times faster.

tests/boards/test_store_contract.py binds both to the same answers.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from boards.elements import store
from boards.elements.element import Element
from boards.elements.reconcile import Rank, takes_incoming
from boards.elements.tombstones import Pruned
from boards.errors import BoardFrozen, BoardFull, BoardGone
from boards.models import WHITE, Role
from boards.room.access_check import BoardAccess, Granted
from boards.room.board_state import BoardState


class Row(NamedTuple):
    clock: int
    element: Element


class MemoryStore:
    """One board. `rows` is what Postgres would hold of its scene."""

    def __init__(self, board_id: uuid.UUID) -> None:
        self.board_id = board_id
        self.clock = 0
        self.frozen = False
        self.rows: dict[str, Row] = {}
        self.pruned: dict[str, Rank] = {}
        self.pruned_clock = 0

    def apply(self, board_id: uuid.UUID, incoming: Sequence[Element], authors: Any = None) -> store.Change:
        self._find(board_id)
        if self.frozen:
            raise BoardFrozen("A moderator froze this board.")
        winners = self._winners(self._without_ties(incoming))
        if not winners:
            return store.Change(self.clock, [])
        self.clock += 1
        for element in winners:
            self.rows[element.id] = Row(self.clock, element)
            self.pruned.pop(element.id, None)
        return store.Change(self.clock, winners)

    def snapshot(self, board_id: uuid.UUID) -> store.Snapshot:
        return self.changes_since(board_id, -1)

    def changes_since(self, board_id: uuid.UUID, clock: int) -> store.Snapshot:
        self._find(board_id)
        return store.Snapshot(
            self.clock,
            [(row.clock, row.element) for row in self.rows.values() if row.clock > clock],
            self.pruned_clock,
        )

    def clocks(self, board_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
        return {board_id: self.clock for board_id in board_ids if board_id == self.board_id}

    def state(self, board_id: uuid.UUID, since: int | None = None) -> BoardState:
        scene = self.snapshot(board_id) if since is None else self.changes_since(board_id, since)
        pruned = Pruned(self.pruned_clock, dict(self.pruned)) if since is None else None
        return BoardState("Storm", self.frozen, WHITE, scene, {}, [], pruned)

    def state_anew(self, board_id: uuid.UUID) -> BoardState:
        self._find(board_id)
        self.clock += 1
        self.pruned_clock = self.clock
        return self.state(board_id)

    def access(self, boards: Mapping[uuid.UUID, Mapping[str, Any]]) -> dict[uuid.UUID, BoardAccess]:
        return {
            board_id: BoardAccess(
                self.frozen, {session: Granted(Role.EDIT, who) for session, who in sessions.items()}
            )
            for board_id, sessions in boards.items()
            if board_id == self.board_id
        }

    def prune(self, until_clock: int) -> int:
        """Forget the bodies of the tombstones up to this clock (Postgres goes by their age)."""
        old = {i: row for i, row in self.rows.items() if row.element.is_deleted and row.clock <= until_clock}
        for element_id, row in old.items():
            del self.rows[element_id]
            self.pruned[element_id] = row.element.rank
            self.pruned_clock = max(self.pruned_clock, row.clock)
        return len(old)

    def rank(self, element_id: str) -> Rank | None:
        """Of what is stored, or was before it was pruned."""
        row = self.rows.get(element_id)
        return row.element.rank if row else self.pruned.get(element_id)

    def _find(self, board_id: uuid.UUID) -> None:
        if board_id != self.board_id:
            raise BoardGone("There is no such board.")

    def _without_ties(self, incoming: Sequence[Element]) -> list[Element]:
        rows = {i: row.element for i, row in self.rows.items()}
        settled = [
            rows[e.id].as_next_version() if e.id in rows and rows[e.id].ties_with(e) else e for e in incoming
        ]
        return [
            e.as_tombstone(e.rank).as_next_version()
            if self.pruned.get(e.id) == e.rank and not e.is_deleted
            else e
            for e in settled
        ]

    def _winners(self, incoming: Sequence[Element]) -> list[Element]:
        ranks = {element.id: self.rank(element.id) for element in incoming}
        won = [e for e in incoming if (known := ranks[e.id]) is None or takes_incoming(known, e.rank)]
        new = sum(1 for e in won if e.id not in self.rows and not e.is_deleted)
        live = sum(1 for row in self.rows.values() if not row.element.is_deleted)
        live -= sum(
            1 for e in won if e.is_deleted and e.id in self.rows and not self.rows[e.id].element.is_deleted
        )
        if new and live + new > store.LIVE_ELEMENTS_MAX:
            raise BoardFull(f"The board is full: {store.LIVE_ELEMENTS_MAX} elements.")
        ids = {element.id for element in won}
        taken = {row.element.index for i, row in self.rows.items() if i not in ids}
        wanted = [element.index for element in won if element.index is not None]
        stay = all(not e.repaired and e.index is not None and e.index not in taken for e in won)
        if stay and len(set(wanted)) == len(wanted):
            return won
        own = {
            element_id: self.rows[element_id].element.index for element_id in ids if element_id in self.rows
        }
        placed = []
        for element in won:
            index = store.settle_index(element, own.get(element.id), {index for index in taken if index})
            taken.add(index)
            placed.append(
                element if index == element.index and not element.repaired else element.moved_to(index)
            )
        return placed
