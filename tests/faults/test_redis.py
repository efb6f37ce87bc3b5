"""Redis forgets, dies and stays away: people go on drawing, and those on other processes catch up soon."""

import asyncio
import os
import time

import pytest

from tests.boards.storm.editor import Seen
from tests.boards.storm.world import CATCH_UP_SECONDS
from tests.faults.cluster import Cluster
from tests.faults.history import problems
from tests.faults.page import Page, alive

OUTAGE_SECONDS = float(os.environ.get("FAULTS_REDIS_OUTAGE_SECONDS", "8"))
BUSY = 4.0
"""How much longer things may take on a machine that has other things to do."""
SOON_SECONDS = 1.0


@pytest.fixture
def pages(cluster: Cluster) -> list[Page]:
    """Two people on two processes, who draw nothing unless told to."""
    key = cluster.create_key("grace@example.org")
    board = cluster.create_board(key)
    drawn: list[Seen] = []
    made = [Page(f"r{at}", board, key, [cluster.ports[at]], at, drawn) for at in range(2)]
    for page in made:
        page.drawing = False
    return made


async def seen_after(one: Page, other: Page, element_id: str) -> tuple[float, float]:
    """Seconds until what one draws is acknowledged, and until the other has it."""
    began, acknowledged = time.monotonic(), 0.0
    confirmed = len(one.confirmed)
    one.editor.draw(element_id, f"a{element_id}")
    while element_id not in other.editor.held or not acknowledged:
        if not acknowledged and len(one.confirmed) > confirmed:
            acknowledged = time.monotonic() - began
        assert time.monotonic() - began < 60, f"{element_id} was not seen"
        await asyncio.sleep(0.01)
    return acknowledged, time.monotonic() - began


async def together(pages: list[Page]) -> None:
    """Until both are in, and Redis carries what they say: a first stroke may come by the clock."""
    for attempt in range(100):
        if all(page.editor.idle for page in pages):
            _, seconds = await seen_after(pages[0], pages[1], f"hello{attempt:03}V")
            if seconds < SOON_SECONDS:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("Redis carries nothing")


async def test_RM17_after_flushall_others_see_strokes_as_before(
    cluster: Cluster, pages: list[Page], capsys: pytest.CaptureFixture[str]
) -> None:
    async with alive(pages):
        await together(pages)
        await asyncio.to_thread(cluster.flush_redis)
        _, seconds = await seen_after(*pages, "flushedV")
        with capsys.disabled():
            print(f"\nafter FLUSHALL seen in {seconds:.2f} s")
        assert seconds < CATCH_UP_SECONDS * BUSY
        await together(pages)


async def test_RM17_redis_restarts_and_others_see_strokes_again(
    cluster: Cluster, pages: list[Page], capsys: pytest.CaptureFixture[str]
) -> None:
    async with alive(pages):
        await together(pages)
        await asyncio.to_thread(cluster.kill, "redis")
        await asyncio.to_thread(cluster.start_redis)
        _, seconds = await seen_after(*pages, "restartedV")
        with capsys.disabled():
            print(f"\nafter a restart seen in {seconds:.2f} s")
        assert seconds < CATCH_UP_SECONDS * BUSY
        await together(pages)


async def test_RM17_while_redis_is_away_editing_goes_on_and_others_follow_by_the_clock(
    cluster: Cluster, pages: list[Page], capsys: pytest.CaptureFixture[str]
) -> None:
    async with alive(pages):
        await together(pages)
        await asyncio.to_thread(cluster.kill, "redis")
        began, acks, delays, number = time.monotonic(), [], [], 0
        while time.monotonic() - began < OUTAGE_SECONDS:
            number += 1
            acknowledged, seconds = await seen_after(*pages, f"away{number:03}V")
            acks.append(acknowledged)
            delays.append(seconds)
        await asyncio.to_thread(cluster.start_redis)
        back = time.monotonic()
        _, first = await seen_after(*pages, "backV")
        await together(pages)
        with capsys.disabled():
            print(
                f"\n{OUTAGE_SECONDS:.0f} s without Redis: {number} strokes, acknowledged after at most {max(acks):.2f} s, "
                f"seen elsewhere after at most {max(delays):.2f} s; back: first seen after {first:.2f} s, "
                f"as before after {time.monotonic() - back:.2f} s"
            )
        assert max(acks) < SOON_SECONDS * BUSY
        assert max(delays) < CATCH_UP_SECONDS * BUSY
        assert first < CATCH_UP_SECONDS * BUSY
    assert not problems(cluster, pages[0].board, pages, pages[0].drawn)
