"""Where torch computes, and how many threads it may take for that."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tuning:
    """How much a device does at once.

    rows: of the UNet's batch in one step; rows_beside_live while somebody draws live, who waits for a whole step.
    pictures: decoded in one call. graphs: replay the UNet from CUDA graphs. compiled: decode through torch's compiler.
    """

    rows: int
    rows_beside_live: int
    pictures: int
    graphs: bool
    compiled: bool


def tuning(device: str) -> Tuning:
    """What is known to be good. The CPU's numbers are measured, those of accelerators are estimates so far.

    On a CPU one core gains 1.2–1.5 times from 6 to 12 rows of the built-in model and nothing from more; decoding
    several pictures at once is slower than one after the other, because they fall out of the cache.
    """
    if family(device) == "cpu":
        return Tuning(rows=12, rows_beside_live=3, pictures=1, graphs=False, compiled=False)
    cuda = family(device) == "cuda"
    return Tuning(rows=24, rows_beside_live=12, pictures=8, graphs=cuda, compiled=cuda)


def choose(wanted: str = "auto") -> str:
    """A torch device: what was asked for, or the best there is."""
    # As nvidia-smi counts, by which generation.checkpoints.queues asks for a card's memory. By default the fastest comes first.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    if shutil.which("nvidia-smi") and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1"):
        logger.warning(
            "torch %s finds no card though nvidia-smi is here, so pictures are drawn on the CPU: the driver is older "
            "than CUDA %s wants, or this torch was built without CUDA.",
            torch.__version__,
            torch.version.cuda,
        )
    return "cpu"


def family(device: str) -> str:
    """cpu, cuda or mps: what the catalogue's dtypes are named by."""
    return device.partition(":")[0]


def title(device: str) -> str:
    """The device for people."""
    if family(device) == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device == "cpu" else device


def prepare(device: str, threads: int = 0) -> None:
    """Called once, on the thread that will do all the work: torch counts CPU threads per caller."""
    if family(device) == "cpu":
        torch.set_num_threads(threads or default_threads())
    elif family(device) == "cuda":
        # It tries kernels out for each new shape: the UNet's are few (graphs.BUCKETS), and so are the decoder's.
        torch.backends.cudnn.benchmark = True
        if ":" in device:  # streams, events and graphs are made on whichever card is the thread's own
            torch.cuda.set_device(device)


def default_threads() -> int:
    """All cores that this process may use but one, which stays for the web.

    torch's threads wait for each other after every operation. When another program takes one of two cores,
    two threads are ten times slower than one: measured with the bundled checkpoint 7–18 s for a picture
    against 0.9 s, and 0.55 s when all else is quiet.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


# The allocators of the CPU and of Apple's cards, the driver below torch's own allocator, and NVIDIA's libraries: cuDNN
# finds no engine whose workspace fits, cuBLAS cannot make its handle.
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "_STATUS_ALLOC_FAILED",
    "nable to find an engine",
    "CUBLAS_STATUS_NOT_INITIALIZED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """torch has a type for it where its own allocator fails; all others have only a sentence."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _OUT_OF_MEMORY)


def is_on_card() -> bool:
    """Whether this process has opened a card of NVIDIA's."""
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def is_lost(error: BaseException) -> bool:
    """Whether the card does no more work for this process: some faults stay until the process ends. Waits for the card."""
    if not isinstance(error, RuntimeError) or not is_on_card():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def free_bytes(device: str) -> int | None:
    """Memory that a checkpoint could take after `forget`; None where nobody can tell."""
    if family(device) == "cuda":
        # What torch still holds then without using it belongs to graphs, or lies in crumbs between tensors.
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def reserved_bytes(device: str) -> int | None:
    """Memory that torch took from the device for this process, graphs' pools included; None where nobody counts it."""
    return torch.cuda.memory_reserved(device) if family(device) == "cuda" else None


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU on the device. On CUDA nobody waits until the device has done what it was given before."""
    # torch keeps the pinned memory until it is copied.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def bring_back(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Start to copy a tensor to the CPU. What is returned waits for the copy, on whichever thread calls it.

    On CUDA the device goes on with the next step meanwhile, not measured yet; elsewhere there is nothing to gain.
    """
    if tensor.device.type != "cuda":
        copied = tensor.cpu()
        return lambda: copied
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    pinned.copy_(tensor, non_blocking=True)
    arrived = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]  # else a core spins while it waits
    arrived.record()

    def wait() -> torch.Tensor:
        arrived.synchronize()
        return pinned

    return wait


# How an accelerator tells that it came to a certain point of its work.
_EVENTS: Mapping[str, Callable[[], Any]] = {
    "cuda": lambda: torch.cuda.Event(blocking=True),  # type: ignore[no-untyped-call]
    "mps": lambda: torch.mps.Event(),
}


class Pace:
    """Keeps the CPU at most one step ahead of an accelerator, so that a cancel or a live frame waits for no more."""

    def __init__(self, device: str) -> None:
        self._event = _EVENTS.get(family(device))
        self._last: Any = None  # torch's events share no type

    def step(self) -> None:
        """Called after each step was handed over."""
        if self._event is None:
            return
        handed_over = self._event()
        handed_over.record()
        if self._last is not None:
            self._last.synchronize()
        self._last = handed_over


def forget(device: str) -> None:
    """Give memory that nobody holds any more back to the system."""
    if family(device) == "cuda":
        torch.cuda.empty_cache()
    elif family(device) == "mps":
        torch.mps.empty_cache()
