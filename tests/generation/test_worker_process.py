"""A real worker process with the real bundled checkpoint, from the broker's message to the stored picture."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from generation.jobs import heartbeat, lifecycle, submission
from generation.models import Job, JobStatus, Outcome
from tests.factories import png
from tests.generation.asking import ask
from tests.generation.test_lifecycle import outcomes

pytestmark = pytest.mark.django_db(transaction=True)

PROJECT = Path(__file__).resolve().parents[2]
# The first job waits for torch to be imported, which takes long on a busy machine.
WAIT_SECONDS = 180
SHORT = {"kind": "pix2pix", "prompt": "a cat", "steps": 4}
LONG = {"kind": "pix2pix", "prompt": "a cat", "steps": 50, "count": 4}

Worker = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(media: Path, tmp_path: Path) -> Iterator[Worker]:
    """Starts workers on this test's database, Redis and files; ends them after the test."""
    redis.Redis.from_url(django_settings.REDIS_URL).flushdb()
    server = connection.settings_dict
    database = f"postgres://{server['USER']}@/{server['NAME']}?host={server['HOST']}"
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "worker.log").open("ab")

    def start() -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "webapp",
            "worker",
            "-Q",
            "gpu",
            "-P",
            "threads",
            "-c",
            "2",
        ]
        process = subprocess.Popen(
            [*command, "--without-mingle", "--without-gossip"],
            cwd=PROJECT,
            env=os.environ
            | {
                "DATABASE_URL": database,
                "REDIS_URL": django_settings.REDIS_URL,
                "SECRET_KEY": "worker",
                "STORAGE_URL": f"file:{media}",
                "DEVICE": "cpu",
                "LOG_LEVEL": "INFO",
            },
            stdout=log,
            stderr=log,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(30)
    log.close()
    print((tmp_path / "worker.log").read_text()[-6000:])


def until(true: Callable[[], Any]) -> Any:
    """Ask again and again; events of another process can only be seen by looking."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def asked(user: User, params: dict[str, Any]) -> Job:
    return ask(user, params, png(400, 200))


def status(job: Job) -> str:
    return Job.objects.get(id=job.id).status


def test_a_job_goes_through_a_real_worker(start_worker: Worker, alice: User, media: Path) -> None:
    start_worker()
    job = asked(alice, SHORT)
    until(lambda: status(job) not in {JobStatus.QUEUED, JobStatus.RUNNING})
    job.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED, job.error_message
    image = job.images.get()
    assert (image.width_px, image.height_px) == (512, 256)
    assert (media / image.key).stat().st_size == image.size_bytes
    [beat] = until(heartbeat.alive)
    assert {"gpu", "gpu.bundled"} <= set(beat["queues"])
    ready = until(lambda: [b for b in heartbeat.alive() if b["checkpoints"]["bundled"]["status"] == "ready"])
    assert ready[0]["device"] == "cpu"


def test_J24_a_running_job_is_cancelled_from_another_process(start_worker: Worker, alice: User) -> None:
    start_worker()
    job = asked(alice, LONG)
    until(lambda: Job.objects.filter(id=job.id, step__gt=0).exists())
    submission.cancel(job)
    until(lambda: status(job) == JobStatus.CANCELLED)
    assert outcomes(job) == [Outcome.CANCELLED]
    again = asked(alice, SHORT)
    until(lambda: status(again) == JobStatus.SUCCEEDED)


def test_J23_a_worker_told_to_stop_hands_its_job_back_at_once(start_worker: Worker, alice: User) -> None:
    worker = start_worker()
    job = asked(alice, LONG)
    until(lambda: Job.objects.filter(id=job.id, step__gt=0).exists())
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    assert status(job) == JobStatus.QUEUED
    assert outcomes(job) == [Outcome.HANDED_BACK]
    assert heartbeat.alive() == [], "it said goodbye"
    assert Job.objects.get(id=job.id).published_at, "the next worker need not wait for the reaper"
    Job.objects.filter(id=job.id).update(params=job.params | {"steps": 4, "count": 1})
    start_worker()
    until(lambda: status(job) == JobStatus.SUCCEEDED)


def test_J20_the_job_of_a_killed_worker_is_done_by_the_next_one(start_worker: Worker, alice: User) -> None:
    first = start_worker()
    job = asked(alice, LONG)
    until(lambda: Job.objects.filter(id=job.id, step__gt=0).exists())
    first.kill()
    first.wait(30)
    assert status(job) == JobStatus.RUNNING
    # What half a minute does; the reaper is beat's, which does not run here.
    Job.objects.filter(id=job.id).update(lease_until=Now() - timedelta(seconds=1))
    Job.objects.filter(id=job.id).update(params=job.params | {"steps": 4, "count": 1})
    lifecycle.reap()
    start_worker()
    until(lambda: status(job) == JobStatus.SUCCEEDED)
    assert outcomes(job) == [Outcome.LOST, Outcome.SUCCEEDED]
    assert job.images.count() == 1
