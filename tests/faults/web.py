"""A web process on this test's database, Redis and files."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from webapp.embedded import web
from webapp.embedded.child import prepare_child
from webapp.embedded.home import PROJECT

READY_SECONDS = 120.0


@contextmanager
def served(port: int, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Its address, once it answers; it ends with the block."""
    with running(port, environment, log) as (address, _):
        yield address


@contextmanager
def running(
    port: int, environment: Mapping[str, str], log: Path
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Its address and the process. environment: ASGI_SERVER there says which server."""
    server = environment.get("ASGI_SERVER") or web.server()
    with log.open("ab") as written:
        process = subprocess.Popen(
            web.command(server, "127.0.0.1", port),
            cwd=PROJECT,
            env={**environment, "PORT": str(port), "LOG_LEVEL": "WARNING"},
            stdout=written,
            stderr=written,
            process_group=0,
            preexec_fn=prepare_child,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/live", log)
        yield address, process
    finally:
        process.kill()
        process.wait(30)


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline, f"no answer from {url}:\n{log.read_text()[-3_000:]}"
            time.sleep(0.1)
