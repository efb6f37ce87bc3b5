"""Limits of a user: active jobs, and pictures in a day."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Min, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from generation.errors import TooManyJobs, TooManyPictures
from generation.jobs.estimate import seconds_until_free
from generation.jobs.lifecycle import active_jobs
from generation.models import Job

ACTIVE_JOBS_DEFAULT = 8
DAY = timedelta(days=1)


def check(user: User, pictures: int) -> None:
    """Raises TooManyJobs, TooManyPictures if the user may not ask for so many pictures now.

    Holds only while the caller has the user's row locked; without that, two requests may both take the last place.
    What a job costs is written, and given back, by generation.jobs.lifecycle (rule J40).
    """
    allowed = getattr(settings, "ATELIER_MAX_ACTIVE_JOBS", ACTIVE_JOBS_DEFAULT)
    active = active_jobs(created_by=user).count()
    if active >= allowed:
        raise TooManyJobs(active, allowed, seconds_until_free(user))
    _check_day(user, pictures)


def _check_day(user: User, pictures: int) -> None:
    """Raises TooManyPictures. 0 pictures a day, the default, means no limit."""
    allowed = getattr(settings, "ATELIER_MAX_PICTURES_PER_DAY", 0)
    if not allowed:
        return
    charged = _charged(user)
    asked = (charged.aggregate(sum=Sum("charged_pictures"))["sum"] or 0) + pictures
    if asked > allowed:
        raise TooManyPictures(asked, allowed, _seconds_until_older(charged))


def _charged(user: User) -> QuerySet[Job]:
    return Job.objects.filter(created_by=user, charged_pictures__gt=0, created_at__gt=Now() - DAY)


def _seconds_until_older(charged: QuerySet[Job]) -> int:
    """Seconds until the oldest of these jobs is a day old and no longer counts."""
    oldest = charged.aggregate(at=Min("created_at"))["at"]
    return max(1, round((oldest + DAY - timezone.now()).total_seconds())) if oldest else 1
