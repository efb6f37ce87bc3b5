"""Runs all systems in turn: each once in every round, so that compared runs are minutes apart at most."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.room.run import Load, Mode, Outcome, Spec
from bench.room.systems import PROJECT, CannotServe, Cores, System
from webapp.embedded.child import prepare_child

LATE_MAX_MS = 25.0
WAITED_MAX = 0.15
BUSY_CPU = 0.85
"""CPU share above which a process is late because of its own work, so that repeating the run is of no use."""
REPEATS_MAX = 2
GIVE_UP_P99_MS = 1_000.0
GIVE_UP_DELIVERED = 0.9
PASS_P99_MS = 100.0
RUN_SECONDS_MAX = 180.0
LADDER = (10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400)
TRIES_AT_THE_EDGE = 2
"""Runs of one size by `largest`; it counts as passed when one of them passes, since noise only makes a run worse."""
NO_SCENE = {"excalidraw-room"}
"""Drivers of products that store no scene, so that `join` cannot be measured."""


class Round(NamedTuple):
    """Number of clients, and how many runs each system has with them."""

    n: int
    repetitions: int


def rounds(text: str) -> list[Round]:
    """Parse `10x1,50x3`; a number without x has one repetition. Raises ValueError."""
    parts = (part.partition("x") for part in text.split(","))
    return [Round(int(n), int(times or 1)) for n, _, times in parts]


def passed(outcome: Outcome) -> bool:
    """True if nothing was lost and p99 is below PASS_P99_MS."""
    return outcome.lossless and outcome.p99 is not None and outcome.p99 < PASS_P99_MS


def disturbance(outcome: Outcome) -> float:
    """How much other processes disturbed the two cores; above 1 the figures mean little."""
    late = outcome.late_p99 / LATE_MAX_MS if outcome.generator_cpu < BUSY_CPU else 0.0
    waited = outcome.waited / WAITED_MAX if outcome.server_cpu < BUSY_CPU else 0.0
    return max(late, waited)


def sizes_passed(outcomes: Iterable[Outcome]) -> dict[int, bool]:
    """n → True if one of these `sync` runs of one system passed with n clients."""
    sizes: dict[int, bool] = {}
    for outcome in outcomes:
        if outcome.mode == "sync":
            sizes[outcome.n] = sizes.get(outcome.n, False) or passed(outcome)
    return sizes


def next_size(sizes: dict[int, bool]) -> int | None:
    """The size to try next, between the largest that passed and the smallest above it that failed; None if there is none."""
    largest = max((n for n, good in sizes.items() if good), default=0)
    smallest_failed = min((n for n, good in sizes.items() if not good and n > largest), default=sys.maxsize)
    between = [n for n in LADDER if largest < n < smallest_failed]
    return between[len(between) // 2] if between else None


class Campaign:
    """A series of runs and their outcomes. `on_outcome` is called after each run."""

    def __init__(
        self, systems: Sequence[System], load: Load, cores: Cores, on_outcome: Callable[[Outcome, str], None]
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._systems = systems
        self._load = load
        self._cores = cores
        self._on_outcome = on_outcome

    def sync(self, plan: Iterable[Round]) -> None:
        for n, repetitions in plan:
            for repetition in range(repetitions):
                for system in self._systems:
                    if not self._gave_up(system, n):
                        self._run(system, "sync", n, f"{repetition + 1}/{repetitions}")

    def join(self, n: int, repetitions: int) -> None:
        able = [system for system in self._systems if system.driver not in NO_SCENE]
        for repetition in range(repetitions):
            for system in able:
                self._run(system, "join", n, f"{repetition + 1}/{repetitions}")

    def stall(self, n: int, repetitions: int) -> None:
        """Run `stall`, for Atelier only: memory while some clients do not read."""
        own = [system for system in self._systems if system.driver == "atelier"]
        for repetition in range(repetitions):
            for system in own:
                self._run(system, "stall", n, f"{repetition + 1}/{repetitions}")

    def largest(self) -> None:
        """Find the largest number of clients that passes for each system, starting from the runs so far."""
        searching = list(self._systems)
        while searching:
            for system in list(searching):
                if (n := next_size(sizes_passed(self._of(system)))) is None:
                    searching.remove(system)
                    continue
                for attempt in range(TRIES_AT_THE_EDGE):
                    if passed(self._run(system, "sync", n, f"largest, try {attempt + 1}")):
                        break

    def _of(self, system: System) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.system == system.name]

    def _gave_up(self, system: System, n: int) -> bool:
        """True if all runs with some smaller number of clients were hopeless."""
        smaller = defaultdict(list)
        for outcome in self._of(system):
            if outcome.mode == "sync" and outcome.n < n:
                smaller[outcome.n].append(outcome)
        return any(all(map(_hopeless, runs)) for runs in smaller.values())

    def _run(self, system: System, mode: Mode, n: int, label: str) -> Outcome:
        """Run once; `sync`, where milliseconds count, again while runs are disturbed. The least disturbed run counts,
        whatever its result."""
        tried = [self._once(system, mode, n)]
        while mode == "sync" and disturbance(tried[-1]) > 1.0 and len(tried) <= REPEATS_MAX:
            tried.append(self._once(system, mode, n))
        best = min(tried, key=disturbance)
        self.outcomes.append(best)
        self._on_outcome(best, label + (f", run {len(tried)} times" if len(tried) > 1 else ""))
        return best

    def _once(self, system: System, mode: Mode, n: int) -> Outcome:
        try:
            with system.serve() as served:
                return self._generate(msgspec.structs.replace(served, mode=mode, n=n, load=self._load))
        except (CannotServe, OSError) as error:
            return Outcome(system=system.name, mode=mode, n=n, error=str(error))

    def _generate(self, spec: Spec) -> Outcome:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.room.generator"],
                input=msgspec.json.encode(spec),
                capture_output=True,
                cwd=PROJECT,
                timeout=RUN_SECONDS_MAX,
                preexec_fn=self._settle_generator,
            )
        except subprocess.TimeoutExpired:
            return Outcome(system=spec.system, mode=spec.mode, n=spec.n, error="the generator did not end")
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            reason = (done.stderr.decode().strip().splitlines() or ["unknown"])[-1]
            return Outcome(system=spec.system, mode=spec.mode, n=spec.n, error=f"the generator: {reason}")
        return msgspec.json.decode(lines[-1], type=Outcome)

    def _settle_generator(self) -> None:
        prepare_child()
        os.sched_setaffinity(0, {self._cores.generator})


def _hopeless(outcome: Outcome) -> bool:
    late = outcome.p99 is None or outcome.p99 > GIVE_UP_P99_MS
    return bool(outcome.error) or late or outcome.delivered < GIVE_UP_DELIVERED


def read(path: Path) -> list[Outcome]:
    """The outcomes of a campaign that was written to this file."""

    class File(msgspec.Struct):
        runs: list[Outcome]

    return msgspec.json.decode(path.read_bytes(), type=File).runs
