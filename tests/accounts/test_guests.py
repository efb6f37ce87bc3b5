"""How many guests one address makes."""

from uuid import uuid4

import pytest
from django.core.cache import cache

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_came_yet():
    cache.clear()


def test_an_address_makes_so_many_guests_in_an_hour(settings, client):
    settings.GUESTS_PER_ADDRESS_MAX = 3
    answers = []
    for _ in range(5):
        client.cookies.clear()
        answers.append(client.get("/", follow=True))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert User.objects.filter(is_guest=True).count() == 3
    assert 3500 < int(answers[-1]["Retry-After"]) <= 3600 and "Sign in" in answers[-1].content.decode()
    assert client.get("/", follow=True, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_new_boards_and_links_count_too(settings, client):
    settings.GUESTS_PER_ADDRESS_MAX = 1
    client.post("/boards/new")
    client.cookies.clear()
    assert client.post("/boards/new").status_code == 429


def test_who_is_here_already_is_not_counted(settings, client):
    settings.GUESTS_PER_ADDRESS_MAX = 1
    assert [client.post("/boards/new").status_code for _ in range(3)] == [302] * 3


def test_without_redis_everybody_is_let_in(settings, client, caplog):
    settings.GUESTS_PER_ADDRESS_MAX = 1
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock?db=0"}
    }
    for _ in range(2):
        client.cookies.clear()
        assert client.get("/", follow=True).status_code == 200
    assert "let through" in caplog.text


def test_a_header_that_no_proxy_wrote_makes_nobody_somebody_else(settings, client):
    settings.GUESTS_PER_ADDRESS_MAX = 1
    for expected in (200, 429):
        client.cookies.clear()
        headers = {"x-forwarded-for": str(uuid4())}
        assert client.get("/", follow=True, headers=headers).status_code == expected
