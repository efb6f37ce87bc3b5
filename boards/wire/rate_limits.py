"""How fast one socket may talk and be talked to."""

import time

from accounts.errors import RateLimited

MESSAGES_PER_SECOND = 120.0
MESSAGES_BURST = 240.0
ELEMENTS_PER_SECOND = 4_000.0
ELEMENTS_BURST = 25_000.0
"""Room for a whole board pasted or replayed at once."""
BYTES_IN_PER_SECOND = 2.0 * 2**20
BYTES_IN_BURST = 32.0 * 2**20
REFUSED_COST = 10
"""An element that is refused counts as so many: pages look before they send."""
LIVE_PER_SECOND = 20.0
LIVE_BURST = 20.0
"""More than anybody sees; a page sends the next frame when it has the picture of the last one."""
BYTES_OUT_PER_SECOND = 4.0 * 2**20
BYTES_OUT_BURST = 32.0 * 2**20
"""A big board in one go; then about what 400 people who all draw cause. Who is over it gets fewer, merged patches."""


class TokenBucket:
    """Allows `rate_per_second` in the long run and `burst` at once."""

    def __init__(self, rate_per_second: float, burst: float) -> None:
        self._rate = rate_per_second
        self._burst = self._tokens = burst
        self._filled_at = time.monotonic()

    def take(self, tokens: float = 1.0, now: float | None = None) -> float:
        """0.0 when allowed, else the seconds to wait until it would be."""
        self._fill(time.monotonic() if now is None else now)
        if self._tokens >= tokens:
            self._tokens -= tokens
            return 0.0
        return (tokens - self._tokens) / self._rate

    def spend(self, tokens: float) -> None:
        """Take them, allowed or not: what is over the limit is to be waited for."""
        self._tokens -= tokens

    def is_overdrawn(self, now: float) -> bool:
        if self._tokens >= 0.0:
            return False
        self._fill(now)
        return self._tokens < 0.0

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


class Intake:
    """What one socket may send."""

    def __init__(self) -> None:
        self._messages = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST)
        self._elements = TokenBucket(ELEMENTS_PER_SECOND, ELEMENTS_BURST)
        self._bytes = TokenBucket(BYTES_IN_PER_SECOND, BYTES_IN_BURST)
        self._live = TokenBucket(LIVE_PER_SECOND, LIVE_BURST)

    def message(self, size_bytes: int) -> None:
        """Raises RateLimited."""
        now = time.monotonic()
        if wait := self._messages.take(1.0, now):
            raise RateLimited("Too many messages.", wait)
        if wait := self._bytes.take(size_bytes, now):
            raise RateLimited("Too much at once.", wait)

    def elements(self, count: int) -> None:
        """Raises RateLimited."""
        if wait := self._elements.take(count):
            raise RateLimited("Too many elements at once.", wait)

    def refused(self, count: int) -> None:
        """So many of those elements could not come in."""
        self._elements.spend(count * (REFUSED_COST - 1))

    def live(self) -> None:
        """Raises RateLimited."""
        if wait := self._live.take():
            raise RateLimited("Too many live frames.", wait)
