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


def test_a_link_says_who_made_it_and_how_many_came_by_it(
    board: Board, alice: User, mallory: User, bob: User
) -> None:
    owner = signed_in(alice)
    link = post(owner, f"/boards/{board.pk}/links", {"role": "view"}).json()
    assert link["uses"] == 0 and link["created_by"]["id"] == str(alice.pk)
    for person in (mallory, bob):  # bob is a member already
        signed_in(person).get(link["url"])
    (listed,) = owner.get(f"{API}/boards/{board.pk}/links").json()["items"]
    assert listed["uses"] == 1


def test_on_a_welcome_board_everybody_who_may_draw_invites(board: Board, alice: User, bob: User) -> None:
    Board.objects.filter(pk=board.pk).update(welcome="scene")
    editor, path = signed_in(bob), f"/boards/{board.pk}/links"
    mine = post(editor, path, {"role": "edit"})
    theirs = post(signed_in(alice), path, {"role": "view"})
    assert mine.status_code == theirs.status_code == 201
    assert len(editor.get(API + path).json()["items"]) == 2
    assert editor.delete(f"{API}{path}/{theirs.json()['id']}").status_code == 403
    assert editor.delete(f"{API}{path}/{mine.json()['id']}").status_code == 204


@pytest.mark.parametrize("role", [Role.VIEW, Role.COMMENT])
def test_who_may_only_look_invites_nobody_to_a_welcome_board(board: Board, carol: User, role: Role) -> None:
    Board.objects.filter(pk=board.pk).update(welcome="scene")
    Membership.objects.filter(board=board, user=carol).update(role=role)
    assert post(signed_in(carol), f"/boards/{board.pk}/links", {"role": "view"}).status_code == 403
    assert signed_in(carol).get(f"{API}/boards/{board.pk}/links").status_code == 403


def test_whose_link_was_revoked_invites_nobody_any_more(board: Board, alice: User, mallory: User) -> None:
    Board.objects.filter(pk=board.pk).update(welcome="scene")
    link = links.create(board, alice, Role.EDIT)
    sent_away = signed_in(mallory)
    sent_away.get(f"/join/{link.token}")
    assert post(sent_away, f"/boards/{board.pk}/links", {"role": "edit"}).status_code == 201
    links.revoke(link)
    assert post(sent_away, f"/boards/{board.pk}/links", {"role": "edit"}).status_code == 404


def test_a_guest_becomes_a_member_and_keeps_what_is_theirs(client: Client, board: Board, alice: User) -> None:
    client.get(f"/join/{links.create(board, alice, Role.EDIT).token}")
    assert Membership.objects.filter(board=board, user__is_guest=True).count() == 1
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": "correct horse battery"})
    assert Membership.objects.filter(board=board, user__email="new@example.org").count() == 1
