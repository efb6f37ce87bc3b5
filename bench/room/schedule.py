"""The times at which each client sends, fixed before the run so that a slow server cannot reduce its own load."""

import heapq
import random
from collections.abc import Iterator
from typing import NamedTuple

from bench.room.run import Load


class Event(NamedTuple):
    """due_seconds: since the start of the run."""

    due_seconds: float
    client: int
    draws: bool


def events(load: Load, n: int, drawers: int, seconds: float, seed: int = 1) -> Iterator[Event]:
    """The events of n clients within `seconds`, in order. Clients below `drawers` draw; phases are random."""
    phases = random.Random(seed)
    streams = [_stream(i, False, load.cursor_hz, phases.random(), seconds) for i in range(n)]
    streams += [_stream(i, True, load.update_hz, phases.random(), seconds) for i in range(drawers)]
    return heapq.merge(*streams)


def _stream(client: int, draws: bool, hz: float, phase: float, seconds: float) -> Iterator[Event]:
    """The events of one client. phase: 0–1 of a period."""
    number = 0
    while (due := (number + phase) / hz) < seconds:
        yield Event(due, client, draws)
        number += 1
