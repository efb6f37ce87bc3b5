"""The `join` run: many clients join a board with a scene at once."""

import asyncio
import time

from bench.room import marker, meter
from bench.room.client import Client
from bench.room.drivers import driver_for
from bench.room.drivers.driver import Driver
from bench.room.ledger import percentile
from bench.room.run import Outcome, Spec

SEED_PAUSE_SECONDS = 0.02
STORED_SECONDS = 1.5
"""Pause after the last element of the scene, in which the server finishes saving and caching."""
QUIET_SECONDS = 1.0
DEADLINE_SECONDS = 60.0
HANDSHAKE_MAX_BYTES = 4_096
"""Larger frames are part of the scene: they are only stored while clients join, and decoded afterwards."""


class Newcomer:
    """A client that stores all frames with their times. They are decoded after the run, so that decoding delays no client."""

    def __init__(self, driver: Driver, number: int) -> None:
        self.client = Client(driver, number)
        self._driver = driver
        self._frames: list[tuple[float, bool, bytes]] = []
        self.client.listen = self._keep

    def _keep(self, is_text: bool, payload: bytes) -> None:
        self._frames.append((time.monotonic(), is_text, payload))
        if len(payload) <= HANDSHAKE_MAX_BYTES:
            self._driver.enter(self.client, is_text, payload)

    def complete_at(self, scene: int) -> float | None:
        """The time at which the last element of the scene arrived; None if some never did."""
        missing = set(range(scene))
        for at, is_text, payload in self._frames:
            content = self._driver.unpack(is_text, payload)
            missing -= {number for kind, _, number in marker.find(content) if kind == marker.SCENE}
            if not missing:
                return at
        return None


async def join(spec: Spec) -> Outcome:
    """Put a scene on the board, join with one client alone, then with all others at once."""
    driver = driver_for(spec)
    owner = Client(driver, 0)
    await owner.enter()
    for frames in driver.scene(spec.scene):
        owner.send(*frames)
        await asyncio.sleep(SEED_PAUSE_SECONDS)
    await asyncio.sleep(STORED_SECONDS)
    first = Newcomer(driver, 1)
    alone = await _come([first], spec.scene)
    first.client.leave()
    cpu, beside = meter.cpu_seconds(spec.server_pids), _beside(spec)
    newcomers = [Newcomer(driver, number) for number in range(2, spec.n + 2)]
    times = await _come(newcomers, spec.scene)
    outcome = Outcome(
        system=spec.system,
        mode="join",
        n=spec.n,
        scene_kb=first.client.bytes / 1_000,
        alone_ms=percentile(alone, 50),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
        last_ms=percentile(times, 100),
        joined=len(times),
        join_cpu_seconds=meter.cpu_seconds(spec.server_pids) - cpu,
        beside_cpu={name: after - beside[name] for name, after in _beside(spec).items()},
        rss_mb=meter.rss_mb(spec.server_pids),
    )
    for client in (owner, *(newcomer.client for newcomer in newcomers)):
        client.leave()
    return outcome


async def _come(newcomers: list[Newcomer], scene: int) -> list[float]:
    """Connect all at once. Returns the ms until each had the whole scene; clients that never had it are left out."""
    began = time.monotonic()
    await asyncio.gather(*(newcomer.client.connect() for newcomer in newcomers))
    await _until_quiet([newcomer.client for newcomer in newcomers], began)
    times = [newcomer.complete_at(scene) for newcomer in newcomers]
    return [round((at - began) * 1_000, 1) for at in times if at is not None]


async def _until_quiet(clients: list[Client], began: float) -> None:
    """Wait until no client has received anything for QUIET_SECONDS."""
    seen, changed = -1, time.monotonic()
    while time.monotonic() - changed < QUIET_SECONDS and time.monotonic() - began < DEADLINE_SECONDS:
        received = sum(client.bytes for client in clients)
        if received != seen:
            seen, changed = received, time.monotonic()
        await asyncio.sleep(0.05)


def _beside(spec: Spec) -> dict[str, float]:
    return {name: meter.cpu_seconds(pids) for name, pids in spec.beside.items()}
