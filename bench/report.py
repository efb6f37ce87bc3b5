"""Figures, as a table for people and as JSON for later."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

OUT = Path(__file__).parent / "out"


class Figure(NamedTuple):
    """values: one for each repetition, in `unit`. goal: the statistic that counts and what it must not exceed."""

    name: str
    unit: str
    values: Sequence[float]
    goal: tuple[str, float]

    def statistic(self, name: str) -> float:
        ordered = sorted(self.values)
        if name == "max":
            return ordered[-1]
        if name == "p50":
            return statistics.median(ordered)
        return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]


def write(figures: Sequence[Figure], name: str) -> None:
    """Print the table and keep the numbers under bench/out/."""
    rows = [[*_cells(figure)] for figure in figures]
    head = ["what", "n", "p50", "p95", "max", "unit", "goal", ""]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    print()
    for row in [head, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\n{machine()['cpu']}, {machine()['cores']} cores, {machine()['system']}")
    OUT.mkdir(exist_ok=True)
    content = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "figures": [figure._asdict() for figure in figures],
    }
    (OUT / f"{name}.json").write_text(json.dumps(content, indent=1))


def _cells(figure: Figure) -> list[str]:
    kind, limit = figure.goal
    met = figure.statistic(kind) <= limit
    numbers = [f"{figure.statistic(name):,.1f}" for name in ("p50", "p95", "max")]
    return [
        figure.name,
        str(len(figure.values)),
        *numbers,
        figure.unit,
        f"{kind} ≤ {limit:g}",
        "met" if met else "MISSED",
    ]


def machine() -> dict[str, Any]:
    cpu = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
