"""How often an address may do a thing: counted in Redis. While Redis is away everybody may, and the log says so."""

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
class Allowance:
    """So many in so many seconds, counted from the first of them. most: 0 is no limit."""

    name: str
    most: int
    seconds: int

    def take(self, who: str, message: str) -> None:
        """Count one. Raises RateLimited with the message."""
        if not self.most:
            return
        key = _key("allowance", self.name, who)
        with failing_open():
            ends = time.time() + self.seconds
            if not cache.add(f"{key}:ends", ends, self.seconds):
                ends = cache.get(f"{key}:ends") or ends
            if _count(key, 1, self.seconds) > self.most:
                raise RateLimited(message, _at_least_a_second(ends - time.time()))


@dataclass(frozen=True)
class Guesses:
    """Tries at a secret: some are free, then each must wait twice as long as the one before it, up to a limit."""

    name: str
    free: int
    wait_max_seconds: float
    forgotten_seconds: int = 3600
    """So long after the first try all of them are forgotten."""

    def take(self, what: str, message: str) -> None:
        """Count a try, before it is known whether it is right: many at once are then no way around the wait.

        Raises RateLimited with the message; such a try does not count.
        """
        key = _key("guesses", self.name, what)
        with failing_open():
            tried = _count(key, 1, self.forgotten_seconds)
            if tried <= self.free:
                return
            wait = min(2.0 ** (tried - self.free), self.wait_max_seconds)
            if not cache.add(f"{key}:next", time.time() + wait, wait):
                _count(key, -1, self.forgotten_seconds)
                again_at = cache.get(f"{key}:next") or time.time()
                raise RateLimited(message, _at_least_a_second(again_at - time.time()))

    def take_back(self, what: str) -> None:
        """A try that was taken was no wrong one, or came to nothing."""
        key = _key("guesses", self.name, what)
        with failing_open():
            _count(key, -1, self.forgotten_seconds)
            cache.delete(f"{key}:next")


def _key(*parts: str) -> str:
    """Whatever they hold: addresses come from headers."""
    return ":".join((*parts[:2], sha256(parts[2].encode("utf-8", "surrogatepass")).hexdigest()))


def _at_least_a_second(seconds: float) -> float:
    return max(1.0, seconds)


def _count(key: str, by: int, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key, by))
    except ValueError:  # it ended in between
        return by


@contextmanager
def failing_open() -> Iterator[None]:
    """Leave the block where Redis is away."""
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("Not counted, so let through: %s", error)
