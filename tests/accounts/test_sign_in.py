"""Signing in: who is locked out by wrong passwords, and by which address they are counted."""

import signal
import tempfile
from pathlib import Path

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache

from accounts import address
from boards.socket.connection_limits import address_of
from tests.factories import PASSWORD, person
from webapp.embedded import redis
from webapp.embedded.home import sockets

pytestmark = pytest.mark.django_db
LOCKED = "Too many failed login attempts"


@pytest.fixture(autouse=True)
def nobody_tried_yet():
    cache.clear()


def sign_in(client, password, login="ada@example.org", **extra):
    return client.post("/accounts/login/", {"login": login, "password": password}, **extra)


def test_wrong_passwords_from_elsewhere_lock_nobody_out(client):
    person("ada")
    for _ in range(6):
        answer = sign_in(client, "wrong", REMOTE_ADDR="203.0.113.9")
    assert LOCKED in answer.content.decode()
    assert sign_in(client, PASSWORD, REMOTE_ADDR="203.0.113.9").status_code == 200, "still locked there"
    assert sign_in(client, PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_one_address_cannot_go_through_many_accounts(client):
    for number in range(31):
        answer = sign_in(client, "wrong", f"user{number}@example.org")
    assert answer.status_code == 429


def test_behind_a_proxy_people_are_told_apart(client, settings):
    person("ada")
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    for _ in range(6):
        sign_in(client, "wrong", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7, 203.0.113.9")
    through = {"REMOTE_ADDR": "10.0.0.1"}
    again = sign_in(client, "wrong", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.9", **through)
    assert LOCKED in again.content.decode(), "what is left of the proxy's word may be made up"
    assert sign_in(client, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.7", **through).status_code == 302


def test_a_sign_in_takes_as_long_where_there_is_no_account(client, monkeypatch):
    person("ada")
    hashed, counts, encode = [], [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *a: hashed.append(a) or encode(*a))
    for login in ("ada@example.org", "nobody@example.org"):
        hashed.clear()
        page = sign_in(client, "wrong", login).content.decode()
        counts.append((len(hashed), "do not match" in page or "not correct" in page))
    assert counts[0] == counts[1] and counts[0][1]


def test_on_a_unix_socket_people_can_sign_in(client):
    person("ada")
    assert sign_in(client, PASSWORD, REMOTE_ADDR="").status_code == 302


@pytest.mark.parametrize("peer", ["10.0.0.1", "203.0.113.9", "2001:db8:1:2:3::4"])
def test_pages_and_sockets_go_by_one_rule(rf, settings, peer):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    forwarded = "198.51.100.7, 203.0.113.50"
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert address.of_request(request) == address_of(scope)


@pytest.fixture
def dying_redis(settings):
    """What kills the Redis that this test counts in. In a short folder: a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, (Path(folder) / "log").open("ab") as log:
        server = redis.start(Path(folder), log)

        def die():
            server.send_signal(signal.SIGKILL)
            server.wait(30)

        place = f"unix://{sockets(Path(folder))}/redis.sock?db=0"
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": place}}
        yield die
        die()


def test_people_sign_in_and_up_while_redis_is_gone(client, dying_redis, caplog):
    person("ada")
    for _ in range(6):
        answer = sign_in(client, "wrong")
    assert LOCKED in answer.content.decode()
    dying_redis()
    assert "do not match" in (page := sign_in(client, "wrong").content.decode()) or "not correct" in page
    assert sign_in(client, PASSWORD).status_code == 302
    client.logout()
    new = {"email": "eve@example.org", "password1": PASSWORD}
    assert client.post("/accounts/signup/", new).status_code == 302
    client.logout()
    assert client.post("/accounts/password/reset/", {"email": "ada@example.org"}).status_code == 302
    assert "let through" in caplog.text
