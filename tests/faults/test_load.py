"""Many workers and a steady stream of requests: nothing is lost, nothing is doubled, and the queue empties.

Web, Postgres, Redis, Celery, storage and boards are real; the checkpoint is a stub at the accelerator's door that takes
its time and paints noise. `make load` runs the long form: 60 workers, 20 requests a second for a minute. The workers are
threads of a few processes, each with a job of its own.
"""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db.models import Min
from django.db.models.functions import Now

from accounts import api_keys
from boards.models import Board
from generation.jobs import heartbeat
from generation.models import Job, JobStatus
from tests.factories import person
from tests.faults.conftest import free_ports
from tests.faults.crowd import Answers, Asker, ask_for_pictures
from tests.faults.test_jobs import assert_one_of_everything, nobody_waits, objects, on_board
from tests.faults.web import served
from tests.faults.workers import Beat, Workers, environment

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = int(os.environ.get("LOAD_WORKERS", "20"))
SECONDS = float(os.environ.get("LOAD_SECONDS", "4"))
RATE = 20.0
THREADS = 10
"""Workers of a process: fewer than its pool has connections."""
PEOPLE = 20
SPARE = 1.5
"""So much more the workers could draw than is asked for: what is left is the platform's own work."""
# Far more than it takes; a busy machine is slow to start workers.
PATIENCE_SECONDS = 180 + 3 * SECONDS

Load = tuple[str, Workers]


@pytest.fixture
def load(media: Path, tmp_path: Path) -> Iterator[Load]:
    """A web process's address, and the workers."""
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()
    unlimited = environment(media) | {"ATELIER_MAX_ACTIVE_JOBS": "100000"}
    beat = Beat()
    beat.start()
    picture_seconds = WORKERS / RATE / SPARE
    workers = Workers(WORKERS // THREADS, media, tmp_path / "workers.log", THREADS, picture_seconds)
    try:
        with served(free_ports(1)[0], unlimited, tmp_path / "web.log") as address:
            until_heard(workers)
            yield address, workers
    finally:
        beat.end()
        workers.stop()


def until_heard(workers: Workers) -> None:
    """Until every process says that it is ready to draw."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(heartbeat.alive()) < WORKERS // THREADS:
        assert time.monotonic() < deadline, f"not started:\n{workers.log.read_text()[-6_000:]}"
        time.sleep(0.1)


def queue_age_seconds() -> float:
    """How long the job that waits longest has waited; 0 if none does."""
    waiting = Job.objects.filter(status=JobStatus.QUEUED)
    found = waiting.aggregate(age=Now() - Min("queued_at"))["age"]
    return found.total_seconds() if found else 0.0


def askers() -> list[Asker]:
    """Everybody with a board of their own."""
    made = []
    for number in range(PEOPLE):
        user = person(f"person-{number}")
        made.append(Asker(api_keys.create(user), str(Board.objects.create(owner=user).pk)))
    return made


def until_ended(workers: Workers, asking: "Future[Answers]") -> list[float]:
    """The queue's age twice a second, until everybody has asked and nobody waits."""
    ages, deadline = [], time.monotonic() + PATIENCE_SECONDS
    while not (asking.done() and nobody_waits()):
        left = Counter(Job.objects.values_list("status", flat=True))
        assert time.monotonic() < deadline, f"not ended: {left}\n{workers.log.read_text()[-6_000:]}"
        ages.append(queue_age_seconds())
        time.sleep(0.5)
    return ages


def test_J1_a_steady_stream_is_drawn_once_and_the_queue_empties(
    load: Load, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address, workers = load
    people, requests = askers(), round(RATE * SECONDS)
    with ThreadPoolExecutor(1) as aside:
        began = time.monotonic()
        asking = aside.submit(lambda: asyncio.run(ask_for_pictures(address, people, RATE, requests)))
        ages = until_ended(workers, asking)
    answers = asking.result()
    with capsys.disabled():
        print(f"\n{report(answers, ages, time.monotonic() - began)}")
    assert not answers.refusals, "\n".join(answers.refusals[:10])
    assert [len(answers.jobs[number]) for number in range(requests)] == [1] * requests, "a request is a job"
    rows = list(Job.objects.prefetch_related("attempts", "images", "events"))
    assert {str(job.id) for job in rows} == {job for jobs in answers.jobs.values() for job in jobs}
    assert len(rows) == requests
    pictures = sum((on_board(board) for board in Board.objects.all()), Counter[str]())
    for job in rows:
        assert_one_of_everything(job, pictures)
    assert objects(media) == sorted(pictures)
    assert queue_age_seconds() == 0 and workers.deaths == 0


def report(answers: Answers, ages: list[float], seconds: float) -> str:
    waits = [
        (job.claimed_at - job.created_at).total_seconds() for job in Job.objects.exclude(claimed_at=None)
    ]  # type: ignore[operator]
    return (
        f"{len(answers.jobs)} requests in {SECONDS:g} s, {WORKERS} workers, all done after {seconds:.0f} s: "
        f"{answers.excused} excused and sent again, "
        f"answered in {_middle_and_p95(answers.seconds)} ms, claimed after {_middle_and_p95(waits)} ms, "
        f"queue age at most {max(ages, default=0):.1f} s"
    )


def _middle_and_p95(seconds: list[float]) -> str:
    ordered = sorted(seconds) or [0.0]
    return f"{statistics.median(ordered) * 1000:.0f} (p95 {ordered[round(0.95 * (len(ordered) - 1))] * 1000:.0f})"
