"""How fast one socket may talk."""

import time

import pytest

from accounts.errors import RateLimited
from boards.wire.rate_limits import (
    BYTES_IN_BURST,
    ELEMENTS_BURST,
    MESSAGES_BURST,
    REFUSED_COST,
    InboundLimits,
    TokenBucket,
)


def test_a_burst_is_allowed_then_the_rate() -> None:
    bucket = TokenBucket(10.0, 3.0)
    began = time.monotonic()
    assert [bucket.take(1.0, began) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(1.0, began) == pytest.approx(0.1, abs=0.02)
    assert bucket.take(1.0, began + 1.0) == 0.0


def test_what_was_spent_over_the_limit_is_waited_for() -> None:
    bucket = TokenBucket(100.0, 50.0)
    now = time.monotonic()
    bucket.spend(100.0)
    assert bucket.is_overdrawn(now) and not bucket.is_overdrawn(now + 1.0)


def test_messages_bytes_and_elements_are_counted_each() -> None:
    with pytest.raises(RateLimited, match="messages"):
        limits = InboundLimits()
        for _ in range(int(MESSAGES_BURST) + 50):
            limits.take_message(1)
    with pytest.raises(RateLimited, match="Too much at once") as refused:
        limits = InboundLimits()
        for _ in range(200):
            limits.take_message(int(BYTES_IN_BURST / 100))
    assert refused.value.retry_after_seconds > 0
    with pytest.raises(RateLimited, match="elements"):
        InboundLimits().take_elements(int(ELEMENTS_BURST) + 1)


def test_an_element_that_is_refused_counts_as_many() -> None:
    limits, pushes = InboundLimits(), 0
    with pytest.raises(RateLimited, match="elements"):
        while True:
            limits.take_elements(500)
            limits.charge_malformed(500)
            pushes += 1
    assert pushes == ELEMENTS_BURST / 500 / REFUSED_COST
