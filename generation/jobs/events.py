"""Signals and announcements about jobs, for other apps.

Signals are sent inside the transaction that changes the job. Announcements go out after the commit, through the
channel layer, to the group that is the job's audience. They are hints: a lost one is made up for by reading the job,
so a Redis that does not answer never fails a job.
"""

import logging
from functools import partial
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.dispatch import Signal

from generation.messages import JobChanged, JobProgress, as_layer_event
from generation.models import Job

logger = logging.getLogger(__name__)

# kwargs: job, images (list of GeneratedImage, those that are new). A receiver that raises undoes their rows.
images_made = Signal()
# kwargs: job_id. The job is queued, for the first time or again.
job_queued = Signal()


def announce_change(job: Job) -> None:
    """Announce, once this transaction is committed, that the job's status changed or a picture came in."""
    transaction.on_commit(partial(_send, job.audience, JobChanged(str(job.id))))


def announce_progress(audience: str, job_id: UUID, step: int, steps: int, preview: bytes | None) -> None:
    """Announce how far a running job is. preview: a JPEG, or None when there is no new one."""
    _send(audience, JobProgress(str(job_id), step, steps, preview))


def _send(audience: str, message: JobChanged | JobProgress) -> None:
    layer = get_channel_layer()
    if not audience or layer is None:
        return
    # Whatever is wrong with Redis, or with the layer, is no reason to fail a job.
    try:
        async_to_sync(layer.group_send)(audience, as_layer_event(message))
    except Exception as error:
        logger.warning("%s of job %s was not announced: %s", type(message).__name__, message.job, error)
