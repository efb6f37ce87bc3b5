"""Rate limits of one socket, for what it sends and for what is sent to it."""

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
"""How many elements a malformed one counts as. Pages check elements before they send them."""
LIVE_PER_SECOND = 20.0
LIVE_BURST = 20.0
"""More than anybody sees; a page sends the next live image when it has the picture of the last one."""
BYTES_OUT_PER_SECOND = 4.0 * 2**20
BYTES_OUT_BURST = 32.0 * 2**20
"""A large board at once; then about what 400 drawing people cause. A socket above it gets fewer, merged patches."""


class TokenBucket:
    """A token bucket: allows `rate_per_second` tokens in the long run and `burst` tokens at once."""

    def __init__(self, rate_per_second: float, burst: float) -> None:
        self._rate = rate_per_second
        self._burst = self._tokens = burst
        self._filled_at = time.monotonic()

    def take(self, tokens: float = 1.0, now: float | None = None) -> float:
        """Take tokens if there are enough. Returns 0.0, or the seconds until there will be; then none are taken.

        now: monotonic seconds.
        """
        self._fill(time.monotonic() if now is None else now)
        if self._tokens >= tokens:
            self._tokens -= tokens
            return 0.0
        return (tokens - self._tokens) / self._rate

    def spend(self, tokens: float) -> None:
        """Take tokens even if that overdraws the bucket."""
        self._tokens -= tokens

    def is_overdrawn(self, now: float) -> bool:
        """True if more was spent than has been refilled. now: monotonic seconds."""
        if self._tokens >= 0.0:
            return False
        self._fill(now)
        return self._tokens < 0.0

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


class InboundLimits:
    """Limits on what one socket sends. Each method takes tokens, or raises RateLimited with the time to wait."""

    def __init__(self) -> None:
        self._messages = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST)
        self._elements = TokenBucket(ELEMENTS_PER_SECOND, ELEMENTS_BURST)
        self._bytes = TokenBucket(BYTES_IN_PER_SECOND, BYTES_IN_BURST)
        self._live = TokenBucket(LIVE_PER_SECOND, LIVE_BURST)

    def take_message(self, size_bytes: int) -> None:
        """Count a message, before it is parsed. Raises RateLimited."""
        now = time.monotonic()
        if wait := self._messages.take(1.0, now):
            raise RateLimited("Too many messages.", wait)
        if wait := self._bytes.take(size_bytes, now):
            raise RateLimited("Too much at once.", wait)

    def take_elements(self, count: int) -> None:
        """Count the elements of a push. Raises RateLimited."""
        if wait := self._elements.take(count):
            raise RateLimited("Too many elements at once.", wait)

    def charge_malformed(self, count: int) -> None:
        """Raise the cost of `count` elements, counted before, to REFUSED_COST each. Never raises."""
        self._elements.spend(count * (REFUSED_COST - 1))

    def take_live_image(self) -> None:
        """Count a live image. Raises RateLimited."""
        if wait := self._live.take():
            raise RateLimited("Too many live frames.", wait)
