"""A whole Atelier for tests from outside: its own processes, folder and port."""

import itertools
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180
SERVERS = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "CHECKPOINT")


class Atelier:
    """`make run` without its installing part."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in SERVERS}
        self.environment = (
            inherited
            | {
                "ATELIER_HOME": str(home),
                "PORT": str(self.port),
                "HF_HUB_OFFLINE": "1",
                "ATELIER_MAX_ACTIVE_JOBS": "50",
                "ATELIER_DEMO_BOARD": "1",
            }
            | environment
        )
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it said that it is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webapp.embedded.supervisor"],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._until_ready()
        except BaseException:
            self.stop()
            raise

    def _until_ready(self) -> None:
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        said = []
        while True:
            try:
                said.append(lines.get(timeout=READY_SECONDS))
            except queue.Empty:
                raise AssertionError(f"not ready after {READY_SECONDS} s: {said}\n{self.logs()}") from None
            if "Atelier is ready" in said[-1]:
                return
            assert said[-1], f"it ended: {said}\n{self.logs()}"

    def _read(self, lines: "queue.Queue[str]") -> None:
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            lines.put(line)
        lines.put("")

    def stop(self) -> int:
        """Ask it to end, as Ctrl-C does. Returns its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def logs(self) -> str:
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text()[-2_000:]}" for file in files)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return json.load(response)

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout


_ports = itertools.count(20_000 + os.getpid() % 10_000)


def free_port() -> int:
    """Below the range from which the system takes ports for connections: nobody else gets it before it is used."""
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
