"""Pools of child processes for work that may take too much memory or time, or break what it is done with.

A process answers one request at a time. It is started when needed, ended after some hundred requests or when it
breaks a limit, and ends by itself when it has not been asked for a while. `sandbox` is its inside.
"""

import atexit
import json
import logging
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from generation import sandbox

log = logging.getLogger(__name__)

Read = Callable[[], bytes]

ANSWER_MAX_BYTES = 256 * 1024 * 1024


class Busy(Exception):
    """No process became free in time."""


class Failed(Exception):
    """The process died, or broke a limit."""


class Asleep(Failed):
    """The process had ended before, because it was idle: start another."""


@dataclass(frozen=True)
class Limits:
    """The limits of a pool and of each of its processes.

    processes: at most so many at once. requests_each: a process is replaced after so many.
    start_seconds: until a new process is ready. wait_seconds: how long a request waits for a free process.
    cpu_seconds, clock_seconds: for one request; the process ends itself a second before the clock's.
    idle_seconds: without a request for so long, a process ends.
    """

    processes: int
    requests_each: int
    start_seconds: float
    wait_seconds: float
    cpu_seconds: float
    clock_seconds: float
    idle_seconds: float
    memory_max_bytes: int
    niceness: int


@dataclass(frozen=True)
class Program:
    """What a pool runs. command: without its last argument, the options. options: beside those of the limits."""

    command: Sequence[str]
    options: dict[str, Any]
    folder: Path | None = None


class Process:
    """One child process. is_ready: it can be asked. requests_left: until it is replaced."""

    def __init__(self, name: str, program: Program, limits: Limits) -> None:
        """Raises Failed."""
        options = {
            "cpu_seconds": limits.cpu_seconds,
            "clock_seconds": limits.clock_seconds - 1,
            "idle_seconds": limits.idle_seconds,
            "memory_max_bytes": limits.memory_max_bytes,
            "niceness": limits.niceness,
        }
        # Without this process's environment: nothing that a request could do there reveals a secret.
        self._process = subprocess.Popen(
            [*program.command, json.dumps(options | program.options)],
            cwd=program.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            process_group=0,  # Ctrl-C is for the parent alone
        )
        # Reap it whenever it ends: otherwise an idle one would stay as a zombie until the next request.
        threading.Thread(target=self._process.wait, name=f"reaps a {name}", daemon=True).start()
        self._clock_seconds = limits.clock_seconds
        self.requests_left = limits.requests_each
        self.is_ready = False
        try:
            self._exchange(None, limits.start_seconds)
        except BaseException as error:
            self.end()
            log.error("The %s does not start: %s", name, error)
            raise

    def ask(self, request: bytes, attachments: Sequence[Read]) -> Any:
        """The answer. Raises Failed, and what reading an attachment raises; then `is_ready` says whether it still works."""
        self.requests_left -= 1
        return self._exchange(request, self._clock_seconds, attachments)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not yet written cannot be written any more
                _of(pipe).close()

    def _exchange(
        self, request: bytes | None, timeout_seconds: float, attachments: Sequence[Read] = ()
    ) -> Any:
        """Send, and wait for the answer. A timer ends the process, and with it the waiting."""
        self.is_ready = False
        unread: Exception | None = None
        timer = threading.Timer(timeout_seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                sandbox.write_frame(_of(self._process.stdin), request)
                unread = self._send(attachments)
            body = sandbox.read_frame(_of(self._process.stdout), ANSWER_MAX_BYTES)
        except (OSError, sandbox.GivenUp):
            body = None
        finally:
            timer.cancel()
        self.is_ready = bool(body)
        if unread is not None:
            raise unread
        if not body:
            raise self._why()
        return msgspec.msgpack.decode(body)

    def _send(self, attachments: Sequence[Read]) -> Exception | None:
        """Read and send one after the other, as together they may be a hundred megabytes.

        Returns what reading one raised, as that is no fault of the process; the rest is not sent then.
        """
        pipe = _of(self._process.stdin)
        for read in attachments:
            try:
                data = read()
            except Exception as error:
                with suppress(BrokenPipeError):
                    sandbox.write_given_up(pipe)
                return error
            with suppress(BrokenPipeError):  # reading the answer tells
                sandbox.write_frame(pipe, data)
        return None

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


class ProcessPool:
    """A few processes of one program, shared by all threads of this process.

    name: of one of them, for the log. program: asked whenever one is started; may raise Failed.
    """

    def __init__(self, name: str, program: Callable[[], Program], limits: Limits) -> None:
        self.limits = limits
        self._name, self._program = name, program
        self._free = threading.BoundedSemaphore(limits.processes)
        self._idle: list[Process] = []  # newest last: the others fall asleep
        atexit.register(self.end_all)

    def ask(self, request: Any, attachments: Sequence[Read] = ()) -> Any:
        """What a process answers to this request, which msgpack must be able to hold.

        attachments: read once a process is free, and sent after the request.
        Raises Busy, Failed, and what reading an attachment raises.
        """
        data = msgspec.msgpack.encode([request, len(attachments)])
        if not self._free.acquire(timeout=self.limits.wait_seconds):
            raise Busy
        try:
            return self._ask(data, attachments)
        finally:
            self._free.release()

    def end_all(self) -> None:
        """End the processes that wait for work."""
        while self._idle:
            self._idle.pop().end()

    def _ask(self, request: bytes, attachments: Sequence[Read]) -> Any:
        while True:
            try:
                process, woken = self._idle.pop(), True
            except IndexError:
                process, woken = Process(self._name, self._program(), self.limits), False
            try:
                return process.ask(request, attachments)
            except Asleep:
                if not woken:
                    raise
            finally:
                if process.is_ready and process.requests_left > 0:
                    self._idle.append(process)
                else:
                    process.end()


def _of(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
