"""The cost of hatching, against the cases that the front end runs too."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from boards.elements import store
from boards.elements.element import Element
from boards.elements.hatching import BOARD_COST_MAX, ELEMENT_COST_MAX, hatch_cost
from boards.exchange import document, importing
from boards.history import versions
from boards.room.scene import Entry, MergeResult, Scene
from tests.boards.test_versions import shift
from tests.factories import body, element

CASES = json.loads((Path(__file__).parent.parent / "shared" / "hatching_cases.json").read_text())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: str(case["name"]))
def test_hatch_cost(case: dict[str, Any]) -> None:
    element = case["element"]
    cost = hatch_cost(
        element["type"],
        element.get("fillStyle"),
        element.get("backgroundColor"),
        element["strokeWidth"],
        (element["width"], element["height"]),
        element.get("points", ()),
    )
    assert cost == pytest.approx(case["cost"], abs=1e-5)


def test_both_sides_have_the_same_budgets() -> None:
    assert (CASES["element_cost_max"], CASES["board_cost_max"]) == (ELEMENT_COST_MAX, BOARD_COST_MAX)


DEAR = {
    "fillStyle": "hachure",
    "backgroundColor": "#ffc9c9",
    "width": 10_000,
    "height": 10_000,
    "strokeWidth": 1,
}
ENOUGH = int(BOARD_COST_MAX / element(**DEAR).hatch_cost)
"""So many of these are what a board may have."""


def drawn(number: int, **fields: Any) -> Element:
    return element(f"dear-{number}", index=f"a{number:04d}V", **DEAR | fields)


def test_a_board_has_no_more_hatching_than_its_pages_can_draw() -> None:
    scene = Scene()
    for number in range(ENOUGH):
        assert scene.affordable(each := drawn(number)) is each
        assert scene.merge(Entry(each)) is MergeResult.TAKEN
    beyond = scene.affordable(drawn(ENOUGH))
    assert b'"fillStyle":"solid"' in beyond.body and scene.merge(Entry(beyond)) is MergeResult.UNSETTLED
    assert not scene.affordable(drawn(0, version=2)).repaired, "what is there already may be changed"
    assert not scene.affordable(element("plain", width=10_000)).repaired
    scene.merge(Entry(drawn(1, version=2, isDeleted=True)))
    assert not scene.affordable(drawn(ENOUGH)).repaired, "what was deleted makes room"


@pytest.mark.django_db
def test_an_import_brings_no_more_hatching_than_that(board: Any, alice: Any) -> None:
    store.apply(board.pk, [drawn(number) for number in range(ENOUGH - 1)])
    bodies = [body(f"more-{n}", **DEAR) for n in range(3)]
    file = json.dumps({"type": "excalidraw", "version": 2, "elements": bodies}).encode()
    assert importing.import_document(board, alice, document.read(file))["added"] == 3
    styles = [json.loads(board.elements.get(element_id=f"more-{n}").body)["fillStyle"] for n in range(3)]
    assert styles == ["hachure", "solid", "solid"]


@pytest.mark.django_db
def test_going_back_and_undoing_bring_no_more_hatching_than_that(board: Any, alice: Any, bob: Any) -> None:
    """What was there before a release that counted it, or before somebody else used what it had left."""
    dear = [drawn(number) for number in range(ENOUGH + 2)]
    by_alice = dict.fromkeys((each.id for each in dear), alice.pk)
    store.apply(board.pk, dear, by_alice)
    version = versions.create_named(board, alice, "Before")
    shift(hours=2)
    gone = [each.replacing(each.version, is_deleted=True) for each in dear]
    store.apply(board.pk, gone, dict.fromkeys(by_alice, bob.pk))
    versions.restore(board, version, alice)
    assert (hatched(board), board.elements.filter(is_deleted=False).count()) == (ENOUGH, ENOUGH + 2)

    standing = list(board.elements.filter(body__contains='"hachure"').values_list("element_id", flat=True))[
        :1
    ]
    removed = [drawn(int(name.split("-")[1]), version=9, isDeleted=True) for name in standing]
    store.apply(board.pk, removed, dict.fromkeys(standing, bob.pk))
    store.apply(board.pk, [drawn(9_999)], {"dear-9999": alice.pk})
    assert hatched(board) == ENOUGH
    versions.undo_person(board, bob, timezone.now() - timedelta(hours=1), alice)
    assert hatched(board) == ENOUGH
    assert board.elements.filter(is_deleted=False).count() == ENOUGH + 3


def hatched(board: Any) -> int:
    return int(board.elements.filter(is_deleted=False, body__contains='"hachure"').count())
