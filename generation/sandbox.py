"""The inside of a sandboxed child process: it answers requests on stdin and stdout, within limits that end it.

The first argument of the program is JSON: {niceness, memory_max_bytes, cpu_seconds, clock_seconds, idle_seconds} and
what the program itself needs. Frames are four bytes of length, then msgpack: first READY, then for each request
[request, number of attachments] and the attachments, raw bytes, one answer. GIVEN_UP stands in the place of an
attachment's length if it cannot be read; then there are no more, and the answer is None.

Imports nothing of this project, and of packages only msgspec: such processes know no Django, database or secret.
"""

import json
import os
import resource
import select
import signal
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import msgspec

LENGTH = struct.Struct(">I")
GIVEN_UP = 2**32 - 1
READY = "ready"

Answer = Callable[[Any, Sequence[bytes]], Any]


class GivenUp(Exception):
    """The other side has no more attachments for this request and does not want it answered."""


def serve(start: Callable[[Mapping[str, Any]], Answer]) -> None:
    """Answer requests until there are none for long. start: given the options, returns the function that answers."""
    options = json.loads(sys.argv[1])
    os.nice(options["niceness"])
    _limit(options["memory_max_bytes"])
    answer = start(options)
    _send(READY)
    while (asked := _next(sys.stdin.buffer, options["idle_seconds"])) is not None:
        request, attachments = asked
        if attachments is None:
            _send(None)
            continue
        # The default action of these signals ends the process wherever it is: V8, resvg or a decoder cannot be asked
        # to stop. CPU time is what counts; the clock is only for work that waits, as a busy machine is no fault.
        signal.setitimer(signal.ITIMER_PROF, options["cpu_seconds"])
        signal.setitimer(signal.ITIMER_REAL, options["clock_seconds"])
        answered = answer(request, attachments)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answered)


def write_frame(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def write_given_up(pipe: IO[bytes]) -> None:
    pipe.write(LENGTH.pack(GIVEN_UP))
    pipe.flush()


def read_frame(pipe: IO[bytes], max_bytes: int = GIVEN_UP - 1) -> bytes | None:
    """None if the other side ended, or the frame is too long. Raises GivenUp."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    if size == GIVEN_UP:
        raise GivenUp
    body = pipe.read(size) if size <= max_bytes else b""
    return body if len(body) == size else None


def _limit(memory_max_bytes: int) -> None:
    """No files written, no core dump, and a limit of memory. macOS knows no such limit of memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory_max_bytes, memory_max_bytes))


def _next(source: IO[bytes], idle_seconds: float) -> tuple[Any, list[bytes] | None] | None:
    """The next request and its attachments, None if they were given up.

    None in place of both if the other side ended or sent nothing for idle_seconds.
    """
    ready, _, _ = select.select([source], [], [], idle_seconds)
    if not ready or (body := read_frame(source)) is None:
        return None
    request, count = msgspec.msgpack.decode(body)
    attachments: list[bytes] = []
    for _ in range(count):
        try:
            data = read_frame(source)
        except GivenUp:
            return request, None
        if data is None:
            return None
        attachments.append(data)
    return request, attachments


def _send(answer: Any) -> None:
    write_frame(sys.stdout.buffer, msgspec.msgpack.encode(answer))
