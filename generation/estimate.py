"""How long a person will wait: the order of claims, how long the last such jobs took, and who draws them."""

import math
from functools import cache
from statistics import fmean

from accounts.models import User
from generation import catalogue, heartbeat, turns
from generation.lanes import Lanes
from generation.models import Job, JobAttempt, JobStatus, Outcome
from generation.turns import Sort

RECENT = 20
RETRY_AFTER_MAX_SECONDS = 60


def place_and_wait(job: Job) -> tuple[int | None, int | None]:
    """Its place in the queue, 1 for the job that is next, and the seconds until it is done.

    No place for a job that does not wait; no seconds for one that is done, or when nobody knows.
    """
    if job.status == JobStatus.RUNNING:
        return None, _rounded(_seconds_left(job))
    ahead = turns.until(job.id) if job.status == JobStatus.QUEUED else {}
    if not ahead:
        return None, None
    return sum(ahead.values()), _rounded(_seconds_until(job, ahead))


def seconds_until_free(user: User) -> int:
    """After how many seconds one of a person's active jobs should be done."""
    oldest = Job.objects.filter(created_by=user, status__in=(JobStatus.QUEUED, JobStatus.RUNNING)).last()
    seconds = place_and_wait(oldest)[1] if oldest else None
    return min(max(seconds or 5, 1), RETRY_AFTER_MAX_SECONDS)


def _seconds_until(job: Job, ahead: dict[Sort, int]) -> float | None:
    """What runs now, what comes before this job, and the job, each with whichever worker is free first.

    A sort that was never measured is taken to be like this one.
    """
    own = Sort(job.checkpoint, job.kind)
    measured = cache(_seconds_each)
    own_seconds = measured(own)
    if own_seconds is None:
        return None
    running = list(Job.objects.filter(status=JobStatus.RUNNING))
    lanes = Lanes(_serving(running))
    for each in running:
        seconds = measured(Sort(each.checkpoint, each.kind)) or own_seconds
        lanes.hold(_lane(each), seconds * _left(each))
    for sort, jobs in ahead.items():
        lanes.take(sort.checkpoint, measured(sort) or own_seconds, jobs - (sort == own))
    return lanes.take(own.checkpoint, own_seconds)


def _serving(running: list[Job]) -> dict[str, set[str]]:
    """Checkpoint → who draws with it: by what the workers say, and by what they do. Another server is one,
    however many workers ask it."""
    serving: dict[str, set[str]] = {}
    for beat in heartbeat.alive():
        for checkpoint, state in beat.get("checkpoints", {}).items():
            if state["status"] != "failed" and not _remote(checkpoint):
                serving.setdefault(checkpoint, set()).add(beat["name"])
    for job in running:
        serving.setdefault(job.checkpoint, set()).add(_lane(job))
    return serving


def _lane(job: Job) -> str:
    return job.checkpoint if _remote(job.checkpoint) else job.worker


def _remote(checkpoint: str) -> bool:
    known = catalogue.entries().get(checkpoint)
    return known is not None and known.remote is not None


def _seconds_left(job: Job) -> float | None:
    """Of a running job."""
    seconds = _seconds_each(Sort(job.checkpoint, job.kind))
    return None if seconds is None else seconds * _left(job)


def _left(job: Job) -> float:
    """Which share of a running job is still to be done."""
    return 1 - job.step / job.steps if job.steps else 1


def _seconds_each(sort: Sort) -> float | None:
    """Mean time on the accelerator of the last jobs of this sort."""
    done = JobAttempt.objects.filter(
        outcome=Outcome.SUCCEEDED,
        job__status=JobStatus.SUCCEEDED,
        job__checkpoint=sort.checkpoint,
        job__kind=sort.kind,
        engine_seconds__isnull=False,
    )
    # By the job's own time, which has an index with its sort: however many there were, only the last are looked at.
    recent = done.order_by("-job__finished_at").values_list("engine_seconds", flat=True)[:RECENT]
    seconds = [each for each in recent if each is not None]
    return fmean(seconds) if seconds else None


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(seconds)
