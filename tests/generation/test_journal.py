"""The log of jobs: one line for each change, in the same transaction, and never changed."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from generation.errors import OutOfMemory, StorageUnavailable
from generation.jobs import lifecycle
from generation.models import Job, JobEvent
from tests.generation.test_lifecycle import IMAGE, claimed, lose, queued, replayed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def log(job: Job) -> list[tuple[int, str]]:
    return list(job.events.values_list("attempt", "what"))


def test_J27_every_change_of_a_job_is_a_line(alice: User) -> None:
    job = queued(alice)
    lifecycle.hand_back(claimed(job))
    lifecycle.interrupt(claimed(job), StorageUnavailable())
    claimed(job)
    lose(job)
    lifecycle.reap()
    lifecycle.fail(claimed(job), OutOfMemory())
    lifecycle.requeue(job.id)
    claim = claimed(job)
    lifecycle.cancel(job.id)
    lifecycle.cancelled(claim)
    lifecycle.requeue(job.id)
    lifecycle.succeed(claimed(job), [(IMAGE, 7)], 1.5)
    assert log(job) == [
        (0, "queued"),
        (1, "claimed"),
        (1, "handed back"),
        (2, "claimed"),
        (2, "backed off"),
        (3, "claimed"),
        (3, "lost"),
        (4, "claimed"),
        (4, "failed"),
        (4, "requeued"),
        (5, "claimed"),
        (5, "cancel requested"),
        (5, "cancelled"),
        (5, "requeued"),
        (6, "claimed"),
        (6, "succeeded"),
    ]
    job.refresh_from_db()
    assert replayed(job) == (job.status, 6, 1)
    times = list(job.events.values_list("at", flat=True))
    assert times == sorted(times)
    assert job.events.last().details == {"pictures": 1, "engine_seconds": 1.5}  # type: ignore[union-attr]


def test_J27_a_change_that_is_rolled_back_leaves_no_line(alice: User) -> None:
    job = queued(alice)
    with pytest.raises(LookupError), transaction.atomic():
        claimed(job)
        raise LookupError
    assert log(job) == [(0, "queued")]


def test_J27_the_database_refuses_to_change_a_line(alice: User) -> None:
    job = queued(alice)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        JobEvent.objects.filter(job=job).update(what="succeeded")
    assert log(job) == [(0, "queued")]


def test_J27_the_log_answers_in_sql(alice: User) -> None:
    lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], 2.0)
    queued(alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT what, count(*), sum((details->>'engine_seconds')::float) FROM generation_jobevent"
            " GROUP BY what ORDER BY what"
        )
        assert cursor.fetchall() == [("claimed", 1, None), ("queued", 2, None), ("succeeded", 1, 2.0)]


def test_J40_a_charge_is_given_back_once(alice: User) -> None:
    job = queued(alice)
    claim = claimed(job)
    lifecycle.cancel(job.id)
    lifecycle.cancelled(claim)
    lifecycle.cancel(job.id)
    assert [event.details.get("refunded") for event in job.events.filter(what="cancelled")] == [1]
    job.refresh_from_db()
    assert replayed(job) == ("cancelled", 1, 0)
