"""Worker processes that share one device, each with an engine and weights of its own, and jobs that they take in turn."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from time import monotonic, process_time
from typing import Any, NamedTuple

START_SECONDS = 600.0
JOBS_SECONDS = 600.0
Counter = Any  # multiprocessing's shared integer, which has no type that can be written here


class Shape(NamedTuple):
    """How the device is shared. together: jobs that one worker draws at a time, sharing their steps."""

    workers: int
    together: int


class Drawn(NamedTuple):
    """seconds: until the last job was done. busy_seconds: that the device worked on them, where it can be told; a core
    of which nobody else takes a part would be done after those. gigabytes: what all workers hold that they do not share.
    """

    seconds: float
    busy_seconds: float | None
    gigabytes: float


class Fleet:
    """Started and warm."""

    def __init__(self, pipes: list[Connection], counter: "Synchronized[int]") -> None:
        self._pipes, self._counter = pipes, counter

    def draw(self, jobs: int) -> Drawn:
        """So many equal jobs, asked for at once; whoever is free takes the next."""
        self._counter.value = jobs
        began = monotonic()
        for pipe in self._pipes:
            pipe.send("go")
        answers = [_heard(pipe, JOBS_SECONDS) for pipe in self._pipes]
        seconds, busy = monotonic() - began, [each for each, _ in answers if each is not None]
        return Drawn(seconds, sum(busy) if busy else None, sum(held for _, held in answers) / 1e9)


@contextmanager
def fleet(shape: Shape, device: str) -> Iterator[Fleet]:
    spawning = multiprocessing.get_context("spawn")  # CUDA cannot be used in a forked process
    counter: Any = spawning.Value("i", 0)
    ends = [spawning.Pipe() for _ in range(shape.workers)]
    workers = [
        spawning.Process(target=_work, args=(end, counter, shape.together, device), daemon=True)
        for _, end in ends
    ]
    for worker in workers:
        worker.start()
    pipes = [own for own, _ in ends]
    for pipe in pipes:
        _heard(pipe, START_SECONDS)
    try:
        yield Fleet(pipes, counter)
    finally:
        for pipe in pipes:
            pipe.send("end")
        for worker in workers:
            worker.join(60)


Answer = tuple[float | None, int]
"""Of a worker that is done: the seconds that it had of a core, None on an accelerator, and the bytes that it holds."""


def _heard(pipe: Connection, seconds: float) -> Answer:
    """Raises TimeoutError, EOFError if it died."""
    if not pipe.poll(seconds):
        raise TimeoutError("a worker did not answer")
    answer: Answer = pipe.recv()
    return answer


def _work(pipe: Connection, counter: Counter, together: int, device: str) -> None:
    """One worker process: as many threads wait for pictures as it draws at a time, as with Celery's pool of threads."""
    from bench.engine import models
    from bench.engine.rig import Rig, rig
    from generation.checkpoints import catalogue
    from generation.pipelines.loading import LoadedCheckpoint, load

    def share(engine: Rig) -> None:
        while (number := _next(counter)) is not None:
            engine.ask(f"person {number}", seed=number).result(JOBS_SECONDS)

    loaded: LoadedCheckpoint = (
        load(catalogue.get("bundled"), "cpu") if device == "cpu" else models.true_pix2pix(device)
    )
    if device == "cpu" and hasattr(os, "sched_setaffinity"):
        # The device is one core: more workers are then no more computer, as with one accelerator. Threads that begin
        # from here on stay on it, among them the engine's.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with rig(loaded, device, rows=together * ROWS, pictures=together if device != "cpu" else 1) as engine:
        pipe.send((None, 0))
        while pipe.recv() == "go":
            began = process_time()
            threads = [threading.Thread(target=share, args=(engine,)) for _ in range(together)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            pipe.send((process_time() - began if device == "cpu" else None, _held_bytes(device)))


ROWS = 3
"""Of a picture in a step: words and image, image, nothing."""


def _next(counter: Counter) -> int | None:
    with counter.get_lock():
        if counter.value == 0:
            return None
        counter.value -= 1
        return int(counter.value)


def _held_bytes(device: str) -> int:
    """Of this process alone: memory of the device, or on a CPU what no other process shares."""
    if device == "cpu":
        import psutil

        return int(psutil.Process().memory_full_info().uss)
    import torch

    return int(torch.cuda.max_memory_reserved(device))
