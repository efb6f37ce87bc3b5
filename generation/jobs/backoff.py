"""How long a job rests after a fault that should pass."""

import random
from datetime import timedelta

FIRST_SECONDS = 4.0
LONGEST_SECONDS = 60.0
# So far from the mean at most, as a share of it: jobs that fell together shall not come back together.
JITTER = 0.5

_dice = random.SystemRandom()


def rest(failures: int) -> timedelta:
    """Twice as long after each failure, give or take. failures: how often this job failed so far, from 1."""
    mean = min(FIRST_SECONDS * 2 ** (failures - 1), LONGEST_SECONDS)
    return timedelta(seconds=mean * _dice.uniform(1 - JITTER, 1 + JITTER))
