"""How many costly requests are under way at once; those that wait hold no database connection."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.errors import RateLimited
from boards.database.threads import in_thread
from boards.request_limits import ConcurrencyLimit, Overloaded


def limited(**numbers: Any) -> ConcurrencyLimit:
    defaults = {"per_person": 1, "queued_per_person": 0, "total": 9, "timeout_seconds": 10.0}
    return ConcurrencyLimit("pictures", **defaults | numbers)


def test_one_person_has_so_many_at_once_and_others_have_theirs() -> None:
    mine = limited(per_person=2)
    held = [mine.take("alice"), mine.take("alice")]
    with pytest.raises(RateLimited) as refused:
        mine.take("alice")
    assert refused.value.retry_after_seconds > 0
    with mine.take("bob"):
        pass
    held[0].release()
    held[0].release()  # twice is once
    held.append(mine.take("alice"))
    with pytest.raises(RateLimited):
        mine.take("alice")


def test_all_together_have_a_bound() -> None:
    ours = limited(total=2)
    held = [ours.take("alice"), ours.take("bob")]
    with pytest.raises(Overloaded):
        ours.take("carol")
    held.pop().release()
    ours.take("carol").release()


def test_a_waiting_request_gets_the_slot_when_it_is_free() -> None:
    mine = limited(queued_per_person=1)
    first = mine.take("alice")
    got = threading.Event()

    def second() -> None:
        with mine.take("alice"):
            got.set()

    waiting = threading.Thread(target=second)
    waiting.start()
    while mine._present["alice"] < 2:
        time.sleep(0.001)
    assert not got.is_set()
    with pytest.raises(RateLimited):  # one waits already
        mine.take("alice")
    first.release()
    assert got.wait(10)
    waiting.join()
    mine.take("alice").release()
    assert not mine._present and not mine._working


def test_a_request_that_may_not_wait_is_refused_at_once() -> None:
    mine = limited(queued_per_person=8)
    first = mine.take("alice", waits=False)
    began = time.monotonic()
    with pytest.raises(RateLimited):
        mine.take("alice", waits=False)
    assert time.monotonic() - began < 1
    mine.take("bob", waits=False).release()
    first.release()
    mine.take("alice", waits=False).release()


def test_a_request_that_waits_too_long_is_refused_and_leaves_nothing_behind() -> None:
    mine = limited(queued_per_person=1, timeout_seconds=0.01)
    first = mine.take("alice")
    with pytest.raises(RateLimited):
        mine.take("alice")
    first.release()
    assert not mine._present and not mine._working


def test_a_slot_that_is_dropped_is_free() -> None:
    mine = limited()

    def dropped() -> Iterator[bytes]:
        with mine.take("alice"):
            yield b""

    mine.take("alice")
    next(dropped())
    gc.collect()
    mine.take("alice").release()


@pytest.mark.django_db(transaction=True)
def test_a_waiting_request_gives_the_connection_back() -> None:
    mine = limited(queued_per_person=1, timeout_seconds=0.01)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    first = mine.take("alice")
    assert connection.connection is not None
    with pytest.raises(RateLimited):
        mine.take("alice")
    assert connection.connection is None
    first.release()


@pytest.mark.django_db(transaction=True)
def test_rooms_have_connections_when_requests_hold_all_of_theirs(db: None, settings: Any) -> None:
    most = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    taken, done = threading.Barrier(most + 1), threading.Event()

    def request() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            taken.wait(30)
            done.wait(30)
        finally:
            connection.close()

    def room() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 2")
            row: tuple[int] = cursor.fetchone()
            return row[0]

    async def answer() -> int:
        return await in_thread(room)

    connection.close()
    connection.close_pool()  # a pool of which no thread of an earlier test holds a connection
    with ThreadPoolExecutor(most) as requests:
        asked = [requests.submit(request) for _ in range(most)]
        try:
            taken.wait(30)
            assert asyncio.run(answer()) == 2
        finally:
            done.set()
    for each in asked:
        each.result()
