"""Jobs for other servers follow the rules of all jobs, and never meet the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from generation import tasks
from generation.jobs import lifecycle, submission
from generation.models import Job, JobStatus, Outcome
from generation.remote.remote_jobs import RemoteJobs
from generation.worker import runner, worker_process
from tests.factories import png
from tests.generation.asking import ask
from tests.generation.remote.standins import StandIn
from tests.generation.test_lifecycle import lose, outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
Studio = Callable[..., StandIn]


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def refuse() -> None:
        raise AssertionError("a remote job asked for the engine")

    settings.ATELIER_FAMILIES = []
    monkeypatch.setattr(worker_process, "engine", refuse)
    monkeypatch.setattr(worker_process, "_remotes", RemoteJobs())
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.01)
    for module in (runner, tasks):
        monkeypatch.setattr(module, "close_old_connections", lambda: None)


def wanted(user: User, kind: str = "txt2img", **params: Any) -> Job:
    raw = {"checkpoint": "studio", "kind": kind, "prompt": "a cat", "seed": 40, **params}
    snapshot = png(96, 48) if kind == "img2img" else None
    return ask(user, raw, snapshot)


def done(job: Job) -> Job:
    Job.objects.filter(id=job.id).update(not_before=None)
    runner.run_next()
    return Job.objects.get(id=job.id)


@pytest.mark.parametrize("protocol", ["comfyui", "automatic1111", "openai"])
@pytest.mark.parametrize("kind", ["txt2img", "img2img"])
def test_J7_a_job_ends_with_its_pictures(studio: Studio, alice: User, protocol: str, kind: str) -> None:
    studio(protocol)
    job = done(wanted(alice, kind, count=2, width_px=128, height_px=64))
    assert job.status == JobStatus.SUCCEEDED, job.error_message
    assert [(image.width_px, image.height_px, image.seed) for image in job.images.all()] == [
        (128, 64, 40),
        (128, 64, 41),
    ]
    assert job.attempts.get().engine_seconds


def test_J24_a_cancel_reaches_the_server(
    studio: Studio, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = studio("automatic1111")
    server.holding = True
    real = lifecycle.heartbeat

    def cancelling(*args: Any) -> Any:
        if server.begun.is_set():
            submission.cancel(Job.objects.get(id=job.id))
        return real(*args)

    monkeypatch.setattr(lifecycle, "heartbeat", cancelling)
    job = wanted(alice)
    job = done(job)
    assert (job.status, job.images.count()) == (JobStatus.CANCELLED, 0)
    assert "/sdapi/v1/interrupt" in server.paths


def test_J6_a_job_that_was_taken_away_is_let_go(
    studio: Studio, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = studio("openai")
    server.holding = True
    real = lifecycle.heartbeat
    job = wanted(alice)

    def losing(*args: Any) -> Any:
        if server.begun.is_set() and Job.objects.get(id=job.id).status == JobStatus.RUNNING:
            lose(job)
            lifecycle.reap()
        return real(*args)

    monkeypatch.setattr(lifecycle, "heartbeat", losing)
    job = done(job)
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.LOST])


def test_J21_what_stays_wrong_fails_at_once(studio: Studio, alice: User) -> None:
    server = studio("openai")
    server.trouble = 401
    job = done(wanted(alice))
    assert (job.status, job.attempt, job.error_code, job.error_retryable) == (
        JobStatus.FAILED,
        1,
        "remote_unauthorised",
        False,
    )


def test_J22_a_busy_server_is_asked_again_later(studio: Studio, alice: User) -> None:
    server = studio("comfyui")
    server.trouble = 503
    job = done(wanted(alice))
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.INTERRUPTED])
    server.trouble = ""
    assert done(job).status == JobStatus.SUCCEEDED


def test_J23_a_worker_that_is_asked_to_stop_hands_it_back(
    studio: Studio, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = studio("automatic1111")
    server.holding = True
    real = lifecycle.heartbeat

    def stopping(*args: Any) -> Any:
        if server.begun.is_set():
            worker_process._remotes.stop()
        return real(*args)

    monkeypatch.setattr(lifecycle, "heartbeat", stopping)
    job = done(wanted(alice))
    assert (job.status, outcomes(job)) == (JobStatus.QUEUED, [Outcome.HANDED_BACK])
