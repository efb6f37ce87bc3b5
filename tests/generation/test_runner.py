"""One job from claim to finish, with a real engine and a real database; only the pipeline is a stand-in."""

import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
from django.db import OperationalError
from django.db.models.functions import Now
from PIL import Image

from accounts.models import User
from generation import tasks
from generation.checkpoints.catalogue import Checkpoint
from generation.engine.engine import Engine
from generation.errors import StorageUnavailable
from generation.images import storage
from generation.jobs import events, lifecycle, submission
from generation.messages import JobProgress
from generation.models import Job, JobStatus, Outcome
from generation.worker import runner, worker_process
from tests.factories import png
from tests.generation.asking import ask
from tests.generation.test_engine import Fake
from tests.generation.test_lifecycle import lose, outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]

OnStep = Callable[[int], None]
Step = dict[str, OnStep]


@pytest.fixture
def at_step() -> Step:
    """What happens at every step of the pipeline; a test may change it."""
    return {"do": lambda step: None}


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is one transaction has one connection, which must stay."""
    for module in (runner, tasks):
        monkeypatch.setattr(module, "close_old_connections", lambda: None)


@pytest.fixture(autouse=True)
def fake_engine(
    engine: Callable[..., Engine], at_step: Step, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    def load(checkpoint: Checkpoint, device: str) -> Any:
        return Fake(checkpoint, lambda step: at_step["do"](step))

    started = engine(load)
    monkeypatch.setattr(worker_process, "_engine", started)
    yield started


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(events, "_send", lambda audience, message: messages.append(message))
    return messages


def asked(user: User, **params: Any) -> Job:
    raw = {"kind": "pix2pix", "prompt": "a cat", "seed": 40, **params}
    return ask(user, raw, png(400, 200))


def done(job: Job) -> Job:
    """Do it as soon as it may be done: nobody waits for a rest to be over."""
    Job.objects.filter(id=job.id).update(not_before=None)
    runner.run_next()
    return Job.objects.get(id=job.id)


def test_a_job_ends_with_pictures_in_the_size_asked_for(alice: User) -> None:
    job = done(asked(alice, count=2))
    assert job.status == JobStatus.SUCCEEDED, job.error_message
    images = list(job.images.all())
    assert [(image.width_px, image.height_px, image.seed) for image in images] == [
        (512, 256, 40),
        (512, 256, 41),
    ]
    with storage.open_key(images[1].key) as file:
        picture: Any = Image.open(io.BytesIO(file.read()))
    assert picture.size == (512, 256)
    recipe = json.loads(picture.text["atelier"])
    assert (recipe["seed"], recipe["count"], recipe["prompt"]) == (41, 1, "a cat")
    assert job.attempts.get().engine_seconds is not None


def test_J9_pictures_come_one_by_one_and_are_told_each_time(
    alice: User, at_step: Step, announced: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third picture does not begin before the first two are written down."""
    delivered = threading.Semaphore(0)
    real = lifecycle.deliver

    def deliver(*args: Any) -> bool:
        there = real(*args)
        delivered.release()
        return there

    begun: list[int] = []

    def on_step(step: int) -> None:
        if step == 0:
            begun.append(step)
        if step == 0 and len(begun) > 1:
            assert delivered.acquire(timeout=30)

    monkeypatch.setattr(lifecycle, "deliver", deliver)
    at_step["do"] = on_step
    job = done(asked(alice, count=3))
    assert job.status == JobStatus.SUCCEEDED, job.error_message
    assert [image.seed for image in job.images.all()] == [40, 41, 42]
    assert [event.what for event in job.events.all()] == [
        "queued", "claimed", "delivered", "delivered", "succeeded",
    ]  # fmt: skip


def test_J9_a_later_attempt_draws_only_what_is_missing(
    alice: User, at_step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(alice, count=3)
    claim = lifecycle.claim(job.id, "gone:1")
    assert claim
    stored = storage.store_image(Image.new("RGB", (8, 8)), {"seed": 41})
    assert lifecycle.deliver(claim, stored, 41)
    lose(job)
    lifecycle.reap()
    begun: list[int] = []
    at_step["do"] = lambda step: begun.append(step) if step == 0 else None
    job = done(job)
    assert job.status == JobStatus.SUCCEEDED, job.error_message
    assert len(begun) == 2
    assert [image.seed for image in job.images.all()] == [40, 41, 42]
    assert job.images.get(seed=41).key == stored.key


def test_J9_an_attempt_that_finds_every_picture_there_only_ends_the_job(alice: User, at_step: Step) -> None:
    job = asked(alice)
    claim = lifecycle.claim(job.id, "gone:1")
    assert claim
    assert lifecycle.deliver(claim, storage.store_image(Image.new("RGB", (8, 8)), {}), 40)
    lose(job)
    lifecycle.reap()
    begun: list[int] = []
    at_step["do"] = begun.append
    job = done(job)
    assert (job.status, job.images.count(), begun) == (JobStatus.SUCCEEDED, 1, [])


def test_J9_a_picture_that_cannot_be_stored_stops_the_others(
    alice: User, at_step: Step, monkeypatch: pytest.MonkeyPatch, fake_engine: Engine
) -> None:
    refused = threading.Event()

    def full(*args: Any) -> None:
        refused.set()
        raise StorageUnavailable

    begun: list[int] = []

    def on_step(step: int) -> None:
        begun.append(step)
        if begun.count(0) > 1:
            assert refused.wait(30)

    monkeypatch.setattr(storage, "store_image", full)
    at_step["do"] = on_step
    job = done(asked(alice, count=4))
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.INTERRUPTED])


def test_J3_a_hint_for_which_nobody_waits_does_nothing(alice: User) -> None:
    assert not runner.run_next()
    job = done(asked(alice))
    again = done(job)
    assert (again.attempt, again.images.count()) == (1, 1)


def test_progress_is_announced_while_the_job_runs(
    alice: User, at_step: Step, announced: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "ANNOUNCE_SECONDS", 0.0)
    told = threading.Event()

    def send(audience: str, message: Any) -> None:
        announced.append(message)
        told.set()

    monkeypatch.setattr(events, "_send", send)

    def on_step(step: int) -> None:
        """Waits until the last step was announced, so that none is overtaken."""
        if step:
            assert told.wait(30)
            told.clear()

    at_step["do"] = on_step
    job = asked(alice)
    told.clear()
    done(job)
    steps = [message.step for message in announced if isinstance(message, JobProgress)]
    assert steps[:2] == [1, 2]


def test_J20_a_worker_whose_card_is_lost_gives_its_job_up_and_ends(
    alice: User, at_step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    # Stubs at the card's door and at the process's own end.
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    monkeypatch.setattr(worker_process, "_stopping", False)
    ended: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(worker_process.os, "kill", lambda *how: ended.append(how))
    at_step["do"] = fail
    first, second = asked(alice), asked(alice)
    job = done(first)
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.LOST])
    assert done(second).attempt == 0, "this worker takes no more jobs"
    assert ended == [(os.getpid(), signal.SIGTERM)]


@pytest.mark.parametrize("error", [ValueError("broken"), RuntimeError("CUDA error")])
def test_J21_a_pipeline_that_fails_fails_the_job_and_not_the_next(
    alice: User, at_step: Step, error: Exception
) -> None:
    def fail(step: int) -> None:
        raise error

    at_step["do"] = fail
    job = done(asked(alice))
    assert (job.status, job.error_code, job.error_retryable) == (JobStatus.FAILED, "pipeline_failed", True)
    at_step["do"] = lambda step: None
    assert done(asked(alice)).status == JobStatus.SUCCEEDED


def test_J24_a_cancel_stops_the_pipeline(alice: User, at_step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.01)
    job = asked(alice)
    steps: list[int] = []
    heard = threading.Event()
    heartbeat = lifecycle.heartbeat

    def hearing(*args: Any) -> lifecycle.LeaseStatus:
        if not Job.objects.get(id=job.id).cancel_requested:
            submission.cancel(job)
        standing = heartbeat(*args)
        heard.set()
        return standing

    def on_step(step: int) -> None:
        steps.append(step)
        heard.wait(30)

    monkeypatch.setattr(lifecycle, "heartbeat", hearing)
    at_step["do"] = on_step
    job = done(job)
    assert job.status == JobStatus.CANCELLED
    assert len(steps) < 3
    assert not job.images.exists()


def test_J6_a_job_taken_away_while_it_runs_drops_its_pictures(alice: User, at_step: Step, media: Any) -> None:
    job = asked(alice)
    runner_has_it = threading.Event()
    at_step["do"] = lambda step: runner_has_it.wait(30) and None

    real = lifecycle.claim_next

    def claim_then_lose(*args: Any) -> Any:
        claim = real(*args)
        lose(job)
        lifecycle.reap()
        runner_has_it.set()
        return claim

    lifecycle.claim_next = claim_then_lose
    try:
        runner.run_next()
    finally:
        lifecycle.claim_next = real
    job.refresh_from_db()
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.LOST])
    assert not job.images.exists()


def test_J22_storage_that_fails_lets_the_job_rest(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = asked(alice)

    def full(*args: Any) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(storage, "store_image", full)
    for attempt, status in enumerate([JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED], start=1):
        job = done(job)
        assert (job.attempt, job.status) == (attempt, status)
    assert job.error_code == "storage_unavailable"


def test_J23_an_engine_that_stops_hands_the_job_back(alice: User, at_step: Step, fake_engine: Engine) -> None:
    stopper = threading.Thread(target=fake_engine.stop)
    at_step["do"] = lambda step: (stopper.start(), stopper.join())[1] if step == 0 else None
    job = done(asked(alice))
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.HANDED_BACK])


def test_a_database_that_blinks_while_the_job_runs_costs_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch, at_step: Step
) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.01)
    failures = iter([OperationalError("server closed the connection")])
    real, blinked = lifecycle.heartbeat, threading.Event()

    def blinking(*args: Any) -> Any:
        for failure in failures:
            blinked.set()
            raise failure
        return real(*args)

    monkeypatch.setattr(lifecycle, "heartbeat", blinking)
    at_step["do"] = lambda step: blinked.wait(30) and None
    assert done(asked(alice)).status == JobStatus.SUCCEEDED


def test_J22_a_snapshot_that_is_gone_lets_the_job_rest(alice: User, media: Any) -> None:
    job = asked(alice)
    (media / job.snapshot).unlink()
    assert done(job).status == JobStatus.QUEUED


def test_J21_a_checkpoint_that_is_not_there_any_more_fails_with_its_name(alice: User) -> None:
    job = asked(alice)
    Job.objects.filter(id=job.id).update(checkpoint="gone")
    job = done(job)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "checkpoint_unknown")
    assert "gone" in job.error_message


def test_J21_params_that_the_catalogue_does_not_allow_any_more_fail(alice: User) -> None:
    job = asked(alice)
    Job.objects.filter(id=job.id).update(params=job.params | {"steps": 99})
    assert done(job).error_code == "params_invalid"


def test_J5_the_lease_is_kept_while_a_long_job_runs(
    alice: User, at_step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.01)
    job = asked(alice)
    beaten = threading.Event()
    real = lifecycle.heartbeat
    leases: list[timedelta] = []

    def beating(*args: Any) -> Any:
        if not leases:
            Job.objects.filter(id=job.id).update(lease_until=Now() + timedelta(seconds=1))
        standing = real(*args)
        lease, now = Job.objects.values_list("lease_until", Now()).get(id=job.id)
        leases.append(lease - now)
        beaten.set()
        return standing

    monkeypatch.setattr(lifecycle, "heartbeat", beating)
    at_step["do"] = lambda step: beaten.wait(30) and None
    assert done(job).status == JobStatus.SUCCEEDED
    assert leases[0] > timedelta(seconds=20)


@pytest.mark.parametrize("times", [1, 3])
def test_J8_a_database_that_blinks_at_the_end_does_not_cost_the_picture(
    alice: User, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(runner, "FINISH_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    failures = iter([OperationalError("server closed the connection")] * times)
    real = lifecycle.succeed

    def blinking(*args: Any) -> Any:
        for failure in failures:
            raise failure
        return real(*args)

    monkeypatch.setattr(lifecycle, "succeed", blinking)
    job = done(asked(alice))
    assert (job.status, job.attempt, job.images.count()) == (JobStatus.SUCCEEDED, 1, 1)


def test_J22_a_database_that_stays_away_at_the_end_lets_the_job_rest(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FINISH_PAUSES_SECONDS", (0.0,))

    def away(*args: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(lifecycle, "succeed", away)
    job = done(asked(alice))
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.INTERRUPTED])
    assert job.attempts.get().error_code == "database_unavailable"


def test_J21_a_mistake_of_ours_at_the_end_fails_at_once(alice: User) -> None:
    def receiver(**_: Any) -> None:
        raise LookupError("no such board")

    events.images_made.connect(receiver)
    try:
        job = done(asked(alice))
    finally:
        events.images_made.disconnect(receiver)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "pipeline_failed")


def test_J22_out_of_memory_rests_and_is_dead_the_third_time(alice: User, at_step: Step) -> None:
    def full(step: int) -> None:
        raise MemoryError

    at_step["do"] = full
    job = asked(alice)
    for status in [JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED]:
        job = done(job)
        assert job.status == status, job.error_message
    assert (job.error_code, job.error_retryable, job.dead_at is not None) == ("out_of_memory", True, True)


def test_J23_a_worker_that_ends_takes_no_more_jobs(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = asked(alice)
    monkeypatch.setattr(worker_process, "_stopping", True)
    assert not runner.run_next()
    assert Job.objects.get(id=job.id).attempt == 0


def test_J2_one_hint_is_enough_for_everybody_who_waits(alice: User, bob: User) -> None:
    jobs = [asked(user) for user in (alice, bob, alice)]
    tasks.generate(str(jobs[0].id))
    assert [Job.objects.get(id=job.id).status for job in jobs] == [JobStatus.SUCCEEDED] * 3
