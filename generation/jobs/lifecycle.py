"""The only writer of Job.status. The numbered rules are in docs/job-rules.md.

    queued ──claim──▶ running ──succeed / fail / cancelled──▶ succeeded, failed, cancelled
                         deliver, for each picture but the last
      ▲                  │
      └─ hand_back, interrupt, lose, reap (lease ran out); the third time failed, and dead

A Celery message is only a hint that a job waits; these rows are the truth. A claim is a conditional update,
so a second worker that tries leaves quietly. A worker holds a lease and prolongs it. Once the lease has run out the
job is lost, and every later write of that attempt is refused by the fence (id, attempt, running). Every change is
written with its line in the log of jobs. All times are the database's.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

from generation.checkpoints import queues
from generation.errors import GenerationError, WorkerLost
from generation.images.storage import StoredImage
from generation.jobs import backoff, events, turns
from generation.jobs.journal import note
from generation.models import ACTIVE, GeneratedImage, Happening, Job, JobAttempt, JobStatus, Outcome

logger = logging.getLogger(__name__)

# Six heartbeats: one slow database or one long step must not cost the job.
LEASE = timedelta(seconds=30)
# A job whose worker died this often most likely kills its workers.
ATTEMPTS_MAX = 3

# What counts against ATTEMPTS_MAX: not that a worker was asked to stop.
_COUNTED = (Outcome.LOST, Outcome.INTERRUPTED)


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a running job. `attempt` is the fence."""

    job: Job
    attempt: int


class LeaseStatus(Enum):
    """The answer to a heartbeat."""

    HELD = "held"
    CANCEL_REQUESTED = "cancel requested"
    LOST = "lost"


@transaction.atomic
def create(**fields: Any) -> Job:
    """Create a queued job and charge its pictures; it is announced and published after the commit."""
    price = fields["params"].get("count", 1)
    job = Job.objects.create(
        status=JobStatus.QUEUED, created_at=Now(), queued_at=Now(), charged_pictures=price, **fields
    )
    job.refresh_from_db(fields=["created_at", "queued_at"])
    note(job, Happening.QUEUED, charged=price)
    events.announce_change(job)
    _send_queued(job)
    return job


def active_jobs(**conditions: Any) -> models.QuerySet[Job]:
    """Jobs that wait or run."""
    return Job.objects.filter(status__in=ACTIVE, **conditions)


def queue_of(job_id: UUID) -> str:
    """Where the hints for a job go."""
    checkpoint = Job.objects.values_list("checkpoint", flat=True).filter(id=job_id).first()
    return queues.of(checkpoint or "")


def mark_published(job_id: UUID) -> None:
    """Write down when a hint was sent to Celery, for a job that is still queued."""
    Job.objects.filter(id=job_id, status=JobStatus.QUEUED).update(published_at=Now())


@contextmanager
def held(claim: Claim, *, cancels: bool = False) -> Iterator[Job | None]:
    """Lock the job of a claim, in a transaction.

    Yields None if the job was taken away. cancels: if a cancel was requested, cancel the job here and yield None.
    """
    with transaction.atomic():
        job = _fenced(claim).select_for_update().first()
        if job is not None and cancels and job.cancel_requested:
            _cancel(job)
            job = None
        yield job


@transaction.atomic
def claim_next(worker: str, excluded_checkpoints: Collection[str] = ()) -> Claim | None:
    """Take the waiting job whose turn it is, unless its checkpoint is excluded. None if there is none.

    None also if that job may not share a worker and this one has others: it takes no more until it is free. Two
    threads of a worker must not call this at once. Rules J10 to J14, J28.
    """
    job_id = turns.lock_next(excluded_checkpoints)
    return claim(job_id, worker) if job_id and can_share_worker(job_id, worker) else None


@transaction.atomic
def claim(job_id: UUID, worker: str) -> Claim | None:
    """Take this queued job, out of turn. None if it is not queued any more: taken, done or cancelled."""
    taken = Job.objects.filter(id=job_id, status=JobStatus.QUEUED).update(
        status=JobStatus.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=Now() + LEASE,
        worker=worker,
        started_at=Now(),
        claimed_at=Now(),
        not_before=None,
        step=0,
    )
    if not taken:
        return None
    job = Job.objects.get(id=job_id)
    JobAttempt.objects.create(job=job, number=job.attempt, worker=worker, started_at=Now())
    note(job, Happening.CLAIMED, worker=worker)
    events.announce_change(job)
    return Claim(job, job.attempt)


def heartbeat(claim: Claim, step: int | None = None, steps: int | None = None) -> LeaseStatus:
    """Prolong the lease and write down the progress. Returns whether to go on."""
    written: dict[str, Any] = {"lease_until": Now() + LEASE}
    if step is not None:
        written |= {"step": step, "steps": steps}
    if not _fenced(claim).update(**written):
        return LeaseStatus.LOST
    cancelled = _fenced(claim).filter(cancel_requested=True).exists()
    return LeaseStatus.CANCEL_REQUESTED if cancelled else LeaseStatus.HELD


def deliver(claim: Claim, stored: StoredImage, seed: int) -> bool:
    """Write down one picture while others are still drawn. Receivers of images_made join the transaction.

    False, and nothing written, if the job was taken away or is to be cancelled. A picture that is there stays the
    only one of its seed.
    """
    with held(claim) as job:
        if job is None or job.cancel_requested:
            return False
        if _add(job, [(stored, seed)]):
            note(job, Happening.DELIVERED, seed=seed)
            events.announce_change(job)
        return True


def succeed(
    claim: Claim, pictures: Sequence[tuple[StoredImage, int]], engine_seconds: float | None = None
) -> list[GeneratedImage] | None:
    """Finish with the pictures that were not delivered yet. Receivers of images_made join the transaction.

    Returns all pictures of the job; None, with none of them written, if it was taken away or cancelled.
    """
    with held(claim, cancels=True) as job:
        if job is None:
            return None
        _finish(job, JobStatus.SUCCEEDED, Outcome.SUCCEEDED, engine_seconds=engine_seconds)
        _add(job, pictures)
        images = list(job.images.all())
        note(job, Happening.SUCCEEDED, pictures=len(images), engine_seconds=engine_seconds)
        return images


def fail(claim: Claim, error: GenerationError) -> bool:
    """Finish with an error. False if the job was taken away."""
    with held(claim) as job:
        if job is None:
            return False
        _finish(job, JobStatus.FAILED, Outcome.FAILED, error)
        note(job, Happening.FAILED, error_code=error.code, refunded=_refund(job))
        return True


def interrupt(claim: Claim, error: GenerationError) -> bool:
    """Put a job back that failed for a passing reason, after a delay that grows; the third time it is dead.

    False if the job was taken away or cancelled.
    """
    with held(claim, cancels=True) as job:
        if job is None:
            return False
        _close_attempt(job, Outcome.INTERRUPTED, error.code)
        failures = _counted_attempts(job)
        if failures >= ATTEMPTS_MAX:
            mark_dead(job, error)
            return True
        delay = backoff.backoff_delay(failures)
        _requeue(job, queued_at=Now(), turn_of=None, not_before=Now() + delay)
        note(job, Happening.BACKED_OFF, error_code=error.code, rest_seconds=round(delay.total_seconds(), 1))
        return True


def hand_back(claim: Claim) -> bool:
    """Put a job back because this worker is asked to stop. It keeps its age, and no attempt is counted.

    It is published when the worker has stopped listening; otherwise it would take the job up again itself.
    False if the job was taken away or cancelled.
    """
    with held(claim, cancels=True) as job:
        if job is None:
            return False
        _close_attempt(job, Outcome.HANDED_BACK)
        _requeue(job)
        note(job, Happening.HANDED_BACK, worker=claim.job.worker)
        return True


def cancelled(claim: Claim) -> bool:
    """Finish because a cancel was requested. False if the job was taken away."""
    with held(claim) as job:
        if job is None:
            return False
        _cancel(job)
        return True


def lose(claim: Claim) -> bool:
    """Give up a job because this worker can do no more work, as if its lease had run out. False if it was taken away."""
    with held(claim) as job:
        if job is None:
            return False
        _take_away(job)
        return True


@transaction.atomic
def cancel(job_id: UUID) -> Job:
    """Cancel a waiting job; ask the worker of a running one to stop. A finished job stays as it is."""
    job = Job.objects.select_for_update().get(id=job_id)
    if job.status == JobStatus.QUEUED:
        _write(job, status=JobStatus.CANCELLED, cancel_requested=True, finished_at=Now())
        note(job, Happening.CANCELLED, refunded=_refund(job))
        events.announce_change(job)
    elif job.status == JobStatus.RUNNING and not job.cancel_requested:
        _write(job, cancel_requested=True)
        note(job, Happening.CANCEL_REQUESTED)
        events.announce_change(job)
    return job


@transaction.atomic
def requeue(job_id: UUID) -> bool:
    """Give a failed or cancelled job another chance, with its attempts forgiven. False if it was neither.

    For staff: the user's quota is not checked. What was given back is charged again.
    """
    job = Job.objects.select_for_update().get(id=job_id)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        return False
    job.attempts.filter(outcome__in=_COUNTED).update(outcome=Outcome.FAILED)
    price = job.params.get("count", 1)
    charged = price - job.charged_pictures
    _requeue(job, queued_at=Now(), turn_of=None, charged_pictures=price)
    note(job, Happening.REQUEUED, charged=charged)
    _send_queued(job)
    return True


@transaction.atomic
def reap() -> list[UUID]:
    """Take jobs away from workers whose lease ran out, and return their ids.

    Safe to run twice at once: a row that another reaper has locked is skipped.
    """
    running = Job.objects.select_for_update(skip_locked=True).filter(status=JobStatus.RUNNING)
    overdue = list(running.filter(lease_until__lt=Now()).order_by("created_at"))
    for job in overdue:
        logger.warning("job %s: worker %s lost at attempt %s", job.id, job.worker, job.attempt)
        _take_away(job)
    return [job.id for job in overdue]


def handed_back_by(worker: str) -> list[UUID]:
    """The jobs that a worker put back when it was asked to stop, and that are not published yet."""
    waiting = Job.objects.filter(status=JobStatus.QUEUED, published_at=None)
    return list(
        waiting.filter(attempts__worker=worker, attempts__outcome=Outcome.HANDED_BACK)
        .distinct()
        .order_by("created_at")
        .values_list("id", flat=True)
    )


def _take_away(job: Job) -> None:
    """End an attempt whose lease ran out. The job waits again, unless it was cancelled or lost too often."""
    _close_attempt(job, Outcome.LOST, WorkerLost.code)
    note(job, Happening.LOST, worker=job.worker)
    if job.cancel_requested:
        _write(job, status=JobStatus.CANCELLED, lease_until=None, finished_at=Now())
        note(job, Happening.CANCELLED, refunded=_refund(job))
        events.announce_change(job)
    elif _counted_attempts(job) >= ATTEMPTS_MAX:
        mark_dead(job, WorkerLost())
    else:
        # Behind the other jobs of its user: if it kills its workers, those must not wait for it.
        _requeue(job, queued_at=Now(), turn_of=None)
        _send_queued(job)


def mark_dead(job: Job, error: GenerationError) -> None:
    """Give up a locked job whose last attempt is closed already. Its status is failed."""
    _write(
        job,
        status=JobStatus.FAILED,
        lease_until=None,
        finished_at=Now(),
        dead_at=Now(),
        **_error_fields(error),
    )
    note(job, Happening.DEAD, error_code=error.code, refunded=_refund(job))
    events.announce_change(job)


def _refund(job: Job) -> int | None:
    """Give back what the job was charged for pictures that never came, in pictures. None if there is nothing to give back."""
    made = min(job.images.count(), job.charged_pictures)
    refund = job.charged_pictures - made
    _write(job, charged_pictures=made)
    return refund or None


def _cancel(job: Job) -> None:
    """Finish a locked, running job as cancelled."""
    _finish(job, JobStatus.CANCELLED, Outcome.CANCELLED)
    note(job, Happening.CANCELLED, refunded=_refund(job))


def can_share_worker(job_id: UUID, worker: str) -> bool:
    """True if this worker is free, or neither this job nor those that it has ever lost their worker.

    A job whose worker died may have killed it: from then on it runs alone.
    """
    running = Job.objects.filter(status=JobStatus.RUNNING, worker=worker)
    others = list(running.values_list("id", flat=True))
    return not others or not has_lost_attempt([job_id, *others])


def has_lost_attempt(job_ids: Sequence[UUID]) -> bool:
    """True if the worker of any of these jobs was lost in one of their attempts."""
    return JobAttempt.objects.filter(job__in=job_ids, outcome=Outcome.LOST).exists()


def _fenced(claim: Claim) -> models.QuerySet[Job]:
    """The fence: the job's row while this attempt still holds it, otherwise nothing."""
    return Job.objects.filter(id=claim.job.id, attempt=claim.attempt, status=JobStatus.RUNNING)


def _finish(
    job: Job,
    status: JobStatus,
    outcome: Outcome,
    error: GenerationError | None = None,
    engine_seconds: float | None = None,
) -> None:
    _close_attempt(job, outcome, error.code if error else "", engine_seconds)
    done = {"step": F("steps")} if status == JobStatus.SUCCEEDED else {}
    _write(job, status=status, lease_until=None, finished_at=Now(), **_error_fields(error), **done)
    events.announce_change(job)


def _requeue(job: Job, **more: Any) -> None:
    """Write a locked job as waiting again. The caller publishes it; otherwise the reaper does."""
    _write(
        job,
        status=JobStatus.QUEUED,
        cancel_requested=False,
        lease_until=None,
        worker="",
        step=0,
        published_at=None,
        started_at=None,
        finished_at=None,
        dead_at=None,
        **_error_fields(None),
        **more,
    )
    events.announce_change(job)


def _send_queued(job: Job) -> None:
    events.job_queued.send(sender=Job, job_id=job.id)


def _write(job: Job, **values: Any) -> None:
    """Write some columns of a locked row and read back what the database made of them."""
    Job.objects.filter(id=job.id).update(**values)
    job.refresh_from_db(fields=list(values))


def _close_attempt(
    job: Job, outcome: Outcome, error_code: str = "", engine_seconds: float | None = None
) -> None:
    job.attempts.filter(number=job.attempt).update(
        outcome=outcome, error_code=error_code, finished_at=Now(), engine_seconds=engine_seconds
    )


def _counted_attempts(job: Job) -> int:
    return job.attempts.filter(outcome__in=_COUNTED).count()


def _error_fields(error: GenerationError | None) -> dict[str, Any]:
    return {
        "error_code": error.code if error else "",
        "error_message": error.message if error else "",
        "error_retryable": error.retryable if error else False,
    }


def _add(job: Job, pictures: Iterable[tuple[StoredImage, int]]) -> list[GeneratedImage]:
    """Write the pictures of a locked job whose seeds have no row yet, and send images_made. Returns their rows."""
    there = set(job.images.values_list("seed", flat=True))
    images = list(_images(job, [(stored, seed) for stored, seed in pictures if seed not in there]))
    GeneratedImage.objects.bulk_create(images)
    if images:
        events.images_made.send(sender=Job, job=job, images=images)
    return images


def _images(job: Job, pictures: Iterable[tuple[StoredImage, int]]) -> Iterable[GeneratedImage]:
    for stored, seed in pictures:
        yield GeneratedImage(
            job=job,
            key=stored.key,
            sha256=stored.sha256,
            mime_type=stored.mime_type,
            width_px=stored.width_px,
            height_px=stored.height_px,
            size_bytes=stored.size_bytes,
            seed=seed,
        )
