"""Servers as child processes: start one and wait until it answers."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from webapp.embedded.errors import CannotStart


def start(
    name: str,
    command: Sequence[str | Path],
    answers: Callable[[], bool],
    log: IO[bytes],
    timeout_seconds: float,
    **options: Any,
) -> "subprocess.Popen[bytes]":
    """Start a server and wait until `answers` is true. options: of subprocess.Popen. Raises CannotStart."""
    process = subprocess.Popen(
        command, stdout=log, stderr=log, process_group=0, preexec_fn=prepare_child, **options
    )
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"{name} did not start: the reason is at the end of {log.name}.")
        if answers():
            return process
        time.sleep(0.03)
    process.terminate()
    raise CannotStart(f"{name} did not answer within {timeout_seconds:.0f} s: see {log.name}.")


def prepare_child(niceness: int = 0) -> None:
    """To be run in a child before exec: lowers its priority, and lets it end when its parent is killed.

    The latter on Linux only, by a signal of the kernel; elsewhere the next start ends the children that were left.
    """
    if niceness:
        os.nice(niceness)
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
