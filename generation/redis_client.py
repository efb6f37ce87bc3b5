"""Clients of Redis, one for each process, URL and policy of retrying. Each is a pool, safe to share between threads."""

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 3.0


def client() -> "redis.Redis":
    """Repeats a failed command a few times, with redis-py's own pauses."""
    return _connected(settings.REDIS_URL, live=False)


def live_client() -> "redis.Redis":
    """Repeats a failed command once, at once: a live frame that waits is worth less than the next one."""
    return _connected(settings.REDIS_URL, live=True)


@lru_cache(maxsize=4)
def _connected(url: str, *, live: bool) -> "redis.Redis":
    policy = {"retry": Retry(NoBackoff(), 1)} if live else {}
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, **policy
    )
