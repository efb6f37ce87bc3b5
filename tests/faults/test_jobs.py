"""Workers killed and Redis flushed while people wait for pictures: every job ends exactly once.

The checkpoint is a stub at the accelerator's door (stub_worker.py); Postgres, Redis, Celery, storage and the board are
real. FAULTS_JOBS and FAULTS_POISON make it longer; `make soak` does.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings

from accounts.models import User
from boards.jobs import board_jobs
from boards.jobs.board_jobs import Destination
from boards.models import Board, Element
from boards.wire.client_messages import Region
from generation.jobs import lifecycle
from generation.jobs.submission import Request
from generation.models import ACTIVE, GeneratedImage, Job, JobStatus, Outcome
from tests.faults.workers import Beat, Nemesis, Workers
from tests.generation.test_lifecycle import replayed

pytestmark = pytest.mark.django_db(transaction=True)

JOBS = int(os.environ.get("FAULTS_JOBS", "80"))
POISON = int(os.environ.get("FAULTS_POISON", "3"))
GOOD_PER_POISON = 10
WORKERS = 3
KILL_SECONDS = 4.0
FLUSH_SECONDS = 9.0
# So many are asked for at a time, the next ones after another kill: however fast the machine is, workers die meanwhile.
BATCH = 10
# Far more than it takes; a busy machine is slow to start workers.
PATIENCE_SECONDS = 120 + 3 * JOBS

Start = Callable[[], Workers]


@pytest.fixture
def start(media: Path, tmp_path: Path, settings: Any) -> Iterator[Start]:
    """Workers and the reaper, on this test's database, Redis and files."""
    settings.ATELIER_MAX_ACTIVE_JOBS = 100_000
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()
    beat, started = Beat(), []

    def start() -> Workers:
        beat.start()
        started.append(Workers(WORKERS, media, tmp_path / "workers.log"))
        return started[0]

    yield start
    if started:
        beat.end()
        started[0].stop()
        print(started[0].log.read_text(errors="replace")[-4_000:])


def count_of(number: int) -> int:
    return 1 if number % 3 else 3


def ask(board: Board, user: User, number: int, prompt: str = "a cat") -> Job:
    """Every third job is for three pictures; no two jobs share a seed."""
    params = {"kind": "txt2img", "prompt": prompt, "seed": 10 * number, "count": count_of(number)}
    params |= {"width_px": 512, "height_px": 512}
    to = Destination(Region(600.0 * number, 0.0, 512.0, 512.0))
    return board_jobs.ask(board, user, Request(params, idempotency_key=f"job {number}"), to)


def until_ended(workers: Workers, strike: Callable[[], None], done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        left = Counter(Job.objects.values_list("status", flat=True))
        assert time.monotonic() < deadline, f"not ended: {left}\n{workers.log.read_text()[-6_000:]}"
        strike()
        workers.look()
        time.sleep(0.2)


def nobody_waits() -> bool:
    return not Job.objects.filter(status__in=ACTIVE).exists()


def objects(media: Path) -> list[str]:
    return sorted(path.stem for path in (media / "images").rglob("*") if path.is_file())


def on_board(board: Board) -> "Counter[str]":
    """How many elements show a picture."""
    bodies = Element.objects.filter(board=board, is_deleted=False).values_list("body", flat=True)
    return Counter(json.loads(body)["fileId"] for body in bodies)


def assert_one_of_everything(job: Job, pictures: "Counter[str]") -> None:
    """One row that ended once; for each picture one object, one element on the board, one charge."""
    ended = [event.what for event in job.events.all() if event.what == "succeeded"]
    count = job.params["count"]
    assert (job.status, ended) == (JobStatus.SUCCEEDED, ["succeeded"]), f"{job} {job.error_code}"
    assert [pictures[image.sha256] for image in job.images.all()] == [1] * count, str(job)
    assert replayed(job) == (job.status, job.attempt, count) and job.charged_pictures == count, str(job)
    outcomes = [attempt.outcome for attempt in job.attempts.all()]
    assert len(outcomes) == job.attempt and outcomes.count(Outcome.SUCCEEDED) == 1, str(job)
    assert Outcome.RUNNING not in outcomes, str(job)


def test_J1_jobs_end_exactly_once_while_workers_die_and_redis_forgets(
    start: Start, board: Board, alice: User, bob: User, media: Path
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or random.randrange(2**32))
    print(f"seed {seed}")
    asked: list[Job] = []
    began = time.monotonic()
    workers = start()
    nemesis = Nemesis(workers, seed, KILL_SECONDS, FLUSH_SECONDS)
    given_up: list[Any] = []

    def ask_more() -> None:
        numbers = range(len(asked), min(len(asked) + BATCH, JOBS))
        if len(asked) <= workers.kills * BATCH:
            asked.extend(ask(board, (alice, bob)[number % 2], number) for number in numbers)

    def done() -> bool:
        """Who met three kills is dead by rule, though innocent: somebody gives it another chance in admin."""
        ask_more()
        dead = list(Job.objects.filter(dead_at__isnull=False).values_list("id", flat=True))
        given_up.extend(dead)
        assert all(lifecycle.requeue(job_id) for job_id in dead)
        return len(asked) == JOBS and nobody_waits()

    until_ended(workers, nemesis.strike, done)
    seconds = time.monotonic() - began
    rows = list(Job.objects.prefetch_related("attempts", "images", "events"))
    lost = sum(attempt.outcome == Outcome.LOST for job in rows for attempt in job.attempts.all())
    print(
        f"{len(rows)} jobs ended in {seconds:.0f} s: {workers.kills} workers killed, {nemesis.flushes} flushes, "
        f"{lost} attempts lost, {len(given_up)} dead and given another chance, "
        f"{len(objects(media))} objects, {GeneratedImage.objects.count()} pictures"
    )
    assert {job.id for job in rows} == {job.id for job in asked}
    pictures = on_board(board)
    for job in rows:
        assert_one_of_everything(job, pictures)
    assert objects(media) == sorted(pictures)
    assert len(pictures) == sum(job.params["count"] for job in rows)
    assert workers.kills >= JOBS // BATCH - 1 and nemesis.flushes >= 1, "nothing happened"


def test_J25_poison_is_dead_after_three_attempts_and_the_others_are_done(
    start: Start, board: Board, alice: User, bob: User, media: Path
) -> None:
    good = POISON * GOOD_PER_POISON
    poison = [ask(board, alice, number, "poison") for number in range(POISON)]
    asked = [ask(board, (alice, bob)[number % 2], 1_000 + number) for number in range(good)]
    began = time.monotonic()
    workers = start()
    until_ended(workers, lambda: None, nobody_waits)
    print(
        f"{POISON} poison and {good} good jobs ended in {time.monotonic() - began:.0f} s; {workers.deaths} workers died"
    )
    for job in Job.objects.filter(id__in=[job.id for job in poison]):
        assert (job.status, job.error_code, job.error_retryable) == (JobStatus.FAILED, "worker_lost", True)
        assert job.dead_at and job.charged_pictures == 0
        assert [attempt.outcome for attempt in job.attempts.all()] == [Outcome.LOST] * lifecycle.ATTEMPTS_MAX
        assert replayed(job) == (job.status, lifecycle.ATTEMPTS_MAX, 0)
    pictures = on_board(board)
    for job in Job.objects.filter(id__in=[job.id for job in asked]):
        assert_one_of_everything(job, pictures)
    assert len(objects(media)) == sum(job.params["count"] for job in asked)
