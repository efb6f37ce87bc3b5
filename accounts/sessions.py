"""Sessions of the page: which of them still are."""

from collections.abc import Collection

from django.contrib.sessions.models import Session
from django.utils import timezone


def alive(session_keys: Collection[str]) -> set[str]:
    """Those that have not ended by signing out, by a new password, or by age. One query at most."""
    if not session_keys:
        return set()
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(rows.values_list("session_key", flat=True))
