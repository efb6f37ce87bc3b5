"""Who may do what with a job, when: the rules of claim, lease, fence and reaping, on a real Postgres."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from generation.errors import OutOfMemory, StorageUnavailable
from generation.images.storage import StoredImage
from generation.jobs import lifecycle
from generation.jobs.events import images_made
from generation.jobs.lifecycle import Claim, LeaseStatus
from generation.models import GeneratedImage, Happening, Job, JobStatus, Outcome

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]

IMAGE = StoredImage("images/aa/aa.png", "aa", "image/png", 512, 384, 1234)


def queued(user: User | None = None, **fields: Any) -> Job:
    return lifecycle.create(
        created_by=user, kind="pix2pix", checkpoint="bundled", params={"prompt": "a cat"}, steps=12, **fields
    )


def claimed(job: Job, worker: str = "here:1") -> Claim:
    claim = lifecycle.claim(job.id, worker)
    assert claim
    return claim


def lose(job: Job) -> None:
    """Let the lease run out."""
    Job.objects.filter(id=job.id).update(lease_until=Now() - timedelta(seconds=1))


def fresh(job: Job) -> Job:
    return Job.objects.get(id=job.id)


def outcomes(job: Job) -> list[str]:
    return [attempt.outcome for attempt in job.attempts.order_by("number")]


def replayed(job: Job) -> tuple[str, int, int]:
    """Status, attempt and charge as the log of the job alone tells them."""
    after = {
        Happening.CLAIMED: JobStatus.RUNNING,
        Happening.CANCEL_REQUESTED: JobStatus.RUNNING,
        Happening.DELIVERED: JobStatus.RUNNING,
        Happening.CANCELLED: JobStatus.CANCELLED,
        Happening.SUCCEEDED: JobStatus.SUCCEEDED,
        Happening.FAILED: JobStatus.FAILED,
        Happening.DEAD: JobStatus.FAILED,
    }
    events = list(job.events.all())
    charge = sum(event.details.get("charged", 0) - event.details.get("refunded", 0) for event in events)
    status = after.get(Happening(events[-1].what), JobStatus.QUEUED)
    return status, max(event.attempt for event in events), charge


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Do it in so many threads, each with a connection of its own, as close to each other as they come."""
    gate, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        gate.wait(30)
        try:
            results[number] = act(number)
        except Exception as error:  # shown by the test that looks at the results
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_J4_a_claim_takes_the_job_and_a_lease_by_the_databases_clock() -> None:
    job = queued()
    claim = claimed(job)
    assert (claim.job.status, claim.attempt, claim.job.worker) == (JobStatus.RUNNING, 1, "here:1")
    left = Job.objects.values_list("lease_until", Now()).get(id=job.id)
    assert left[0] - left[1] > lifecycle.LEASE - timedelta(seconds=5)
    assert outcomes(job) == [Outcome.RUNNING]


def test_J4_a_job_is_claimed_once() -> None:
    job = queued()
    claimed(job)
    assert lifecycle.claim(job.id, "there:2") is None
    assert fresh(job).attempt == 1


@pytest.mark.django_db(transaction=True)
def test_J4_of_many_that_claim_at_once_one_gets_the_job() -> None:
    job = queued()
    claims = at_once(8, lambda number: lifecycle.claim(job.id, f"worker:{number}"))
    assert len([claim for claim in claims if isinstance(claim, Claim)]) == 1
    assert claims.count(None) == 7
    assert fresh(job).attempt == 1


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_J4_a_finished_job_is_not_claimed(status: JobStatus) -> None:
    job = queued()
    Job.objects.filter(id=job.id).update(status=status)
    assert lifecycle.claim(job.id, "here:1") is None


def test_J5_a_heartbeat_prolongs_the_lease_and_notes_the_step() -> None:
    claim = claimed(queued())
    Job.objects.filter(id=claim.job.id).update(lease_until=Now() + timedelta(seconds=1))
    assert lifecycle.heartbeat(claim, 3, 12) is LeaseStatus.HELD
    job = fresh(claim.job)
    assert (job.step, job.steps) == (3, 12)
    lease, now = Job.objects.values_list("lease_until", Now()).get(id=job.id)
    assert lease - now > timedelta(seconds=20)


def test_J7_success_writes_pictures_and_status_together() -> None:
    claim = claimed(queued())
    images = lifecycle.succeed(claim, [(IMAGE, 7), (IMAGE, 8)], engine_seconds=1.5)
    job = fresh(claim.job)
    assert job.status == JobStatus.SUCCEEDED and job.finished_at and job.lease_until is None
    assert job.step == job.steps == 12
    assert images == list(job.images.all())
    assert [(image.seed, image.key) for image in job.images.all()] == [(7, IMAGE.key), (8, IMAGE.key)]
    assert outcomes(job) == [Outcome.SUCCEEDED]
    assert job.attempts.get().engine_seconds == 1.5


def test_J7_the_signal_is_sent_inside_the_transaction_with_the_pictures() -> None:
    heard: list[tuple[str, int, bool]] = []

    def receiver(job: Job, images: list[GeneratedImage], **_: Any) -> None:
        heard.append((job.status, len(images), connection.in_atomic_block))

    images_made.connect(receiver)
    try:
        lifecycle.succeed(claimed(queued()), [(IMAGE, 7)])
    finally:
        images_made.disconnect(receiver)
    assert heard == [(JobStatus.SUCCEEDED, 1, True)]


def test_J7_a_receiver_that_fails_undoes_the_success() -> None:
    def receiver(**_: Any) -> None:
        raise LookupError("no such board")

    claim = claimed(queued())
    images_made.connect(receiver)
    try:
        with pytest.raises(LookupError), transaction.atomic():
            lifecycle.succeed(claim, [(IMAGE, 7)])
    finally:
        images_made.disconnect(receiver)
    assert fresh(claim.job).status == JobStatus.RUNNING
    assert not GeneratedImage.objects.exists()


def test_J9_a_picture_is_written_down_while_others_are_drawn() -> None:
    heard: list[tuple[str, list[int], bool]] = []

    def receiver(job: Job, images: list[GeneratedImage], **_: Any) -> None:
        heard.append((job.status, [image.seed for image in images], connection.in_atomic_block))

    claim = claimed(queued(), "here:1")
    images_made.connect(receiver)
    try:
        assert lifecycle.deliver(claim, IMAGE, 8)
        assert (fresh(claim.job).status, claim.job.images.count()) == (JobStatus.RUNNING, 1)
        assert lifecycle.succeed(claim, [(IMAGE, 7)])
    finally:
        images_made.disconnect(receiver)
    assert heard == [(JobStatus.RUNNING, [8], True), (JobStatus.SUCCEEDED, [7], True)]
    assert [image.seed for image in claim.job.images.all()] == [7, 8]
    assert claim.job.events.last().details["pictures"] == 2  # type: ignore[union-attr]


def test_J9_there_is_one_picture_of_a_seed_however_often_it_is_delivered() -> None:
    job = queued()
    first = claimed(job)
    assert lifecycle.deliver(first, IMAGE, 7)
    lose(job)
    lifecycle.reap()
    second = claimed(job, "there:2")
    assert not lifecycle.deliver(first, IMAGE, 8), "the fence"
    assert lifecycle.deliver(second, IMAGE, 7)
    assert lifecycle.succeed(second, [(IMAGE, 7), (IMAGE, 8)])
    assert [image.seed for image in job.images.all()] == [7, 8]
    assert job.events.filter(what=Happening.DELIVERED).count() == 1


def test_J9_nothing_is_delivered_after_a_cancel_and_what_came_before_stays_and_is_paid(alice: User) -> None:
    job = lifecycle.create(
        created_by=alice, kind="pix2pix", checkpoint="bundled", params={"prompt": "a cat", "count": 3}
    )
    claim = claimed(job)
    assert lifecycle.deliver(claim, IMAGE, 7)
    lifecycle.cancel(job.id)
    assert not lifecycle.deliver(claim, IMAGE, 8)
    assert lifecycle.cancelled(claim)
    job = fresh(job)
    assert [image.seed for image in job.images.all()] == [7]
    assert job.charged_pictures == 1 and replayed(job) == (JobStatus.CANCELLED, 1, 1)
    lifecycle.requeue(job.id)
    lifecycle.succeed(claimed(job), [(IMAGE, 8), (IMAGE, 9)])
    job = fresh(job)
    assert (job.images.count(), job.charged_pictures) == (3, 3)
    assert replayed(job) == (JobStatus.SUCCEEDED, 2, 3)


@pytest.mark.parametrize(
    "finish",
    [
        lambda claim: lifecycle.deliver(claim, IMAGE, 7),
        lambda claim: lifecycle.succeed(claim, [(IMAGE, 7)]),
        lambda claim: lifecycle.fail(claim, OutOfMemory()),
        lambda claim: lifecycle.interrupt(claim, StorageUnavailable()),
        lambda claim: lifecycle.hand_back(claim),
        lambda claim: lifecycle.cancelled(claim),
    ],
)
@pytest.mark.parametrize("taken_by_another", [True, False])
def test_J6_whoever_lost_the_lease_changes_nothing_any_more(finish: Any, taken_by_another: bool) -> None:
    zombie = claimed(queued(), "zombie:1")
    lose(zombie.job)
    lifecycle.reap()
    if taken_by_another:
        claimed(zombie.job, "there:2")
    before = Job.objects.values().get(id=zombie.job.id)
    assert lifecycle.heartbeat(zombie, 9, 12) is LeaseStatus.LOST
    assert not finish(zombie)
    assert Job.objects.values().get(id=zombie.job.id) == before
    assert not GeneratedImage.objects.exists()


def test_J6_a_late_result_is_taken_while_nobody_else_has_the_job() -> None:
    """The lease has run out but the reaper has not come by: the work is not wasted."""
    claim = claimed(queued())
    lose(claim.job)
    assert lifecycle.succeed(claim, [(IMAGE, 7)])
    assert lifecycle.reap() == []
    assert fresh(claim.job).status == JobStatus.SUCCEEDED


def test_J21_failure_keeps_code_text_and_whether_to_try_again() -> None:
    claim = claimed(queued())
    assert lifecycle.fail(claim, OutOfMemory())
    job = fresh(claim.job)
    assert (job.status, job.error_code, job.error_retryable) == (JobStatus.FAILED, "out_of_memory", True)
    assert "memory" in job.error_message
    assert job.attempts.get().error_code == "out_of_memory"


def test_J20_an_expired_lease_puts_the_job_back_and_publishes_it(
    published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    claim = claimed(queued())
    lose(claim.job)
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.reap()
    job = fresh(claim.job)
    assert (job.status, job.worker, job.lease_until) == (JobStatus.QUEUED, "", None)
    assert outcomes(job) == [Outcome.LOST]
    assert published == [str(job.id)]


def test_J20_a_lease_that_still_runs_is_left_alone() -> None:
    claim = claimed(queued())
    assert lifecycle.reap() == []
    assert fresh(claim.job).status == JobStatus.RUNNING


def test_J25_a_job_that_kills_its_workers_is_dead_after_three_attempts() -> None:
    job = queued()
    for attempt in (1, 2, 3):
        assert claimed(job).attempt == attempt
        lose(job)
        lifecycle.reap()
    job = fresh(job)
    assert (job.status, job.error_code, job.error_retryable) == (JobStatus.FAILED, "worker_lost", True)
    assert job.dead_at
    assert outcomes(job) == [Outcome.LOST] * 3
    assert lifecycle.claim(job.id, "here:1") is None


def test_J22_a_passing_fault_is_tried_again_later_and_not_for_ever() -> None:
    job = queued()
    for _ in range(2):
        assert lifecycle.interrupt(claimed(job), StorageUnavailable())
        assert (fresh(job).status, fresh(job).published_at) == (JobStatus.QUEUED, None)
        assert lifecycle.claim_next("here:1") is None, "it rests"
    assert lifecycle.interrupt(claimed(job), StorageUnavailable())
    job = fresh(job)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "storage_unavailable") and job.dead_at
    assert outcomes(job) == [Outcome.INTERRUPTED] * 3


def test_J23_handing_back_is_nobodys_fault() -> None:
    job = queued()
    for _ in range(5):
        assert lifecycle.hand_back(claimed(job))
    job = fresh(job)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 5)
    assert outcomes(job) == [Outcome.HANDED_BACK] * 5


def test_J23_what_was_handed_back_is_published_once_the_worker_listens_no_more(
    published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    from celery.signals import worker_shutdown

    from generation.worker import worker_process

    job, lost, done = queued(), queued(), queued()
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.hand_back(claimed(job, worker_process.name()))
        lifecycle.hand_back(claimed(done, worker_process.name()))
        lifecycle.succeed(claimed(done), [(IMAGE, 7)])
        lifecycle.hand_back(claimed(lost, "there:2"))
    published.clear()
    worker_shutdown.send(sender=None)
    assert published == [str(job.id)]
    worker_shutdown.send(sender=None)
    assert published == [str(job.id)]


def test_J24_a_waiting_job_is_cancelled_at_once() -> None:
    job = lifecycle.cancel(queued().id)
    assert (job.status, job.cancel_requested) == (JobStatus.CANCELLED, True) and job.finished_at
    assert lifecycle.claim(job.id, "here:1") is None


def test_J24_a_running_job_hears_of_its_cancel_with_the_next_heartbeat() -> None:
    claim = claimed(queued())
    assert lifecycle.cancel(claim.job.id).status == JobStatus.RUNNING
    assert lifecycle.heartbeat(claim) is LeaseStatus.CANCEL_REQUESTED
    assert lifecycle.cancelled(claim)
    job = fresh(claim.job)
    assert (job.status, outcomes(job)) == (JobStatus.CANCELLED, [Outcome.CANCELLED])


def test_J24_a_cancel_that_comes_before_the_result_wins() -> None:
    claim = claimed(queued())
    lifecycle.cancel(claim.job.id)
    assert lifecycle.succeed(claim, [(IMAGE, 7)]) is None
    assert fresh(claim.job).status == JobStatus.CANCELLED
    assert not GeneratedImage.objects.exists()


def test_J24_a_cancel_that_comes_after_the_result_changes_nothing() -> None:
    claim = claimed(queued())
    lifecycle.succeed(claim, [(IMAGE, 7)])
    job = lifecycle.cancel(claim.job.id)
    assert (job.status, job.cancel_requested) == (JobStatus.SUCCEEDED, False)


@pytest.mark.parametrize("end", [lose, lambda job: None])
def test_J24_a_cancelled_job_does_not_run_again(end: Any) -> None:
    claim = claimed(queued())
    lifecycle.cancel(claim.job.id)
    if end is lose:
        lose(claim.job)
        lifecycle.reap()
    else:
        lifecycle.hand_back(claim)
    assert fresh(claim.job).status == JobStatus.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_J24_cancel_and_result_at_once_end_in_one_state() -> None:
    for _ in range(5):
        claim = claimed(queued())
        at_once(
            2,
            lambda number, claim=claim: (
                lifecycle.cancel(claim.job.id) if number else lifecycle.succeed(claim, [(IMAGE, 7)])
            ),
        )
        job = fresh(claim.job)
        assert job.status in {JobStatus.SUCCEEDED, JobStatus.CANCELLED}
        assert job.images.count() == (1 if job.status == JobStatus.SUCCEEDED else 0)


@pytest.mark.django_db(transaction=True)
def test_J20_two_reapers_at_once_take_a_job_away_once() -> None:
    jobs = [queued() for _ in range(6)]
    for job in jobs:
        claimed(job)
        lose(job)
    assert not any(isinstance(result, Exception) for result in at_once(4, lambda number: lifecycle.reap()))
    for job in jobs:
        assert outcomes(job) == [Outcome.LOST]
        assert fresh(job).status == JobStatus.QUEUED


def test_J26_requeue_forgives_what_was_lost(
    published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    job = queued()
    for _ in range(3):
        claimed(job)
        lose(job)
        lifecycle.reap()
    with django_capture_on_commit_callbacks(execute=True):
        assert lifecycle.requeue(job.id)
    assert published == [str(job.id)]
    assert (fresh(job).status, fresh(job).error_code) == (JobStatus.QUEUED, "")
    claimed(job)
    lose(job)
    lifecycle.reap()
    assert fresh(job).status == JobStatus.QUEUED, "one loss of three again"


def test_J26_only_a_failed_or_cancelled_job_is_requeued() -> None:
    job = queued()
    assert not lifecycle.requeue(job.id)
    claim = claimed(job)
    assert not lifecycle.requeue(job.id)
    lifecycle.succeed(claim, [(IMAGE, 7)])
    assert not lifecycle.requeue(job.id)


@pytest.mark.django_db(transaction=True)
def test_J1_a_storm_of_workers_reapers_and_cancels_ends_every_job_once(alice: User) -> None:
    """Twelve jobs, six workers that sometimes lose their lease, reapers and cancels in between."""
    import random

    seed = random.randrange(2**32)
    jobs = [queued(alice) for _ in range(12)]

    def storm(number: int) -> None:
        dice = random.Random(f"{seed}-{number}")
        for _ in range(40):
            job = dice.choice(jobs)
            act = dice.random()
            if act < 0.1:
                lifecycle.cancel(job.id)
            elif act < 0.25:
                lose(job)
                lifecycle.reap()
            elif claim := lifecycle.claim(job.id, f"worker:{number}"):
                if act < 0.5:
                    lose(claim.job)
                    lifecycle.reap()
                dice.choice(
                    [
                        lambda: lifecycle.succeed(claim, [(IMAGE, 7)]),
                        lambda: lifecycle.fail(claim, OutOfMemory()),
                        lambda: lifecycle.hand_back(claim),
                    ]
                )()

    failures = [result for result in at_once(6, storm) if result]
    assert not failures, f"seed {seed}: {failures}"
    for job in Job.objects.prefetch_related("attempts", "images", "events"):
        ended = [a.outcome for a in job.attempts.all() if a.outcome in {"succeeded", "failed", "cancelled"}]
        assert len(ended) <= 1, f"seed {seed}: {job} {ended}"
        assert job.images.count() == (job.status == JobStatus.SUCCEEDED), f"seed {seed}: {job}"
        assert job.attempts.count() == job.attempt, f"seed {seed}: {job}"
        running = [a for a in job.attempts.all() if a.outcome == Outcome.RUNNING]
        assert len(running) == (job.status == JobStatus.RUNNING), f"seed {seed}: {job}"
        assert replayed(job) == (job.status, job.attempt, job.charged_pictures), f"seed {seed}: {job}"
