"""The store of the storms answers as boards.elements.store does: both take the same random calls."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from boards.elements import element as elements
from boards.elements import store, tombstones
from boards.elements.element import Element
from boards.errors import BoardFrozen, BoardFull, BoardGone
from boards.models import Board
from boards.models import Element as Row
from boards.room import board_state
from tests.boards.storm.memory import MemoryStore
from tests.factories import element

pytestmark = pytest.mark.django_db


def outcome(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except (BoardFrozen, BoardFull, BoardGone) as error:
        return error.code, error.message


def some(random_: random.Random) -> list[Element]:
    """A batch: new, newer, older and equal versions, many of them at indexes that are taken."""
    ids = random_.sample([f"e{n}" for n in range(14)], random_.randint(1, 5))
    return [
        element(
            element_id,
            version=random_.randint(1, 6),
            versionNonce=random_.randrange(3),
            index=random_.choice(["a0", "a1", "a2", "a3", "a1V", None]),
            isDeleted=random_.random() < 0.3,
        )
        for element_id in ids
    ]


@pytest.mark.parametrize("seed", range(12))
def test_both_stores_give_the_same_answers(board: Board, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIVE_ELEMENTS_MAX", 8)
    random_, memory = random.Random(seed), MemoryStore(board.pk)

    def both(call: Any, other: Any, *arguments: Any) -> tuple[Any, Any]:
        answers = []
        for function in (call, other):
            # The nonces of what the store moves: drawn alike.
            drawn = random.Random(random_.getstate()[1][0])
            monkeypatch.setattr(elements, "secrets", SimpleNamespace(randbelow=drawn.randrange))
            answers.append(outcome(function, *arguments))
        return answers[0], answers[1]

    for _ in range(40):
        match random_.choices(["apply", "prune", "start_over", "freeze", "clocks"], [20, 2, 1, 1, 2])[0]:
            case "apply":
                real, double = both(store.apply, memory.apply, board.pk, some(random_))
                assert real == double
            case "prune":
                assert tombstones.prune(board.pk, timezone.now()) == memory.prune(memory.clock)
            case "start_over":
                real, double = board_state.read_anew(board.pk), memory.state_anew(board.pk)
                assert real.pruned == double.pruned
            case "freeze":
                memory.frozen = not memory.frozen
                Board.objects.filter(pk=board.pk).update(frozen=memory.frozen)
            case "clocks":
                assert store.clocks([board.pk]) == memory.clocks([board.pk])
        since = random_.randint(-1, memory.clock)
        real, double = both(store.changes_since, memory.changes_since, board.pk, since)
        assert (real.clock, real.pruned_clock) == (double.clock, double.pruned_clock)
        assert bare(real) == bare(double)
    assert Row.objects.filter(board=board).count() == len(memory.rows)


def bare(snapshot: store.Snapshot) -> list[tuple[object, ...]]:
    """What Postgres keeps of each element, in no particular order there."""
    return sorted((clock, e.id, *e.rank, e.index, e.is_deleted, e.body) for clock, e in snapshot.elements)
