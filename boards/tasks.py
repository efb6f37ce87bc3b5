"""Celery tasks of boards: housekeeping. The schedule is in webapp.settings."""

from celery import shared_task
from django.utils import timezone

from boards import trash
from boards.elements import revisions, tombstones
from boards.files import unreferenced
from boards.history import versions
from boards.pages import demo, welcome
from boards.rendering import thumbnails


@shared_task(name="boards.tasks.prune_tombstones", ignore_result=True)
def prune_tombstones() -> None:
    """Delete tombstones that are old enough. Once a day."""
    tombstones.prune_all()


@shared_task(name="boards.tasks.record_versions", ignore_result=True)
def record_versions() -> None:
    """Record automatic versions of boards that changed. Once a minute."""
    versions.record(timezone.now())


@shared_task(name="boards.tasks.draw_thumbnails", ignore_result=True)
def draw_thumbnails() -> None:
    """Draw thumbnails of boards that changed. Several times a minute."""
    thumbnails.draw_due(timezone.now())


@shared_task(name="boards.tasks.thin_versions", ignore_result=True)
def thin_versions() -> None:
    """Thin out automatic versions, and delete revisions that no version needs. Once an hour."""
    now = timezone.now()
    versions.thin_out(now)
    revisions.sweep(now)


@shared_task(name="boards.tasks.throw_away", ignore_result=True)
def throw_away() -> None:
    """Delete for good: boards in the trash, welcome boards left as they were, orphaned jobs, then files that no row
    refers to. Once a day."""
    now = timezone.now()
    trash.purge(now)
    welcome.forget(now)
    trash.forget_jobs()
    unreferenced.sweep(now)


@shared_task(name="boards.tasks.reset_demo", ignore_result=True)
def reset_demo() -> None:
    """Bring the public demo board back to its beginning once it rests. Every ten minutes."""
    demo.reset(timezone.now())
