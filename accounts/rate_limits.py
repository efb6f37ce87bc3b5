"""Rate limits and limits of attempts, counted in Redis. While Redis is away nothing is refused, which is logged."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.errors import RateLimited

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RateLimit:
    """At most `most` in a window of `seconds`, which begins with the first of them. most: 0 is no limit."""

    name: str
    most: int
    seconds: int

    def hit(self, subject: str, message: str) -> None:
        """Count one for the subject, e.g. an address. Raises RateLimited with the message."""
        if not self.most:
            return
        key = _key("rate", self.name, subject)
        with failing_open():
            ends = time.time() + self.seconds
            if not cache.add(f"{key}:ends", ends, self.seconds):
                ends = cache.get(f"{key}:ends") or ends
            if _count(key, 1, self.seconds) > self.most:
                raise RateLimited(message, _at_least_a_second(ends - time.time()))


@dataclass(frozen=True)
class AttemptLimit:
    """Attempts at a secret: `free` of them at once, then each must wait twice as long as the one before."""

    name: str
    free: int
    wait_max_seconds: float
    forgotten_seconds: int = 3600
    """All attempts are forgotten so long after the first."""

    def hit(self, subject: str, message: str) -> None:
        """Count an attempt. Call it before the secret is checked: then many attempts at once are no way around the wait.

        Raises RateLimited with the message; such an attempt is not counted.
        """
        key = _key("attempts", self.name, subject)
        with failing_open():
            attempts = _count(key, 1, self.forgotten_seconds)
            if attempts <= self.free:
                return
            wait = min(2.0 ** (attempts - self.free), self.wait_max_seconds)
            if not cache.add(f"{key}:next", time.time() + wait, wait):
                _count(key, -1, self.forgotten_seconds)
                again_at = cache.get(f"{key}:next") or time.time()
                raise RateLimited(message, _at_least_a_second(again_at - time.time()))

    def take_back(self, subject: str) -> None:
        """Uncount an attempt that was right, or that was not made after all."""
        key = _key("attempts", self.name, subject)
        with failing_open():
            _count(key, -1, self.forgotten_seconds)
            cache.delete(f"{key}:next")


def _key(kind: str, name: str, subject: str) -> str:
    """The subject is hashed, for it may come from a header and hold anything."""
    return f"{kind}:{name}:{sha256(subject.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _at_least_a_second(seconds: float) -> float:
    return max(1.0, seconds)


def _count(key: str, by: int, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key, by))
    except ValueError:  # the key expired in between
        return by


@contextmanager
def failing_open() -> Iterator[None]:
    """Leave the block where Redis is away, and log it."""
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("Not counted, so let through: %s", error)
