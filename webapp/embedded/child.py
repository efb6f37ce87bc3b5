"""What a new child process does before it becomes its program."""

import ctypes
import os
import signal
import sys


def become(niceness: int = 0) -> None:
    """Lower its priority, and let it end when the supervisor is killed outright.

    The latter on Linux only, where the kernel sends the signal; elsewhere the next start finds the orphans.
    """
    if niceness:
        os.nice(niceness)
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
