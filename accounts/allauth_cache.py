"""The cache in which allauth counts sign-ups, sign-ins and mails: Redis. While it is away nothing is refused."""

from typing import Any

from allauth.core.internal import ratelimit
from django.core.cache import cache

from accounts.rate_limits import failing_open


class _FailOpenCache:
    """What allauth uses of Django's cache. Answers as if nothing were counted while Redis is away."""

    def add(self, key: str, value: Any, timeout: float) -> bool:
        with failing_open():
            return bool(cache.add(key, value, timeout))
        return True

    def get(self, key: str, default: Any) -> Any:
        with failing_open():
            return cache.get(key, default)
        return default

    def set(self, key: str, value: Any, timeout: float) -> None:
        with failing_open():
            cache.set(key, value, timeout)

    def delete(self, key: str) -> None:
        with failing_open():
            cache.delete(key)


def install() -> None:
    """allauth has no setting for it, and a lost Redis would end in a 500. A test fails if the name changes."""
    ratelimit.cache = _FailOpenCache()
