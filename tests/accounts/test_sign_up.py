"""Signing up: for whom account pages are, and what they tell strangers of addresses."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.urls import urlpatterns as allauth_urls
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, reverse

from accounts.models import User
from boards.models import Board
from tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db
FOR_ALL = {
    "account_login",
    "account_signup",
    "account_logout",
    "account_inactive",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
    "account_confirm_email",  # these two need a key that was mailed
    "account_reset_password_from_key",
}


@pytest.fixture(autouse=True)
def nobody_tried_yet():
    cache.clear()


@pytest.fixture
def guest(client):
    client.post("/boards/new")
    return User.objects.get(is_guest=True)


@pytest.fixture
def verified(settings):
    """As where mail is sent."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def names(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def sign_up(client, email="new@example.org", password=PASSWORD):
    return client.post("/accounts/signup/", {"email": email, "password1": password})


def test_pages_of_an_account_are_not_for_guests(client, guest):
    """Whatever allauth brings: a page that is not listed above is one of an account."""
    of_accounts = set(names(allauth_urls)) - FOR_ALL
    assert of_accounts >= {"account_email", "account_set_password"}
    for name in of_accounts:
        for answer in (client.get(reverse(name)), client.post(reverse(name), {"email": "new@example.org"})):
            assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/signup/"), name
    assert not EmailAddress.objects.exists()


def test_an_account_sees_its_pages(client):
    client.force_login(person("ada"))
    assert client.get("/accounts/password/change/").status_code == 200
    assert client.get("/accounts/email/").status_code == 200


def told(client, answer):
    """All that a stranger sees after signing up."""
    page = client.get(answer.headers["Location"]).content.decode()
    me = client.get("/api/v1/me").json()
    return (
        answer.status_code,
        answer.headers["Location"],
        re.sub(r"value=.[A-Za-z0-9]{64}.", "", page),
        me["email"],
        me["guest"],
    )


def test_sign_up_does_not_tell_whether_an_address_has_an_account(client, guest, verified, mailoutbox):
    person("ada")
    taken = told(client, sign_up(client, "ada@example.org"))
    free = told(client, sign_up(client, "eve@example.org"))
    assert str(taken).replace("ada@", "x@") == str(free).replace("eve@", "x@")
    assert [mail.to for mail in mailoutbox] == [["ada@example.org"], ["eve@example.org"]]


def test_sign_up_takes_as_long_for_an_address_that_is_taken(client, verified, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    person("ada")
    hashed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *a: hashed.append(a) or encode(*a))
    for email in ("ada@example.org", "eve@example.org"):
        sign_up(client, email)
    assert len(hashed) == 2, "hashing a password is what takes time"


def test_neither_does_a_password_that_was_forgotten(client, mailoutbox):
    person("ada")
    path = "/accounts/password/reset/"
    answers = [client.post(path, {"email": email}) for email in ("ada@example.org", "eve@example.org")]
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1
    assert len(mailoutbox) == 2


def test_nor_does_a_new_address_for_an_account(client, mailoutbox):
    client.force_login(person("ada"))
    person("bob")
    pages = []
    for email in ("bob@example.org", "free@example.org"):
        answer = client.post("/accounts/email/", {"email": email, "action_add": ""}, follow=True)
        pages.append(re.sub(r"value=.[A-Za-z0-9]{64}.", "", answer.content.decode()).replace(email, "x"))
        EmailAddress.objects.filter(email=email).delete()
    assert pages[0] == pages[1]


def confirm(client, mail):
    link = re.search(r"/accounts/confirm-email/\S+", mail.body)
    return client.post(link[0], follow=True)


def test_a_guest_becomes_an_account_when_the_address_is_confirmed(client, guest, verified, mailoutbox):
    sign_up(client, "mistyped@example.org")
    sign_up(client, "ada@example.org")
    guest.refresh_from_db()
    assert guest.is_guest and client.get("/api/v1/me").json()["guest"], "they go on drawing meanwhile"
    confirm(client, mailoutbox[-1])
    guest.refresh_from_db()
    assert (
        not guest.is_guest
        and guest.email == "ada@example.org"
        and Board.objects.get(is_demo=False).owner == guest
    )
    client.cookies.clear()
    client.post("/accounts/login/", {"login": "ada@example.org", "password": PASSWORD})
    assert client.get("/api/v1/me").json()["id"] == str(guest.pk)


def test_an_address_that_is_not_confirmed_signs_nobody_in(client, verified):
    sign_up(client)
    client.post("/accounts/login/", {"login": "new@example.org", "password": PASSWORD})
    assert client.get("/api/v1/me").status_code == 401


def test_whom_an_address_belongs_to_gets_it_back(client, guest, verified, mailoutbox):
    """Somebody signed up with it, and could not confirm it."""
    sign_up(client, "ada@example.org")
    owner = type(client)()
    sign_up(owner, "ada@example.org")
    owner.post("/accounts/password/reset/", {"email": "ada@example.org"})
    link = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[-1].body)[0]
    form = owner.get(link, follow=True)
    owner.post(
        form.request["PATH_INFO"],
        {"password1": "a new one that is long", "password2": "a new one that is long"},
    )
    confirm(owner, mailoutbox[0])
    owner.post("/accounts/login/", {"login": "ada@example.org", "password": "a new one that is long"})
    assert owner.get("/api/v1/me").json()["email"] == "ada@example.org"
    assert client.get("/api/v1/me").status_code == 401, "who signed up with it is out"


def test_an_address_changes_to_no_other_accounts(client, mailoutbox):
    ada, bob = person("ada"), person("bob")
    client.force_login(ada)
    client.post("/accounts/email/", {"email": bob.email, "action_add": ""})
    answer = confirm(client, mailoutbox[-1])
    assert answer.status_code == 200 and "belongs to another account" in answer.content.decode()
    assert User.objects.get(pk=ada.pk).email == "ada@example.org"


@pytest.mark.parametrize("email", ["bob@example.org", "free@example.org"])
def test_an_address_that_is_not_confirmed_does_not_become_the_first(client, email):
    ada, _ = person("ada"), person("bob")
    client.force_login(ada)
    client.post("/accounts/email/", {"email": email, "action_add": ""})
    answer = client.post("/accounts/email/", {"email": email, "action_primary": ""}, follow=True)
    assert "Confirm the address first" in answer.content.decode()
    assert User.objects.get(pk=ada.pk).email == "ada@example.org"
