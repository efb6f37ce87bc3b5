"""Sessions of the page: their users, and which of them are still valid."""

from collections.abc import Collection, Mapping

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from accounts.models import User


def user_of(request: HttpRequest) -> User | None:
    """The account or guest that is signed in; None for an anonymous request."""
    return request.user if isinstance(request.user, User) else None


def find_user(session_key: str | None) -> User | None:
    """The account or guest of a session, by the value of its cookie; None if it has none."""
    request = HttpRequest()
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(session_key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def alive(session_keys: Collection[str]) -> set[str]:
    """The keys of sessions that have not ended by signing out, by a new password, or by age. At most one query."""
    if not session_keys:
        return set()
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(rows.values_list("session_key", flat=True))


def with_current_password(users: Mapping[str, User]) -> set[str]:
    """The keys of sessions that were begun or renewed with the current password of their user. At most one query.

    users: by session key.
    """
    if not users:
        return set()
    return {row.session_key for row in Session.objects.filter(session_key__in=users) if _knows(row, users)}


def _knows(row: Session, users: Mapping[str, User]) -> bool:
    user, known = users[row.session_key], row.get_decoded().get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(known, each) for each in hashes)
