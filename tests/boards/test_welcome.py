"""Welcome boards: one for each newcomer, copied at once, theirs to share, and forgotten if nothing became of it."""

import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from boards import tasks
from boards.elements import store
from boards.models import UNTOUCHED_WELCOME, WELCOME_CLOCK, WELCOME_TITLES, Board, Element, Role, Thumbnail
from boards.pages import welcome
from boards.rendering import thumbnails
from boards.sharing import links
from tests.boards.http_client import API, post
from tests.factories import PASSWORD, element, person

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0"}


def newcomer(**headers: str) -> tuple[Client, Board]:
    """A browser without cookies that opened `/`, and the board on which it landed."""
    client = Client(headers=BROWSER | headers)
    where = client.get("/").headers["Location"]
    assert client.get(where).status_code == 200
    return client, Board.objects.get(pk=where.removeprefix("/b/"))


def scene(board: Board) -> list[tuple[str, str]]:
    return sorted(Element.objects.filter(board=board, is_deleted=False).values_list("element_id", "body"))


def test_each_newcomer_gets_a_board_of_their_own_with_the_sketch_and_its_prompt() -> None:
    a, first = newcomer()
    _, second = newcomer()
    assert first.pk != second.pk and first.owner.is_guest and first.owner != second.owner
    assert scene(first) == scene(second) and len(scene(first)) == len(welcome.scene().elements)
    assert any('"frame"' in body and '"prompt"' in body for _, body in scene(first))
    assert a.get(f"/b/{second.pk}").status_code == 404, "nobody else's business"
    for row in Element.objects.filter(board=second):
        gone = element(row.element_id, version=row.version + 1, isDeleted=True)
        store.apply(second.pk, [gone])
    assert scene(second) == [] and len(scene(first)) == len(welcome.scene().elements)


def test_it_speaks_the_newcomer_s_language_and_is_forgotten_in_each() -> None:
    _, english = newcomer()
    _, german = newcomer(**{"Accept-Language": "de-AT,de"})
    assert german.title == "Willkommen bei Atelier" and english.title == "Welcome to Atelier"
    bodies = {element_id: json.loads(body) for element_id, body in scene(german)}
    assert bodies["welcome-frame"]["name"] == "Deine Skizze"
    assert "Skizze" not in "".join(body for _, body in scene(english))
    texts = [body for body in bodies.values() if body["type"] == "text"]
    assert len(texts) == 3 and all(body["text"] == body["originalText"] for body in texts)
    assert not re.search(r"\b(the|you|Draw|Press)\b", " ".join(body["text"] for body in texts))
    assert Board.objects.filter(UNTOUCHED_WELCOME).count() == 2


def test_every_translation_of_the_scene_is_of_elements_that_are_there() -> None:
    ids = {element.id for element in welcome.scene().elements}
    for language, path in welcome.TRANSLATIONS.items():
        assert json.loads(path.read_bytes()).keys() <= ids
        assert welcome.scene(language).digest != welcome.scene().digest
    assert welcome.TRANSLATIONS.keys() | {"en"} == WELCOME_TITLES.keys() == dict(settings.LANGUAGES).keys()


def test_the_scene_holds_no_pictures_which_would_have_to_be_stored_for_each() -> None:
    assert not [each for each in welcome.scene().elements if b'"image"' in each.body]


def test_a_copy_takes_milliseconds(alice: User) -> None:
    welcome.make(alice)
    began = time.perf_counter()
    for _ in range(20):
        welcome.make(alice)
    assert (time.perf_counter() - began) / 20 < 0.1


def test_it_belongs_to_the_guest_who_may_rename_and_share_it() -> None:
    client, board = newcomer()
    path = f"{API}/boards/{board.pk}"
    assert client.get(path).json()["role"] == "owner"
    renamed = client.patch(path, {"title": "Ours"}, content_type="application/json")
    assert renamed.json()["title"] == "Ours"
    assert post(client, f"/boards/{board.pk}/links", {"role": "edit"}).status_code == 201


def test_a_guest_comes_back_to_the_board_they_opened_last() -> None:
    client, board = newcomer()
    assert client.get("/").headers["Location"] == f"/b/{board.pk}"
    other = client.post("/boards/new").headers["Location"]
    client.get(other)
    assert client.get("/").headers["Location"] == other
    client.delete(f"{API}/boards/{other.removeprefix('/b/')}")
    assert client.get("/").headers["Location"] == f"/b/{board.pk}"
    client.delete(f"{API}/boards/{board.pk}")
    fresh = client.get("/").headers["Location"]
    assert fresh not in {other, f"/b/{board.pk}"} and client.get(fresh).status_code == 200
    assert User.objects.count() == 1


def test_who_came_by_a_link_lands_on_that_board_again(board: Board, alice: User) -> None:
    client = Client(headers=BROWSER)
    client.get(f"/join/{links.create(board, alice, Role.EDIT).token}", follow=True)
    assert client.get("/").headers["Location"] == f"/b/{board.pk}"
    assert not Board.objects.exclude(welcome="").exists()


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", BROWSER),
        ("get", {"User-Agent": "WhatsApp/2.24"}),
        ("get", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("get", BROWSER | {"Sec-Purpose": "prefetch"}),
    ],
)
def test_a_preview_makes_no_rows(method: str, headers: dict[str, str]) -> None:
    answer = getattr(Client(), method)("/", headers=headers)
    assert answer.status_code == 200
    if method == "get":
        assert 'property="og:title" content="Atelier"' in answer.content.decode()
    assert not User.objects.exists() and not Board.objects.exists() and not Session.objects.exists()


def test_the_same_scene_is_drawn_once_and_not_for_each_newcomer() -> None:
    _, first = newcomer()
    assert thumbnails.draw_due(timezone.now() + thumbnails.SETTLED) == 1
    _, second = newcomer()
    assert thumbnails.draw_due(timezone.now() + timedelta(minutes=5)) == 0
    drawn, taken = Thumbnail.objects.get(board=first), Thumbnail.objects.get(board=second)
    assert drawn.key == taken.key and taken.clock == WELCOME_CLOCK
    store.apply(first.pk, [element("mine")])
    assert thumbnails.draw_due(timezone.now() + timedelta(minutes=5)) == 1
    with default_storage.open(taken.key) as stored:
        assert stored.read(4) == b"\x89PNG", "the one who changes theirs takes it from nobody"


# --- forgotten --------------------------------------------------------------------------------------------------


def age(board: Board, settings: Any) -> None:
    Board.objects.filter(pk=board.pk).update(
        created_at=timezone.now() - timedelta(days=settings.WELCOME_KEPT_DAYS, hours=1)
    )


def test_one_that_nobody_touched_is_forgotten_after_a_week(settings: Any) -> None:
    client, board = newcomer()
    tasks.throw_away()
    assert Board.objects.filter(pk=board.pk).exists()
    age(board, settings)
    tasks.throw_away()
    assert not Board.objects.exists()
    assert client.get("/", follow=True).status_code == 200 and User.objects.count() == 1


@pytest.mark.parametrize("how", ["drawn on", "renamed", "shared", "an account's"])
def test_one_that_something_became_of_is_kept(settings: Any, how: str) -> None:
    _, board = newcomer()
    if how == "drawn on":
        store.apply(board.pk, [element("mine")])
    elif how == "renamed":
        Board.objects.filter(pk=board.pk).update(title="Mine")
    elif how == "shared":
        links.create(board, board.owner, Role.VIEW)
    else:
        User.objects.update(is_guest=False)
    age(board, settings)
    tasks.throw_away()
    assert Board.objects.filter(pk=board.pk).exists()


def test_who_signs_in_takes_a_changed_one_along_and_leaves_an_untouched_one() -> None:
    for touched in (False, True):
        client, board = newcomer()
        user = person(f"user{int(touched)}")
        if touched:
            store.apply(board.pk, [element("mine")])
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        assert Board.objects.filter(owner=user).exists() == touched
        assert Board.objects.filter(pk=board.pk).exists() == touched


def test_the_empty_list_of_an_account_offers_the_example(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert "Start with an example" in client.get("/boards/").content.decode()
    where = client.post("/boards/new", {"scene": "welcome"}).headers["Location"]
    made = Board.objects.get(pk=where.removeprefix("/b/"))
    assert made.owner == alice and made.welcome
