"""Ends the process when its accelerator hangs.

A call that waits for a hung card never returns and cannot be interrupted from Python. The job's lease would be renewed for
ever, and a warm shutdown would never end. So the engine's thread reports a heartbeat, and a thread beside it ends the
process when the heartbeat is missing: the lease expires, the reaper gives the job to another attempt, and the supervisor
restarts the process.
"""

import faulthandler
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from generation.engine import device as devices

logger = logging.getLogger(__name__)

STEP_SECONDS = 120.0
"""Far beyond any step, decoding or capture on a card."""
CPU_STEP_SECONDS = 1_800.0
"""A CPU does not hang, but a large checkpoint's step takes minutes there."""
LOADING_SECONDS = 600.0
DOWNLOADING_SECONDS = 3_600.0
EXIT_STATUS = 75  # EX_TEMPFAIL of sysexits.h: temporary failure, restart


def abort_process() -> None:
    """End the process at once, with every thread's stack in its log."""
    faulthandler.dump_traceback(sys.__stderr__ or 2, all_threads=True)
    os._exit(EXIT_STATUS)


class Watchdog:
    """Calls `abort`, on a thread of its own, when the engine's thread did not `beat` for step_seconds."""

    def __init__(self, step_seconds: float, abort: Callable[[], None] = abort_process) -> None:
        self._step_seconds, self._abort = step_seconds, abort
        self._timeout_seconds = step_seconds
        self._deadline = math.inf
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def beat(self) -> None:
        """The engine's thread has made progress."""
        self._deadline = monotonic() + self._timeout_seconds

    def rest(self) -> None:
        """The engine's thread is idle: no deadline until the next `beat`."""
        self._deadline = math.inf

    @contextmanager
    def extended(self, seconds: float) -> Iterator[None]:
        """Context in which the deadline is at least so many seconds, for what takes longer than a step."""
        before = self._timeout_seconds
        self._timeout_seconds = max(seconds, before)
        self.beat()
        try:
            yield
        finally:
            self._timeout_seconds = before
            self.beat()

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self._step_seconds / 4)):
            if monotonic() > self._deadline:
                logger.critical(
                    "the engine made no progress for %.0f s: this process ends", self._timeout_seconds
                )
                self._abort()
                return


def watching(device: str) -> Watchdog:
    """A watchdog with the deadline that fits a device, such as cpu or cuda:1."""
    return Watchdog(CPU_STEP_SECONDS if devices.family(device) == "cpu" else STEP_SECONDS)
