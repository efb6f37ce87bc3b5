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

from tests.boards.storm.world import BOTS_FROM_SEED

PROJECT = Path(__file__).resolve().parents[2]
SEEDS = 2_000
BOT_SEEDS = 300
"""Storms in which some editors send the same nonce with every version, as some programs do."""
AT_ONCE = 2
"""Processes. A storm needs no more than one core."""
KEPT = {
    0: "RM7 an ack waits for the commit",
    1: "RM20 what came while Postgres was away is stored with what waited",
    2: "RM1 an older version does not take the place of a newer one that waits for its place",
    5: "RM18 a commit that was not heard of is read",
    7: "RM9 an ack waits for what another process told and did not store",
    8: "RM2 an element that loses keeps its index",
    15: "RM11 a push that loses to a deletion is told of it",
    16: "RM18 what Redis lost is noticed by the head clock",
    20: "RM12 who was away while something was taken back starts over",
    36: "RM22 who is below the pruned clock starts over",
    93: "RM23 what is older than a pruned tombstone does not come back",
    296: "RM12 what one process takes back goes on the others too",
    442: "RM3 a move never beats what somebody drew on the same version",
    472: "RM14 the clock of an ack is not ahead of what was sent",
    756: "RM19 what a dead process told is stored by who heard it",
    3308: "RM12 what is taken back is refused together with what is stored instead",
    100_001: "RM1 of two of the same rank the stored one becomes a version of its own",
    100_064: "RM10 of two of the same rank one is stored, and the other may be refused",
    100_500: "RM16 a complete scene is the truth about what has the same rank too",
    101_080: "RM23 what has the rank of a pruned tombstone is answered with a newer one",
}
"""Seeds that fail when a rule is broken, by what they taught."""


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


def test_RM13_programs_that_send_a_fixed_nonce_end_with_the_same_scene_too() -> None:
    storm = run(f"{BOTS_FROM_SEED}-{BOTS_FROM_SEED + BOT_SEEDS - 1}")
    said = storm.communicate()[0]
    assert storm.returncode == 0, said


def test_the_seeds_that_taught_a_rule() -> None:
    storm = run(",".join(map(str, KEPT)))
    said = storm.communicate()[0]
    failed = [name for seed, name in KEPT.items() if f"seed {seed}:" in said]
    assert storm.returncode == 0, f"{failed}\n{said}"
