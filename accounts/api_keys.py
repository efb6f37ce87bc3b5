"""API keys: create one, find its row, read it from a request."""

import secrets
from collections.abc import Iterable, Sequence

from django.http import HttpRequest

from accounts.models import ApiKey, User

PREFIX = "ak_"
KEY_MAX = 100


def create(user: User, scopes: Sequence[str] = ()) -> str:
    """A new key for the user, in plain text. Only its digest is stored, so it cannot be shown again."""
    key = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(user=user, prefix=key[:10], digest=ApiKey.digest_of(key), scopes=list(scopes))
    return key


def find_each(keys: Iterable[str]) -> dict[str, ApiKey]:
    """The rows of the valid keys of active users, by key, with their users. At most one query."""
    digests = {ApiKey.digest_of(key): key for key in keys if key.startswith(PREFIX) and len(key) <= KEY_MAX}
    if not digests:
        return {}
    found = ApiKey.objects.filter(digest__in=digests, revoked_at=None, user__is_active=True)
    return {digests[row.digest]: row for row in found.select_related("user")}


def find(key: str) -> ApiKey | None:
    """The row of a valid key of an active user, or None."""
    return find_each([key]).get(key)


def bearer_of(request: HttpRequest) -> str | None:
    """The key in an `Authorization: Bearer KEY` header, perhaps empty; None without such a header."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
