"""Ten equal jobs on one device: more worker processes beside more jobs in a step. Draws the chart in docs.

make bench-workers       or, with fewer rounds:  python -m bench.engine.workers --rounds 1

On a CPU the device is one core, which all workers share as they would share one accelerator, and the built-in model
draws. On CUDA it is InstructPix2Pix in its true shape with random weights.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engine.chart import Bar, draw
from bench.engine.fleet import Drawn, Shape, fleet
from bench.report import machine

JOBS = 10
MORE_WORKERS = [Shape(workers, 1) for workers in (1, 2, 3, 4)]
SHARED_STEPS = [Shape(1, together) for together in (2, 4, 8)]
RESULTS = Path(__file__).resolve().parent.parent / "results"
CHART = Path(__file__).resolve().parents[2] / "docs" / "engine-workers.svg"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--device", default="auto")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--chart", type=Path, default=CHART)
    chosen = options.parse_args()
    from generation.engine import device as devices

    device = devices.choose(chosen.device)
    title = "one core" if device == "cpu" else devices.title(device)
    found = {shape: _measured(shape, device, chosen.rounds) for shape in MORE_WORKERS + SHARED_STEPS}
    _print(found)
    _keep(found, title, "cpu" if device == "cpu" else "cuda")
    chosen.chart.write_text(draw(*(_bars(found, shapes) for shapes in (MORE_WORKERS, SHARED_STEPS)), title))
    print(f"Chart: {chosen.chart}")


def _measured(shape: Shape, device: str, rounds: int) -> list[Drawn]:
    print(f"measuring {_named(shape)} …", file=sys.stderr, flush=True)
    with fleet(shape, device) as started:
        return [started.draw(JOBS) for _ in range(rounds)]


def _bars(found: dict[Shape, list[Drawn]], shapes: Sequence[Shape]) -> list[Bar]:
    return [
        Bar(str(shape.workers * shape.together), _seconds(found[shape]), found[shape][-1].gigabytes)
        for shape in shapes
    ]


def _seconds(drawn: Sequence[Drawn]) -> float:
    """Of a core that other programs share only what it worked on these jobs counts."""
    return statistics.median(each.busy_seconds or each.seconds for each in drawn)


def _named(shape: Shape) -> str:
    return f"{shape.workers} worker{'s' if shape.workers > 1 else ''}, {shape.together} at a time"


def _print(found: dict[Shape, list[Drawn]]) -> None:
    alone = _seconds(found[MORE_WORKERS[0]])
    print(f"\n{'':24}{'seconds':>9}{'min':>8}{'max':>8}{'gain':>7}{'GB':>7}")
    for shape, drawn in found.items():
        seconds = [each.busy_seconds or each.seconds for each in drawn]
        print(
            f"{_named(shape):24}{_seconds(drawn):9.2f}{min(seconds):8.2f}{max(seconds):8.2f}"
            f"{alone / _seconds(drawn):6.2f}×{drawn[-1].gigabytes:7.2f}"
        )


def _keep(found: dict[Shape, list[Drawn]], title: str, name: str) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = [
        {"workers": shape.workers, "together": shape.together, **each._asdict()}
        for shape, drawn in found.items()
        for each in drawn
    ]
    content = {"at": datetime.now(UTC).isoformat(), "device": title, "jobs": JOBS, "machine": machine()}
    path = RESULTS / f"workers-{name}.json"
    path.write_text(json.dumps(content | {"rows": rows}, indent=1) + "\n")
    print(f"All of it: {path}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as home:
        os.environ["ATELIER_HOME"] = home  # nothing of one's own Atelier is read or changed
        main()
