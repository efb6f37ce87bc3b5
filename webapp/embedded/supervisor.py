"""`make run`: all processes of Atelier as children of one supervisor.

    python -m webapp.embedded.supervisor

Starts Postgres and Redis when DATABASE_URL / REDIS_URL are unset, brings the database up to date, then runs
web and two workers, one of which keeps the beat schedule; restarts a child that dies, with back-off; ends everything on Ctrl-C or SIGTERM.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import IO

from webapp.embedded import postgres, redis, web
from webapp.embedded.child import prepare_child
from webapp.embedded.errors import CannotStart
from webapp.embedded.home import PROJECT, UMASK, close, home

DISK_FREE_MIN_BYTES = 500 * 1024 * 1024
READY_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 20.0
BACKOFF_MAX_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A child that ran this long counts as healthy: its next restart is immediate."""
WORKER_NICENESS = 5
"""Drawing on the CPU yields to the web process, which shares its cores. A worker with a GPU needs little CPU."""
JOBS = 4
JOBS_ON_GPU = 16
"""Concurrent jobs with a GPU: twice the pictures of a step. Four jobs with guidance filled 8 of its 24 rows."""
WORKER = {"ATELIER_PAGES": "0", "CELERY_SKIP_CHECKS": "1"}
"""Environment of workers: load nothing of the pages, nor run checks, which would; `manage.py prepare` has run them."""

Start = Callable[[], "subprocess.Popen[bytes]"]


class Child:
    """A child process that is restarted when it dies, with exponential back-off."""

    def __init__(self, name: str, start: Start) -> None:
        self.name = name
        self._start = start
        self._failures = 0
        self._again_at = 0.0
        self.process = start()
        self._started_at = time.monotonic()

    def restart_if_dead(self) -> None:
        """Restart the process if it has died and its back-off is over. Call it often."""
        if self.process.poll() is None:
            return
        now = time.monotonic()
        if not self._again_at:
            self._failures = 0 if now - self._started_at > STEADY_SECONDS else self._failures + 1
            wait = min(BACKOFF_MAX_SECONDS, 2.0**self._failures - 1)
            self._again_at = now + wait
            report(
                f"{self.name} ended with {self.process.returncode}; starting it again in {wait:.0f} s (see its log)."
            )
        if now >= self._again_at:
            self._again_at = 0.0
            self._started_at = now
            try:
                self.process = self._start()
            except CannotStart as error:
                report(str(error))

    def stop(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)

    def wait(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Starts, watches and ends the children."""

    def __init__(self) -> None:
        self.home = home()
        self.host = os.environ.get("HOST") or "127.0.0.1"
        self.port = int(os.environ.get("PORT") or 8000)
        self.server = web.server()
        self.servers: list[Child] = []
        self.programs: list[Child] = []
        self._stopping = False

    @property
    def url(self) -> str:
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host
        return f"http://{shown}:{self.port}"

    def run(self) -> None:
        """Start, report, watch until asked to stop, and end every child. Raises CannotStart."""
        os.umask(UMASK)  # logs, pictures and mails are private to this user, whichever child writes them
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            self._check()
            self._start_servers()
            self._prepare()
            self._start_programs()
            self._report_ready()
            while not self._stopping:
                self._watch()
        finally:
            self._end()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self) -> None:
        for child in (*self.servers, *self.programs):
            if not self._stopping:
                child.restart_if_dead()
        time.sleep(0.2)

    # --- before the start ---------------------------------------------------------------------------------

    def _check(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            close(self.home)
            (self.home / "logs").mkdir(exist_ok=True)
            (self.home / "logs" / ".writable").write_bytes(b"")
        except OSError as error:
            raise CannotStart(
                f"{self.home} cannot be written ({error.strerror}): set ATELIER_HOME to a folder that can."
            ) from None
        free = shutil.disk_usage(self.home).free
        if free < DISK_FREE_MIN_BYTES:
            raise CannotStart(
                f"Only {free // 2**20} MB are free where {self.home} lies, {DISK_FREE_MIN_BYTES // 2**20} MB are "
                "needed: make room, or set ATELIER_HOME to a folder on another disk."
            )
        if not (PROJECT / "frontend" / "dist" / ".vite" / "manifest.json").exists():
            raise CannotStart("The front end is not built: run `make build`.")
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise CannotStart(
                    f"Port {self.port} on {self.host} cannot be used ({error.strerror}): "
                    f"end what uses it, or run `PORT={self.port + 1} make run`."
                ) from None

    # --- starting -----------------------------------------------------------------------------------------

    def _start_servers(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            postgres.prepare(self.home)
            log = self._log("postgres")
            self.servers.append(Child("postgres", lambda: postgres.start(self.home, log)))
            postgres.create_database(self.home)
        if not os.environ.get("REDIS_URL"):
            log = self._log("redis")
            self.servers.append(Child("redis", lambda: redis.start(self.home, log)))

    def _prepare(self) -> None:
        result = subprocess.run(
            [sys.executable, "manage.py", "prepare", "--verbosity=0"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            (self.home / "logs" / "prepare.log").write_text(result.stdout + result.stderr)
            reason = (result.stderr.strip().splitlines() or ["unknown"])[-1]
            raise CannotStart(
                f"The database could not be brought up to date: {reason} (all of it: {self.home}/logs/prepare.log)."
            )

    def _start_programs(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "webapp"]
        self._program("web", web.command(self.server, self.host, self.port))
        # Concurrent jobs share the engine's steps, while others are fetched or stored.
        jobs, niceness = (JOBS_ON_GPU, 0) if will_use_gpu() else (JOBS, WORKER_NICENESS)
        self._program("worker", [*celery, *self._worker("gpu", jobs)], niceness=niceness, pages=False)
        # A worker of its own, so that long jobs cannot delay the reaper; two threads, so that thumbnails cannot either.
        self._program("housekeeper", [*celery, *self._worker("default", 2), "--with-beat"], pages=False)

    def _worker(self, queue: str, concurrency: int) -> list[str]:
        options = ["-P", "threads", "-c", str(concurrency), "-Q", queue, f"--hostname={queue}-{self.port}@%h"]
        return ["worker", *options, "--loglevel=INFO", "--without-gossip", "--without-mingle"]

    def _program(self, name: str, command: list[str], niceness: int = 0, pages: bool = True) -> None:
        log = self._log(name)

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command,
                cwd=PROJECT,
                env=os.environ if pages else os.environ | WORKER,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C reaches the supervisor alone, which ends its children in order
                preexec_fn=lambda: prepare_child(niceness),
            )

        self.programs.append(Child(name, start))

    def _log(self, name: str) -> IO[bytes]:
        path = self.home / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > 10 * 2**20:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _report_ready(self) -> None:
        began = time.monotonic()
        warned = False
        while not self._stopping:
            self._watch()
            if _answers(f"{self.url}/ready"):
                if not any(os.environ.get(name) for name in ("EMAIL_URL", "EMAIL_URL_FILE", "EMAIL_BACKEND")):
                    print(f"Mail is not sent but kept in {self.home}/mail (set EMAIL_URL to send it).")
                print(f"Atelier is ready: {self.url}", flush=True)
                return
            if time.monotonic() - began > READY_TIMEOUT_SECONDS and not warned:
                warned = True
                report(
                    f"It takes unusually long: {self.url}/ready says what is missing, {self.home}/logs why."
                )

    # --- ending -------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """End the programs first, so that they can finish their work, then the servers that they use."""
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        for child in self.programs:
            child.stop(signal.SIGTERM)
        for child in self.programs:
            child.wait(deadline)
        for child in reversed(self.servers):
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            child.stop(signal.SIGINT if child.name == "postgres" else signal.SIGTERM)
        for child in self.servers:
            child.wait(time.monotonic() + STOP_TIMEOUT_SECONDS)


def will_use_gpu() -> bool:
    """True if the worker will draw on an NVIDIA GPU, as far as can be found without torch."""
    device = os.environ.get("DEVICE") or "auto"
    return device.startswith("cuda") or (device == "auto" and shutil.which("nvidia-smi") is not None)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def report(line: str) -> None:
    """Print a line to stderr."""
    print(f"atelier: {line}", file=sys.stderr, flush=True)


def main() -> int:
    try:
        Supervisor().run()
    except CannotStart as error:
        report(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
