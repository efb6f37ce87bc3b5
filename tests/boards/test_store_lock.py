"""Whom a change of a board holds up, and whom not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from boards.elements import store
from boards.models import Board, Membership, Role
from tests.factories import element

pytestmark = pytest.mark.django_db(transaction=True)


def impatiently(work):
    """In another transaction, which gives up soon when somebody is in its way."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '500ms'")
            return work()
    finally:
        connection.close()


def test_people_join_while_a_long_change_is_written_and_other_changes_wait(board: Board, mallory) -> None:
    with transaction.atomic(), ThreadPoolExecutor(1) as elsewhere:
        store.apply(board.pk, [element("long")])
        join = elsewhere.submit(
            impatiently, lambda: Membership.objects.create(board=board, user=mallory, role=Role.VIEW)
        )
        assert join.result().role == Role.VIEW
        with pytest.raises(OperationalError, match="lock timeout"):
            elsewhere.submit(impatiently, lambda: store.apply(board.pk, [element("other")])).result()
