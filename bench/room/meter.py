"""CPU time, waiting time and resident memory of processes with all their children, as the kernel counts them."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and their living children."""
    return sum(_clock(process.pid) for process in _trees(pids))


def rss_mb(pids: Iterable[int]) -> float:
    return sum(_rss(process) for process in _trees(pids)) / 2**20


def waited_seconds(pids: Iterable[int]) -> float:
    """Seconds in which the main threads of these processes were runnable while another process had their core."""
    return sum(_waited(process.pid) for process in _trees(pids)) / 1e9


def _trees(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        root = psutil.Process(pid)
        yield root
        yield from root.children(recursive=True)


def _clock(pid: int) -> float:
    # Linux's CPU clock of another process (clock_getcpuclockid(3)); /proc/PID/stat has only 10 ms ticks.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:  # it has just ended
        return 0.0


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _waited(pid: int) -> int:
    """Nanoseconds of waiting for a core: the second number of /proc/PID/schedstat (sched-stats.txt)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    except OSError:
        return 0
