"""The only writer of Job.status. The numbered rules are in docs/job-rules.md.

    queued ──claim──▶ running ──succeed / fail / cancelled──▶ succeeded, failed, cancelled
                         deliver, for each picture but the last
      ▲                  │
      └─ hand_back, interrupt, lose, reap (lease ran out); the third time failed, and dead

A Celery message is only a hint that somebody waits; these rows are the truth. A claim is a conditional update,
so a double leaves quietly. A worker holds a lease and prolongs it; whoever lets it run out has lost the
job, and every later write of that attempt is refused by the fence (id, attempt, running). Every change is
written with its line in the log of jobs. All times are the database's.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
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


class Standing(Enum):
    """What a heartbeat learns."""

    HELD = "held"
    CANCEL_REQUESTED = "cancel requested"
    LOST = "lost"


@transaction.atomic
def create(**fields: Any) -> Job:
    """Make a queued job and charge its pictures; it is announced and published after the commit."""
    price = fields["params"].get("count", 1)
    job = Job.objects.create(
        status=JobStatus.QUEUED, created_at=Now(), queued_at=Now(), charged_pictures=price, **fields
    )
    job.refresh_from_db(fields=["created_at", "queued_at"])
    note(job, Happening.QUEUED, charged=price)
    events.announce_change(job)
    _queued(job)
    return job


def active_jobs(**conditions: Any) -> models.QuerySet[Job]:
    """Jobs that wait or run."""
    return Job.objects.filter(status__in=ACTIVE, **conditions)


def queue_of(job_id: UUID) -> str:
    """Where the hints for a job go."""
    checkpoint = Job.objects.values_list("checkpoint", flat=True).filter(id=job_id).first()
    return queues.of(checkpoint or "")


def mark_published(job_id: UUID) -> None:
    """Remember that Celery was told. A job that is no longer queued does not care."""
    Job.objects.filter(id=job_id, status=JobStatus.QUEUED).update(published_at=Now())


@transaction.atomic
def claim_next(worker: str, left: Collection[str] = ()) -> Claim | None:
    """Take the waiting job whose turn it is, of those that this worker can draw. None if there is none.

    None also while that job has to wait for this worker to be free of others, so that it gets free. Two threads of
    a worker must not call this at once. left: the checkpoints that it leaves to others. Rules J10 to J14, J28.
    """
    job_id = turns.lock_next(left)
    return claim(job_id, worker) if job_id and _gets_along(job_id, worker) else None


@transaction.atomic
def claim(job_id: UUID, worker: str) -> Claim | None:
    """Take this queued job, out of turn. None if it is not there to be taken: done, cancelled, or somebody else's."""
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
def deliver(claim: Claim, stored: StoredImage, seed: int) -> bool:
    """Write down one picture while others are still drawn; whoever listens to images_made takes part in the transaction.

    False, and nothing written, if the job was taken away or is to be cancelled. A picture that is there stays the
    only one of its seed.
    """
    job = _lock(claim)
    if job is None or job.cancel_requested:
        return False
    if _add(job, [(stored, seed)]):
        note(job, Happening.DELIVERED, seed=seed)
        events.announce_change(job)
    return True


@transaction.atomic
def succeed(
    claim: Claim, pictures: Sequence[tuple[StoredImage, int]], engine_seconds: float | None = None
) -> list[GeneratedImage] | None:
    """Finish with the pictures that were not delivered yet; whoever listens to images_made takes part in the transaction.

    Returns all of them. None, and nothing written, if the job was taken away. A cancel that came first wins.
    """
    job = _lock(claim)
    if job is None:
        return None
    if job.cancel_requested:
        _cancelled(job)
        return None
    _finish(job, JobStatus.SUCCEEDED, Outcome.SUCCEEDED, engine_seconds=engine_seconds)
    _add(job, pictures)
    images = list(job.images.all())
    note(job, Happening.SUCCEEDED, pictures=len(images), engine_seconds=engine_seconds)
    return images


@transaction.atomic
def fail(claim: Claim, error: GenerationError) -> bool:
    """Finish with an error. False if the job was taken away."""
    job = _lock(claim)
    if job is None:
        return False
    _finish(job, JobStatus.FAILED, Outcome.FAILED, error)
    note(job, Happening.FAILED, error_code=error.code, refunded=_refund(job))
    return True


@transaction.atomic
def interrupt(claim: Claim, error: GenerationError) -> bool:
    """Let a job rest that failed for a passing reason, longer each time; the third time it is dead."""
    job = _lock(claim)
    if job is None:
        return False
    if job.cancel_requested:
        _cancelled(job)
        return True
    _close_attempt(job, Outcome.INTERRUPTED, error.code)
    failures = _counted_attempts(job)
    if failures >= ATTEMPTS_MAX:
        _bury(job, error)
        return True
    rest = backoff.rest(failures)
    _requeue(job, queued_at=Now(), turn_of=None, not_before=Now() + rest)
    note(job, Happening.BACKED_OFF, error_code=error.code, rest_seconds=round(rest.total_seconds(), 1))
    return True


@transaction.atomic
def hand_back(claim: Claim) -> bool:
    """Put a job back because this worker is asked to stop. It keeps its age, and no attempt is counted.

    It is published when the worker has stopped listening; otherwise it would take the job up again itself.
    """
    job = _lock(claim)
    if job is None:
        return False
    if job.cancel_requested:
        _cancelled(job)
        return True
    _close_attempt(job, Outcome.HANDED_BACK)
    _requeue(job)
    note(job, Happening.HANDED_BACK, worker=claim.job.worker)
    return True


@transaction.atomic
def cancelled(claim: Claim) -> bool:
    """Finish because a cancel was asked for. False if the job was taken away."""
    job = _lock(claim)
    if job is None:
        return False
    _cancelled(job)
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

    Whoever runs Atelier may do that whatever the person's quota says; what was given back is charged again.
    """
    job = Job.objects.select_for_update().get(id=job_id)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        return False
    job.attempts.filter(outcome__in=_COUNTED).update(outcome=Outcome.FAILED)
    price = job.params.get("count", 1)
    charged = price - job.charged_pictures
    _requeue(job, queued_at=Now(), turn_of=None, charged_pictures=price)
    note(job, Happening.REQUEUED, charged=charged)
    _queued(job)
    return True


@transaction.atomic
def reap() -> list[UUID]:
    """Take jobs away from workers that are not heard of any more, and return them.

    Safe to run twice at once: a row that another reaper holds is skipped.
    """
    overdue = _locked(Q(status=JobStatus.RUNNING, lease_until__lt=Now()))
    for job in overdue:
        logger.warning("job %s: worker %s lost at attempt %s", job.id, job.worker, job.attempt)
        _take_away(job)
    return [job.id for job in overdue]


def handed_back_by(worker: str) -> list[UUID]:
    """The jobs that a worker put back when it was asked to stop, and that nobody was told of yet."""
    waiting = Job.objects.filter(status=JobStatus.QUEUED, published_at=None)
    return list(
        waiting.filter(attempts__worker=worker, attempts__outcome=Outcome.HANDED_BACK)
        .distinct()
        .order_by("created_at")
        .values_list("id", flat=True)
    )


@transaction.atomic
def lose(claim: Claim) -> bool:
    """Give up a job because this worker can do no more work, as if its lease had run out. False if it was taken away."""
    job = _lock(claim)
    if job is None:
        return False
    _take_away(job)
    return True


def _take_away(job: Job) -> None:
    """End an attempt whose lease ran out. The job waits again, unless it was cancelled or lost too often."""
    _close_attempt(job, Outcome.LOST, WorkerLost.code)
    note(job, Happening.LOST, worker=job.worker)
    if job.cancel_requested:
        _write(job, status=JobStatus.CANCELLED, lease_until=None, finished_at=Now())
        note(job, Happening.CANCELLED, refunded=_refund(job))
        events.announce_change(job)
    elif _counted_attempts(job) >= ATTEMPTS_MAX:
        _bury(job, WorkerLost())
    else:
        # Behind its person's other jobs: if it kills its workers, those shall not wait for it.
        _requeue(job, queued_at=Now(), turn_of=None)
        _queued(job)


def _bury(job: Job, error: GenerationError) -> None:
    """Give a job up whose last attempt is closed already. Outwardly it has failed."""
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
    """Give back, once, what the job was charged for pictures that never came. None if there is nothing to give back."""
    made = min(job.images.count(), job.charged_pictures)
    refund = job.charged_pictures - made
    _write(job, charged_pictures=made)
    return refund or None


def _cancelled(job: Job) -> None:
    _finish(job, JobStatus.CANCELLED, Outcome.CANCELLED)
    note(job, Happening.CANCELLED, refunded=_refund(job))


def _gets_along(job_id: UUID, worker: str) -> bool:
    """A job whose worker died may have killed it: from then on it has a worker for itself."""
    beside = list(Job.objects.filter(status=JobStatus.RUNNING, worker=worker).values_list("id", flat=True))
    return not beside or not _suspects([job_id, *beside])


def _suspects(job_ids: Sequence[UUID]) -> bool:
    return JobAttempt.objects.filter(job__in=job_ids, outcome=Outcome.LOST).exists()


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


def _requeue(job: Job, **more: Any) -> None:
    """Let it wait again; published by whoever calls, or by the reaper."""
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


def _add(job: Job, pictures: Iterable[tuple[StoredImage, int]]) -> list[GeneratedImage]:
    """The rows of those pictures of a locked job that have none yet, and whoever listens."""
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
