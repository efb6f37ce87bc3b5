"""Undoing what one person did since a time, whatever others did in between (rules H8 and H9, docs/history.md)."""

import json
import random
from datetime import timedelta

import pytest
from django.utils import timezone

from boards.elements import store
from boards.errors import BoardFrozen, TooLongAgo
from boards.history import versions
from boards.models import Board, Element
from tests.boards.test_versions import draw, scene, shift
from tests.factories import element

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def hour_ago():
    return timezone.now() - HOUR


def test_H8_changed_goes_back_created_goes_away_deleted_comes_back(board, alice, mallory):
    for name in ("changed", "deleted", "untouched"):
        draw(board, alice, name, x=1)
    shift(hours=2)
    draw(board, mallory, "changed", 2, x=666)
    draw(board, mallory, "deleted", 2, isDeleted=True)
    draw(board, mallory, "created", x=666)
    undone = versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {"changed": 1, "deleted": 1, "untouched": 1}
    assert (undone.reverted, undone.removed, undone.kept) == (2, 1, 0)
    assert Element.objects.get(element_id="created").is_deleted


def test_H8_what_somebody_else_changed_later_stays(board, alice, bob, mallory):
    draw(board, alice, "box", 1, x=1)
    shift(hours=2)
    draw(board, mallory, "box", 2, x=666)
    draw(board, bob, "box", 3, x=3)
    draw(board, mallory, "drawn over", x=666)
    draw(board, bob, "drawn over", 2, x=4)
    undone = versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {"box": 3, "drawn over": 4}
    assert (undone.reverted, undone.removed, undone.kept, undone.before) == (0, 0, 2, None)


def test_H8_it_goes_back_to_the_newest_that_is_somebody_elses(board, alice, bob, mallory):
    draw(board, alice, "box", 1, x=1)
    shift(hours=2)
    draw(board, mallory, "box", 2, x=666)
    draw(board, bob, "box", 3, x=3)
    draw(board, mallory, "box", 4, x=667)
    draw(board, mallory, "box", 5, x=668)
    versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {"box": 3}


def test_H8_ones_own_older_work_stays(board, bob):
    draw(board, bob, "box", 1, x=1)
    shift(hours=2)
    draw(board, bob, "box", 2, x=2)
    draw(board, bob, "box", 3, x=3)
    versions.undo_person(board, bob, hour_ago(), bob)
    assert scene(board) == {"box": 1}


def test_H8_the_undo_can_be_undone(board, alice, mallory):
    draw(board, mallory, "box", x=666)
    undone = versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {}
    versions.restore(board, undone.before, alice)
    assert scene(board) == {"box": 666}


def test_H8_undoing_again_changes_nothing_and_undoing_further_back_does(board, alice, mallory):
    draw(board, alice, "box", 1, x=1)
    shift(hours=10)
    draw(board, mallory, "box", 2, x=666)
    shift(hours=2)
    draw(board, mallory, "box", 3, x=667)
    assert versions.undo_person(board, mallory, hour_ago(), alice).reverted == 1
    assert scene(board) == {"box": 666}
    assert versions.undo_person(board, mallory, hour_ago(), alice).reverted == 0
    assert versions.undo_person(board, mallory, timezone.now() - 5 * HOUR, alice).reverted == 1
    assert scene(board) == {"box": 1}


def test_H8_a_restore_is_undone_like_any_other_change(board, alice, mallory):
    draw(board, alice, "old", 1, x=1)
    version = versions.create_named(board, alice, "Old")
    draw(board, alice, "old", 2, x=2)
    draw(board, alice, "new", x=5)
    versions.restore(board, version, mallory)
    versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {"old": 2, "new": 5}


def test_H8_a_frozen_board_is_open_to_moderators_alone(board, alice, mallory):
    draw(board, mallory, "box", x=666)
    Board.objects.update(frozen=True)
    with pytest.raises(BoardFrozen):
        versions.undo_person(board, mallory, hour_ago(), alice)
    assert scene(board) == {"box": 666}
    versions.undo_person(board, mallory, hour_ago(), None, even_if_frozen=True)
    assert scene(board) == {}


def test_H9_it_reaches_back_a_week_and_no_further(board, alice, mallory):
    with pytest.raises(TooLongAgo):
        versions.undo_person(board, mallory, timezone.now() - timedelta(days=8), alice)


@pytest.mark.parametrize("seed", range(25))
def test_H8_whatever_the_interleaving_it_equals_the_rule_said_slowly(board, alice, bob, mallory, seed):
    """The model keeps every version; each step is more than a minute after the last, so none is merged away."""
    randomly = random.Random(seed)
    log: dict[
        str, list[tuple[object, int, int | None]]
    ] = {}  # id → (author, step, x or None for a tombstone)
    steps = 24
    since_step = randomly.randrange(steps)
    for step in range(steps):
        user = randomly.choice([alice, bob, mallory])
        element_id = f"e{randomly.randrange(6)}"
        x = None if randomly.random() < 0.25 and element_id in log else step
        versions_so_far = log.setdefault(element_id, [])
        versions_so_far.append((user, step, x))
        draw(board, user, element_id, len(versions_so_far), x=step, isDeleted=x is None)
        if randomly.random() < 0.15:
            versions.create_named(board, alice, f"At {step}")
        shift(minutes=2)
    expected = {}
    for element_id, entries in log.items():
        found = entries[-1]
        if found[0] is mallory and found[1] >= since_step:
            others = [e for e in entries if e[0] is not mallory or e[1] < since_step]
            found = others[-1] if others else (None, 0, None)
        if found[2] is not None:
            expected[element_id] = found[2]
    # The step n was taken 2 · (steps - n) minutes ago.
    since = timezone.now() - timedelta(minutes=2 * (steps - since_step) + 1)
    undone = versions.undo_person(board, mallory, since, alice)
    assert scene(board) == expected, f"seed {seed}"
    if undone.before is not None:
        versions.restore(board, undone.before, alice)
        last = {i: entries[-1][2] for i, entries in log.items() if entries[-1][2] is not None}
        assert scene(board) == last, f"seed {seed}"


def test_H8_it_is_one_change_however_much_it_undoes(board, alice, mallory):
    elements = [element(f"e{n}") for n in range(500)]
    store.apply(board.pk, elements, dict.fromkeys((e.id for e in elements), mallory.pk))
    clock = Board.objects.get(pk=board.pk).clock
    undone = versions.undo_person(board, mallory, hour_ago(), alice)
    assert (undone.clock, undone.removed) == (clock + 1, 500)
    bodies = Element.objects.values_list("body", flat=True)
    assert all(json.loads(body)["isDeleted"] for body in bodies)
