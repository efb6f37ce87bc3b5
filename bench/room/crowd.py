"""The `sync` and `stall` runs: all clients draw and move their pointers at once."""

import asyncio
import gc
import resource
import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from bench.room import marker, meter, schedule
from bench.room.client import Client
from bench.room.drivers import driver_for
from bench.room.ledger import Arrivals, Ledger, percentile
from bench.room.run import Outcome, Spec

HANDSHAKES_AT_ONCE = 20
MARKED_CURSORS = 2
"""Clients that put a marker into their cursor messages; more would add no information."""
BURST = 100
"""Late events in a row after which the event loop runs the sockets."""
SHORTEST_SLEEP_SECONDS = 0.001
RSS_INTERVAL_SECONDS = 0.5


class Reading(NamedTuple):
    """The readings of all meters at one moment."""

    time: float
    server: float
    waited: float
    beside: dict[str, float]
    generator: float
    bytes: int
    frames: int


class Watcher:
    """Finds markers and acknowledgements in the frames that one client receives."""

    def __init__(self, crowd: "Crowd", client: Client) -> None:
        self.client = client
        self.updates = Arrivals(crowd.updates, client.number)
        self.cursors = Arrivals(crowd.cursors, client.number, overtaken=False)
        self.acknowledged: dict[int, float] = {}
        self.refused = 0
        self._unpack = crowd.driver.unpack
        self._acknowledged = crowd.driver.acknowledged
        client.listen = self.look

    def look(self, is_text: bool, payload: bytes) -> None:
        now = time.monotonic()
        content = self._unpack(is_text, payload)
        for kind, sender, number in marker.find(content):
            if kind == marker.UPDATE:
                self.updates.see(sender, number, now)
            elif kind == marker.CURSOR:
                self.cursors.see(sender, number, now)
        for number, refused in self._acknowledged(content):
            self.acknowledged[number] = now
            self.refused += refused


class Crowd:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.driver = driver_for(spec)
        self.updates = Ledger()
        self.cursors = Ledger()
        self.clients = [Client(self.driver, number) for number in range(spec.n)]
        self.drawers = self.clients[: spec.load.drawers(spec.n)]
        self.stalled = self.clients[spec.n - spec.stalled :] if spec.mode == "stall" else []
        self.seconds = spec.stall_seconds if spec.mode == "stall" else spec.load.seconds
        self._late: list[float] = []
        self._moves = [0] * spec.n

    async def run(self) -> Outcome:
        duration = self.spec.load.warmup_seconds + self.seconds
        count = int((duration + 1) * self.spec.load.update_hz) + 2
        self._versions = [self.driver.updates(client.number, count) for client in self.drawers]
        await self._enter_all()
        self._watchers = [Watcher(self, client) for client in self._chosen()]
        gc.collect()
        gc.freeze()
        gc.disable()  # a collection would look like a slow server
        before, after, memory = await self._play(duration)
        rss = meter.rss_mb(self.spec.server_pids)
        converged = await self._settle()
        outcome = self._outcome(before, after, converged)
        outcome.rss_mb = rss
        if self.spec.mode == "stall":
            outcome.rss_growth_mb = max(memory) - memory[0]
        for client in self.clients:
            client.leave()
        return outcome

    async def _enter_all(self) -> None:
        turns = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

        async def enter(client: Client) -> None:
            async with turns:
                await client.enter(small_buffer=client in self.stalled)

        await asyncio.gather(*map(enter, self.clients))

    def _chosen(self) -> Iterable[Client]:
        """The clients whose frames are searched: half of them draw, half do not; none stalls."""
        half = self.spec.load.watchers // 2
        others = self.clients[len(self.drawers) : self.spec.n - len(self.stalled)]
        return _spread(self.drawers, half) + _spread(others, half)

    # --- the load ------------------------------------------------------------------------------------------

    async def _play(self, duration: float) -> tuple[Reading, Reading, list[float]]:
        """Send the load. Returns the meters at both ends of the window, and the server's RSS while some clients stalled."""
        load = self.spec.load
        start = time.monotonic() + 0.05
        begin = start + load.warmup_seconds
        for ledger in (self.updates, self.cursors):
            ledger.begin, ledger.end = begin, start + duration
        players = asyncio.ensure_future(self._send_all(start, duration))
        await asyncio.sleep(begin - time.monotonic())
        before, memory = self._read(), [meter.rss_mb(self.spec.server_pids)]
        for client in self.stalled:
            client.stop_reading()
        while self.stalled and not players.done():
            await asyncio.wait([players], timeout=RSS_INTERVAL_SECONDS)
            memory.append(meter.rss_mb(self.spec.server_pids))
        await players
        return before, self._read(), memory

    async def _send_all(self, start: float, duration: float) -> None:
        burst = 0
        window = self.spec.load.warmup_seconds
        for event in schedule.events(self.spec.load, self.spec.n, len(self.drawers), duration):
            ahead = start + event.due_seconds - time.monotonic()
            if ahead > 0:
                # Not exact: the few events of the next millisecond leave together.
                await asyncio.sleep(max(ahead, SHORTEST_SLEEP_SECONDS))
                burst = 0
            elif (burst := burst + 1) % BURST == 0:
                await asyncio.sleep(0)
            if event.due_seconds >= window:
                self._late.append(time.monotonic() - start - event.due_seconds)
            client = self.clients[event.client]
            if client.closed is None:
                (self._draw if event.draws else self._move)(client)
        await asyncio.sleep(max(0.0, start + duration - time.monotonic()))

    def _draw(self, client: Client) -> None:
        number = self.updates.write(client.number, time.monotonic())
        client.send(*self._versions[client.number][number])

    def _move(self, client: Client) -> None:
        count = self._moves[client.number]
        self._moves[client.number] += 1
        mark = None
        if client.number < MARKED_CURSORS:
            number = self.cursors.write(client.number, time.monotonic())
            mark = marker.mark(marker.CURSOR, client.number, number)
        client.send(*self.driver.cursor(client, count, mark))

    async def _settle(self) -> float:
        """Have every drawer draw once more and search the frames of every client, stalled ones included.

        Waits until all messages under way have arrived, `drain_seconds` at most. Returns the share of pairs of a
        client and a drawer in which the drawer's last update arrived.
        """
        known = {watcher.client.number: watcher for watcher in self._watchers}
        everybody = [client for client in self.clients if client.closed is None]
        all_watch = [known.get(client.number) or Watcher(self, client) for client in everybody]
        for client in self.stalled:
            client.read_again()
        for client in self.drawers:
            if client.closed is None:
                self._draw(client)
        newest = self.updates.newest()
        pairs = sum(watcher.client.number != sender for watcher in all_watch for sender in newest)
        deadline = time.monotonic() + self.spec.load.drain_seconds
        while time.monotonic() < deadline:
            missing = sum(watcher.updates.missing(newest) for watcher in all_watch)
            if not missing and not self._unacknowledged():
                break
            await asyncio.sleep(0.05)
        missing = sum(watcher.updates.missing(newest) for watcher in all_watch)
        sent_away = sum(client.closed is not None and client not in self.stalled for client in self.clients)
        return (pairs - missing) / max(1, pairs + sent_away * len(newest))

    # --- what came of it -----------------------------------------------------------------------------------

    def _read(self) -> Reading:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        readers = [client for client in self.clients if client not in self.stalled]
        return Reading(
            time.monotonic(),
            meter.cpu_seconds(self.spec.server_pids),
            meter.waited_seconds(self.spec.server_pids),
            {name: meter.cpu_seconds(pids) for name, pids in self.spec.beside.items()},
            usage.ru_utime + usage.ru_stime,
            sum(client.bytes for client in readers),
            sum(client.frames for client in readers),
        )

    def _unacknowledged(self) -> int:
        """Updates of watched drawers without an acknowledgement; 0 where the product has none."""
        if not any(watcher.acknowledged for watcher in self._watchers):
            return 0
        drawing = (watcher for watcher in self._watchers if watcher.client in self.drawers)
        return sum(
            self.updates.counts(watcher.client.number, number) and number not in watcher.acknowledged
            for watcher in drawing
            for number in range(self.updates.newest()[watcher.client.number] + 1)
        )

    def _ack_seconds(self) -> list[float]:
        return [
            came - (self.updates.time_of(watcher.client.number, number) or 0.0)
            for watcher in self._watchers
            for number, came in watcher.acknowledged.items()
            if self.updates.counts(watcher.client.number, number)
        ]

    def _outcome(self, before: Reading, after: Reading, converged: float) -> Outcome:
        spec, seconds = self.spec, after.time - before.time
        updates = [second for watcher in self._watchers for second in watcher.updates.seconds]
        cursors = [second for watcher in self._watchers for second in watcher.cursors.seconds]
        acks = self._ack_seconds()
        expected = sum(self.updates.counted(besides=watcher.client.number) for watcher in self._watchers)
        themselves = sum(watcher.updates.themselves for watcher in self._watchers)
        readers = spec.n - len(self.stalled)
        to_all = len(updates) / len(self._watchers) * readers
        return Outcome(
            system=spec.system,
            mode=spec.mode,
            n=spec.n,
            sent=self.updates.counted(),
            delivered=len(updates) / max(1, expected),
            itself=themselves / max(1, expected),
            converged=converged,
            p50=_ms(updates, 50),
            p95=_ms(updates, 95),
            p99=_ms(updates, 99),
            cursor_p50=_ms(cursors, 50),
            cursor_p99=_ms(cursors, 99),
            ack_p50=_ms(acks, 50),
            ack_p95=_ms(acks, 95),
            ack_p99=_ms(acks, 99),
            unacknowledged=self._unacknowledged() if acks else None,
            refused=sum(watcher.refused for watcher in self._watchers),
            kb_per_second=(after.bytes - before.bytes) / readers / seconds / 1_000,
            frames_per_second=(after.frames - before.frames) / readers / seconds,
            server_cpu=(after.server - before.server) / seconds,
            cpu_per_1000=(after.server - before.server) / to_all * 1_000 if to_all else None,
            beside_cpu={name: (cpu - before.beside[name]) / seconds for name, cpu in after.beside.items()},
            closed=dict(Counter(client.closed for client in self.clients if client.closed)),
            waited=(after.waited - before.waited) / seconds,
            generator_cpu=(after.generator - before.generator) / seconds,
            late_p99=_ms(self._late, 99) or 0.0,
        )


def _spread(clients: list[Client], count: int) -> list[Client]:
    """At most `count` of the items, evenly spaced."""
    step = max(1.0, len(clients) / max(1, count))
    return [clients[int(i * step)] for i in range(min(count, len(clients)))]


def _ms(seconds: list[float], percent: float) -> float | None:
    value = percentile(seconds, percent)
    return None if value is None else round(value * 1_000, 2)
