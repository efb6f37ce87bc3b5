"""Storms: whatever happens to pages, processes, Redis and Postgres, in the end all see the same, and every ack was true.

Each storm is a board of 2 to 5 pages on 1 to 3 processes in simulated time (tests/boards/storm): the real rooms,
consumers and savers, with a store in memory that test_store_contract.py binds to Postgres. Checked all along: each
ack and each refusal is true, the clock grows by one with each commit, and everything up to a clock that a page was
told is on that page. At the end, 5 s after the last fault: all pages, all rooms and the store have the same scene,
each element at an index of its own.

A seed that fails is printed; `python -m tests.boards.storm --seeds SEED --trace ''` shows what happened.
`make storm` runs longer ones.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SEEDS = 2_000
AT_ONCE = 2
"""Processes. A storm needs no more than one core."""
KEPT = {
    "what a dead process told is sent again and stored": 11,
    "a move by the server was never told before it was stored": 59,
    "what is taken back on one process goes on the others too": 1280,
    "a deletion is told to whom it was kept from": 890,
    "a refusal after a commit whose answer was lost": 146,
    "a page that lost its line has both what waits and what came": 516,
    "what was beaten by something that was taken back": 512,
    "an old version does not take the place of a newer one that waits for its place": 96,
    "a scene in several parts": 2508,
}
"""Seeds that failed once, by what they taught."""


def run(seeds: str, operations: int = 100) -> "subprocess.Popen[str]":
    """In a process of its own, where strings always hash alike: so a seed always does the same."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.boards.storm", "--seeds", seeds, "--operations", str(operations)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_RM13_all_pages_rooms_and_the_store_end_with_the_same_scene() -> None:
    each = SEEDS // AT_ONCE
    storms = [run(f"{at * each}-{at * each + each - 1}") for at in range(AT_ONCE)]
    said = [storm.communicate()[0] for storm in storms]
    print("\n" + "".join(said))
    assert [storm.returncode for storm in storms] == [0] * AT_ONCE, "".join(said)


@pytest.mark.parametrize("name", KEPT)
def test_a_seed_that_failed_once(name: str) -> None:
    storm = run(str(KEPT[name]))
    said = storm.communicate()[0]
    assert storm.returncode == 0, said
