"""Two versions of the same rank and another content, as programs make them that send a fixed nonce (RM1, RM13)."""

import asyncio
import json
from collections.abc import Generator
from typing import Any, TypeVar

import msgspec
import pytest
from asgiref.sync import sync_to_async

from boards.elements import store
from boards.elements.reconcile import Rank, takes_incoming
from boards.models import Element
from boards.room import registry
from boards.socket import message_handler
from boards.wire import protocol
from boards.wire.client_messages import Push
from tests.boards.socket_client import Client, joined
from tests.boards.test_reconcile import CASES
from tests.factories import body, element

T = TypeVar("T")

NONCE = 7
Body = dict[str, Any]


def version(element_id: str, x: float, index: str | None = "a5", **fields: Any) -> Body:
    return body(element_id, x=x, index=index, version=2, versionNonce=NONCE) | fields


SHAPES: dict[str, tuple[list[Body], list[Body]]] = {
    "another place on the canvas": ([version("box", 1)], [version("box", 2)]),
    "two elements that change places": (
        [version("box", 1, "a5"), version("other", 1, "a6")],
        [version("box", 2, "a6"), version("other", 2, "a5")],
    ),
    "one element takes the place of the other": (
        [version("box", 1, "a6"), version("other", 1, "a7")],
        [version("box", 2, "a5"), version("other", 2, "a6")],
    ),
    "only the index differs": ([version("box", 1, "a5")], [version("box", 1, "a6")]),
    "changed here and deleted there": ([version("box", 1)], [version("box", 2, isDeleted=True)]),
    "deleted here and changed there": ([version("box", 1, isDeleted=True)], [version("box", 2)]),
    "the first wants a taken place": ([version("box", 1, "a1")], [version("box", 2, "a5")]),
    "the second wants a taken place": ([version("box", 1, "a5")], [version("box", 2, "a1")]),
    "both want the same taken place": ([version("box", 1, "a1")], [version("box", 2, "a1")]),
    "neither names a place": ([version("box", 1, None)], [version("box", 2, None)]),
    "both are new": ([version("new", 1, version=1)], [version("new", 2, version=1)]),
}


def received(held: dict[str, Body], client: Client) -> dict[str, Body]:
    """What a page shows that holds this and follows the merge rule: of a tie it keeps its own."""
    shown = dict(held)
    for element_id, each in client.elements.items():
        mine = shown.get(element_id)
        if mine is None or takes_incoming(_rank(mine), _rank(each)):
            shown[element_id] = each
    return shown


def _rank(each: Body) -> Rank:
    return each["version"], each["versionNonce"]


@sync_to_async
def rows(board: Any) -> dict[str, Body]:
    return {row.element_id: json.loads(row.body) for row in Element.objects.filter(board=board)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
@pytest.mark.parametrize("pause", [False, True], ids=["in one commit", "one after the other"])
@pytest.mark.parametrize("shape", SHAPES)
async def test_RM13_a_tie_ends_with_the_same_scene_everywhere(
    board: Any, alice: Any, bob: Any, shape: str, pause: bool
) -> None:
    first, second = SHAPES[shape]
    there = [element("taken", index="a1"), element("box", index="a5"), element("other", index="a6")]
    await sync_to_async(store.apply)(board.pk, there)
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(*first, wait=pause)
        await b.push(*second, wait=pause)
        for client in () if pause else (a, b):
            await client.until("ack", ref="p1")
        room = await registry.room_of(board.pk)
        async with asyncio.timeout(10):
            while True:
                for client in (a, b):  # what was sent to it before this answer
                    await client.send({"type": "ping"})
                    await client.until("pong")
                stored = await rows(board)
                in_room = {i: json.loads(text) for i in stored for text in room._scene.bodies([i])}
                shown = [received({e["id"]: e for e in own}, c) for own, c in ((first, a), (second, b))]
                if in_room == stored and all({**stored, **page} == stored for page in shown):
                    return
                await asyncio.sleep(0.02)


def outcome(work: Generator[None, None, T]) -> T:
    """What it returns once all of its parts are done."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


@pytest.mark.parametrize("case", CASES["pushes"], ids=lambda case: str(case["name"]))
def test_RM1_of_several_versions_in_one_push_the_rule_says_which_stays(case: Body) -> None:
    raw = msgspec.json.encode(
        {"type": "push", "id": "p", "elements": [body(**fields) for fields in case["elements"]]}
    )
    push = protocol.parse(raw.decode())
    assert isinstance(push, Push)
    elements, refused = outcome(message_handler._check(push))
    assert refused == []
    stays = [{"id": e.id, "version": e.version, "versionNonce": e.version_nonce} for e in elements]
    assert stays == case["stay"]
    assert [json.loads(e.body)["x"] for e in elements] == case["x"]


@pytest.mark.django_db
def test_RM1_what_is_stored_stays_as_a_version_of_its_own_of_its_author(
    board: Any, alice: Any, bob: Any
) -> None:
    store.apply(board.pk, [element("box", x=1, versionNonce=NONCE)], {"box": alice.pk})
    change = store.apply(board.pk, [element("box", x=2, versionNonce=NONCE)], {"box": bob.pk})
    row = Element.objects.get()
    assert (change.clock, row.version, row.author_id) == (2, 2, alice.pk)
    assert json.loads(row.body)["x"] == 1 and row.version_nonce >= 2**31
    again = store.apply(board.pk, [element("box", x=2, versionNonce=NONCE)], {"box": bob.pk})
    assert (again.clock, again.elements) == (2, [])


@pytest.mark.django_db
def test_RM1_a_version_that_is_repeated_changes_nothing(board: Any, alice: Any) -> None:
    for expected in (1, 1):
        change = store.apply(board.pk, [element("box", x=1, index="a5", versionNonce=NONCE, seed=1)])
        assert change.clock == expected
