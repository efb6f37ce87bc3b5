"""Runs storms: `python -m tests.boards.storm --seeds 0-1999 --operations 100`. Ends with 1 when a rule did not hold."""

import argparse
import asyncio
import gc
import logging
import time
import traceback
from collections.abc import Callable

from tests.boards.storm.clock import SimulatedLoop
from tests.boards.storm.world import Violation, World


def storm(
    seed: int, operations: int, loop: SimulatedLoop, trace: Callable[[str], None] | None = None
) -> World:
    """One board's life. Raises Violation."""
    world = World(seed, loop, trace)
    back = world.stub_doors()
    loop.set_exception_handler(
        lambda _, context: world.problems.append(context.get("exception") or RuntimeError(str(context)))
    )

    async def live() -> None:
        try:
            await world.live(operations)
            await world.settle()
            world.check_end()
        finally:
            world.end()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    try:
        loop.run_until_complete(live())
    finally:
        loop.forget()
        back()
    return world


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", default="0-99")
    arguments.add_argument("--operations", type=int, default=100)
    arguments.add_argument("--trace", help="print what happens; with a word, only lines that have it")
    options = arguments.parse_args()
    first, _, last = options.seeds.partition("-")
    logging.disable(logging.CRITICAL)
    trace = (
        (lambda line: print(line) if options.trace in line or "---" in line else None)
        if options.trace
        else None
    )
    loop, failed, began, counts = SimulatedLoop(), [], time.monotonic(), {}
    gc.freeze()
    for seed in range(int(first), int(last or first) + 1):
        try:
            world = storm(seed, options.operations, loop, trace)
            for name, count in world.counts.items():
                counts[name] = counts.get(name, 0) + count
        except Exception as error:
            failed.append(seed)
            print(f"seed {seed}: {error.__class__.__name__}: {str(error)[:600]}", flush=True)
            if options.trace and not isinstance(error, Violation):
                traceback.print_exc()
    print(f"{time.monotonic() - began:.1f} s, failed: {len(failed)} {failed[:20]} {counts}")
    return bool(failed)
