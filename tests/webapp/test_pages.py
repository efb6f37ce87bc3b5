"""Pages and health, seen by Django's test client."""

import re
from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.utils import timezone

from accounts.models import User
from boards.models import Board
from boards.pages import welcome
from generation.jobs import heartbeat
from tests.factories import PASSWORD, person
from webapp import health

pytestmark = pytest.mark.django_db


def test_a_newcomer_lands_on_a_board_of_their_own_as_a_guest_with_a_name(client):
    answer = client.get("/", follow=True)
    assert answer.status_code == 200 and answer.redirect_chain[0][0] == f"/b/{Board.objects.get().pk}"
    guest = User.objects.get()
    assert guest.is_guest and len(guest.name.split()) == 2 and guest.email is None
    assert guest.name in answer.content.decode()
    client.get("/", follow=True)
    assert User.objects.count() == 1


def test_a_member_lands_on_their_boards(client, alice):
    client.force_login(alice)
    assert client.get("/").headers["Location"] == "/boards/"


def test_the_page_forbids_what_it_does_not_need(client):
    headers = client.get("/", follow=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"


def test_a_title_cannot_break_out_of_the_page(client, alice):
    evil = "</script><script>alert(1)</script>"
    board = Board.objects.create(title=evil, owner=alice, open_role="view")
    assert evil not in client.get(f"/b/{board.pk}").content.decode()


def test_a_guest_who_signs_up_keeps_their_boards(client):
    client.post("/boards/new")
    board = Board.objects.get(is_demo=False)
    answer = client.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD})
    assert answer.status_code == 302, answer.content
    user = User.objects.get(email="new@example.org")
    board.refresh_from_db()
    assert board.owner == user and not user.is_guest and User.objects.count() == 1


def test_a_guest_who_signs_in_takes_their_boards_along(client):
    user = person("ada")
    client.post("/boards/new")
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert Board.objects.get().owner == user and User.objects.count() == 1


def test_a_sign_in_leaves_no_message_for_a_later_page(client):
    user = person("ada")
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "notice" not in client.get("/accounts/logout/").content.decode()


def test_a_wrong_password_keeps_the_guest(client):
    user = person("ada")
    client.post("/boards/new")
    client.post("/accounts/login/", {"login": user.email, "password": "wrong"})
    assert Board.objects.get().owner.is_guest and User.objects.count() == 2


def test_live_answers_without_anything(client):
    assert client.get("/live").content == b"ok"


def test_ready_has_an_entry_for_each_dependency(client):
    answer = client.get("/ready")
    checks = answer.json()["checks"]
    assert answer.status_code == 503, "no worker runs in this test"
    assert set(checks) == {"database", "redis", "storage", "workers"}
    assert [name for name, entry in checks.items() if not entry["ok"]] == ["workers"]


def test_ready_says_when_redis_is_away(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    entry = health.CHECKS["redis"]()
    assert not entry["ok"] and redis.ConnectionError.__name__ in entry["reason"]


def test_the_admin_opens_for_staff_only(client, alice):
    assert client.get("/admin/").status_code == 302
    client.force_login(alice)
    assert client.get("/admin/").status_code in {302, 403}
    client.force_login(person("root", is_staff=True, is_superuser=True))
    for path in (
        "",
        "boards/board/",
        "boards/element/",
        "accounts/user/",
        "accounts/user/add/",
        "accounts/apikey/",
    ):
        assert client.get(f"/admin/{path}").status_code == 200, path


def test_every_model_is_in_the_admin():
    from django.apps import apps
    from django.contrib import admin

    ours = [
        model
        for app in ("accounts", "boards", "generation")
        for model in apps.get_app_config(app).get_models()
    ]
    assert ours and [model for model in ours if model not in admin.site._registry] == []


def test_another_site_cannot_post(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/boards/new")
    assert answer.status_code == 403
    assert "Please try again" in answer.content.decode()


def test_what_breaks_is_said_in_our_own_words(client, monkeypatch):
    monkeypatch.setattr(welcome, "make", lambda user: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()


def test_the_page_of_the_api_asks_no_other_server(client):
    page = client.get("/api/v1/docs").content.decode()
    assert "swagger-ui" in page
    assert re.findall(r"(?:src|href)=[\"']?(https?:)?//", page) == []
    assert re.findall(r"<script>", page) == [], "the policy forbids scripts within pages"


@pytest.mark.parametrize("path", ["password/reset/", "password/reset/done/", "login/", "signup/"])
def test_the_pages_of_an_account_look_like_the_others(client, path):
    page = client.get(f"/accounts/{path}").content.decode()
    assert "atelier/pages" in page and 'class="card form"' in page


@pytest.mark.parametrize(("status", "ok"), [("loading", False), ("ready", True), ("failed", True)])
def test_a_worker_counts_when_it_can_paint(monkeypatch, status, ok):
    beat = {
        "queues": ["gpu"],
        "at": timezone.now().isoformat(),
        "checkpoints": {"bundled": {"status": status}},
    }
    monkeypatch.setattr(heartbeat, "alive", lambda: [beat])
    assert health.CHECKS["workers"]()["ok"] == ok


@pytest.mark.parametrize(("consumed_seconds", "ok"), [(30, True), (61, False)])
def test_J16_a_worker_that_lives_must_also_take_things_out_of_its_queue(monkeypatch, consumed_seconds, ok):
    def beat(seconds: float) -> dict[str, object]:
        consumed_at = (timezone.now() - timedelta(seconds=seconds)).isoformat()
        return {"queues": ["gpu"], "at": timezone.now().isoformat(), "consumed_at": consumed_at}

    monkeypatch.setattr(heartbeat, "alive", lambda: [beat(consumed_seconds), beat(600)])
    answer = health.CHECKS["workers"]()
    assert answer["ok"] == ok
    assert consumed_seconds <= answer["queues"]["gpu"]["consumed_seconds"] < consumed_seconds + 10


def test_what_ready_found_is_kept_for_a_moment(client, monkeypatch):
    asked = []
    monkeypatch.setattr(health, "CHECKS", {"all": lambda: asked.append(1) or {"ok": True}})
    client.get("/ready")
    monkeypatch.setattr(health, "KEPT_SECONDS", 60.0)
    client.get("/ready"), client.get("/ready")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "path", ["/b/{board}", "/boards/", "/api/v1/me", "/api/v1/boards/{board}", "/accounts/login/"]
)
def test_what_is_somebody_s_is_kept_by_no_cache(client, alice, board, path):
    if "login" not in path:
        client.force_login(alice)
    answer = client.get(path.format(board=board.pk))
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]


def test_the_list_of_what_the_front_end_is_built_of_is_nobody_s_business(client):
    assert client.get("/static/board/.vite/manifest.json").status_code == 404
