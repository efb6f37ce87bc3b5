"""Where torch computes, and how many threads it may take for that."""

import os

import torch

MEBIBYTE = 1024 * 1024


def choose(wanted: str = "auto") -> str:
    """A torch device: what was asked for, or the best there is."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


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
        torch.backends.cudnn.benchmark = True


def default_threads() -> int:
    """All cores that this process may use but one, which stays for the web.

    torch's threads wait for each other after every operation. When another program takes one of two cores,
    two threads are ten times slower than one: measured with the bundled checkpoint 7–18 s for a picture
    against 0.9 s, and 0.55 s when all else is quiet.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has a type for it, the CPU allocator only a sentence."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def forget(device: str) -> None:
    """Give memory that nobody holds any more back to the system."""
    if family(device) == "cuda":
        torch.cuda.empty_cache()
    elif family(device) == "mps":
        torch.mps.empty_cache()
