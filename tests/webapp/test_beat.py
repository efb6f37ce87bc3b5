"""The beat schedule as a thread of a worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings

from tests.e2e.atelier import PROJECT
from webapp import beat
from webapp.embedded.supervisor import WORKER


@pytest.mark.parametrize("option", [["--with-beat"], []])
def test_a_worker_keeps_the_schedule_if_it_is_told_to_and_ends_in_order(
    tmp_path: Path, option: list[str]
) -> None:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    with worker(tmp_path, *option) as (process, log):
        deadline = time.monotonic() + 60
        while not (b" ready." in log.read_bytes() and (not option or broker.llen("gpu"))):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            # until the canary, which is due every fifteen seconds, waits for a worker that paints
            time.sleep(0.1)
        assert bool(broker.llen("gpu")) == bool(option)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    broker.flushdb()


def test_a_worker_that_cannot_read_its_schedule_ends(tmp_path: Path) -> None:
    for ending in ("", ".bak", ".dat", ".db", ".dir"):  # whichever of them the machine's dbm opens
        (tmp_path / f"beat{ending}").mkdir()
    with worker(tmp_path, "--with-beat") as (process, log):
        process.wait(60)
        assert "The beat schedule broke" in log.read_text()


@contextmanager
def worker(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A worker of a queue without jobs, at home in this folder, and its log. It is killed if it is still there then."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "webapp",
        "worker",
        "-P",
        "threads",
        "-c",
        "1",
        "-Q",
        "nothing",
    ]
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--loglevel=INFO", "--without-mingle", "--without-gossip", *options],
            cwd=PROJECT,
            env=os.environ
            | WORKER
            | {"LOG_LEVEL": "INFO", "ATELIER_HOME": str(folder), "REDIS_URL": settings.REDIS_URL}
            | {"DATABASE_URL": settings.DATABASE_URL, "SECRET_KEY": "worker"},
            stdout=file,
            stderr=file,
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_a_worker_whose_schedule_broke_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody would look after jobs any more, and no supervisor would notice."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *arguments: sent.append(arguments))
    step = beat.BeatStep(SimpleNamespace(), with_beat=True)
    step._service = SimpleNamespace(start=lambda: 1 / 0)
    step._run()
    assert sent == [(os.getpid(), signal.SIGTERM)]
