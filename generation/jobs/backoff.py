"""How long a job waits before its next attempt, after an error that should pass."""

import random
from datetime import timedelta

FIRST_SECONDS = 4.0
LONGEST_SECONDS = 60.0
# Largest distance from the mean, as a share of it: jobs that failed together must not come back together.
JITTER = 0.5

_dice = random.SystemRandom()


def backoff_delay(failures: int) -> timedelta:
    """Twice as long after each failure, ± JITTER. failures: how often this job failed so far, from 1."""
    mean = min(FIRST_SECONDS * 2 ** (failures - 1), LONGEST_SECONDS)
    return timedelta(seconds=mean * _dice.uniform(1 - JITTER, 1 + JITTER))
