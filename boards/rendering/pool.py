"""A few processes that draw, shared by all threads of this one.

A process draws one scene at a time. It is started when needed, thrown away after some hundred scenes or when it
takes too long, and ends by itself when nobody has asked it for a while.
"""

import atexit
import json
import logging
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec
from django.conf import settings

log = logging.getLogger(__name__)

PROCESSES = 2
CPU_SECONDS = 12.0
"""The most work that one scene may be: twice what a full board is."""
CLOCK_SECONDS = 40.0
"""The longest that one scene may take on a machine that does other things. The process gives up a little earlier."""
START_SECONDS = 30.0
WAIT_SECONDS = 20.0
"""How long a scene waits for a process that is free."""
IDLE_SECONDS = 180.0
"""A process that nobody asks for so long ends, and its memory is free."""
SCENES_EACH = 300
"""V8 keeps some of what it was given: a fresh process starts small again."""
MEMORY_MAX_BYTES = 1536 * 1024 * 1024
ANSWER_MAX_BYTES = 256 * 1024 * 1024

PROGRAM = Path(__file__).with_name("process.py")
LENGTH = struct.Struct(">I")
GIVEN_UP = 2**32 - 1
"""In the place of a picture's length: it could not be read, and the scene is not to be drawn."""
Read = Callable[[], bytes]


class Busy(Exception):
    """No process became free in time."""


class Failed(Exception):
    """The process died or took too long."""


class Asleep(Failed):
    """It had ended before, because nobody asked: start another."""


class Drawer:
    """One process, and the frames to and from it: a length, then msgpack, or the bytes of a picture."""

    def __init__(self) -> None:
        """Raises Failed."""
        folder = settings.RENDER_DIST
        if not (folder / "scene.js").is_file() or not (folder / "fonts" / "index.json").is_file():
            raise Failed("the front end is not built, run `make build`")
        options = {
            "folder": str(folder),
            "cpu_seconds": CPU_SECONDS,
            "clock_seconds": CLOCK_SECONDS - 1,
            "idle_seconds": IDLE_SECONDS,
            "memory_max": MEMORY_MAX_BYTES,
        }
        # Isolated, without this process's environment: nothing that a scene could do there reveals a secret.
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            process_group=0,  # Ctrl-C is for whoever started us
        )
        # Whenever and however it ends, somebody asks how: otherwise it would stay as a zombie while nothing is drawn.
        threading.Thread(target=self._process.wait, name="boards-drawer", daemon=True).start()
        self.scenes_left = SCENES_EACH
        self.is_ready = False
        try:
            self._exchange(None, START_SECONDS)
        except BaseException as error:
            self.end()
            log.error("The drawing process does not start: %s", error)
            raise

    def ask(self, request: bytes, pictures: Sequence[Read]) -> Any:
        """The answer. Raises Failed, and what reading a picture raises. `is_ready` says whether it can be asked again."""
        self.scenes_left -= 1
        return self._exchange(request, CLOCK_SECONDS, pictures)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not yet written cannot be written any more
                _of(pipe).close()

    def _exchange(self, request: bytes | None, timeout_seconds: float, pictures: Sequence[Read] = ()) -> Any:
        """Send, and wait for the answer. A timer ends the process, and with it the waiting."""
        self.is_ready = False
        unread: Exception | None = None
        timer = threading.Timer(timeout_seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                _write(_of(self._process.stdin), request)
            for read in pictures:
                try:
                    data = read()  # one at a time: together they may be a hundred megabytes
                except Exception as error:  # the storage's fault, not that of the process
                    unread = error
                with suppress(BrokenPipeError):  # reading the answer tells
                    if unread is not None:
                        _give_up(_of(self._process.stdin))
                        break
                    _write(_of(self._process.stdin), data)
            body = _read(_of(self._process.stdout))
        except OSError:
            body = b""
        finally:
            timer.cancel()
        self.is_ready = bool(body)
        if unread is not None:
            raise unread
        if not body:
            raise self._why()
        return msgspec.msgpack.decode(body)

    def _why(self) -> Failed:
        """Why it did not answer."""
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return Failed("its answer makes no sense")
        if status == 0:
            return Asleep("it had ended")
        if status in (-signal.SIGPROF, -signal.SIGALRM, -signal.SIGKILL):
            return Failed("it takes too long")
        return Failed("it takes too much memory")


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _give_up(pipe: IO[bytes]) -> None:
    pipe.write(LENGTH.pack(GIVEN_UP))
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    """One frame; nothing when the other side ended or writes nonsense."""
    head = pipe.read(LENGTH.size)
    size = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
    body = pipe.read(size) if size <= ANSWER_MAX_BYTES else b""
    return body if len(body) == size else b""


def _of(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


_free = threading.BoundedSemaphore(PROCESSES)
_idle: list[Drawer] = []  # newest last: the others fall asleep


def ask(request: Mapping[str, Any], pictures: Sequence[Read] = ()) -> Any:
    """What a process answers. Raises Busy, Failed, and what reading a picture raises.

    pictures: read one after the other once a process is free, and sent after the request.
    """
    data = msgspec.msgpack.encode(request)
    if not _free.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        return _ask(data, pictures)
    finally:
        _free.release()


def _ask(data: bytes, pictures: Sequence[Read]) -> Any:
    while True:
        try:
            drawer, woken = _idle.pop(), True
        except IndexError:
            drawer, woken = Drawer(), False
        try:
            return drawer.ask(data, pictures)
        except Asleep:
            if not woken:
                raise
        finally:
            if drawer.is_ready and drawer.scenes_left > 0:
                _idle.append(drawer)
            else:
                drawer.end()


@atexit.register
def end_all() -> None:
    """End the processes that wait for work."""
    while _idle:
        _idle.pop().end()
