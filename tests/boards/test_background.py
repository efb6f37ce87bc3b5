"""A board has a background: who may change it, and where it is seen."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from PIL import Image

from boards import background
from boards.elements import store
from boards.exchange import exporting
from boards.history import versions
from boards.models import Board
from boards.rendering import thumbnails
from tests.factories import element

NAVY = "#001133"


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user)
    return made


def paint(user: Any, board: Board, colour: Any) -> Any:
    return client(user).patch(
        f"/api/v1/boards/{board.pk}", json.dumps({"background": colour}), "application/json"
    )


@pytest.mark.parametrize("value", ["#fff", "#FFFFFF", "#12345678", "transparent", "White"])
def test_a_colour_is_one(value: str) -> None:
    assert background.colour(value) == value.lower()


@pytest.mark.parametrize(
    "value", [None, 5, "", "#12", "#12345", "url(x)", "red;", "var(--x)", "constructor", ["#fff"], "#fff\n;"]
)
def test_anything_else_is_none(value: Any) -> None:
    assert background.colour(value) is None


def test_editors_change_it_and_nobody_else(
    board: Board, alice: Any, bob: Any, carol: Any, mallory: Any
) -> None:
    clock = board.clock
    assert paint(bob, board, NAVY).json()["background"] == NAVY
    assert paint(bob, board, NAVY).json()["clock"] == clock + 1, "the same again changes nothing"
    assert [paint(user, board, "#fff").status_code for user in (carol, mallory)] == [403, 404]
    assert paint(alice, board, "url(x)").status_code == 422
    Board.objects.update(frozen=True)
    assert paint(alice, board, "#fff").status_code == 423
    board.refresh_from_db()
    assert board.background == NAVY


def test_whoever_may_only_edit_does_not_rename_by_it(board: Board, bob: Any) -> None:
    body = json.dumps({"background": NAVY, "title": "Mine"})
    assert client(bob).patch(f"/api/v1/boards/{board.pk}", body, "application/json").status_code == 403


def test_documents_and_pictures_have_it(board: Board, alice: Any) -> None:
    store.apply(board.pk, [element("box", x=0, y=0)])
    paint(alice, board, NAVY)
    seen = client(alice)
    scene = json.loads(b"".join(seen.get(f"/api/v1/boards/{board.pk}/scene").streaming_content))  # type: ignore[arg-type]
    assert scene["appState"]["viewBackgroundColor"] == NAVY
    drawn = Image.open(io.BytesIO(seen.get(f"/api/v1/boards/{board.pk}/render.png").content)).convert("RGB")
    assert drawn.getpixel((1, 1)) == (0, 0x11, 0x33)
    assert NAVY in seen.get(f"/api/v1/boards/{board.pk}/render.svg").content.decode()


def test_a_thumbnail_shows_it_as_it_looks_on_white(board: Board) -> None:
    background.change(board.pk, "#ff000080")
    assert thumbnails.draw(exporting.contents(board)).getpixel((0, 0)) == (255, 127, 127)


def test_a_scene_has_the_background_of_its_own_clock(board: Board) -> None:
    """However old what is known of the board is: a picture is kept for the clock."""
    background.change(board.pk, NAVY)
    assert board.background == "#ffffff"
    contents = exporting.contents(board)
    assert (contents.clock, contents.board.background) == (board.clock + 1, NAVY)


def test_a_version_keeps_it_and_going_back_brings_it_back(board: Board, alice: Any) -> None:
    store.apply(board.pk, [element("box")])
    background.change(board.pk, NAVY)
    board.refresh_from_db()
    version = versions.create_named(board, alice, "Night")
    background.change(board.pk, "#ffffff")
    board.refresh_from_db()
    restored = versions.restore(board, version, alice)
    board.refresh_from_db()
    assert board.background == NAVY
    assert restored.before is not None and restored.before.background == "#ffffff"
    assert restored.clock == board.clock


def test_what_going_back_changes_is_without_a_version_from_then_on(board: Board, alice: Any) -> None:
    version = versions.create_named(board, alice, "White")
    background.change(board.pk, NAVY)
    Board.objects.update(unversioned_since=timezone.now() - timedelta(minutes=9))
    before = timezone.now()
    versions.restore(board, version, alice)
    board.refresh_from_db()
    assert board.unversioned_since is not None and board.unversioned_since >= before


def test_an_empty_board_takes_the_background_of_a_file_and_one_with_content_keeps_its_own(
    board: Board,
) -> None:
    with transaction.atomic():
        assert background.taken_from_import(board, "url(x)")
        board.refresh_from_db()
        assert board.background == "#ffffff", "which is no colour, so that the file says none"
        assert background.taken_from_import(board, NAVY)
        board.refresh_from_db()
        assert board.background == NAVY
        store.apply(board.pk, [element("box")])
        assert not background.taken_from_import(board, "#ff0000")
    board.refresh_from_db()
    assert board.background == NAVY
