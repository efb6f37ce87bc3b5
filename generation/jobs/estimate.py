"""How long a person will wait: the order of claims, how long the last such jobs took, and who draws them."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from statistics import fmean
from typing import NamedTuple
from uuid import UUID

from accounts.models import User
from generation.checkpoints import catalogue
from generation.jobs import heartbeat, turns
from generation.jobs.lanes import Lanes
from generation.jobs.turns import Sort
from generation.models import Job, JobAttempt, JobStatus, Outcome

RECENT = 20
RETRY_AFTER_MAX_SECONDS = 60


class Wait(NamedTuple):
    """place: in the queue, 1 for the job that is next; None for one that does not wait.

    seconds: until it is done; None for one that is, or when nobody knows.
    """

    place: int | None = None
    seconds: int | None = None


def waits(jobs: Iterable[Job]) -> dict[UUID, Wait]:
    """How long each of these has to wait, by id. The queue is read once, however many there are."""
    jobs = list(jobs)
    measured = cache(_seconds_each)
    found = {job.id: Wait() for job in jobs}
    for job in jobs:
        if job.status == JobStatus.RUNNING and (seconds := measured(_sort_of(job))) is not None:
            found[job.id] = Wait(None, math.ceil(seconds * _left(job)))
    ahead = turns.until([job.id for job in jobs if job.status == JobStatus.QUEUED])
    places = {job_id: place for place, (job_id, _) in enumerate(ahead, 1) if job_id in found}
    if not places:
        return found
    running = list(Job.objects.filter(status=JobStatus.RUNNING))
    serving = _serving(running)
    for own in {sort for job_id, sort in ahead if job_id in places}:
        seconds_until = _seconds_until(own, ahead, running, serving, measured)
        for job_id, sort in ahead:
            if sort == own and job_id in places:
                found[job_id] = Wait(places[job_id], _rounded(seconds_until.get(job_id)))
    return found


def seconds_until_free(user: User) -> int:
    """After how many seconds one of a person's active jobs should be done."""
    oldest = Job.objects.filter(created_by=user, status__in=(JobStatus.QUEUED, JobStatus.RUNNING)).last()
    seconds = waits([oldest])[oldest.id].seconds if oldest else None
    return min(max(seconds or 5, 1), RETRY_AFTER_MAX_SECONDS)


def _seconds_until(
    own: Sort,
    ahead: Sequence[tuple[UUID, Sort]],
    running: Sequence[Job],
    serving: Mapping[str, Collection[str]],
    measured: Callable[[Sort], float | None],
) -> dict[UUID, float]:
    """After how long each waiting job of a sort is done: what runs now and what comes before it, laid out over the
    workers, each with whichever is free first.

    A sort that was never measured is taken to be like this one. Empty when this one was not, either.
    """
    own_seconds = measured(own)
    if own_seconds is None:
        return {}
    lanes = Lanes(serving)
    for each in running:
        lanes.hold(_lane(each), (measured(_sort_of(each)) or own_seconds) * _left(each))
    done_at = {job_id: lanes.take(sort.checkpoint, measured(sort) or own_seconds) for job_id, sort in ahead}
    return {job_id: done_at[job_id] for job_id, sort in ahead if sort == own}


def _serving(running: Sequence[Job]) -> dict[str, set[str]]:
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


def _sort_of(job: Job) -> Sort:
    return Sort(job.checkpoint, job.kind)


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
