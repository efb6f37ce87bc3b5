"""The wait that a person is told: what was measured, divided among the workers that draw with the checkpoint."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from generation import redis_client
from generation.checkpoints import catalogue
from generation.jobs import estimate, heartbeat, lifecycle
from generation.jobs.heartbeat import Heartbeat
from generation.models import Job
from tests.generation.test_lifecycle import IMAGE, claimed, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published", "no_other_workers")]

SECONDS = 3.0


@pytest.fixture
def no_other_workers() -> Iterator[None]:
    redis_client.client().flushdb()
    yield
    redis_client.client().flushdb()


@pytest.fixture
def measured(alice: User) -> None:
    lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], engine_seconds=SECONDS)


def works(name: str, **checkpoints: str) -> None:
    """A worker says in Redis what it can do."""
    states: Any = {known: {"status": status, "reason": ""} for known, status in checkpoints.items()}
    Heartbeat(name, lambda: {"queues": ["gpu"], "checkpoints": states}).beat()


def wait(job: Job) -> int | None:
    return estimate.waits([job])[job.id].seconds


@pytest.mark.usefixtures("measured")
def test_J14_the_queue_is_shared_among_the_workers(alice: User) -> None:
    last = [queued(alice) for _ in range(8)][-1]
    waits = []
    for worker in range(4):
        works(f"here:{worker}", bundled="ready")
        waits.append(wait(last))
    assert waits == [24, 12, 9, 6]


@pytest.mark.usefixtures("measured")
def test_J14_only_workers_of_the_checkpoint_count(alice: User) -> None:
    last = [queued(alice) for _ in range(4)][-1]
    works("here:1", bundled="ready")
    works("here:2", bundled="failed", **{"sd-turbo": "ready"})
    assert wait(last) == 12
    works("here:3", bundled="loading")
    assert wait(last) == 6, "it draws as soon as it has loaded"


@pytest.mark.usefixtures("measured")
def test_J14_what_runs_keeps_its_own_worker_busy_and_no_other(alice: User) -> None:
    works("here:1", bundled="ready")
    works("here:2", bundled="ready")
    lifecycle.heartbeat(claimed(queued(alice), "here:1"), 0, 12)
    assert wait(queued(alice)) == 3


@pytest.mark.usefixtures("measured")
def test_J14_a_worker_that_nobody_hears_counts_by_what_it_does(alice: User) -> None:
    claimed(queued(alice), "silent:1")
    assert wait(queued(alice)) == 6


def test_J14_another_server_is_one_however_many_workers_ask_it(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = catalogue.entries()
    distant: Any = object()
    monkeypatch.setattr(
        catalogue, "entries", lambda: entries | {"bundled": replace(entries["bundled"], remote=distant)}
    )
    lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], engine_seconds=SECONDS)
    for worker in range(4):
        works(f"here:{worker}", bundled="ready")
    last = [queued(alice) for _ in range(4)][-1]
    assert wait(last) == 12


@pytest.mark.usefixtures("measured")
def test_J14_each_of_many_is_told_what_it_would_be_told_alone(alice: User, bob: User) -> None:
    works("here:1", bundled="ready")
    works("here:2", bundled="ready")
    running = claimed(queued(bob), "here:1").job
    jobs = [running, *(queued(user) for user in (alice, alice, bob, alice, bob))]
    Job.objects.filter(id=jobs[3].id).update(checkpoint="sd-turbo")
    jobs = [Job.objects.get(id=job.id) for job in jobs]
    together = estimate.waits(jobs)
    assert together == {job.id: estimate.waits([job])[job.id] for job in jobs}
    assert sorted(wait.place for wait in together.values() if wait.place) == [1, 2, 3, 4, 5]
    assert together[jobs[3].id].seconds is None, "nobody knows how long that takes"


@pytest.mark.usefixtures("measured")
def test_the_queue_is_read_once_however_many_ask(
    alice: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    alive = heartbeat.alive
    monkeypatch.setattr(heartbeat, "alive", lambda: asked.append(1) or alive())
    jobs = [queued(alice) for _ in range(30)]
    for some in (jobs[:1], jobs):
        asked.clear()
        with django_assert_num_queries(3):
            estimate.waits(some)
        assert asked == [1], "and the workers are asked once"
    with django_assert_num_queries(0):
        assert estimate.waits([]) == {}
