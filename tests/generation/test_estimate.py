"""The wait that a person is told: what was measured, divided among the workers that draw with the checkpoint."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from generation import catalogue, estimate, heartbeat, lifecycle
from generation.heartbeat import Heartbeat
from generation.models import Job
from tests.generation.test_lifecycle import IMAGE, claimed, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published", "no_other_workers")]

SECONDS = 3.0


@pytest.fixture
def no_other_workers() -> Iterator[None]:
    heartbeat._client().flushdb()
    yield
    heartbeat._client().flushdb()


@pytest.fixture
def measured(alice: User) -> None:
    lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], engine_seconds=SECONDS)


def works(name: str, **checkpoints: str) -> None:
    """A worker says in Redis what it can do."""
    states: Any = {known: {"status": status, "reason": ""} for known, status in checkpoints.items()}
    Heartbeat(name, lambda: {"queues": ["gpu"], "checkpoints": states}).beat()


def wait(job: Job) -> int | None:
    return estimate.place_and_wait(job)[1]


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
