"""The performance goals of the room, as ratios within one campaign. They are judged here only."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bench.room.campaign import PASS_P99_MS, passed, sizes_passed
from bench.room.run import Outcome

CPU_N, CROWD_N = 50, 200
CPU_RATIOS = {"excalidraw-room": (5.0, 3.0), "hocuspocus": (4.0, 2.5), "tldraw": (2.5, 1.5)}
"""How many times less CPU than this peer for 1,000 delivered updates at N=50: on uvicorn, on Daphne."""
LARGEST_RATIO = 4.0
LARGEST_PEER = "excalidraw-room"
JOIN_SHARE = 1 / 3
JOIN_PEERS = ("hocuspocus", "tldraw")
RSS_GROWTH_MB = 20.0
ACK_P95_MS = 150.0


class Gate(NamedTuple):
    """value: None if it was not measured. at_least: True if the limit is a lower bound."""

    system: str
    what: str
    value: float | None
    limit: float
    at_least: bool
    detail: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Record:
    """All outcomes of a campaign, by system."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._outcomes = list(outcomes)

    def systems(self) -> list[str]:
        return list(dict.fromkeys(outcome.system for outcome in self._outcomes))

    def runs(self, system: str, mode: str, n: int) -> list[Outcome]:
        return [o for o in self._outcomes if (o.system, o.mode, o.n) == (system, mode, n)]

    def median(
        self, system: str, mode: str, n: int, figure: Callable[[Outcome], float | None]
    ) -> float | None:
        """The figure over the repetitions; None if one of them lacks it, or there are none."""
        values = [figure(run) for run in self.runs(system, mode, n)]
        known = [value for value in values if value is not None]
        return statistics.median(known) if known and len(known) == len(values) else None

    def largest(self, system: str) -> int | None:
        """The largest crowd that passed; None if none was tried, 0 if none passed."""
        sizes = sizes_passed(o for o in self._outcomes if o.system == system)
        return max((n for n, good in sizes.items() if good), default=0) if sizes else None


def judge(outcomes: Iterable[Outcome]) -> list[Gate]:
    """All gates for each of our own systems that took part."""
    record = Record(outcomes)
    own = [name for name in record.systems() if name.startswith("atelier-")]
    return [gate for name in own for gate in _gates_of(record, name)]


def _gates_of(record: Record, name: str) -> Sequence[Gate]:
    return [
        *(_cpu(record, name, peer) for peer in CPU_RATIOS),
        _acks(record, name),
        *_crowd(record, name),
        _largest(record, name),
        *(_join(record, name, peer) for peer in JOIN_PEERS),
        _memory(record, name),
    ]


def _cpu(record: Record, name: str, peer: str) -> Gate:
    limit = CPU_RATIOS[peer][0 if "uvicorn" in name else 1]
    ours = record.median(name, "sync", CPU_N, lambda run: run.cpu_per_1000)
    theirs = record.median(peer, "sync", CPU_N, lambda run: run.cpu_per_1000)
    ratio = theirs / ours if ours and theirs else None
    detail = ""
    if ratio is not None and ours is not None and theirs is not None:
        whole = record.median(name, "sync", CPU_N, _whole_cpu_per_1000) or ours
        detail = f"{theirs:.4f} ÷ {ours:.4f} s; with Postgres and Redis in ours: {theirs / whole:.1f}"
    return Gate(name, f"CPU per 1,000 updates, N={CPU_N}: {peer} ÷ ours", ratio, limit, True, detail)


def _whole_cpu_per_1000(run: Outcome) -> float | None:
    """CPU cores of the server and the processes beside it."""
    if run.cpu_per_1000 is None or not run.server_cpu:
        return None
    return run.cpu_per_1000 * (run.server_cpu + sum(run.beside_cpu.values())) / run.server_cpu


def _acks(record: Record, name: str) -> Gate:
    value = record.median(name, "sync", CPU_N, lambda run: run.ack_p95)
    return Gate(name, f"p95 of the ack, N={CPU_N}, ms", value, ACK_P95_MS, False)


def _crowd(record: Record, name: str) -> list[Gate]:
    runs = record.runs(name, "sync", CROWD_N)
    lost = None if not runs else float(sum(not run.lossless for run in runs))
    p99 = record.median(name, "sync", CROWD_N, lambda run: run.p99)
    return [
        Gate(name, f"runs at N={CROWD_N} that lost something", lost, 0.0, False, f"of {len(runs)}"),
        Gate(name, f"p99 of updates, N={CROWD_N}, ms", p99, PASS_P99_MS, False),
    ]


def _largest(record: Record, name: str) -> Gate:
    ours, theirs = record.largest(name), record.largest(LARGEST_PEER)
    ratio = ours / theirs if ours is not None and theirs else None
    what = f"largest N with p99 < {PASS_P99_MS:.0f} ms and nothing lost ÷ {LARGEST_PEER}'s"
    return Gate(name, what, ratio, LARGEST_RATIO, True, f"{ours} ÷ {theirs}")


def _join(record: Record, name: str, peer: str) -> Gate:
    ours = record.median(name, "join", CROWD_N, _whole_join)
    theirs = record.median(peer, "join", CROWD_N, _whole_join)
    share = ours / theirs if ours and theirs else None
    detail = f"{ours:.0f} ÷ {theirs:.0f} ms" if ours and theirs else ""
    return Gate(name, f"{CROWD_N} joins, last one: ours ÷ {peer}", share, JOIN_SHARE, False, detail)


def _whole_join(run: Outcome) -> float | None:
    return run.last_ms if run.joined == run.n else None


def _memory(record: Record, name: str) -> Gate:
    growth = record.median(name, "stall", CROWD_N, lambda run: run.rss_growth_mb)
    healthy = all(passed(run) for run in record.runs(name, "stall", CROWD_N))
    detail = "" if growth is None or healthy else "those who read were not served well"
    return Gate(
        name, f"RSS with 20 of {CROWD_N} not reading for 15 s, MB more", growth, RSS_GROWTH_MB, False, detail
    )
