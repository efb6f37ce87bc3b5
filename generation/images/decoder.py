"""The door to the decoding processes: image files of people are unpacked there, a few at a time, never here.

A small file may unpack to hundreds of megabytes, and decoders are written in C. So each process has limits of memory
and time, is thrown away when it breaks them, and ends by itself when nobody has asked for a while.
"""

import atexit
import json
import logging
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from generation.errors import DecoderBusy, MaskEmpty, SnapshotInvalid

log = logging.getLogger(__name__)

PROCESSES = 1 if (os.cpu_count() or 1) <= 2 else 2
CPU_SECONDS = 20.0
"""The most work that one picture may be; the largest that are taken need a fourth of it."""
CLOCK_SECONDS = 60.0
"""The same by the clock, on a machine that does other things. The process gives up a little earlier."""
WAIT_SECONDS = 30.0
"""How long a picture waits for a process that is free."""
IDLE_SECONDS = 60.0
"""A process that nobody asks for so long ends, and its memory is free."""
PICTURES_EACH = 500
MEMORY_MAX_BYTES = 768 * 1024 * 1024
NICENESS = 5
"""Strokes come before pictures: both share the cores of one machine."""

PROGRAM = "generation.images.decoder_process"
PROJECT = Path(__file__).resolve().parents[2]
LENGTH = struct.Struct(">I")


class _Ended(Exception):
    """The process is gone: it was idle for long, or broke a limit."""


class Decoder:
    """One process, and the frames to and from it: a length, then msgpack."""

    def __init__(self) -> None:
        options = {
            "cpu_seconds": CPU_SECONDS,
            "clock_seconds": CLOCK_SECONDS - 1,
            "idle_seconds": IDLE_SECONDS,
            "memory_max": MEMORY_MAX_BYTES,
            "niceness": NICENESS,
        }
        # Without this process's environment: nothing that a picture could do there reveals a secret.
        self._process = subprocess.Popen(
            [sys.executable, "-E", "-s", "-m", PROGRAM, json.dumps(options)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            process_group=0,  # Ctrl-C is for whoever started us
        )
        self.pictures_left = PICTURES_EACH
        # Nobody may ask again for long: until then it would be a zombie.
        threading.Thread(target=self._process.wait, daemon=True, name="reaps a decoder").start()

    def ask(self, request: bytes) -> Any:
        """The answer. Raises _Ended; then the process is of no more use."""
        self.pictures_left -= 1
        timer = threading.Timer(CLOCK_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            pipe = _of(self._process.stdin)
            pipe.write(LENGTH.pack(len(request)))
            pipe.write(request)
            pipe.flush()
            body = _read(_of(self._process.stdout))
        except OSError:
            body = b""
        finally:
            timer.cancel()
        if not body:
            raise _Ended
        return msgspec.msgpack.decode(body)

    @property
    def fell_asleep(self) -> bool:
        """Whether it ended because nobody asked."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1) == 0
        return False

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not yet written cannot be written any more
                _of(pipe).close()


def clean(data: bytes, limit_bytes: int) -> tuple[bytes, str, tuple[int, int]]:
    """See generation.images.pixels.clean. Raises SnapshotInvalid, DecoderBusy."""
    cleaned, format_name, (width, height) = _ask("clean", data, limit_bytes)
    return cleaned, format_name, (width, height)


def snapshot(data: bytes, longest_px: int) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """See generation.images.pixels.snapshot. Raises SnapshotInvalid, DecoderBusy."""
    png, size, received = _ask("snapshot", data, longest_px)
    return png, (size[0], size[1]), (received[0], received[1])


def mask(data: bytes, size: tuple[int, int]) -> bytes:
    """See generation.images.pixels.mask. Raises SnapshotInvalid, MaskEmpty, DecoderBusy."""
    return bytes(_ask("mask", data, size))


def clean_svg(data: bytes) -> tuple[bytes, tuple[int, int], bool]:
    """See generation.images.svg: its data, its (width, height) and whether anything is lost.

    Raises SnapshotInvalid, DecoderBusy.
    """
    cleaned, width, height, lost = _ask("svg", data)
    return cleaned, (width, height), lost


_free = threading.BoundedSemaphore(PROCESSES)
_idle: list[Decoder] = []  # newest last: the others fall asleep


def _ask(*request: Any) -> Any:
    data = msgspec.msgpack.encode(request)
    if not _free.acquire(timeout=WAIT_SECONDS):
        raise DecoderBusy
    try:
        answer = _answer(data)
    finally:
        _free.release()
    if answer["code"] == MaskEmpty.code:
        raise MaskEmpty
    if answer["code"]:
        raise SnapshotInvalid(answer["code"], answer["message"])
    return answer["data"]


def _answer(request: bytes) -> Any:
    while True:
        try:
            decoder, woken = _idle.pop(), True
        except IndexError:
            decoder, woken = Decoder(), False
        try:
            answer = decoder.ask(request)
        except _Ended:
            again = woken and decoder.fell_asleep
            decoder.end()
            if again:
                continue
            log.warning(
                "A picture of %d bytes took too much memory or time, or ended its decoder", len(request)
            )
            raise SnapshotInvalid(
                "image_broken", "The image takes too much memory or time to be read."
            ) from None
        except BaseException:
            decoder.end()
            raise
        if decoder.pictures_left > 0:
            _idle.append(decoder)
        else:
            decoder.end()
        return answer


def _read(pipe: IO[bytes]) -> bytes:
    """One frame; nothing when the other side ended."""
    head = pipe.read(LENGTH.size)
    size = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
    body = pipe.read(size)
    return body if len(body) == size else b""


def _of(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


@atexit.register
def end_all() -> None:
    """End the processes that wait for work."""
    while _idle:
        _idle.pop().end()
