"""Prints a campaign: a line for each run, a table of medians, the gates; and writes all of it as JSON."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.report import machine
from bench.room.gates import Gate, Record
from bench.room.run import Load, Outcome

Figure = tuple[str, Callable[[Outcome], float | None], str]

SYNC: list[Figure] = [
    ("p50", lambda o: o.p50, ".1f"),
    ("p95", lambda o: o.p95, ".1f"),
    ("p99 ms", lambda o: o.p99, ".1f"),
    ("delivered %", lambda o: o.delivered * 100, ".2f"),
    ("itself %", lambda o: o.itself * 100, ".1f"),
    ("in the end %", lambda o: o.converged * 100, ".2f"),
    ("cursor p50", lambda o: o.cursor_p50, ".1f"),
    ("p99", lambda o: o.cursor_p99, ".1f"),
    ("ack p50", lambda o: o.ack_p50, ".1f"),
    ("p95 ms", lambda o: o.ack_p95, ".1f"),
    ("kB/s", lambda o: o.kb_per_second, ".1f"),
    ("frames/s", lambda o: o.frames_per_second, ".0f"),
    ("cores", lambda o: o.server_cpu, ".3f"),
    ("CPU s/1000", lambda o: o.cpu_per_1000, ".5f"),
    ("postgres", lambda o: o.beside_cpu.get("postgres"), ".3f"),
    ("redis", lambda o: o.beside_cpu.get("redis"), ".3f"),
    ("RSS MB", lambda o: o.rss_mb, ".0f"),
    ("waited %", lambda o: o.waited * 100, ".0f"),
    ("generator", lambda o: o.generator_cpu, ".2f"),
    ("late p99", lambda o: o.late_p99, ".1f"),
]
STALL: list[Figure] = [("RSS growth MB", lambda o: o.rss_growth_mb, ".1f"), *SYNC]
JOIN: list[Figure] = [
    ("scene kB", lambda o: o.scene_kb, ".0f"),
    ("one alone ms", lambda o: o.alone_ms, ".1f"),
    ("all: p50", lambda o: o.p50, ".0f"),
    ("p99", lambda o: o.p99, ".0f"),
    ("last ms", lambda o: o.last_ms, ".0f"),
    ("joined", lambda o: o.joined, ".0f"),
    ("CPU s", lambda o: o.join_cpu_seconds, ".2f"),
    ("postgres s", lambda o: o.beside_cpu.get("postgres"), ".2f"),
    ("RSS MB", lambda o: o.rss_mb, ".0f"),
]
FIGURES = {"sync": SYNC, "stall": STALL, "join": JOIN}


def line(outcome: Outcome) -> str:
    """One line of progress for a run."""
    who = f"{outcome.mode:5} N={outcome.n:<3} {outcome.system:22}"
    if outcome.error:
        return f"{who} FAILED: {outcome.error}"
    if outcome.mode == "join":
        return f"{who} last {_number(outcome.last_ms, '.0f')} ms, {outcome.joined} joined, {_number(outcome.join_cpu_seconds, '.2f')} CPU s"
    text = f"{who} p50 {_number(outcome.p50, '.1f')} p99 {_number(outcome.p99, '.1f')} ms, {outcome.delivered:.2%} delivered, "
    text += f"{outcome.server_cpu:.3f} cores, {_number(outcome.cpu_per_1000, '.5f')} s/1000, ack p95 {_number(outcome.ack_p95, '.0f')} ms, "
    text += f"{outcome.kb_per_second:.0f} kB/s, late {outcome.late_p99:.0f} ms, waited {outcome.waited:.0%}"
    if outcome.rss_growth_mb is not None:
        text += f", RSS +{outcome.rss_growth_mb:.1f} MB"
    if outcome.closed:
        text += f", closed {outcome.closed}"
    return text


def tables(outcomes: Sequence[Outcome]) -> str:
    """Medians over the repetitions, one table for each mode."""
    parts = []
    for mode, figures in FIGURES.items():
        groups: dict[tuple[int, str], list[Outcome]] = {}
        for outcome in outcomes:
            if outcome.mode == mode:
                groups.setdefault((outcome.n, outcome.system), []).append(outcome)
        if groups:
            rows = [_row(n, system, runs, figures) for (n, system), runs in sorted(groups.items())]
            parts.append(table(["N", "system", "runs", *(name for name, _, _ in figures)], rows))
    return "\n\n".join(parts)


def _row(n: int, system: str, runs: list[Outcome], figures: Iterable[Figure]) -> list[str]:
    good = [run for run in runs if not run.error]
    cells = [str(n), system, f"{len(good)}/{len(runs)}" if len(good) < len(runs) else str(len(runs))]
    for _, figure, form in figures:
        values = [value for run in good if (value := figure(run)) is not None]
        cells.append(_number(statistics.median(values) if values else None, form))
    return cells


def gate_table(gates: Iterable[Gate], outcomes: Iterable[Outcome]) -> str:
    verdicts = {True: "met", False: "MISSED", None: "not measured"}
    rows = [
        [
            gate.system,
            gate.what,
            _number(gate.value, ".2f"),
            ("≥" if gate.at_least else "≤") + f" {gate.limit:.3g}",
            verdicts[gate.met],
            gate.detail,
        ]
        for gate in gates
    ]
    record = Record(outcomes)
    sizes = ", ".join(f"{name} {record.largest(name)}" for name in record.systems())
    head = ["system", "gate", "value", "must be", "", ""]
    return f"{table(head, rows)}\n\nLargest N that passed: {sizes}"


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in lines
    )


def write(path: Path, outcomes: Sequence[Outcome], gates: Iterable[Gate], load: Load) -> None:
    """Write the whole campaign as JSON."""
    content: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "load": load,
        "gates": [gate._asdict() | {"met": gate.met} for gate in gates],
        "runs": outcomes,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1))


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
