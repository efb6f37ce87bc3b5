"""Celery's doors. A message is only a hint that a row in Postgres has something to do."""

import logging
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_shutdown
from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from generation import lifecycle, runner, worker
from generation.events import job_queued

logger = logging.getLogger(__name__)


@shared_task(name="generation.tasks.generate", acks_late=True, ignore_result=True)
def generate(job_id: str) -> None:
    runner.run(UUID(job_id))


@shared_task(name="generation.tasks.reap", ignore_result=True)
def reap() -> None:
    """Every ten seconds: jobs whose worker is gone, and jobs that no message speaks for."""
    lifecycle.reap()


@worker_shutdown.connect
def _on_shutdown(**_: Any) -> None:
    """This worker listens no more: tell the others of what it put back."""
    for job_id in lifecycle.handed_back_by(worker.name()):
        publish(job_id)


@receiver(job_queued)
def _on_queued(job_id: UUID, **_: Any) -> None:
    transaction.on_commit(partial(publish, job_id))


def publish(job_id: UUID) -> None:
    """Tell Celery of a job. If the broker is away the reaper does it later; the person sees it waiting."""
    try:
        generate.apply_async((str(job_id),), retry=False)
    except OperationalError as error:
        logger.warning("job %s was not published: %s", job_id, error)
        return
    lifecycle.mark_published(job_id)
