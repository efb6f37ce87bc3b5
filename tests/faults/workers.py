"""Workers with a stub checkpoint, started on the test's own servers, to be killed one by one."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from generation import tasks
from webapp.embedded.child import prepare_child
from webapp.embedded.home import PROJECT


class Workers:
    """So many processes with some threads each; one that died is started again, as a supervisor would.

    seconds: that a picture takes.
    """

    def __init__(self, count: int, media: Path, log: Path, threads: int = 2, seconds: float = 0.3) -> None:
        self.log = log
        self.kills = self.deaths = 0
        self._threads = threads
        self._environment = environment(media) | {"STUB_SECONDS": str(seconds)}
        self._processes = [self._start() for _ in range(count)]

    def kill_one(self, dice: random.Random) -> None:
        """kill -9 of one that lives, if there is one."""
        alive = [process for process in self._processes if process.poll() is None]
        if alive:
            victim = dice.choice(alive)
            victim.kill()
            victim.wait()
            self.kills += 1

    def look(self) -> None:
        for place, process in enumerate(self._processes):
            if process.poll() is not None:
                self.deaths += 1
                self._processes[place] = self._start()

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait(30)

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "celery", "-A", "tests.faults.stub_worker", "worker"]
        options = ["-Q", "gpu", "-P", "threads", "-c", str(self._threads)]
        options += ["--without-mingle", "--without-gossip"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, *options],
                cwd=PROJECT,
                env=self._environment,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=prepare_child,
            )


class Beat(threading.Thread):
    """Stands in for beat and its housekeeper: the reaper, every second instead of every ten."""

    def __init__(self) -> None:
        super().__init__(name="beat", daemon=True)
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            while not self._ended.wait(1.0):
                try:
                    tasks.reap()
                except (DatabaseError, redis.RedisError) as error:
                    print(f"the reaper comes again: {error}")
        finally:
            connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join(30)


class Nemesis:
    """Kills a random worker every few seconds and flushes Redis now and then, until told to stop."""

    def __init__(self, workers: Workers, seed: int, kill_seconds: float, flush_seconds: float) -> None:
        self._workers, self._dice = workers, random.Random(seed)
        self._kill_seconds, self._flush_seconds = kill_seconds, flush_seconds
        self._kill_at = time.monotonic() + kill_seconds
        self._flush_at = time.monotonic() + flush_seconds
        self.flushes = 0

    def strike(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if now >= self._kill_at:
            self._workers.kill_one(self._dice)
            self._kill_at = now + self._dice.uniform(0.5, 1.5) * self._kill_seconds
        if now >= self._flush_at:
            redis.Redis.from_url(settings.REDIS_URL).flushall()
            self.flushes += 1
            self._flush_at = now + self._dice.uniform(0.5, 1.5) * self._flush_seconds


def environment(media: Path) -> dict[str, str]:
    """Of a process that uses this test's database, Redis and files."""
    server = connection.settings_dict
    return os.environ | {
        "DATABASE_URL": f"postgres://{server['USER']}@/{server['NAME']}?host={server['HOST']}",
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": "worker",
        "STORAGE_URL": f"file:{media}",
        "LOG_LEVEL": "INFO",
    }
