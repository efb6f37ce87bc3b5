"""Where allauth counts sign-ups, sign-ins and mails: in Redis. While it is away nobody is counted and all may come in."""

from typing import Any

from allauth.core.internal import ratelimit
from django.core.cache import cache

from accounts.allowance import failing_open


class _Counts:
    """What allauth asks of Django's cache, answered as if nothing were counted where Redis does not answer."""

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


def fail_open() -> None:
    """allauth has no setting for it and lets a lost Redis end in a 500; a test fails if the name changes."""
    ratelimit.cache = _Counts()
