"""How fast one socket may talk."""

import time


class TokenBucket:
    """Allows `rate_per_second` in the long run and `burst` at once."""

    def __init__(self, rate_per_second: float, burst: float) -> None:
        self._rate = rate_per_second
        self._burst = self._tokens = burst
        self._filled_at = time.monotonic()

    def take(self, tokens: float = 1.0) -> float:
        """0.0 when allowed, else the seconds to wait until it would be."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens >= tokens:
            self._tokens -= tokens
            return 0.0
        return (tokens - self._tokens) / self._rate
