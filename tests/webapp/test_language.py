"""The language of the pages: chosen, else the browser's, else English."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


def _page(client: Client, path: str = "/accounts/login/", **headers: str) -> str:
    return client.get(path, **headers).content.decode()


def test_without_a_wish_it_is_english(client):
    assert '<html lang="en" dir="ltr">' in _page(client)
    assert '<html lang="en" dir="ltr">' in _page(client, HTTP_ACCEPT_LANGUAGE="fi")


def test_the_browser_says_what_it_is_set_to(client):
    page = _page(client, **GERMAN)
    assert '<html lang="de" dir="ltr">' in page and "Noch kein Konto?" in page and "Sign in" not in page


def test_a_choice_holds_against_the_browser(client):
    answer = client.post("/language", {"language": "en", "next": "/accounts/login/"}, **GERMAN)
    assert answer.status_code == 302 and answer.headers["Location"] == "/accounts/login/"
    cookie = answer.cookies["django_language"]
    assert cookie.value == "en" and cookie["samesite"] == "Lax" and int(cookie["max-age"]) > 300 * 24 * 3600
    assert "No account yet?" in _page(client, **GERMAN)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_choice_leads_nowhere_else(client, elsewhere):
    answer = client.post("/language", {"language": "de", "next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_a_choice_needs_the_token_of_a_page():
    client = Client(enforce_csrf_checks=True)
    assert client.post("/language", {"language": "de"}).status_code == 403
    assert "django_language" not in client.cookies


def test_every_page_offers_the_other_language_and_comes_back_to_itself(client, alice):
    client.force_login(alice)
    page = _page(client, "/boards/?trash", **GERMAN)
    assert 'name="next" value="/boards/?trash"' in page
    assert (
        'value="en" lang="en">English<' in page
        and 'value="de" lang="de" aria-current="true">Deutsch<' in page
    )


def test_the_board_is_told_its_languages(client):
    page = client.get("/", follow=True, **GERMAN).content.decode()
    assert '<html lang="de"' in page and '"languages": [["en", "English"], ["de", "Deutsch"]]' in page


def test_the_api_speaks_english_with_programs(client):
    answer = client.get("/api/v1/boards/00000000-0000-0000-0000-000000000000", **GERMAN)
    english = client.get("/api/v1/boards/00000000-0000-0000-0000-000000000000")
    assert answer.status_code >= 400 and answer.json() == english.json()
