"""A server as a child process: what it does before it becomes its program, and when it counts as started."""

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
    """Start a server and wait until it answers. options: of subprocess.Popen. Raises CannotStart."""
    process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0, preexec_fn=become, **options)
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"{name} did not start: the reason is at the end of {log.name}.")
        if answers():
            return process
        time.sleep(0.03)
    process.terminate()
    raise CannotStart(f"{name} did not answer within {timeout_seconds:.0f} s: see {log.name}.")


def become(niceness: int = 0) -> None:
    """Lower its priority, and let it end when the supervisor is killed outright.

    The latter on Linux only, where the kernel sends the signal; elsewhere the next start finds the orphans.
    """
    if niceness:
        os.nice(niceness)
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
