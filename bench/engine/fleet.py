"""Worker processes that share one device, each with its own engine and weights, and one queue of jobs."""

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
    """How the device is shared. together: how many jobs one worker draws at a time, in shared steps."""

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
        """Draw so many equal jobs, submitted at once; each worker takes the next one when it is free."""
        self._counter.value = jobs
        began = monotonic()
        for pipe in self._pipes:
            pipe.send("go")
        answers = [_receive(pipe, JOBS_SECONDS) for pipe in self._pipes]
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
        _receive(pipe, START_SECONDS)
    try:
        yield Fleet(pipes, counter)
    finally:
        for pipe in pipes:
            pipe.send("end")
        for worker in workers:
            worker.join(60)


Report = tuple[float | None, int]
"""A worker's report: CPU seconds, None on an accelerator, and the bytes that it holds."""


def _receive(pipe: Connection, seconds: float) -> Report:
    """Raises TimeoutError, or EOFError if the worker died."""
    if not pipe.poll(seconds):
        raise TimeoutError("a worker did not answer")
    answer: Report = pipe.recv()
    return answer


def _work(pipe: Connection, counter: Counter, together: int, device: str) -> None:
    """One worker process, with a thread for each picture that it draws at a time, like Celery's thread pool."""
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
"""Rows of a guided picture in a step: prompt and image, image only, neither."""


def _next(counter: Counter) -> int | None:
    with counter.get_lock():
        if counter.value == 0:
            return None
        counter.value -= 1
        return int(counter.value)


def _held_bytes(device: str) -> int:
    """Memory of this process alone: of the device, or on a CPU what it shares with no other process."""
    if device == "cpu":
        import psutil

        return int(psutil.Process().memory_full_info().uss)
    import torch

    return int(torch.cuda.max_memory_reserved(device))
