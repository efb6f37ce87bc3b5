"""What was sent when, and how late each watcher saw it."""

import math
from collections import defaultdict
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Nearest rank: the smallest value that at least so many percent do not exceed. None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Ledger:
    """The times, in seconds, at which each sender wrote its numbered things. Only those in the window count."""

    def __init__(self) -> None:
        self.begin = math.inf
        self.end = math.inf
        self._sent: defaultdict[int, list[float]] = defaultdict(list)

    def write(self, sender: int, now: float) -> int:
        """Note that the sender writes its next thing now. Returns the number of it."""
        times = self._sent[sender]
        times.append(now)
        return len(times) - 1

    def time_of(self, sender: int, number: int) -> float | None:
        """When it was written; None when it was not."""
        times = self._sent.get(sender, ())
        return times[number] if number < len(times) else None

    def counts(self, sender: int, number: int) -> bool:
        time = self.time_of(sender, number)
        return time is not None and self.begin <= time < self.end

    def counted(self, besides: int | None = None) -> int:
        """How many things count, without those of one sender."""
        return sum(
            self.counts(sender, number)
            for sender, times in self._sent.items()
            if sender != besides
            for number in range(len(times))
        )

    def newest(self) -> dict[int, int]:
        """sender → the number of its last thing."""
        return {sender: len(times) - 1 for sender, times in self._sent.items()}


class Arrivals:
    """What one client saw of the others.

    A newer version of an element makes the older ones delivered too: a board may send only the newest. Their
    latency lasts until the newer one came. With `overtaken=False` those do not count.
    """

    def __init__(self, ledger: Ledger, own: int, *, overtaken: bool = True) -> None:
        self.seconds: list[float] = []
        self.themselves = 0
        self._ledger = ledger
        self._own = own
        self._overtaken = overtaken
        self._newest: dict[int, int] = {}

    def see(self, sender: int, number: int, now: float) -> None:
        before = self._newest.get(sender, -1)
        if sender == self._own or number <= before or self._ledger.time_of(sender, number) is None:
            return
        self._newest[sender] = number
        for each in range(before + 1 if self._overtaken else number, number + 1):
            if self._ledger.counts(sender, each):
                self.seconds.append(now - (self._ledger.time_of(sender, each) or 0.0))
        self.themselves += self._ledger.counts(sender, number)

    def missing(self, newest: dict[int, int]) -> int:
        """How many senders' last thing was not seen."""
        return sum(
            self._newest.get(sender, -1) < number for sender, number in newest.items() if sender != self._own
        )
