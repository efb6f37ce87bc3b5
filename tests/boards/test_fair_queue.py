"""A user whose messages cost much waits in a queue of their own, and nobody else with them."""

import asyncio
import time
from typing import Any

import pytest

from boards.models import Board
from boards.principal import NOBODY, Principal
from boards.socket.fair_queue import AT_ONCE_BURST, PORTION_SECONDS, FairQueue, Work
from boards.socket.message_handler import SMALL_ELEMENTS, STRIKES_MAX, WRONG_MIN
from boards.wire.protocol import Close
from tests.boards.socket_client import joined
from tests.factories import body


def busy(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_lines_take_turns_a_portion_at_a_time() -> None:
    queues, done = FairQueue(), list[str]()

    def work(name: str, parts: int) -> Work:
        for _ in range(parts):
            busy(PORTION_SECONDS)
            done.append(name)
            yield

    first, second = queues.queue_of(NOBODY, "first"), queues.queue_of(NOBODY, "second")
    for _ in range(2):
        queues.put(first, work("first", 5))
    queues.put(second, work("second", 2))
    while len(done) < 12:
        await asyncio.sleep(0.001)
    assert done[:4] == ["first", "second", "first", "second"] and done[4:] == ["first"] * 8


async def test_the_loop_is_free_as_long_as_it_was_busy() -> None:
    queues = FairQueue()

    def work() -> Work:
        for _ in range(30):
            busy(PORTION_SECONDS)
            yield

    queue = queues.queue_of(NOBODY, "s")
    began, free, longest = time.monotonic(), 0, 0.0
    queues.put(queue, work())
    while queue.works:
        asked = time.monotonic()
        await asyncio.sleep(0)
        longest = max(longest, time.monotonic() - asked)
        free += 1
    assert time.monotonic() - began >= 1.9 * 30 * PORTION_SECONDS - PORTION_SECONDS
    assert free > 30


@pytest.mark.django_db
def test_all_sockets_of_a_person_stand_in_one_line(alice: Any, bob: Any) -> None:
    queues = FairQueue()
    queue = queues.queue_of(Principal(alice), "a")
    assert queues.queue_of(Principal(alice), "b") is queue is not queues.queue_of(Principal(bob), "a")
    queue.charge(2 * AT_ONCE_BURST)
    assert queue.is_overdrawn()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_pushes_are_merged_in_the_order_in_which_they_were_said(board: Board, bob: Any) -> None:
    """A small one that follows a large one does not overtake it; a presence may."""
    async with joined(board, bob) as bobs:
        large = [body(f"e{n}", version=1) for n in range(4 * SMALL_ELEMENTS)]
        await bobs.send({"type": "push", "id": "large", "elements": large})
        await bobs.send({"type": "push", "id": "small", "elements": [body("e0", version=2)]})
        acks = [await bobs.until("ack") for _ in range(2)]
        assert [(ack["ref"], ack["refused"]) for ack in acks] == [("large", []), ("small", [])]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_what_a_page_said_last_counts_though_it_is_gone(board: Board, bob: Any, carol: Any) -> None:
    async with joined(board, carol) as carols:
        async with joined(board, bob) as bobs:
            large = [body(f"e{n}", version=1) for n in range(4 * SMALL_ELEMENTS)]
            await bobs.send({"type": "push", "id": "large", "elements": large})
        while len(carols.elements) < len(large):
            await carols.receive()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_pushes_that_are_mostly_wrong_end_the_socket(board: Board, bob: Any) -> None:
    wrong = [body("x", width="wide")] * WRONG_MIN
    async with joined(board, bob) as bobs:
        for number in range(STRIKES_MAX):
            await bobs.send({"type": "push", "id": f"p{number}", "elements": wrong})
            error = await bobs.until("error")
            assert (error["code"], error["ref"]) == ("bad_message", f"p{number}")
        assert await bobs.closed() == Close.BAD_MESSAGE


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_some_wrong_ones_are_told_and_nothing_more(board: Board, bob: Any) -> None:
    wrong, right = [body("x", width="wide")] * (WRONG_MIN - 1), [body("right")]
    async with joined(board, bob) as bobs:
        for number in range(2 * STRIKES_MAX):
            await bobs.send({"type": "push", "id": f"p{number}", "elements": wrong + right})
            assert len((await bobs.until("ack"))["refused"]) == len(wrong)
