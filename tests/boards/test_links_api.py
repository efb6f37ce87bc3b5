"""Share links over HTTP: made, followed, ended."""

import pytest
from django.test import Client

from accounts.models import User
from boards.models import Board, Membership, Role
from boards.sharing import links
from tests.boards.http_client import API, post, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_links_are_made_followed_and_ended(board: Board, alice: User, mallory: User) -> None:
    owner, stranger = signed_in(alice), signed_in(mallory)
    made = post(owner, f"/boards/{board.pk}/links", {"role": "edit"})
    assert made.status_code == 201
    link = made.json()
    assert stranger.get(f"/b/{board.pk}").status_code == 404
    assert stranger.get(link["url"]).headers["Location"] == f"/b/{board.pk}"
    assert stranger.get(f"/b/{board.pk}").status_code == 200
    assert owner.delete(f"{API}/boards/{board.pk}/links/{link['id']}").status_code == 204
    assert stranger.get(f"/b/{board.pk}").status_code == 404
    assert stranger.get(link["url"]).status_code == 404
    assert owner.get(f"{API}/boards/{board.pk}/links").json()["items"] == []


def test_only_the_owner_shares(board: Board, bob: User) -> None:
    assert post(signed_in(bob), f"/boards/{board.pk}/links", {"role": "edit"}).status_code == 403


def test_a_guest_becomes_a_member_and_keeps_what_is_theirs(client: Client, board: Board, alice: User) -> None:
    client.get(f"/join/{links.create(board, alice, Role.EDIT).token}")
    assert Membership.objects.filter(board=board, user__is_guest=True).count() == 1
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": "correct horse battery"})
    assert Membership.objects.filter(board=board, user__email="new@example.org").count() == 1
