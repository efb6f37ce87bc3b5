"""Small pictures of boards: drawn when changes have settled, shown to those who may see the board, told to nobody else."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from boards import tasks
from boards.elements import store
from boards.models import Board, Role, Thumbnail
from boards.pages import demo
from boards.rendering import RenderBusy, RenderFailed, render, thumbnails
from boards.rendering.thumbnails import APART, SETTLED, SIZE_PX
from tests.factories import element
from tests.likeness import picture

pytestmark = pytest.mark.django_db
RED, WHITE = (224, 49, 49), (255, 255, 255)


def paint(board: Board, version: int = 1, **fields: Any) -> None:
    plain = {"x": 0, "y": 0, "width": 400, "height": 200, "fillStyle": "solid", "backgroundColor": "#e03131"}
    store.apply(board.pk, [element("box", version=version, **plain | fields)])


def later(seconds: float = 0.0) -> datetime:
    """Some time after changes have settled."""
    return timezone.now() + SETTLED + timedelta(seconds=seconds)


def image(board: Board) -> Any:
    thumbnail = Thumbnail.objects.get(board=board)
    with default_storage.open(thumbnail.key) as stored:
        return picture(stored.read())


def test_a_board_is_drawn_when_it_has_settled_in_the_middle_of_a_sheet(board: Board) -> None:
    paint(board)
    assert thumbnails.draw_due(timezone.now()) == 0, "somebody may still be drawing"
    assert thumbnails.draw_due(later()) == 1
    drawn = image(board)
    assert drawn.size == SIZE_PX and drawn.getpixel((400, 210)) == RED and drawn.getpixel((5, 5)) == WHITE
    assert thumbnails.draw_due(later(3_600)) == 0, "nothing changed since"


def test_a_stray_stroke_far_away_does_not_make_the_drawing_tiny(board: Board) -> None:
    paint(board)
    store.apply(board.pk, [element("second", x=40, y=40, width=50, height=50)])
    store.apply(board.pk, [element("stray", x=90_000, y=-70_000, width=30, height=30)])
    thumbnails.draw_due(later())
    drawn = image(board)
    wide = sum(drawn.getpixel((x, 210)) == RED for x in range(SIZE_PX[0]))
    assert wide > 0.6 * SIZE_PX[0], "the box is shown large"
    assert drawn.getpixel((2, 210)) == WHITE, "with a margin"


def test_a_dark_board_keeps_its_ground(board: Board) -> None:
    Board.objects.filter(pk=board.pk).update(background="#121212")
    paint(board)
    thumbnails.draw_due(later())
    assert image(board).getpixel((5, 5)) == (18, 18, 18)


def test_a_board_that_never_rests_is_drawn_once_a_minute(board: Board) -> None:
    paint(board)
    assert thumbnails.draw_due(later()) == 1
    first = Thumbnail.objects.get(board=board)
    paint(board, 2, backgroundColor="#1971c2")
    assert thumbnails.draw_due(first.tried_at + APART / 2) == 0
    Board.objects.filter(pk=board.pk).update(changed_at=first.tried_at + APART)
    assert thumbnails.draw_due(first.tried_at + APART) == 1
    second = Thumbnail.objects.get(board=board)
    assert second.clock > first.clock and second.sha256 != first.sha256
    assert not default_storage.exists(first.key), "what nobody shows any more is deleted"


def test_a_board_without_a_drawing_has_none(board: Board) -> None:
    assert thumbnails.draw_due(later()) == 0, "never touched"
    paint(board)
    thumbnails.draw_due(later())
    drawn = Thumbnail.objects.get(board=board)
    paint(board, 2, isDeleted=True)
    thumbnails.draw_due(later(120))
    empty = Thumbnail.objects.get(board=board)
    assert empty.key == "" and not default_storage.exists(drawn.key)
    assert thumbnails.draw_due(later(3_600)) == 0


def test_what_is_in_the_trash_is_not_drawn(board: Board) -> None:
    paint(board)
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now())
    assert thumbnails.draw_due(later()) == 0


def test_a_scene_that_cannot_be_drawn_keeps_its_last_picture_and_waits_for_a_change(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(board)
    thumbnails.draw_due(later())
    good = Thumbnail.objects.get(board=board)

    def fail(*_: Any, **__: Any) -> bytes:
        raise RenderFailed("it takes too long")

    monkeypatch.setattr(render, "png_bytes", fail)
    paint(board, 2)
    assert thumbnails.draw_due(later(120)) == 1
    kept = Thumbnail.objects.get(board=board)
    assert kept.key == good.key and kept.clock > good.clock and default_storage.exists(good.key)
    assert thumbnails.draw_due(later(3_600)) == 0, "not again and again"


def test_when_drawing_was_busy_it_is_tried_again(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> bytes:
        raise RenderBusy("busy")

    paint(board)
    with monkeypatch.context() as patch:
        patch.setattr(render, "png_bytes", busy)
        assert thumbnails.draw_due(later()) == 1
    assert thumbnails.draw_due(later(1)) == 0, "once a minute, whatever came of it"
    assert thumbnails.draw_due(later(120)) == 1 and image(board)


def test_one_run_leaves_the_rest_to_the_next(
    board: Board, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(board)
    paint(Board.objects.create(owner=alice))
    monkeypatch.setattr(thumbnails, "RUN_SECONDS", -1.0)
    assert thumbnails.draw_due(later()) == 0
    monkeypatch.undo()
    assert thumbnails.draw_due(later()) == 2


def test_the_task_draws_what_is_due(board: Board) -> None:
    paint(board)
    Board.objects.filter(pk=board.pk).update(changed_at=timezone.now() - SETTLED)
    tasks.draw_thumbnails()
    assert Thumbnail.objects.get(board=board).key


# --- who sees them -------------------------------------------------------------------------------------------------


def test_who_may_see_the_board_sees_its_thumbnail_and_nobody_else(
    board: Board, carol: Any, mallory: Any, client: Client
) -> None:
    paint(board)
    thumbnails.draw_due(later())
    path = f"/b/{board.pk}/thumbnail"
    assert client.get(path).status_code == 404
    client.force_login(mallory)
    assert client.get(f"{path}?v=1").status_code == 404
    client.force_login(carol)
    answer = client.get(f"{path}?v=1")
    assert answer.status_code == 200 and answer["Content-Type"] == "image/png"
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    assert "no-cache" in client.get(path)["Cache-Control"], "without its version the address says nothing"


def test_a_board_without_a_thumbnail_has_no_address_for_it(board: Board, alice: Any, client: Client) -> None:
    client.force_login(alice)
    assert client.get(f"/b/{board.pk}/thumbnail").status_code == 404


def test_the_list_shows_the_pictures_and_an_empty_sheet_where_there_is_none(
    board: Board, alice: Any, client: Client
) -> None:
    Board.objects.create(owner=alice, title="Blank")
    paint(board)
    thumbnails.draw_due(later())
    client.force_login(alice)
    page = client.get("/boards/").content.decode()
    found = re.search(r'<img class="sheet" src="([^"]+)"', page)
    assert found and client.get(found[1]).status_code == 200
    assert page.count('class="sheet') == 2 and page.count('class="sheet blank"') == 1


def meta(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page))


def test_a_board_that_anybody_may_see_has_a_link_preview(board: Board, alice: Any, client: Client) -> None:
    Board.objects.filter(pk=board.pk).update(open_role=Role.VIEW, title='Plans & <b>"more"</b>')
    paint(board)
    thumbnails.draw_due(later())
    page = client.get(f"/b/{board.pk}").content.decode()
    shown = meta(page)
    assert shown["og:title"] == "Plans &amp; &lt;b&gt;&quot;more&quot;&lt;/b&gt;"
    assert (
        shown["og:url"] == f"http://testserver/b/{board.pk}"
        and shown["twitter:card"] == "summary_large_image"
    )
    assert (shown["og:image:width"], shown["og:image:height"]) == tuple(map(str, SIZE_PX))
    robot = Client()  # comes without a cookie
    answer = robot.get(shown["og:image"])
    assert answer.status_code == 200 and answer["Content-Type"] == shown["og:image:type"]


def test_a_board_without_a_drawing_is_announced_without_a_picture(client: Client) -> None:
    shown = meta(client.get(f"/b/{demo.board().pk}").content.decode())
    assert shown["og:title"] and "og:image" not in shown and shown["twitter:card"] == "summary"


def test_a_private_board_tells_strangers_nothing_and_its_members_page_has_no_preview(
    board: Board, alice: Any, mallory: Any, client: Client
) -> None:
    paint(board)
    thumbnails.draw_due(later())
    for stranger in (None, mallory):
        if stranger:
            client.force_login(stranger)
        answer = client.get(f"/b/{board.pk}")
        assert answer.status_code == 404
        assert board.title not in answer.content.decode() and "og:" not in answer.content.decode()
    client.force_login(alice)
    assert "og:" not in client.get(f"/b/{board.pk}").content.decode()
