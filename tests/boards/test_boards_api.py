"""Boards over HTTP: made, listed, changed, thrown away; who may; and how programs and pages show who they are."""

import uuid

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import User
from boards.models import Board
from tests.boards.http_client import API, post, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_board_is_made_listed_renamed_and_trashed(alice: User) -> None:
    client = signed_in(alice)
    made = post(client, "/boards", {"title": "Plans"})
    assert made.status_code == 201
    board = made.json()
    assert board["title"] == "Plans" and board["role"] == "owner" and board["clock"] == 0
    assert [item["id"] for item in client.get(f"{API}/boards").json()["items"]] == [board["id"]]
    path = f"{API}/boards/{board['id']}"
    renamed = client.patch(path, {"title": "New plans"}, content_type="application/json")
    assert renamed.json()["title"] == "New plans"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert Board.objects.get(pk=board["id"]).deleted_at is not None


def test_a_trashed_board_is_listed_apart_and_comes_back_with_its_people(
    board: Board, alice: User, bob: User
) -> None:
    owner, path = signed_in(alice), f"{API}/boards/{board.pk}"
    assert owner.get(f"{API}/boards?trash=true").json()["items"] == []
    owner.delete(path)
    (item,) = owner.get(f"{API}/boards?trash=true").json()["items"]
    assert item["id"] == str(board.pk) and item["deleted_at"] and item["role"] is None
    assert owner.get(f"{API}/boards").json()["items"] == []
    assert signed_in(bob).get(f"{API}/boards?trash=true").json()["items"] == [], "it is its owner's"
    assert post(signed_in(bob), f"/boards/{board.pk}/restore").status_code == 404
    back = post(owner, f"/boards/{board.pk}/restore")
    assert back.status_code == 200 and back.json()["role"] == "owner" and back.json()["deleted_at"] is None
    assert signed_in(bob).get(path).json()["role"] == "edit"
    assert post(owner, f"/boards/{board.pk}/restore").status_code == 404, "it is not there any more"


def test_lists_come_in_pages(alice: User) -> None:
    client = signed_in(alice)
    ids = [post(client, "/boards").json()["id"] for _ in range(5)]
    first = client.get(f"{API}/boards?limit=3").json()
    second = client.get(f"{API}/boards?limit=3&cursor={first['next']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1] and second["next"] is None
    assert client.get(f"{API}/boards?cursor=nonsense").json()["code"] == "bad_message"


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_stranger_gets_404_and_a_viewer_may_not_manage(
    board: Board, mallory: User, carol: User, method: str
) -> None:
    path = f"{API}/boards/{board.pk}"
    call = {"content_type": "application/json", "data": {"title": "x"}} if method == "patch" else {}
    refused = getattr(signed_in(mallory), method)(path, **call)
    assert refused.status_code == 404 and refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "not_found"
    if method != "get":
        assert getattr(signed_in(carol), method)(path, **call).status_code == 403


def test_nobody_gets_401(board: Board) -> None:
    answer = Client().get(f"{API}/boards/{board.pk}")
    assert answer.status_code == 401 and answer.json()["code"] == "unauthenticated"


def test_a_key_is_as_good_as_a_cookie(board: Board, bob: User) -> None:
    key = api_keys.create(bob)
    answer = Client().get(f"{API}/boards/{board.pk}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and answer.json()["role"] == "edit"
    assert Client().get(f"{API}/boards", headers={"Authorization": "Bearer ak_no"}).status_code == 401


def test_a_cookie_needs_its_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert post(client, "/boards").status_code == 403
    assert not Board.objects.filter(owner=alice).exists()


@pytest.mark.parametrize(
    "path", ["/jobs/nonsense", f"/jobs/{uuid.UUID(int=7)}", f"/boards/{uuid.UUID(int=7)}"]
)
def test_what_does_not_exist(alice: User, path: str) -> None:
    assert signed_in(alice).get(API + path).status_code == 404
