"""The pool of decoding processes: image files that users send are unpacked there, a few at a time, never here.

A small file may unpack to hundreds of megabytes, and decoders are written in C.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from generation.errors import DecoderBusy, MaskEmpty, SnapshotInvalid
from generation.process_pool import Busy, Failed, Limits, ProcessPool, Program

log = logging.getLogger(__name__)

LIMITS = Limits(
    processes=1 if (os.cpu_count() or 1) <= 2 else 2,
    requests_each=500,
    start_seconds=60.0,
    wait_seconds=30.0,
    cpu_seconds=20.0,  # the largest pictures that are taken need a fourth of it
    clock_seconds=60.0,  # on a machine that does other things
    idle_seconds=60.0,
    memory_max_bytes=768 * 1024 * 1024,
    niceness=5,  # strokes come before pictures: both share the cores of one machine
)

PROGRAM = "generation.images.decoder_process"
PROJECT = Path(__file__).resolve().parents[2]


def program() -> Program:
    return Program([sys.executable, "-E", "-s", "-m", PROGRAM], {}, PROJECT)


decoders = ProcessPool("decoding process", program, LIMITS)


def clean(data: bytes, limit_bytes: int) -> tuple[bytes, str, tuple[int, int]]:
    """See generation.images.pixels.clean. Raises SnapshotInvalid, DecoderBusy."""
    cleaned, format_name, (width, height) = _ask("clean", data, limit_bytes)
    return cleaned, format_name, (width, height)


def snapshot(data: bytes, longest_px: int) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """See generation.images.pixels.snapshot. Raises SnapshotInvalid, DecoderBusy."""
    png, size, received = _ask("snapshot", data, longest_px)
    return png, (size[0], size[1]), (received[0], received[1])


def whole(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """See generation.images.pixels.whole. Raises SnapshotInvalid, DecoderBusy."""
    png, size = _ask("whole", data)
    return png, (size[0], size[1])


def mask(data: bytes, size: tuple[int, int]) -> bytes:
    """See generation.images.pixels.mask. Raises SnapshotInvalid, MaskEmpty, DecoderBusy."""
    return bytes(_ask("mask", data, size))


def clean_svg(data: bytes) -> tuple[bytes, tuple[int, int], bool]:
    """See generation.images.svg: its data, its (width, height) and whether anything is lost.

    Raises SnapshotInvalid, DecoderBusy.
    """
    cleaned, width, height, lost = _ask("svg", data)
    return cleaned, (width, height), lost


def _ask(*request: Any) -> Any:
    """Raises SnapshotInvalid, MaskEmpty, DecoderBusy."""
    try:
        answer = decoders.ask(request)
    except Busy:
        raise DecoderBusy from None
    except Failed as error:
        size_bytes = sum(len(each) for each in request if isinstance(each, bytes))
        log.warning("A picture of %d bytes ended its decoder: %s", size_bytes, error)
        raise SnapshotInvalid("image_broken", "The image takes too much memory or time to be read.") from None
    if answer["code"] == MaskEmpty.code:
        raise MaskEmpty
    if answer["code"]:
        raise SnapshotInvalid(answer["code"], answer["message"])
    return answer["data"]
