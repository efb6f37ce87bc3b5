"""Sessions of the page: which of them still are."""

from collections.abc import Collection, Mapping

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User


def alive(session_keys: Collection[str]) -> set[str]:
    """Those that have not ended by signing out, by a new password, or by age. One query at most."""
    if not session_keys:
        return set()
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(rows.values_list("session_key", flat=True))


def confirmed(users: Mapping[str, User]) -> set[str]:
    """Those sessions that know the password of their user as it is now. users: by session key. One query at most."""
    if not users:
        return set()
    return {row.session_key for row in Session.objects.filter(session_key__in=users) if _knows(row, users)}


def _knows(row: Session, users: Mapping[str, User]) -> bool:
    user, known = users[row.session_key], row.get_decoded().get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(known, each) for each in hashes)
