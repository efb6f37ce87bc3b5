"""Bearer keys: make one, find its user."""

import secrets
from collections.abc import Iterable, Sequence

from django.http import HttpRequest

from accounts.models import ApiKey, User

PREFIX = "ak_"
KEY_MAX = 100


def create(user: User, scopes: Sequence[str] = ()) -> str:
    """A new key for the user. It is shown once and cannot be read again."""
    key = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(user=user, prefix=key[:10], digest=ApiKey.digest_of(key), scopes=list(scopes))
    return key


def users_of(keys: Iterable[str]) -> dict[str, User]:
    """The active users that these keys stand for, by key. One query."""
    digests = {ApiKey.digest_of(key): key for key in keys if key.startswith(PREFIX) and len(key) <= KEY_MAX}
    if not digests:
        return {}
    found = ApiKey.objects.filter(digest__in=digests, revoked_at=None, user__is_active=True)
    return {digests[row.digest]: row.user for row in found.select_related("user")}


def user_of(key: str) -> User | None:
    """The active user that the key stands for, or None."""
    return users_of([key]).get(key)


def user_of_request(request: HttpRequest) -> User | None:
    """The user of an `Authorization: Bearer KEY` header, or None."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return user_of(key.strip()) if scheme.lower() == "bearer" else None
