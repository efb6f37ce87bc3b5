"""kill -9 of web, Redis and Postgres in turn while people draw: nothing that was acknowledged is missing."""

import asyncio
import os
import random
import time

import pytest

from tests.boards.storm.editor import Seen
from tests.boards.storm.world import CATCH_UP_SECONDS
from tests.faults.cluster import Cluster
from tests.faults.history import problems
from tests.faults.page import Page, alive

KILLS = int(os.environ.get("FAULTS_KILLS", "51"))
EDITS = int(os.environ.get("FAULTS_EDITS", "20000"))
PAGES_PER_BOARD = 6
BOARDS = 2
PROGRESS_SECONDS = 10.0
BACK_SECONDS = 120.0
"""Generous: on a busy machine a web process alone takes long to start."""


async def test_RM8_no_acknowledged_edit_is_lost_when_servers_are_killed(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    key = await asyncio.to_thread(cluster.create_key, "ada@example.org")
    boards = [await asyncio.to_thread(cluster.create_board, key) for _ in range(BOARDS)]
    drawn: dict[str, list[Seen]] = {board: [] for board in boards}
    pages = {
        board: [
            Page(f"p{at}{n}", board, key, cluster.ports, 10 * at + n, drawn[board])
            for n in range(PAGES_PER_BOARD)
        ]
        for at, board in enumerate(boards)
    }
    everybody = [page for board in boards for page in pages[board]]
    began = time.monotonic()
    async with asyncio.timeout(900), alive(everybody):
        await nemesis(cluster, everybody, random.Random(1))
        for page in everybody:
            page.drawing = False
        await until_idle(everybody)
        await asyncio.sleep(CATCH_UP_SECONDS)
    with capsys.disabled():
        report(cluster, everybody, drawn, time.monotonic() - began)
    for board in boards:
        found = await asyncio.to_thread(problems, cluster, board, pages[board], drawn[board])
        assert not found, "\n".join(found[:20])
    assert sum(cluster.kills.values()) >= KILLS
    assert confirmed(everybody) >= EDITS
    assert sum(len(page.refused) for page in everybody) > 0


async def nemesis(cluster: Cluster, pages: list[Page], random_: random.Random) -> None:
    """Kill, wait a moment, start again; go on when work goes on. Until it was enough."""
    while sum(cluster.kills.values()) < KILLS or confirmed(pages) < EDITS:
        for victim in ("web", "redis", "postgres"):
            await progress(cluster, pages)
            await asyncio.sleep(random_.random() * 0.5)
            if victim == "web":
                up = [port for port in cluster.ports if await asyncio.to_thread(cluster.answers, port)]
                if len(up) < 2:
                    continue
                port = random_.choice(up)
                await asyncio.to_thread(cluster.kill, f"web {port}")
                cluster.start_web(port)
            else:
                await asyncio.to_thread(cluster.kill, victim)
                await asyncio.sleep(random_.choice((0.0, 0.0, 1.5)))
                await asyncio.to_thread(cluster.start_redis if victim == "redis" else cluster.start_postgres)
    for port in cluster.ports:
        await asyncio.to_thread(cluster.wait_for, port)


async def progress(cluster: Cluster, pages: list[Page]) -> None:
    """Until this kill's share of the edits is confirmed, on a busy machine at most for a while."""
    share = (sum(cluster.kills.values()) + 1) * EDITS / KILLS
    deadline = time.monotonic() + PROGRESS_SECONDS
    while confirmed(pages) < share and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


def confirmed(pages: list[Page]) -> int:
    return sum(len(page.confirmed) for page in pages)


async def until_idle(pages: list[Page]) -> None:
    deadline = time.monotonic() + BACK_SECONDS
    while not all(page.editor.idle for page in pages):
        waiting = {page.name: len(page.editor.pushes) for page in pages if not page.editor.idle}
        assert time.monotonic() < deadline, f"not confirmed: {waiting}"
        await asyncio.sleep(0.2)


def report(cluster: Cluster, pages: list[Page], drawn: dict[str, list[Seen]], seconds: float) -> None:
    waits = sorted(wait for page in pages for wait in page.ack_seconds)
    refused = sum(len(page.refused) for page in pages)
    print(
        f"\n{sum(cluster.kills.values())} kills {cluster.kills} in {seconds:.0f} s; "
        f"{sum(map(len, drawn.values()))} edits, {confirmed(pages)} acknowledged, {refused} refused; "
        f"ack p50 {waits[len(waits) // 2] * 1000:.0f} ms, p95 {waits[len(waits) * 95 // 100] * 1000:.0f} ms, "
        f"longest {waits[-1]:.1f} s"
    )
