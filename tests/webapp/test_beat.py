"""The beat schedule as a thread of a worker."""

import os
import signal
import subprocess
import sys
import time
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
    log = tmp_path / "log"
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [*command, "--loglevel=INFO", "--without-mingle", "--without-gossip", *option],
            cwd=PROJECT,
            env=os.environ
            | WORKER
            | {"LOG_LEVEL": "INFO", "ATELIER_HOME": str(tmp_path), "REDIS_URL": settings.REDIS_URL}
            | {"DATABASE_URL": settings.DATABASE_URL, "SECRET_KEY": "worker"},
            stdout=file,
            stderr=file,
        )
    try:
        deadline = time.monotonic() + 60
        while not (b" ready." in log.read_bytes() and (not option or broker.llen("gpu"))):
            assert worker.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(
                0.1
            )  # until the canary, which is due every fifteen seconds, waits for a worker that paints
        assert bool(broker.llen("gpu")) == bool(option)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, log.read_text()
        broker.flushdb()


def test_a_worker_whose_schedule_broke_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody would look after jobs any more, and no supervisor would notice."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *arguments: sent.append(arguments))
    step = beat.BeatStep(SimpleNamespace(), with_beat=True)
    step._service = SimpleNamespace(start=lambda: 1 / 0)
    step._run()
    assert sent == [(os.getpid(), signal.SIGTERM)]
