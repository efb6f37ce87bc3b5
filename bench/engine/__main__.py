"""The engine beside stock diffusers: the same program on a CPU and on an accelerator.

make bench-engine        or, with fewer rounds:  python -m bench.engine --rounds 3

On a CPU the built-in model and narrow models of the true classes are drawn with, and only what means something
there is printed: what a GPU gains cannot be read off it. On CUDA the true configurations run with random weights,
in half precision at 512 px, and the numbers are kept under bench/results.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--device", default="auto")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=0, help="of a CPU; 0 for as many as a worker takes")
    options.add_argument(
        "--short", action="store_true", help="on a CPU, without throughput, most of the time"
    )
    chosen = options.parse_args()
    # torch only now: --help shall not take seconds.
    from bench.engine import campaign
    from generation.engine import device

    where = device.choose(chosen.device)
    device.prepare(where, chosen.threads)
    rows = campaign.run(where, chosen.rounds, chosen.threads, chosen.short)
    _print(rows, device.title(where))
    _keep(rows, where, device.title(where), chosen.rounds)


def _print(rows: Sequence[Any], title: str) -> None:
    width = max(len(row.what) for row in rows)
    print(f"\n{'':5}{'what':{width}}  {'median':>10} {'min':>10} {'max':>10}  unit    target")
    for row in rows:
        low, high = min(row.values), max(row.values)
        numbers = " ".join(f"{value:>10.3g}" for value in (row.median, low, high))
        print(f"{row.number:5}{row.what:{width}}  {numbers}  {row.unit:7} {row.goal}".rstrip())
    print(f"\n{title}. Ratios are of the same round.")


def _keep(rows: Sequence[Any], where: str, title: str, rounds: int) -> None:
    import torch

    from bench.report import OUT, machine

    folder = OUT if where == "cpu" else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "at": datetime.now(UTC).isoformat(),
        "device": title,
        "torch": torch.__version__,
        "rounds": rounds,
        "machine": machine(),
        "rows": [row._asdict() | {"median": row.median} for row in rows],
    }
    card = title.split("(")[-1].rstrip(")").replace(" ", "-").replace("/", "-")
    path = folder / f"engine-{'cpu' if where == 'cpu' else card}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"All of it: {path}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as home:
        os.environ["ATELIER_HOME"] = home  # nothing of one's own Atelier is read or changed
        main()
