"""The program of a decoding process: image files in, image files out. It knows no database and no secret.

    python -E -s -m generation.images.decoder_process OPTIONS

Frames on stdin and stdout: four bytes of length, then msgpack. A request is [name, arguments…]; an answer is
{code, message, data}, code empty where it went well.
"""

import json
import os
import resource
import select
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import msgspec

from generation.errors import GenerationError
from generation.images import pixels
from generation.images.header import read_header

LENGTH = struct.Struct(">I")


def clean(data: bytes, limit_bytes: int) -> Any:
    return pixels.clean(data, read_header(data), limit_bytes)


def snapshot(data: bytes, longest_px: int) -> Any:
    return pixels.snapshot(data, read_header(data), longest_px)


def mask(data: bytes, size: tuple[int, int]) -> Any:
    return pixels.mask(data, read_header(data), size)


def svg(data: bytes) -> Any:
    from generation.images.svg import clean_svg  # few pictures need its parsers

    return clean_svg(data)


WORK: Mapping[str, Callable[..., Any]] = {"clean": clean, "snapshot": snapshot, "mask": mask, "svg": svg}


def main() -> None:
    options = json.loads(sys.argv[1])
    os.nice(options["niceness"])
    _limit(options["memory_max"])
    while (request := _next(sys.stdin.buffer, options["idle_seconds"])) is not None:
        # The default action of these signals ends the process wherever it is: a decoder cannot be asked to stop.
        signal.setitimer(signal.ITIMER_PROF, options["cpu_seconds"])
        signal.setitimer(signal.ITIMER_REAL, options["clock_seconds"])
        answer = _answer(*request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(answer)


def _answer(name: str, *arguments: Any) -> dict[str, Any]:
    try:
        return {"code": "", "message": "", "data": WORK[name](*arguments)}
    except GenerationError as error:
        return {"code": error.code, "message": error.message, "data": None}
    except MemoryError:
        return {"code": "image_too_many_pixels", "message": "The image needs too much memory.", "data": None}


def _limit(memory_max: int) -> None:
    """No files written, no core, and so much memory. macOS knows no such limit of memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory_max, memory_max))


def _next(source: BinaryIO, idle_seconds: float) -> Any:
    """The next request; None when the other side is gone or has not asked for long."""
    ready, _, _ = select.select([source], [], [], idle_seconds)
    head = source.read(LENGTH.size) if ready else b""
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = source.read(size)
    return msgspec.msgpack.decode(body) if len(body) == size else None


def _write(answer: Mapping[str, Any]) -> None:
    data = msgspec.msgpack.encode(answer)
    sys.stdout.buffer.write(LENGTH.pack(len(data)) + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
