"""Celery's doors: housekeeping of the boards."""

from celery import shared_task
from django.utils import timezone

from boards import trash
from boards.elements import revisions, tombstones
from boards.files import unreferenced
from boards.history import versions
from boards.rendering import thumbnails


@shared_task(name="boards.tasks.prune_tombstones", ignore_result=True)
def prune_tombstones() -> None:
    """Once a day."""
    tombstones.prune_all()


@shared_task(name="boards.tasks.record_versions", ignore_result=True)
def record_versions() -> None:
    """Once a minute."""
    versions.record(timezone.now())


@shared_task(name="boards.tasks.draw_thumbnails", ignore_result=True)
def draw_thumbnails() -> None:
    """Several times a minute."""
    thumbnails.draw_due(timezone.now())


@shared_task(name="boards.tasks.thin_versions", ignore_result=True)
def thin_versions() -> None:
    """Once an hour."""
    now = timezone.now()
    versions.thin(now)
    revisions.sweep(now)


@shared_task(name="boards.tasks.throw_away", ignore_result=True)
def throw_away() -> None:
    """Once a day: what people deleted goes for good, rows first and then the files that were theirs."""
    now = timezone.now()
    trash.purge(now)
    trash.forget_jobs()
    unreferenced.sweep(now)
