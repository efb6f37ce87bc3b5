"""How long a person will wait, from how long the last such jobs took."""

import math
from statistics import fmean

from django.db.models import Q

from accounts.models import User
from generation.models import Job, JobAttempt, JobStatus, Outcome

RECENT = 20
RETRY_AFTER_MAX_SECONDS = 60


def position(job: Job) -> int | None:
    """1 for the job that is next, None for one that does not wait."""
    if job.status != JobStatus.QUEUED:
        return None
    return 1 + Job.objects.filter(_before(job), status=JobStatus.QUEUED).count()


def eta_seconds(job: Job, place: int | None) -> int | None:
    """Seconds until the job is done, None when nobody knows. place: its position."""
    seconds = _seconds_each(job.checkpoint, job.kind)
    if seconds is None or not job.active:
        return None
    if job.status == JobStatus.RUNNING:
        return math.ceil(seconds * (1 - job.step / job.steps if job.steps else 1))
    running = Job.objects.filter(status=JobStatus.RUNNING).count()
    return math.ceil(seconds * (running + (place or 1)))


def seconds_until_free(user: User) -> int:
    """After how many seconds one of a person's active jobs should be done."""
    oldest = Job.objects.filter(created_by=user, status__in=(JobStatus.QUEUED, JobStatus.RUNNING)).last()
    seconds = eta_seconds(oldest, position(oldest)) if oldest else None
    return min(max(seconds or 5, 1), RETRY_AFTER_MAX_SECONDS)


def _before(job: Job) -> Q:
    return Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, id__lt=job.id)


def _seconds_each(checkpoint: str, kind: str) -> float | None:
    """Mean time on the accelerator of the last jobs of this sort."""
    done = JobAttempt.objects.filter(
        outcome=Outcome.SUCCEEDED, job__checkpoint=checkpoint, job__kind=kind, engine_seconds__isnull=False
    )
    recent = done.order_by("-finished_at").values_list("engine_seconds", flat=True)[:RECENT]
    seconds = [each for each in recent if each is not None]
    return fmean(seconds) if seconds else None
