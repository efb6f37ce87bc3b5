"""Old tombstones go, and nobody can tell by the merge that they did."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from boards.elements import store, tombstones
from boards.models import Board, Element, PrunedElement
from boards.tasks import prune_tombstones
from tests.boards.socket_client import joined
from tests.factories import body, element

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rooms_end")]


def age(board: Board, element_id: str, days: float) -> None:
    long_ago = timezone.now() - timedelta(days=days)
    Element.objects.filter(board=board, element_id=element_id).update(changed_at=long_ago)


@pytest.fixture
def pruned(board: Board) -> Board:
    """At clock 4; `old` was deleted at clock 2 as version 5, and is pruned; `kept` lives."""
    store.apply(board.pk, [element("old", version=4), element("kept")])
    store.apply(board.pk, [element("old", version=5, versionNonce=50, isDeleted=True)])
    store.apply(board.pk, [element("late")])
    store.apply(board.pk, [element("late", version=2, isDeleted=True)])
    age(board, "old", 8)
    prune_tombstones()
    return board


def test_RM21_tombstones_stay_for_seven_days(board: Board) -> None:
    store.apply(board.pk, [element("new", isDeleted=True), element("old", isDeleted=True), element("alive")])
    age(board, "new", 6.9)
    age(board, "old", 7.1)
    age(board, "alive", 30)
    prune_tombstones()
    assert set(board.elements.values_list("element_id", flat=True)) == {"new", "alive"}
    assert set(tombstones.ranks(board.pk)) == {"old"}


def test_RM21_the_rank_stays_and_the_clock_does_not_move(pruned: Board) -> None:
    assert tombstones.read(pruned.pk) == (2, {"old": (5, 50)})
    assert store.clocks([pruned.pk]) == {pruned.pk: 4}


def test_RM21_a_second_time_changes_nothing(pruned: Board) -> None:
    assert tombstones.prune_all() == 0
    assert tombstones.read(pruned.pk) == (2, {"old": (5, 50)})


def test_RM23_what_is_older_than_a_pruned_tombstone_loses(pruned: Board) -> None:
    tombstone = element("old", version=5, versionNonce=50, isDeleted=True)
    for loser in (tombstone, element("old", version=4, versionNonce=1)):
        assert store.apply(pruned.pk, [loser]) == (4, [])
    assert not pruned.elements.filter(element_id="old").exists()


def test_RM23_what_ties_with_a_pruned_tombstone_is_answered_with_a_newer_one(pruned: Board) -> None:
    change = store.apply(pruned.pk, [element("old", version=5, versionNonce=50)])
    assert [(e.version, e.is_deleted) for e in change.elements] == [(6, True)]
    assert pruned.elements.get(element_id="old").is_deleted and not PrunedElement.objects.exists()


def test_RM23_what_is_newer_comes_back_and_the_rank_is_forgotten(pruned: Board) -> None:
    change = store.apply(pruned.pk, [element("old", version=5, versionNonce=49)])
    assert change.clock == 5 and [e.id for e in change.elements] == ["old"]
    assert not PrunedElement.objects.exists()
    assert store.apply(pruned.pk, [element("old", version=5, versionNonce=50)]).elements == []


@pytest.mark.parametrize(("clock", "complete"), [(None, True), (1, True), (2, False), (4, False), (5, True)])
async def test_RM22_who_saw_less_than_the_pruned_clock_gets_the_complete_scene(
    pruned: Board, bob: Any, clock: int | None, complete: bool
) -> None:
    async with joined(pruned, bob, clock=clock) as b:
        assert b.welcome["complete"] is complete
        seen = {element_id for element_id, e in b.elements.items() if not e["isDeleted"]}
        assert seen == ({"kept"} if complete else set())


async def test_RM23_who_was_away_for_long_learns_that_what_it_drew_on_is_gone(
    pruned: Board, bob: Any
) -> None:
    async with joined(pruned, bob, clock=1) as b:
        drawn = body("old", version=4, index="a7", x=7)
        await b.push(drawn, wait=False)
        message = await b.receive()
        while message["type"] in {"presence", "board"}:
            message = await b.receive()
        assert message["type"] == "patch", "before the ack"
        assert message["elements"] == [drawn | {"version": 5, "versionNonce": 50, "isDeleted": True}]
        assert (await b.until("ack", ref="p1"))["refused"] == []
    assert not await sync_to_async(pruned.elements.filter(element_id="old").exists)()


async def test_RM23_who_takes_a_deletion_back_after_long_is_heard(
    pruned: Board, alice: Any, bob: Any
) -> None:
    async with joined(pruned, alice) as a, joined(pruned, bob) as b:
        await b.push(body("old", version=6))
        assert (await a.until_has("old"))["version"] == 6
    assert await sync_to_async(pruned.elements.filter(element_id="old", is_deleted=False).exists)()


async def test_RM11_a_push_that_loses_to_a_deletion_is_told_of_it(board: Board, alice: Any, bob: Any) -> None:
    async with joined(board, alice) as a:
        await a.push(body("gone"))
        await a.push(body("gone", version=2, isDeleted=True))
        async with joined(board, bob) as b:  # without its tombstone
            await b.push(body("gone", version=1, versionNonce=1))
            assert b.elements["gone"]["isDeleted"]
