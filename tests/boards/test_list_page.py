"""The list of boards: rename, move to the trash, undo, restore; without a script."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from boards.models import TITLE_MAX, Board

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_a_board_is_renamed_from_its_menu(owner: Client, board: Board) -> None:
    assert f'action="/b/{board.pk}/rename"' in owner.get("/boards/").content.decode()
    for sent, title in (
        ("  Plans \n & trees ", "Plans & trees"),
        ("   ", "Plans & trees"),
        ("x" * 999, "x" * TITLE_MAX),
    ):
        assert owner.post(f"/b/{board.pk}/rename", {"title": sent}).headers["Location"] == "/boards/"
        assert Board.objects.get(pk=board.pk).title == title


def test_a_board_goes_to_the_trash_and_comes_back(owner: Client, board: Board) -> None:
    where = owner.post(f"/b/{board.pk}/trash").headers["Location"]
    page = owner.get(where).content.decode()
    assert "is in the trash" in page and f'action="/b/{board.pk}/restore"' in page
    assert f'href="/b/{board.pk}"' not in page and "Trash (1)" in page
    trash = owner.get("/boards/?trash").content.decode()
    assert "Alice&#x27;s board" in trash and "Restore" in trash
    owner.post(f"/b/{board.pk}/restore")
    page = owner.get(where).content.decode()
    assert "is in the trash" not in page and f'href="/b/{board.pk}"' in page and "Trash (" not in page


@pytest.mark.parametrize("name", ["bob", "mallory"])
def test_nobody_else_manages_it(board: Board, bob: Any, mallory: Any, name: str) -> None:
    client = Client()
    client.force_login({"bob": bob, "mallory": mallory}[name])
    assert f"/b/{board.pk}/rename" not in client.get("/boards/").content.decode()
    for act in ("rename", "trash", "restore"):
        assert client.post(f"/b/{board.pk}/{act}", {"title": "Mine"}).status_code == 404
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now())
    assert client.post(f"/b/{board.pk}/restore").status_code == 404
    page = client.get(f"/boards/?trashed={board.pk}").content.decode()
    assert "Alice&#x27;s board" not in page and "is in the trash" not in page


def test_an_odd_address_of_the_list_is_no_error(owner: Client) -> None:
    assert owner.get("/boards/?trashed=nonsense").status_code == 200
