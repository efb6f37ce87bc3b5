"""The servers under test: the whole of Atelier on one core, and other products by their start commands."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import psutil

from bench.report import OUT
from bench.room.run import Spec
from tests.e2e.atelier import free_port
from webapp.embedded import postgres, redis, web
from webapp.embedded.child import prepare_child

LOG = OUT / "room-servers.log"
"""The log of our own servers in the last campaign."""
PROJECT = Path(__file__).resolve().parents[2]
PEOPLE = 410
"""The owner, one newcomer alone, and the largest number of clients."""
BOARDS = 40
START_SECONDS = 60.0
SETTLE_SECONDS = 0.7
STOP_SECONDS = 10.0
INHERITED_NOT = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "CHECKPOINT", "ASGI_SERVER")


class CannotServe(Exception):
    """A system did not start."""


class System(Protocol):
    name: str
    driver: str

    def serve(self) -> AbstractContextManager[Spec]:
        """Start the system. The spec has what concerns the server: url, board, tokens, process ids."""
        ...


class Cores(NamedTuple):
    """The core of the server side, and that of the load generator."""

    server: int
    generator: int


class Stack:
    """Atelier's Postgres and Redis in a folder of their own, with the users and boards for the runs."""

    def __init__(self, cores: Cores) -> None:
        self.cores = cores
        self.beside: dict[str, list[int]] = {}
        self.tokens: list[str] = []
        self._boards: deque[str] = deque()
        self._open = ExitStack()

    def __enter__(self) -> "Stack":
        OUT.mkdir(exist_ok=True)
        with ExitStack() as opening:
            self.home = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="bench-room-")))
            self.home.chmod(0o755)  # Postgres may run as another user
            self.log = opening.enter_context(LOG.open("wb"))
            kept = {name: value for name, value in os.environ.items() if name not in INHERITED_NOT}
            own = {"ATELIER_HOME": str(self.home), "LOG_LEVEL": "WARNING", "HF_HUB_OFFLINE": "1"}
            self.environment = kept | own
            postgres.prepare(self.home)
            with _on_core(self.cores.server):
                for name, program in (("postgres", postgres), ("redis", redis)):
                    server = program.start(self.home, self.log)
                    opening.callback(_stop, server, signal.SIGINT)
                    self.beside[name] = [server.pid]
            postgres.create_database(self.home)
            self._run("manage.py", "prepare", "--verbosity=0")
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def board(self) -> str:
        """The id of a board that no run has used."""
        if not self._boards:
            made = json.loads(self._run("-m", "bench.room.stage", str(PEOPLE), str(BOARDS)))
            self.tokens = made["tokens"]
            self._boards.extend(made["boards"])
        return self._boards.popleft()

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(arguments)} failed:\n{done.stderr[-2_000:]}")
        return done.stdout


class Atelier:
    """The product's web process as `make run` starts it, with real sign-in, checks and saving."""

    driver = "atelier"

    def __init__(self, stack: Stack, server: str, *, deflate: bool = True) -> None:
        """server: ASGI_SERVER's value."""
        self.name = f"atelier-{server}" + ("" if deflate else "-plain")
        self._stack = stack
        self._server = server
        self._options = {"deflate": str(int(deflate))}

    @contextmanager
    def serve(self) -> Iterator[Spec]:
        board = self._stack.board()
        port = free_port()
        environment = self._stack.environment | {"ASGI_SERVER": self._server, "PORT": str(port)}
        command = web.command(self._server, "127.0.0.1", port)
        with _process(command, PROJECT, environment, port, self._stack.cores, self._stack.log) as process:
            yield Spec(
                system=self.name,
                mode="sync",
                n=0,
                driver=self.driver,
                url=f"ws://127.0.0.1:{port}",
                board=board,
                tokens=self._stack.tokens,
                options=self._options,
                server_pids=[process.pid],
                beside=self._stack.beside,
            )


class Peer(msgspec.Struct):
    """Another product, as a table of the peers' file describes it. `{port}` is filled in; `{here}` is the folder
    of the scripts next to the example file."""

    name: str
    driver: str
    command: list[str]
    cores: Cores
    cwd: str = "."
    env: dict[str, str] = {}
    options: dict[str, str] = {}

    @contextmanager
    def serve(self) -> Iterator[Spec]:
        port = free_port()
        known = {"{port}": str(port), "{here}": str(Path(__file__).parent / "peers")}
        command = [_filled(word, known) for word in self.command]
        environment = os.environ | {name: _filled(value, known) for name, value in self.env.items()}
        with _process(command, Path(self.cwd), environment, port, self.cores, subprocess.DEVNULL) as process:
            yield Spec(
                system=self.name,
                mode="sync",
                n=0,
                driver=self.driver,
                url=f"ws://127.0.0.1:{port}",
                board=f"board{time.monotonic_ns()}",
                options=self.options,
                server_pids=[process.pid],
            )


def read_peers(path: Path, cores: Cores) -> list[Peer]:
    """The products of a peers' file. Relative folders in it are relative to the file."""
    tables: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    peers = []
    for name, table in tables.items():
        cwd = str(path.parent / table.get("cwd", "."))
        peers.append(Peer(name=name, cores=cores, **(table | {"cwd": cwd})))
    return peers


@contextmanager
def _process(
    command: list[str], cwd: Path, environment: Mapping[str, str], port: int, cores: Cores, log: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """A server on its core, from the moment it listens until the block ends."""
    with _on_core(cores.server):
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=prepare_child,
        )
    try:
        _until_listening(process, port)
        yield process
    finally:
        _stop(process, signal.SIGTERM)


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Processes that are started inside the block run on this core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotServe(f"the server ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(SETTLE_SECONDS)
            return
    raise CannotServe(f"the server does not listen on port {port}")


def _stop(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    """End a process and all its descendants: a start command may be a wrapper that leaves its child running."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(how)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    for child in psutil.wait_procs(children, timeout=STOP_SECONDS)[1]:
        child.kill()


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text
