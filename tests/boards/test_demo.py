"""The public demo board: there if the instance wants one, and as it was made again once nobody draws."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from boards import background, tasks
from boards.elements import store
from boards.history import versions
from boards.models import Board, Element, Role
from boards.pages import demo, welcome
from tests.factories import element

pytestmark = pytest.mark.django_db


@pytest.fixture
def public(settings: Any) -> Board:
    settings.ATELIER_DEMO_BOARD = True
    return Board.objects.get(pk=demo.board().pk)


def live(board: Board) -> dict[str, bytes]:
    """The live elements without what every new version changes."""
    found = store.snapshot(board.pk).elements
    return {each.id: each.body for _, each in found if not each.is_deleted}


def spoil(board: Board) -> None:
    row = Element.objects.filter(board=board, element_id="welcome-00").get()
    gone = element("welcome-00", version=row.version + 1, isDeleted=True)
    store.apply(board.pk, [gone, element("rude", x=7)])


def rest(board: Board) -> None:
    Board.objects.filter(pk=board.pk).update(changed_at=timezone.now() - demo.IDLE - timedelta(seconds=1))


def test_without_the_setting_there_is_none(client: Client) -> None:
    assert client.get("/demo").status_code == 404
    tasks.reset_demo()
    assert not Board.objects.exists()


def test_with_the_setting_anybody_may_draw_on_it(client: Client, public: Board) -> None:
    assert client.get("/demo").headers["Location"] == f"/b/{public.pk}"
    assert public.open_role == Role.EDIT and demo.board() == public
    assert client.get("/").headers["Location"] != f"/b/{public.pk}", "newcomers have their own"


def test_it_is_as_it_was_made_once_nobody_draws(public: Board) -> None:
    before = {each.id for each in welcome.scene().elements}
    spoil(public)
    background.change(public.pk, "#ff0000")
    tasks.reset_demo()
    assert "rude" in live(public), "never while somebody draws"
    rest(public)
    tasks.reset_demo()
    assert set(live(public)) == before
    public.refresh_from_db()
    assert public.background == welcome.scene().background
    kept = public.versions.get()
    shown = {each.id for each in versions.state_at(public, kept.clock)}
    assert "rude" in shown and "welcome-00" not in shown, "the history has what was there"


def test_one_that_nobody_changed_is_left_alone(public: Board) -> None:
    rest(public)
    tasks.reset_demo()
    again = Board.objects.get(pk=public.pk)
    assert again.clock == public.clock and not again.versions.exists()
    spoil(public)
    rest(public)
    tasks.reset_demo()
    clock = Board.objects.get(pk=public.pk).clock
    rest(public)
    tasks.reset_demo()
    assert Board.objects.get(pk=public.pk).clock == clock, "once is enough"
