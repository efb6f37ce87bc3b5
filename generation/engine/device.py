"""The device that torch computes on: its choice, tuning, memory, errors, and transfers to and from it."""

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

    rows: of the UNet's batch in one step; rows_beside_live: the same while somebody draws live, whose frame has to wait for
    a whole step. pictures: decoded in one call. graphs: replay the UNet from CUDA graphs. compiled: compile the decoder.
    """

    rows: int
    rows_beside_live: int
    pictures: int
    graphs: bool
    compiled: bool


def tuning(device: str) -> Tuning:
    """The tuning of a device. The CPU's numbers are measured, those of accelerators are estimates so far.

    On a CPU one core gains 1.2–1.5 times from 6 to 12 rows of the built-in model and nothing from more; decoding
    several pictures at once is slower than one after the other, because they fall out of the cache.
    """
    if family(device) == "cpu":
        return Tuning(rows=12, rows_beside_live=3, pictures=1, graphs=False, compiled=False)
    cuda = family(device) == "cuda"
    return Tuning(rows=24, rows_beside_live=12, pictures=8, graphs=cuda, compiled=cuda)


def choose(wanted: str = "auto") -> str:
    """The torch device to use: the wanted one, or with `auto` the best that is available."""
    # The order of nvidia-smi, by which generation.checkpoints.queues reads a card's memory. CUDA's default is fastest first.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    if shutil.which("nvidia-smi") and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1"):
        logger.warning(
            "torch %s finds no card although nvidia-smi exists, so pictures are drawn on the CPU: the driver is older "
            "than CUDA %s requires, or this torch was built without CUDA.",
            torch.__version__,
            torch.version.cuda,
        )
    return "cpu"


def family(device: str) -> str:
    """cpu, cuda or mps, as the catalogue's dtypes are keyed. device: such as cuda:1."""
    return device.partition(":")[0]


def title(device: str) -> str:
    """The device's name for people."""
    if family(device) == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device == "cpu" else device


def prepare(device: str, threads: int = 0) -> None:
    """Call once, on the engine's thread: torch counts CPU threads per calling thread. threads: 0 for the default."""
    if family(device) == "cpu":
        torch.set_num_threads(threads or default_threads())
    elif family(device) == "cuda":
        # Searches for the fastest kernel for each new shape; both UNet and decoder see few (graphs.BUCKETS).
        torch.backends.cudnn.benchmark = True
        if ":" in device:  # streams, events and graphs are made on the thread's current card
            torch.cuda.set_device(device)


def default_threads() -> int:
    """All cores that this process may use, except one for the web process.

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
    """True for torch's own error and for those of other allocators, which are known by their message only."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)


def is_on_card() -> bool:
    """True if this process has opened an NVIDIA card."""
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def is_lost(error: BaseException) -> bool:
    """True if the card is unusable for this process: some CUDA errors stay until it ends. Waits for the card."""
    if not isinstance(error, RuntimeError) or not is_on_card():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def free_bytes(device: str) -> int | None:
    """Memory that a checkpoint could take after `empty_cache`; None if unknown."""
    if family(device) == "cuda":
        # What torch still holds unused then belongs to graphs, or is fragmented between tensors.
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def reserved_bytes(device: str) -> int | None:
    """Memory that torch has reserved on the device for this process, graphs' pools included; None if unknown."""
    return torch.cuda.memory_reserved(device) if family(device) == "cuda" else None


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a CPU tensor to the device. On CUDA the caller does not wait for the work queued before it."""
    # torch keeps the pinned memory until the copy is done.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def to_cpu(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Start copying a tensor to the CPU; returns a function that waits for the copy, on any thread.

    On CUDA the device can go on with the next step meanwhile, not measured yet; elsewhere the copy is done at once.
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


# Events that an accelerator signals when it reaches them in its queue.
_EVENTS: Mapping[str, Callable[[], Any]] = {
    "cuda": lambda: torch.cuda.Event(blocking=True),  # type: ignore[no-untyped-call]
    "mps": lambda: torch.mps.Event(),
}


class StepPacer:
    """Keeps the CPU at most one step ahead of the accelerator, so that a cancel or a live frame waits for no more."""

    def __init__(self, device: str) -> None:
        self._event = _EVENTS.get(family(device))
        self._last: Any = None  # torch's events share no type

    def step(self) -> None:
        """Call after each step was queued; waits until the step before it is done."""
        if self._event is None:
            return
        queued = self._event()
        queued.record()
        if self._last is not None:
            self._last.synchronize()
        self._last = queued


def empty_cache(device: str) -> None:
    """Release torch's unused memory to the system."""
    if family(device) == "cuda":
        torch.cuda.empty_cache()
    elif family(device) == "mps":
        torch.mps.empty_cache()
