"""Whatever is stored can be changed and restored by everybody, whatever versions somebody brought (RM24)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from boards.elements import store
from boards.errors import ElementRefused
from boards.exchange import document, importing
from boards.history import versions
from boards.models import Board, Element
from boards.room.scene import Entry, MergeResult, Scene
from tests.boards.socket_client import joined
from tests.factories import body, element

HIGHEST = 2**31 - 1
"""The highest version that an earlier release let in, and stored with a nonce that won every tie."""


def freeze(board: Board, element_id: str) -> None:
    row = board.elements.get(element_id=element_id)
    fields = json.loads(row.body) | {"version": HIGHEST, "versionNonce": -(2**53)}
    board.elements.update(version=HIGHEST, version_nonce=-(2**53), body=json.dumps(fields))


def stored(board: Board) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(board.elements.get(element_id="box").body)
    return found


def test_RM24_who_pushes_as_high_as_is_let_in_does_not_freeze_an_element() -> None:
    scene, version = Scene(), 0
    for _ in range(3_000):
        for jump in (1_000_000, 10_000):
            try:
                scene.merge(Entry(element("box", version=version + jump, versionNonce=0)))
            except ElementRefused:
                continue
            version += jump
            break
    assert version < 2**30 + 2_000 * 10_000
    assert (
        scene.merge(Entry(element("box", version=version + 1, versionNonce=2**31 - 1))) is MergeResult.TAKEN
    )


@pytest.mark.django_db
def test_RM24_an_import_brings_no_version_that_nobody_can_follow(board: Any, alice: Any) -> None:
    store.apply(board.pk, [element("known", version=5)])
    highest = {"version": 2**53 - 1, "versionNonce": -1}
    bodies = [body("known", x=7, **highest), body("new", **highest)]
    file = json.dumps({"type": "excalidraw", "version": 2, "elements": bodies}).encode()
    added = importing.import_document(board, alice, document.read(file))
    assert (added["added"], added["updated"], added["refused"]) == (1, 1, [])
    rows = {row.element_id: row for row in board.elements.all()}
    assert (rows["known"].version, rows["new"].version) == (6, 1)
    assert json.loads(rows["known"].body)["x"] == 7
    assert all(0 <= row.version_nonce < 2**31 for row in rows.values())


@pytest.mark.django_db
def test_RM24_what_an_earlier_release_froze_can_be_restored(board: Any, alice: Any, mallory: Any) -> None:
    store.apply(board.pk, [element("box", x=1)], {"box": alice.pk})
    version = versions.create_named(board, alice, "Before")
    store.apply(board.pk, [element("box", version=2, x=2)], {"box": mallory.pk})
    freeze(board, "box")
    assert len(versions.restore(board, version, alice).elements) == 1
    now = stored(board)
    assert (now["x"], now["version"]) == (1, HIGHEST + 1)
    assert store.apply(board.pk, [element("box", version=HIGHEST + 2, x=3)]).elements


@pytest.mark.django_db
def test_RM24_what_somebody_froze_can_be_undone(board: Any, alice: Any, bob: Any, mallory: Any) -> None:
    store.apply(board.pk, [element("box", x=1)], {"box": alice.pk})
    store.apply(board.pk, [element("box", version=2, x=2)], {"box": mallory.pk})
    freeze(board, "box")
    undone = versions.undo_person(board, mallory, timezone.now() - timedelta(hours=1), alice)
    assert undone.reverted == 1 and stored(board)["x"] == 1
    assert store.apply(board.pk, [element("box", version=HIGHEST + 2, x=3)], {"box": bob.pk}).elements


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_RM24_what_an_earlier_release_froze_can_be_changed(board: Any, alice: Any, bob: Any) -> None:
    await sync_to_async(store.apply)(board.pk, [element("box", x=1)])
    await sync_to_async(freeze)(board, "box")
    async with joined(board, alice) as a, joined(board, bob) as b:
        ack = await a.push(body("box", version=HIGHEST + 1, x=2))
        assert ack["refused"] == []
        await b.until_has("box", x=2)
        await b.push(body("box", version=HIGHEST + 2, isDeleted=True))
        await a.until_has("box", isDeleted=True)
    assert await sync_to_async(Element.objects.filter(is_deleted=True).count)() == 1
