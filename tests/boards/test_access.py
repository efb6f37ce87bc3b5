"""Who may do what on a board."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.guests import guest_claimed
from boards import access
from boards.access import Act
from boards.errors import BoardFrozen, BoardGone, Forbidden, LinkInvalid
from boards.models import Board, Membership, Role
from boards.principal import NOBODY, Principal
from boards.sharing import links
from tests.factories import open_link, person

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
    open_link(link.token, mallory)
    assert access.role_of(Principal(mallory), board) == Role.EDIT


def test_a_weaker_link_takes_nothing_away(board, alice, bob):
    open_link(links.create(board, alice, Role.VIEW).token, bob)
    assert access.role_of(Principal(bob), board) == Role.EDIT


def test_what_came_by_a_link_ends_with_it(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT)
    open_link(link.token, mallory)
    links.revoke(link)
    assert access.role_of(Principal(mallory), board) is None


def test_an_expired_link_leads_nowhere_and_ends_its_roles(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT, expires_at=timezone.now() + timedelta(hours=1))
    open_link(link.token, mallory)
    link.expires_at = timezone.now() - timedelta(seconds=1)
    link.save()
    assert access.role_of(Principal(mallory), board) is None
    with pytest.raises(LinkInvalid):
        open_link(link.token, mallory)


def test_a_new_link_lets_in_again_after_the_old_one_ended(board, alice, mallory):
    old = links.create(board, alice, Role.EDIT)
    open_link(old.token, mallory)
    links.revoke(old)
    open_link(links.create(board, alice, Role.VIEW).token, mallory)
    assert access.role_of(Principal(mallory), board) == Role.VIEW


def test_a_password_is_asked_for(board, alice, mallory):
    link = links.create(board, alice, Role.EDIT, password="sesame")
    for wrong in (None, "", "wrong"):
        with pytest.raises(LinkInvalid):
            open_link(link.token, mallory, wrong)
    assert open_link(link.token, mallory, "sesame") == board
    assert links.find(link.token) is None, "a program cannot answer for the password"


def joined(board, user, role, *, by_link=False, ends_in=None):
    """A membership; by a link it ends in so many seconds, where that is said."""
    link = links.create(board, board.owner, role) if by_link else None
    if link is not None and ends_in is not None:
        link.expires_at = timezone.now() + timedelta(seconds=ends_in)
        link.save()
    return Membership.objects.create(board=board, user=user, role=role, link=link)


@pytest.mark.parametrize(
    ("guests", "accounts", "stays"),
    [
        ({"role": "edit"}, None, "guest's"),
        ({"role": "edit"}, {"role": "view"}, "guest's"),
        ({"role": "view"}, {"role": "edit"}, "account's"),
        ({"role": "view"}, {"role": "edit", "by_link": True, "ends_in": -1}, "guest's"),
        ({"role": "edit", "by_link": True, "ends_in": -1}, {"role": "view"}, "account's"),
        ({"role": "edit"}, {"role": "edit", "by_link": True}, "guest's"),
        ({"role": "edit", "by_link": True}, {"role": "edit"}, "account's"),
        (
            {"role": "edit", "by_link": True, "ends_in": 90},
            {"role": "edit", "by_link": True, "ends_in": 9},
            "guest's",
        ),
        (
            {"role": "edit", "by_link": True, "ends_in": 9},
            {"role": "edit", "by_link": True, "ends_in": 90},
            "account's",
        ),
    ],
)
def test_a_guest_who_signs_in_keeps_the_stronger_membership(board, alice, mallory, guests, accounts, stays):
    guest = person("guest", is_guest=True)
    kept = {"guest's": joined(board, guest, **guests)}
    if accounts is not None:
        kept["account's"] = joined(board, mallory, **accounts)
    guest_claimed.send(sender=type(guest), guest=guest, user=mallory)
    guest.delete()
    (left,) = Membership.objects.filter(board=board, user=mallory)
    assert left.pk == kept[stays].pk
