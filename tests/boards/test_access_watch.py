"""The access of all sessions of a process, read in a few queries however many they are."""

from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import api_keys
from accounts.models import ApiKey
from boards.models import Board, Membership, Role
from boards.principal import NOBODY, Principal, by_api_key
from boards.room import access_check
from boards.room.access_check import Granted
from boards.sharing import links
from boards.wire.protocol import Close
from tests.factories import person

pytestmark = pytest.mark.django_db


def in_session(user: Any) -> Principal:
    session = SessionStore()
    session.create()
    return Principal(user, session_key=session.session_key)


def test_a_crowd_on_many_boards_costs_as_many_queries_as_one(alice: Any) -> None:
    boards = [Board.objects.create(owner=alice) for _ in range(3)]
    crowd: dict[Any, dict[str, Principal]] = {board.pk: {} for board in boards}
    for number in range(12):
        board, user = boards[number % 3], person(f"p{number}")
        Membership.objects.create(board=board, user=user, role=Role.EDIT)
        key = api_keys.find(api_keys.create(user))
        link = links.create(board, alice, Role.VIEW)
        assert key is not None
        crowd[board.pk] |= {
            f"s{number}": in_session(user),
            f"k{number}": by_api_key(key),
            f"l{number}": Principal(share_link=link),
        }
    one = {boards[0].pk: {name: crowd[boards[0].pk][name] for name in ("s0", "k0", "l0")}}
    counts = []
    for asked in (one, crowd):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = access_check.check(asked)
        counts.append(len(queries))
    assert counts == [6, 6]
    roles = {name: granted.role for access in found.values() for name, granted in access.sessions.items()}  # type: ignore[union-attr]
    assert len(roles) == 36
    assert {role for name, role in roles.items() if name[0] != "l"} == {Role.EDIT}
    assert {role for name, role in roles.items() if name[0] == "l"} == {Role.VIEW}


def test_a_board_that_is_gone_is_left_out(board: Board, bob: Any) -> None:
    Board.objects.filter(pk=board.pk).update(deleted_at=board.created_at)
    assert access_check.check({board.pk: {"b": Principal(bob)}}) == {}


def test_an_open_board_keeps_strangers_and_nobody_whose_session_ended(board: Board, bob: Any) -> None:
    Board.objects.filter(pk=board.pk).update(open_role=Role.VIEW)
    signed_in, signed_out = in_session(bob), in_session(bob)
    SessionStore(signed_out.session_key).delete()
    asked = {"nobody": NOBODY, "in": signed_in, "out": signed_out}
    assert access_check.check({board.pk: asked})[board.pk].sessions == {
        "nobody": Granted(Role.VIEW, NOBODY),
        "in": Granted(Role.EDIT, signed_in),
        "out": Close.UNAUTHENTICATED,
    }


def test_a_key_goes_as_far_as_it_does_now(board: Board, bob: Any) -> None:
    key = api_keys.find(api_keys.create(bob))
    assert key is not None
    before = by_api_key(key)

    def limited(*allowed: str) -> Granted | Close:
        ApiKey.objects.update(scopes=list(allowed))
        return access_check.check({board.pk: {"k": before}})[board.pk].sessions["k"]

    stays = limited("scene:read")
    assert isinstance(stays, Granted) and stays.principal.scopes == {"scene:read"}
    assert limited("scene:write") == Close.FORBIDDEN, "it may not see the board any more"
