"""The log of a job: what happened to it, written in the same transaction, never changed."""

from typing import Any

from django.db.models.functions import Now

from generation.models import Happening, Job, JobEvent


def note(job: Job, what: Happening, **details: Any) -> None:
    """Add a line to a job's log. details: JSON values; None is left out."""
    known = {name: value for name, value in details.items() if value is not None}
    JobEvent.objects.create(job=job, attempt=job.attempt, at=Now(), what=what, details=known)
