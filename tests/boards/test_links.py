"""Share links: what the database keeps of them, and whom they let in."""

from datetime import timedelta

import pytest
from django.core import serializers
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts import rate_limits
from accounts.errors import RateLimited
from accounts.models import User
from accounts.rate_limits import AttemptLimit
from boards.errors import LinkInvalid
from boards.models import Board, Role, ShareLink
from boards.sealed_tokens import seal, unseal
from boards.sharing import links

pytestmark = pytest.mark.django_db


def test_the_database_alone_does_not_tell_a_token(board, alice):
    link = links.create(board, alice, Role.EDIT)
    row = serializers.serialize("json", ShareLink.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM boards_sharelink")
        row += str(cursor.fetchall())
    assert link.token and link.token not in row


def test_a_link_can_be_shown_again(board, alice):
    token = links.create(board, alice, Role.EDIT).token
    assert ShareLink.objects.get().token == token and links.find(token).board == board


def test_under_another_secret_key_links_work_and_cannot_be_shown(board, alice, client, settings):
    token = links.create(board, alice, Role.EDIT).token
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert links.find(token).board == board
    client.force_login(alice)
    shown = client.get(f"/api/v1/boards/{board.pk}/links").json()["items"]
    assert [(link["url"], link["token"]) for link in shown] == [(None, None)]
    settings.SECRET_KEY_FALLBACKS = [before]
    assert ShareLink.objects.get().token == token


def test_what_is_sealed_comes_back_and_nothing_else():
    assert unseal(seal("secret")) == "secret" and "secret" not in seal("secret")
    assert seal("secret") != seal("secret") and unseal("nonsense") is None
    assert len(seal("x" * 64)) <= 200


@pytest.mark.parametrize("token", ["", "\x00", "\ud800", "x" * 10_000, "ü"])
def test_what_is_no_token(board, alice, token):
    links.create(board, alice, Role.EDIT)
    assert links.find(token) is None


def expired(board, alice):
    return links.create(board, alice, Role.EDIT, expires_at=timezone.now() - timedelta(seconds=1)).token


def revoked(board, alice):
    link = links.create(board, alice, Role.EDIT)
    links.revoke(link)
    return link.token


def of_a_board_in_the_trash(board, alice):
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now())
    return links.create(board, alice, Role.EDIT).token


def locked(board, alice):
    return links.create(board, alice, Role.EDIT, password="sesame").token


def never_made(board, alice):
    return "nonsense"


@pytest.mark.parametrize("made", [expired, revoked, of_a_board_in_the_trash, locked, never_made])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_nobody_becomes_a_guest_before_the_link_lets_them_in(board, alice, client, made, method):
    before = User.objects.count()
    getattr(client, method)(f"/join/{made(board, alice)}", {"password": "wrong"} if method == "post" else {})
    assert User.objects.count() == before and "sessionid" not in client.cookies


WHATSAPP, SLACK = "WhatsApp/2.23.20.0", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
TELEGRAM, FACEBOOK = "TelegramBot (like TwitterBot)", "facebookexternalhit/1.1"
CUBOT = (
    "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 40) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize("robot", [WHATSAPP, SLACK, TELEGRAM, FACEBOOK])
def test_a_messengers_robot_gets_a_preview_and_becomes_nobody(board, alice, client, robot):
    Board.objects.filter(pk=board.pk).update(open_role="view")
    before = User.objects.count()
    invitation = client.get(
        f"/join/{links.create(board, alice, Role.EDIT).token}", headers={"user-agent": robot}
    )
    page = client.get(f"/b/{board.pk}", headers={"user-agent": robot})
    assert User.objects.count() == before
    assert "An invitation" in invitation.content.decode() and board.title not in invitation.content.decode()
    assert "og:title" in page.content.decode() and "board-config" not in page.content.decode()


def test_a_page_that_is_fetched_ahead_makes_no_guest(board, alice, client):
    token = links.create(board, alice, Role.EDIT).token
    client.get(f"/join/{token}", headers={"sec-purpose": "prefetch;prerender"})
    assert not User.objects.filter(is_guest=True).exists()


def test_who_looks_like_a_robot_may_press_the_button(board, alice, client):
    token = links.create(board, alice, Role.EDIT).token
    answer = client.post(f"/join/{token}", headers={"user-agent": WHATSAPP})
    assert answer.headers["Location"] == f"/b/{board.pk}"
    page = client.get(f"/b/{board.pk}", headers={"user-agent": WHATSAPP})
    assert "board-config" in page.content.decode()


def test_a_telephone_is_no_robot(board, alice, client):
    token = links.create(board, alice, Role.EDIT).token
    assert client.get(f"/join/{token}", headers={"user-agent": CUBOT}).status_code == 302


def guess(client, link, password, address="203.0.113.9"):
    return client.post(f"/join/{link.token}", {"password": password}, REMOTE_ADDR=address)


def test_after_five_wrong_passwords_one_must_wait(board, alice, client):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    answers = [guess(client, link, f"wrong {number}") for number in range(20)]
    assert [answer.status_code for answer in answers] == [404] * 6 + [429] * 14
    assert 1 <= int(answers[-1]["Retry-After"]) <= 2 and "Wait a moment" in answers[-1].content.decode()
    assert guess(client, link, "sesame").status_code == 429, "a lock tells nobody whether a guess was right"
    assert guess(client, link, "sesame", "198.51.100.7").status_code == 302


def test_the_wait_grows():
    limit, waits = AttemptLimit("test", free=0, wait_max_seconds=8), []
    for _ in range(5):
        limit.hit("a link", "")
        with pytest.raises(RateLimited) as refused:
            limit.hit("a link", "")
        waits.append(round(refused.value.retry_after_seconds))
        cache.delete(rate_limits._key("attempts", "test", "a link") + ":next")  # as after that time
    assert waits == [2, 4, 8, 8, 8]


def test_a_link_is_guessed_slowly_from_many_addresses_too(board, alice, client):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    answers = [guess(client, link, "wrong", f"203.0.113.{number}").status_code for number in range(60)]
    assert answers.count(429) == 60 - 51


def test_who_must_wait_for_the_others_has_not_tried(board, alice):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    for number in range(51):
        with pytest.raises(LinkInvalid):
            links.check(link, "wrong", f"203.0.113.{number}")
    for _ in range(20):
        with pytest.raises(RateLimited):
            links.check(link, "sesame", "198.51.100.1")
    cache.delete(rate_limits._key("attempts", "link", str(link.pk)) + ":next")  # as after that time
    links.check(link, "sesame", "198.51.100.1")


def test_right_passwords_lock_nobody_out(board, alice):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    for number in range(60):
        links.check(link, "sesame", f"203.0.113.{number % 3}")


def test_without_redis_a_password_is_still_checked(board, alice, settings, caplog):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock?db=0"}
    }
    link = links.create(board, alice, Role.EDIT, password="sesame")
    with pytest.raises(LinkInvalid):
        links.check(link, "wrong")
    links.check(link, "sesame")
    assert "let through" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_links_from_before_go_on_working():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    old = MigrationExecutor(connection)
    old.migrate([("boards", "0005_candidates")])
    past = old.loader.project_state([("boards", "0005_candidates")]).apps
    user = past.get_model("accounts", "User").objects.create(name="Ada")
    board = past.get_model("boards", "Board").objects.create(owner=user)
    past.get_model("boards", "ShareLink").objects.create(
        board=board, created_by=user, role="edit", token="an-old-token"
    )
    MigrationExecutor(connection).migrate(latest)
    assert links.find("an-old-token").board_id == board.pk
    assert ShareLink.objects.get().token == "an-old-token"
