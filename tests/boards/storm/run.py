"""Runs storms: see `python -m tests.boards.storm --help`. Ends with 1 when a rule did not hold."""

import argparse
import asyncio
import time
import traceback
from collections import Counter
from collections.abc import Callable

from tests.boards.storm.clock import SimulatedLoop
from tests.boards.storm.rules import Violation
from tests.boards.storm.world import World

Trace = Callable[[str], None]


def storm(seed: int, operations: int, loop: SimulatedLoop, trace: Trace | None = None) -> World:
    """One board's life. Raises Violation, and whatever a room fails with."""
    world = World(seed, loop, trace)
    back = world.stub_doors()
    loop.set_exception_handler(
        lambda _, context: world.problems.append(context.get("exception") or RuntimeError(str(context)))
    )
    try:
        loop.run_until_complete(live(world, operations))
    finally:
        loop.forget()
        back()
    return world


async def live(world: World, operations: int) -> None:
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


def _seeds(said: str) -> list[int]:
    first, dash, last = said.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(seed) for seed in said.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.boards.storm", description=__doc__)
    parser.add_argument(
        "--seeds", default="0-99", help="one, several, or the first and the last: 7, 7,9 or 0-99"
    )
    parser.add_argument("--operations", type=int, default=100, help="of each storm")
    parser.add_argument("--trace", help="print what happens, all lines that hold this word")
    options = parser.parse_args()

    def tell(line: str) -> None:
        if options.trace in line:
            print(line)

    loop, failed, counts, began = SimulatedLoop(), 0, Counter[str](), time.monotonic()
    for seed in _seeds(options.seeds):
        try:
            counts += storm(seed, options.operations, loop, tell if options.trace else None).counts
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, Violation):
                traceback.print_exception(error)
    print(f"seeds {options.seeds}: {failed} failed, {time.monotonic() - began:.0f} s; {dict(counts)}")
    loop.close()
    return bool(failed)
