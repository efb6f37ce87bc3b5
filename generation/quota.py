"""How much one person may have asked for at a time."""

from django.conf import settings

from accounts.models import User
from generation.errors import TooManyJobs
from generation.estimate import seconds_until_free
from generation.lifecycle import active_jobs

ACTIVE_JOBS_DEFAULT = 8


def check(user: User) -> None:
    """Raises TooManyJobs. The caller holds the person's row, so two requests cannot both take the last place."""
    allowed = getattr(settings, "ATELIER_MAX_ACTIVE_JOBS", ACTIVE_JOBS_DEFAULT)
    active = active_jobs(created_by=user).count()
    if active >= allowed:
        raise TooManyJobs(active, allowed, seconds_until_free(user))
