"""What a running Atelier holds in memory: PSS, which counts a page that processes share once for all of them. Linux."""

import re
from pathlib import Path

import psutil

MARKS = {"gpu worker": "-Q gpu", "housekeeper": "-Q default", "web": "webapp.asgi", "postgres": "postgres"}


def megabytes(pid: int) -> dict[str, float]:
    """By part, of the process and all below it."""
    found: dict[str, float] = {}
    supervisor = psutil.Process(pid)
    for process in (supervisor, *supervisor.children(recursive=True)):
        try:
            command = " ".join(process.cmdline())
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (psutil.NoSuchProcess, OSError):
            continue  # it has ended meanwhile
        part = next((name for name, mark in MARKS.items() if mark in command), "other")
        pss = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        found[part] = found.get(part, 0.0) + int(pss[1] if pss else 0) / 1024
    return found
