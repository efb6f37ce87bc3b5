"""When who is free: jobs laid out over the workers that may take them, in seconds from now."""

import heapq
from collections.abc import Collection, Mapping


class Lanes:
    """A lane for each worker. Whoever is free first takes the next job, as workers do.

    A job's seconds are its own share of a worker's time, so jobs that share a worker's steps lie one after the other.
    """

    def __init__(self, serving: Mapping[str, Collection[str]]) -> None:
        """serving: checkpoint → the workers that draw with it. For one that nobody serves yet, somebody will."""
        self._serving = serving
        self._free_at: dict[str, float] = {}

    def hold(self, worker: str, seconds: float) -> None:
        """This worker has so much more to do."""
        self._free_at[worker] = self._free_at.get(worker, 0.0) + seconds

    def take(self, checkpoint: str, seconds: float, jobs: int = 1) -> float:
        """So many jobs of so many seconds each are next. After how many seconds the last of them is done."""
        workers = self._serving.get(checkpoint) or [checkpoint]
        free = [(self._free_at.get(worker, 0.0), worker) for worker in workers]
        heapq.heapify(free)
        done = 0.0
        for _ in range(jobs):
            done = free[0][0] + seconds
            heapq.heapreplace(free, (done, free[0][1]))
        self._free_at.update((worker, at) for at, worker in free)
        return done
