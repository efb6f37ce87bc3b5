"""The only writer of Job.status.

    queued ──claim──▶ running ──succeed / fail / cancelled──▶ succeeded, failed, cancelled
      ▲                  │
      └─ hand_back, interrupt, reap (lease ran out)

Celery carries ids and may lose or double them; these rows are the truth. A claim is a conditional update,
so a double leaves quietly. A worker holds a lease and prolongs it; whoever lets it run out has lost the
job, and every later write of that attempt is refused by the fence (id, attempt, running). All times are the
database's.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from generation import events
from generation.errors import GenerationError, WorkerLost
from generation.models import ACTIVE, GeneratedImage, Job, JobAttempt, JobStatus, Outcome
from generation.storage import StoredImage

logger = logging.getLogger(__name__)

# Six heartbeats: one slow database or one long step must not cost the job.
LEASE = timedelta(seconds=30)
# A job whose worker died this often most likely kills its workers.
ATTEMPTS_MAX = 3
# A message that was never sent is sent late; one that was sent may have been lost with Redis.
PUBLISH_AFTER = timedelta(seconds=15)
PUBLISH_AGAIN_AFTER = timedelta(seconds=60)

# What counts against ATTEMPTS_MAX: not that a worker was asked to stop.
_COUNTED = (Outcome.LOST, Outcome.INTERRUPTED)


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a running job. `attempt` is the fence."""

    job: Job
    attempt: int


class Standing(Enum):
    """What a heartbeat learns."""

    HELD = "held"
    CANCEL_REQUESTED = "cancel requested"
    LOST = "lost"


def create(**fields: Any) -> Job:
    """Make a queued job; it is announced and published after the commit."""
    job = Job.objects.create(status=JobStatus.QUEUED, created_at=Now(), queued_at=Now(), **fields)
    job.refresh_from_db(fields=["created_at", "queued_at"])
    events.announce_change(job)
    _queued(job)
    return job


def active_jobs(**conditions: Any) -> models.QuerySet[Job]:
    """Jobs that wait or run."""
    return Job.objects.filter(status__in=ACTIVE, **conditions)


def mark_published(job_id: UUID) -> None:
    """Remember that Celery was told. A job that is no longer queued does not care."""
    Job.objects.filter(id=job_id, status=JobStatus.QUEUED).update(published_at=Now())


@transaction.atomic
def claim(job_id: UUID, worker: str) -> Claim | None:
    """Take a queued job. None if it is not there to be taken: done, cancelled, or somebody else's."""
    taken = Job.objects.filter(id=job_id, status=JobStatus.QUEUED).update(
        status=JobStatus.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=Now() + LEASE,
        worker=worker,
        started_at=Now(),
        step=0,
    )
    if not taken:
        return None
    job = Job.objects.get(id=job_id)
    JobAttempt.objects.create(job=job, number=job.attempt, worker=worker, started_at=Now())
    events.announce_change(job)
    return Claim(job, job.attempt)


def heartbeat(claim: Claim, step: int | None = None, steps: int | None = None) -> Standing:
    """Prolong the lease, note the progress, and learn whether to go on."""
    written: dict[str, Any] = {"lease_until": Now() + LEASE}
    if step is not None:
        written |= {"step": step, "steps": steps}
    if not _held(claim).update(**written):
        return Standing.LOST
    cancelled = _held(claim).filter(cancel_requested=True).exists()
    return Standing.CANCEL_REQUESTED if cancelled else Standing.HELD


@transaction.atomic
def succeed(
    claim: Claim, pictures: Sequence[tuple[StoredImage, int]], engine_seconds: float | None = None
) -> list[GeneratedImage] | None:
    """Finish with pictures and their seeds; whoever listens to job_succeeded takes part in the transaction.

    None, and nothing written, if the job was taken away. A cancel that came first wins.
    """
    job = _lock(claim)
    if job is None:
        return None
    if job.cancel_requested:
        _finish(job, JobStatus.CANCELLED, Outcome.CANCELLED)
        return None
    _finish(job, JobStatus.SUCCEEDED, Outcome.SUCCEEDED, engine_seconds=engine_seconds)
    images = GeneratedImage.objects.bulk_create(_images(job, pictures))
    events.job_succeeded.send(sender=Job, job=job, images=images)
    return images


@transaction.atomic
def fail(claim: Claim, error: GenerationError) -> bool:
    """Finish with an error. False if the job was taken away."""
    job = _lock(claim)
    if job is None:
        return False
    _finish(job, JobStatus.FAILED, Outcome.FAILED, error)
    return True


@transaction.atomic
def interrupt(claim: Claim, error: GenerationError) -> bool:
    """Put a job back that failed for a passing reason; the third time it fails for good.

    The reaper publishes it after a while, which is the pause that a passing fault needs.
    """
    job = _lock(claim)
    if job is None:
        return False
    if _counted_attempts(job) + 1 >= ATTEMPTS_MAX:
        _finish(job, JobStatus.FAILED, Outcome.FAILED, error)
    else:
        _close_attempt(job, Outcome.INTERRUPTED, error.code)
        _requeue(job)
    return True


@transaction.atomic
def hand_back(claim: Claim) -> bool:
    """Put a job back because this worker is asked to stop. Does not count as a failed attempt.

    It is published when the worker has stopped listening; otherwise it would take the job up again itself.
    """
    job = _lock(claim)
    if job is None:
        return False
    if job.cancel_requested:
        _finish(job, JobStatus.CANCELLED, Outcome.CANCELLED)
        return True
    _close_attempt(job, Outcome.HANDED_BACK)
    _requeue(job)
    return True


@transaction.atomic
def cancelled(claim: Claim) -> bool:
    """Finish because a cancel was asked for. False if the job was taken away."""
    job = _lock(claim)
    if job is None:
        return False
    _finish(job, JobStatus.CANCELLED, Outcome.CANCELLED)
    return True


@transaction.atomic
def cancel(job_id: UUID) -> Job:
    """Cancel a waiting job; ask the worker of a running one to stop. A finished job stays as it is."""
    job = Job.objects.select_for_update().get(id=job_id)
    if job.status == JobStatus.QUEUED:
        _write(job, status=JobStatus.CANCELLED, cancel_requested=True, finished_at=Now())
        events.announce_change(job)
    elif job.status == JobStatus.RUNNING and not job.cancel_requested:
        _write(job, cancel_requested=True)
        events.announce_change(job)
    return job


@transaction.atomic
def requeue(job_id: UUID) -> bool:
    """Give a failed or cancelled job another chance, with its attempts forgiven. False if it was neither."""
    job = Job.objects.select_for_update().get(id=job_id)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        return False
    job.attempts.filter(outcome__in=_COUNTED).update(outcome=Outcome.FAILED)
    _requeue(job)
    _queued(job)
    return True


@transaction.atomic
def reap() -> list[UUID]:
    """Take jobs away from workers that are not heard of any more, and find messages that went missing.

    Safe to run twice at once: a row that another reaper holds is skipped. Returns the jobs to publish.
    """
    for job in _locked(Q(status=JobStatus.RUNNING, lease_until__lt=Now())):
        logger.warning("job %s: worker %s lost at attempt %s", job.id, job.worker, job.attempt)
        _take_away(job)
    never_sent = Q(published_at=None, queued_at__lt=Now() - PUBLISH_AFTER)
    maybe_lost = Q(published_at__lt=Now() - PUBLISH_AGAIN_AFTER)
    waiting = _locked(Q(status=JobStatus.QUEUED) & (never_sent | maybe_lost))
    for job in waiting:
        _queued(job)
    return [job.id for job in waiting]


def handed_back_by(worker: str) -> list[UUID]:
    """The jobs that a worker put back when it was asked to stop, and that nobody was told of yet."""
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
    if job.cancel_requested:
        _write(job, status=JobStatus.CANCELLED, lease_until=None, finished_at=Now())
        events.announce_change(job)
    elif _counted_attempts(job) >= ATTEMPTS_MAX:
        _write(
            job, status=JobStatus.FAILED, lease_until=None, finished_at=Now(), **_error_fields(WorkerLost())
        )
        events.announce_change(job)
    else:
        _requeue(job)
        _queued(job)


def _held(claim: Claim) -> models.QuerySet[Job]:
    """The fence: the job's row while this attempt still holds it, otherwise nothing."""
    return Job.objects.filter(id=claim.job.id, attempt=claim.attempt, status=JobStatus.RUNNING)


def _lock(claim: Claim) -> Job | None:
    return _held(claim).select_for_update().first()


def _locked(condition: Q) -> Sequence[Job]:
    return list(Job.objects.select_for_update(skip_locked=True).filter(condition).order_by("created_at"))


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


def _requeue(job: Job) -> None:
    _write(
        job,
        status=JobStatus.QUEUED,
        cancel_requested=False,
        lease_until=None,
        worker="",
        step=0,
        queued_at=Now(),
        published_at=None,
        started_at=None,
        finished_at=None,
        **_error_fields(None),
    )
    events.announce_change(job)


def _queued(job: Job) -> None:
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


def _images(job: Job, pictures: Sequence[tuple[StoredImage, int]]) -> Iterable[GeneratedImage]:
    for position, (stored, seed) in enumerate(pictures):
        yield GeneratedImage(
            job=job,
            position=position,
            key=stored.key,
            sha256=stored.sha256,
            mime_type=stored.mime_type,
            width_px=stored.width_px,
            height_px=stored.height_px,
            size_bytes=stored.size_bytes,
            seed=seed,
        )
