"""The Celery queue of each job, and the queues that this worker consumes.

A hint goes to `gpu.<family>`, the family of the job's checkpoint, so that a deployment may have workers by family and
only those wake that can draw it. A worker of the queue `gpu` also takes the families that ATELIER_FAMILIES names, all
by default, if a checkpoint of theirs fits into its memory.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache

from django.conf import settings

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint

JOBS = "gpu"
# Memory that drawing takes, as a multiple of the size of the weights.
ROOM = 1.3


def of(checkpoint: str) -> str:
    """The queue of a checkpoint's jobs. JOBS if it is gone from the catalogue: any worker can report that."""
    known = catalogue.entries().get(checkpoint)
    return f"{JOBS}.{known.family}" if known else JOBS


def served() -> list[str]:
    """The queues that a worker of jobs consumes, JOBS and those of its families."""
    return [JOBS, *sorted({f"{JOBS}.{checkpoint.family}" for checkpoint in _served()})]


def excluded_checkpoints() -> frozenset[str]:
    """Names of the checkpoints that this worker does not draw with: other families, or too large for its memory."""
    return frozenset(catalogue.entries()) - {checkpoint.name for checkpoint in _served()}


def _served() -> list[Checkpoint]:
    wanted, room = settings.ATELIER_FAMILIES, memory_bytes(settings.DEVICE)
    return [
        checkpoint
        for checkpoint in catalogue.entries().values()
        if (not wanted or checkpoint.family in wanted) and fits(checkpoint, room)
    ]


def fits(checkpoint: Checkpoint, room_bytes: int) -> bool:
    """True if a checkpoint fits into so much memory. One of unknown size is tried."""
    return checkpoint.size_bytes * ROOM <= room_bytes


@cache
def memory_bytes(device: str) -> int:
    """Memory of the accelerator if there is one, else of the machine; found without importing torch."""
    tool = shutil.which("nvidia-smi") if device == "auto" or device.startswith("cuda") else None
    card = card_of(device, os.environ.get("CUDA_VISIBLE_DEVICES"))
    of_card = _of_card(tool, card) if tool and card else None
    return of_card or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def card_of(device: str, visible: str | None) -> str:
    """The index or UUID of a torch device in nvidia-smi; empty if torch would see none.

    visible: CUDA_VISIBLE_DEVICES. torch counts the cards that it names, and takes the first unless told otherwise.
    """
    number = int(device.partition(":")[2] or 0)
    if visible is None:
        return str(number)
    named = [name.strip() for name in visible.split(",")]
    if "-1" in named:  # the driver ignores what follows it
        named = named[: named.index("-1")]
    return named[number] if number < len(named) else ""


def _of_card(tool: str, card: str) -> int | None:
    """Memory of a card in bytes; None if the driver does not answer."""
    command = [tool, f"--id={card}", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return largest(answer.splitlines())


def largest(mebibytes: Iterable[str]) -> int | None:
    """The largest of these lines, in bytes; None if there is none. A card that shares the machine's memory says “[N/A]”."""
    known = [int(line) for line in mebibytes if line.strip().isdigit()]
    return max(known) * 2**20 if known else None
