"""Celery's doors, with a real Redis as the broker: hints may be lost and doubled."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from generation import tasks
from generation.errors import StorageUnavailable
from generation.jobs import lifecycle
from generation.models import Job, JobStatus
from generation.worker import worker_process
from tests.generation.test_lifecycle import claimed, lose, queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(settings: Any) -> "redis.Redis":
    """Redis, empty at first; its list `gpu.bundled` holds the hints that wait."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    return client


def hints(broker: "redis.Redis") -> int:
    return int(broker.llen("gpu.bundled"))  # type: ignore[arg-type]


def test_J15_jobs_that_no_hint_speaks_for_get_one_each(alice: User, broker: "redis.Redis") -> None:
    jobs = [queued(alice) for _ in range(3)]
    tasks.remind()
    assert hints(broker) == 3
    assert all(Job.objects.get(id=job.id).published_at for job in jobs)


def test_J15_a_flushed_redis_is_healed_by_the_next_round(alice: User, broker: "redis.Redis") -> None:
    queued(alice)
    tasks.remind()
    broker.flushall()
    tasks.remind()
    assert hints(broker) == 1


def test_J15_hints_do_not_pile_up(alice: User, broker: "redis.Redis") -> None:
    for _ in range(40):
        queued(alice)
    for _ in range(5):
        tasks.remind()
    assert hints(broker) == tasks.HINTS_MAX


def test_J15_without_anybody_who_waits_nothing_is_sent(alice: User, broker: "redis.Redis") -> None:
    claimed(queued(alice))
    lifecycle.interrupt(claimed(queued(alice)), StorageUnavailable())
    tasks.remind()
    assert hints(broker) == 0, "one runs, the other rests"
    Job.objects.update(not_before=Now() - timedelta(seconds=1))
    tasks.remind()
    assert hints(broker) == 1, "its rest is over"


def test_J15_the_reaper_reminds_of_what_it_took_away(alice: User, broker: "redis.Redis") -> None:
    job = queued(alice)
    claimed(job)
    lose(job)
    tasks.reap()
    assert Job.objects.get(id=job.id).status == JobStatus.QUEUED
    assert hints(broker) == 1


def test_J2_a_broker_that_is_away_costs_no_job(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise OperationalError("nobody answers")

    job = queued(alice)
    monkeypatch.setattr(tasks.generate, "apply_async", refuse)
    tasks.publish(job.id)
    job.refresh_from_db()
    assert (job.status, job.published_at) == (JobStatus.QUEUED, None)


def test_J16_what_comes_out_of_the_queue_is_told_with_the_next_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_engine", None)
    monkeypatch.setattr(worker_process, "_consumed_at", None)
    assert worker_process.report(["gpu"])["consumed_at"] is None
    for task in (tasks.canary, lambda: tasks.generate("nobody")):
        before = timezone.now()
        task()
        assert datetime.fromisoformat(worker_process.report(["gpu"])["consumed_at"]) >= before


def test_J17_a_hint_goes_to_its_checkpoints_family(alice: User, broker: "redis.Redis") -> None:
    queued(alice)
    for checkpoint in ("stable-diffusion-1.5", "gone"):
        job = queued(alice)
        Job.objects.filter(id=job.id).update(checkpoint=checkpoint)
    tasks.remind()
    tasks.remind()
    assert [broker.llen(queue) for queue in ("gpu.bundled", "gpu.sd15", "gpu")] == [1, 1, 1]
