"""Postgres, Redis and several web processes, started as `make run` starts them, to be killed one by one."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any

import psycopg

from webapp.embedded import postgres, redis, web
from webapp.embedded.child import prepare_child
from webapp.embedded.errors import CannotStart
from webapp.embedded.home import PROJECT, sockets

SERVERS = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "CHECKPOINT", "PORT", "HOST")
READY_SECONDS = 120.0
START_SECONDS = 60.0


class Cluster:
    """One process each of Postgres and Redis, and one web process for each port."""

    def __init__(self, home: Path, ports: list[int]) -> None:
        self.home = home
        self.ports = ports
        self.kills = {"web": 0, "redis": 0, "postgres": 0}
        self._environment = {name: value for name, value in os.environ.items() if name not in SERVERS}
        self._environment |= {"ATELIER_HOME": str(home), "LOG_LEVEL": "WARNING", "HF_HUB_OFFLINE": "1"}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # Linux ends a child when the thread that started it ends: this one lasts as long as they shall.
        self._parent = ThreadPoolExecutor(1)

    # --- starting and ending ---------------------------------------------------------------------------

    def start(self) -> None:
        (self.home / "logs").mkdir(parents=True)
        postgres.prepare(self.home)
        self.start_postgres()
        postgres.create_database(self.home)
        self.start_redis()
        self._manage("prepare", "--verbosity=0")
        for port in self.ports:
            self.start_web(port)
        for port in self.ports:
            self.wait_for(port)

    def stop(self) -> None:
        for name, process in reversed(self._processes.items()):
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._parent.shutdown()

    def start_postgres(self) -> None:
        """After a kill its last backends may hold the shared memory for a moment: try until they are gone."""
        deadline = time.monotonic() + START_SECONDS
        with self._log("postgres") as log:
            while True:
                try:
                    self._processes["postgres"] = self._parent.submit(postgres.start, self.home, log).result()
                    return
                except CannotStart:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)

    def start_redis(self) -> None:
        with self._log("redis") as log:
            self._processes["redis"] = self._parent.submit(redis.start, self.home, log).result()

    def start_web(self, port: int) -> None:
        with self._log(f"web-{port}") as log:
            start = partial(
                subprocess.Popen,
                web.command(web.server(), "127.0.0.1", port),
                cwd=PROJECT,
                env=self._environment | {"PORT": str(port)},
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=prepare_child,
            )
            self._processes[f"web {port}"] = self._parent.submit(start).result()

    def wait_for(self, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers(port):
            assert time.monotonic() < deadline, f"no answer on {port}:\n{self.logs()}"
            time.sleep(0.1)

    def answers(self, port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    # --- killing ---------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """kill -9. name: postgres, redis, or web and a port."""
        process = self._processes[name]
        process.kill()
        process.wait()
        self.kills[name.split()[0]] += 1

    def flush_redis(self) -> None:
        import redis as client

        with client.Redis(unix_socket_path=str(sockets(self.home) / "redis.sock")) as connection:
            connection.flushall()

    # --- asking ----------------------------------------------------------------------------------------

    def create_key(self, email: str) -> str:
        return self._manage("create_api_key", email, "--create-user").strip()

    def create_board(self, key: str) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}/api/v1/boards",
            data=b"{}",
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return str(json.load(response)["id"])

    def rows(self, board: str) -> Iterator[tuple[str, int, int, bool, dict[str, Any]]]:
        """What is stored of a board: id, version, nonce, whether it is deleted, body."""
        with self._connection() as connection:
            found = connection.execute(
                "SELECT element_id, version, version_nonce, is_deleted, body FROM boards_element WHERE board_id = %s",
                [board],
            )
            for element_id, version, nonce, is_deleted, body in found:
                yield element_id, version, nonce, is_deleted, json.loads(body)

    def clocks(self, board: str) -> tuple[int, list[int]]:
        """The board's clock, and the clocks at which its rows were written."""
        with self._connection() as connection:
            row = connection.execute("SELECT clock FROM boards_board WHERE id = %s", [board]).fetchone()
            assert row is not None
            rows = connection.execute(
                "SELECT clock FROM boards_element WHERE board_id = %s", [board]
            ).fetchall()
            return int(row[0]), sorted(int(clock) for (clock,) in rows)

    def logs(self) -> str:
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-3_000:]}" for file in files)

    def _connection(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host=str(sockets(self.home)), user="postgres", dbname="atelier", autocommit=True
        )

    def _manage(self, *arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def _log(self, name: str) -> IO[bytes]:
        return (self.home / "logs" / f"{name}.log").open("ab")
