"""Sign-ins that are answered together: each gets its own answer, and a crowd costs no more queries than one."""

import asyncio
import uuid

import pytest
from django.db import OperationalError

from accounts import api_keys
from boards.errors import BoardGone, Unauthenticated
from boards.models import Role
from boards.principal import NOBODY
from boards.room.access_check import BoardReading
from boards.sharing import links
from boards.socket import authentication
from boards.socket.authentication import Admission, AdmissionRequest

pytestmark = pytest.mark.django_db


def by(board_id, token=None, cookie=None):
    return AdmissionRequest(board_id, token, cookie)


def test_each_gets_its_own_answer(board, alice, bob, mallory):
    alice_key, bob_key, mallory_key = (api_keys.create(user) for user in (alice, bob, mallory))
    link = links.create(board, alice, Role.VIEW)
    answers = authentication.authenticate_each(
        [
            by(board.pk, mallory_key),
            by(board.pk, alice_key),
            by(board.pk, "ak_nobody"),
            by(uuid.uuid4(), alice_key),
            by(board.pk, link.token),
            by(board.pk, bob_key),
            by(board.pk),
        ]
    )
    assert [answers[i].principal.user for i in (1, 4, 5)] == [alice, None, bob]
    assert answers[4].principal.share_link == link
    assert [answers[i].role for i in (1, 4, 5)] == [Role.OWNER, Role.VIEW, Role.EDIT]
    assert [type(answers[i]) for i in (0, 2, 3, 6)] == [BoardGone, Unauthenticated, BoardGone, BoardGone]


def test_a_crowd_costs_as_many_queries_as_one(board, alice, bob, django_assert_num_queries):
    requests = [by(board.pk, api_keys.create(bob)) for _ in range(20)]
    with django_assert_num_queries(3):
        authentication.authenticate_each(requests[:1])
    with django_assert_num_queries(3):
        assert {answer.role for answer in authentication.authenticate_each(requests)} == {Role.EDIT}


def test_who_asks_during_a_visit_is_answered_by_the_next(monkeypatch):
    visits, first_is_inside, go_on = [], asyncio.Event(), asyncio.Event()

    async def visit(authenticate_each, requests):
        visits.append(len(requests))
        if len(visits) == 1:
            first_is_inside.set()
            await go_on.wait()
        return [
            Admission(NOBODY, Role.VIEW, BoardReading(False, request.board_id.int)) for request in requests
        ]

    async def crowd():
        monkeypatch.setattr(authentication, "in_thread", visit)
        first = asyncio.ensure_future(authentication.authenticate(by(uuid.UUID(int=1))))
        await first_is_inside.wait()
        others = [
            asyncio.ensure_future(authentication.authenticate(by(uuid.UUID(int=n)))) for n in range(2, 5)
        ]
        await asyncio.sleep(0)  # they ask
        others[1].cancel()
        go_on.set()
        assert (await first).board.pruned_clock == 1
        return [answer.board.pruned_clock for answer in await asyncio.gather(others[0], others[2])]

    assert asyncio.run(crowd()) == [2, 4]
    assert visits == [1, 3]


def test_when_the_database_is_away_everybody_hears_so_and_the_next_may_ask_again(monkeypatch):
    async def away(authenticate_each, requests):
        raise OperationalError("away")

    async def crowd():
        monkeypatch.setattr(authentication, "in_thread", away)
        for _ in range(2):
            asked = [authentication.authenticate(by(uuid.uuid4())) for _ in range(3)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(answer) for answer in answers] == [OperationalError] * 3

    asyncio.run(crowd())
