"""Estimates how long jobs will wait, from the order of claims, how long the last such jobs took, and the workers."""

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
from generation.jobs.turns import Workload
from generation.models import Job, JobAttempt, JobStatus, Outcome

RECENT = 20
RETRY_AFTER_MAX_SECONDS = 60


class Wait(NamedTuple):
    """place: in the queue, 1 for the next job; None if it does not wait.

    seconds: until the job is done; None if it is done, or nothing like it was measured.
    """

    place: int | None = None
    seconds: int | None = None


def waits(jobs: Iterable[Job]) -> dict[UUID, Wait]:
    """The wait of each job, by id. The queue and the workers are read once, however many jobs there are."""
    jobs = list(jobs)
    measured = cache(_seconds_each)
    found = {job.id: Wait() for job in jobs}
    for job in jobs:
        if job.status == JobStatus.RUNNING and (seconds := measured(_workload_of(job))) is not None:
            found[job.id] = Wait(None, math.ceil(seconds * _left(job)))
    ahead = turns.until([job.id for job in jobs if job.status == JobStatus.QUEUED])
    places = {job_id: place for place, (job_id, _) in enumerate(ahead, 1) if job_id in found}
    if not places:
        return found
    running = list(Job.objects.filter(status=JobStatus.RUNNING))
    serving = _serving(running)
    for own in {workload for job_id, workload in ahead if job_id in places}:
        seconds_until = _seconds_until(own, ahead, running, serving, measured)
        for job_id, workload in ahead:
            if workload == own and job_id in places:
                found[job_id] = Wait(places[job_id], _rounded(seconds_until.get(job_id)))
    return found


def seconds_until_free(user: User) -> int:
    """Estimated seconds until one of a user's active jobs is done, 1–60."""
    oldest = Job.objects.filter(created_by=user, status__in=(JobStatus.QUEUED, JobStatus.RUNNING)).last()
    seconds = waits([oldest])[oldest.id].seconds if oldest else None
    return min(max(seconds or 5, 1), RETRY_AFTER_MAX_SECONDS)


def _seconds_until(
    own: Workload,
    ahead: Sequence[tuple[UUID, Workload]],
    running: Sequence[Job],
    serving: Mapping[str, Collection[str]],
    measured: Callable[[Workload], float | None],
) -> dict[UUID, float]:
    """Seconds until each waiting job of a workload is done, by job.

    Lays what runs and what comes before it out over the workers, each on the one that is free first. A workload that
    was never measured is taken to be like this one. Empty if this one was not, either.
    """
    own_seconds = measured(own)
    if own_seconds is None:
        return {}
    lanes = Lanes(serving)
    for each in running:
        lanes.hold(_lane(each), (measured(_workload_of(each)) or own_seconds) * _left(each))
    done_at = {
        job_id: lanes.take(workload.checkpoint, measured(workload) or own_seconds)
        for job_id, workload in ahead
    }
    return {job_id: done_at[job_id] for job_id, workload in ahead if workload == own}


def _serving(running: Sequence[Job]) -> dict[str, set[str]]:
    """Checkpoint → names of the workers that draw with it, from their heartbeats and from what they run.

    A checkpoint on another server counts as one worker, however many ask it.
    """
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


def _workload_of(job: Job) -> Workload:
    return Workload(job.checkpoint, job.kind)


def _left(job: Job) -> float:
    """The share of a running job that is still to be done, 0–1."""
    return 1 - job.step / job.steps if job.steps else 1


def _seconds_each(workload: Workload) -> float | None:
    """Mean seconds on the accelerator of the last jobs of this workload; None if there are none."""
    done = JobAttempt.objects.filter(
        outcome=Outcome.SUCCEEDED,
        job__status=JobStatus.SUCCEEDED,
        job__checkpoint=workload.checkpoint,
        job__kind=workload.kind,
        engine_seconds__isnull=False,
    )
    # Ordered by the job's column, which has an index with its workload: only the last rows are read.
    recent = done.order_by("-job__finished_at").values_list("engine_seconds", flat=True)[:RECENT]
    seconds = [each for each in recent if each is not None]
    return fmean(seconds) if seconds else None


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(seconds)
