"""Celery tasks. A message is only a hint that a job waits: the rows in Postgres decide which is next."""

import logging
from collections import defaultdict
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app, shared_task
from celery.signals import worker_shutdown
from django.db import close_old_connections, transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from generation.checkpoints import queues
from generation.jobs import lifecycle, turns
from generation.jobs.events import job_queued
from generation.worker import runner, worker_process

logger = logging.getLogger(__name__)

# So many idle threads the reaper wakes at once when hints were lost.
HINTS_MAX = 16
# So many of the waiting jobs are looked at: enough to find every queue that has one, sooner or later.
LOOKED_AT_MAX = 1000


@shared_task(name="generation.tasks.generate", acks_late=True, ignore_result=True)
def generate(job_id: str) -> None:
    """Run waiting jobs until none is left. job_id: the job for which this hint was sent; others may run before it.

    So a hint that is lost or sent twice does not mean that a job is lost or run twice.
    """
    worker_process.consumed()
    while runner.run_next():
        close_old_connections()


@shared_task(name="generation.tasks.reap", ignore_result=True)
def reap() -> None:
    """Every ten seconds: requeue jobs whose worker is gone, and send hints for jobs that have none."""
    lifecycle.reap()
    remind()


@shared_task(name="generation.tasks.canary", ignore_result=True)
def canary() -> None:
    """Every fifteen seconds, through the queue of jobs: proves that workers consume it."""
    worker_process.consumed()


def remind() -> None:
    """Send hints to queues where jobs wait and no hint does: lost with Redis, never sent, or a back-off delay is over.

    Busy workers look for the next job by themselves, so one hint that still waits is enough.
    """
    for queue, job_ids in _waiting().items():
        if not _hints(queue):
            for job_id in job_ids[:HINTS_MAX]:
                publish(job_id)


def _waiting() -> dict[str, list[UUID]]:
    """Waiting jobs by queue, in the order of claims."""
    found: dict[str, list[UUID]] = defaultdict(list)
    for job_id, checkpoint in turns.waiting(LOOKED_AT_MAX):
        found[queues.of(checkpoint)].append(job_id)
    return found


def _hints(queue: str) -> int:
    """How many hints wait in the broker; 0 if it does not answer, or does not know the queue yet."""
    with current_app.connection_for_write() as connection:
        try:
            found = connection.default_channel.queue_declare(queue=queue, passive=True)
            return int(found.message_count)
        except (OperationalError, *connection.channel_errors, *connection.connection_errors):
            return 0


@worker_shutdown.connect
def _on_shutdown(**_: Any) -> None:
    """This worker has stopped consuming: send hints for the jobs that it handed back."""
    for job_id in lifecycle.handed_back_by(worker_process.name()):
        publish(job_id)


@receiver(job_queued)
def _on_queued(job_id: UUID, **_: Any) -> None:
    transaction.on_commit(partial(publish, job_id))


def publish(job_id: UUID) -> None:
    """Send a hint for a job to the queue of its family. If the broker is away, the reaper does it later."""
    try:
        generate.apply_async((str(job_id),), queue=lifecycle.queue_of(job_id), retry=False)
    except OperationalError as error:
        logger.warning("job %s was not published: %s", job_id, error)
        return
    lifecycle.mark_published(job_id)
