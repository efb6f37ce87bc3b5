"""Who may do what on a board."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from boards import access, links
from boards.access import Act
from boards.errors import BoardFrozen, BoardGone, Forbidden, LinkInvalid
from boards.models import Board, Role
from boards.principal import NOBODY, Principal

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("alice", {Act.SEE, Act.COMMENT, Act.EDIT, Act.MANAGE}),
        ("bob", {Act.SEE, Act.COMMENT, Act.EDIT}),
        ("carol", {Act.SEE}),
        ("mallory", set()),
    ],
)
def test_the_matrix(board, who, allowed, request):
    user = request.getfixturevalue(who)
    for act in Act:
        if act in allowed:
            access.find(Principal(user), board.pk, act)
        else:
            with pytest.raises(Forbidden if allowed else BoardGone):
                access.find(Principal(user), board.pk, act)


def test_nobody_is_a_stranger(board):
    with pytest.raises(BoardGone):
        access.find(NOBODY, board.pk, Act.SEE)


def test_an_open_board_lets_anybody_in_with_its_role(board, mallory):
    board.open_role = Role.VIEW
    board.save()
    assert access.role_of(Principal(mallory), board) == access.role_of(NOBODY, board) == Role.VIEW


@pytest.mark.parametrize("board_id", [uuid.uuid4(), "nonsense", ""])
def test_what_does_not_exist_looks_like_what_is_hidden(alice, board_id):
    with pytest.raises(BoardGone):
        access.find(Principal(alice), board_id, Act.SEE)


def test_the_trash_is_gone_for_its_owner_too(board, alice):
    board.deleted_at = timezone.now()
    assert access.role_of(Principal(alice), board) is None


def test_a_frozen_board_can_be_looked_at(board, alice):
    Board.objects.filter(pk=board.pk).update(frozen=True)
    access.find(Principal(alice), board.pk, Act.SEE)
    with pytest.raises(BoardFrozen):
        access.find(Principal(alice), board.pk, Act.EDIT)


def test_a_disabled_account_may_nothing(board, alice):
    alice.is_active = False
    assert access.role_of(Principal(alice), board) is None


def test_a_link_gives_its_role(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT)
    links.open_link(link.token, mallory)
    assert access.role_of(Principal(mallory), board) == Role.EDIT


def test_a_weaker_link_takes_nothing_away(board, alice, bob):
    links.open_link(links.create(board, alice, Role.VIEW).token, bob)
    assert access.role_of(Principal(bob), board) == Role.EDIT


def test_what_came_by_a_link_ends_with_it(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT)
    links.open_link(link.token, mallory)
    links.revoke(link)
    assert access.role_of(Principal(mallory), board) is None


def test_an_expired_link_leads_nowhere_and_ends_its_roles(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT, expires_at=timezone.now() + timedelta(hours=1))
    links.open_link(link.token, mallory)
    link.expires_at = timezone.now() - timedelta(seconds=1)
    link.save()
    assert access.role_of(Principal(mallory), board) is None
    with pytest.raises(LinkInvalid):
        links.open_link(link.token, mallory)


def test_a_new_link_lets_in_again_after_the_old_one_ended(board, alice, mallory):
    old = links.create(board, alice, Role.EDIT)
    links.open_link(old.token, mallory)
    links.revoke(old)
    links.open_link(links.create(board, alice, Role.VIEW).token, mallory)
    assert access.role_of(Principal(mallory), board) == Role.VIEW


def test_a_password_is_asked_for(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    for wrong in (None, "", "wrong"):
        with pytest.raises(LinkInvalid):
            links.open_link(link.token, mallory, wrong)
    assert links.open_link(link.token, mallory, "sesame") == board
    assert links.find(link.token) is None, "a program cannot answer for the password"
