"""A schedule of jobs over the workers that may take them, in seconds from now."""

import heapq
from collections.abc import Collection, Mapping


class Lanes:
    """A lane for each worker; the one that is free first takes the next job, as workers do.

    A job's seconds are its share of a worker's time, so jobs that share a worker's steps lie one after the other.
    """

    def __init__(self, serving: Mapping[str, Collection[str]]) -> None:
        """serving: checkpoint → the workers that draw with it. One that has none gets a lane of its own."""
        self._serving = serving
        self._free_at: dict[str, float] = {}

    def hold(self, worker: str, seconds: float) -> None:
        """Add seconds of work to a worker's lane."""
        self._free_at[worker] = self._free_at.get(worker, 0.0) + seconds

    def take(self, checkpoint: str, seconds: float, jobs: int = 1) -> float:
        """Add jobs of so many seconds each. Returns after how many seconds from now the last of them is done."""
        workers = self._serving.get(checkpoint) or [checkpoint]
        free = [(self._free_at.get(worker, 0.0), worker) for worker in workers]
        heapq.heapify(free)
        done = 0.0
        for _ in range(jobs):
            done = free[0][0] + seconds
            heapq.heapreplace(free, (done, free[0][1]))
        self._free_at.update((worker, at) for at, worker in free)
        return done
