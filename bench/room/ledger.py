"""Records when markers were sent, and how late each watching client received them."""

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
    """The send time in seconds of each sender's numbered items. Only those inside the window count."""

    def __init__(self) -> None:
        self.begin = math.inf
        self.end = math.inf
        self._sent: defaultdict[int, list[float]] = defaultdict(list)

    def write(self, sender: int, now: float) -> int:
        """Record that the sender sends its next item now. Returns its number."""
        times = self._sent[sender]
        times.append(now)
        return len(times) - 1

    def time_of(self, sender: int, number: int) -> float | None:
        """The send time of an item; None if it was not sent."""
        times = self._sent.get(sender, ())
        return times[number] if number < len(times) else None

    def counts(self, sender: int, number: int) -> bool:
        time = self.time_of(sender, number)
        return time is not None and self.begin <= time < self.end

    def counted(self, besides: int | None = None) -> int:
        """Number of items that count, without those of one sender."""
        return sum(
            self.counts(sender, number)
            for sender, times in self._sent.items()
            if sender != besides
            for number in range(len(times))
        )

    def newest(self) -> dict[int, int]:
        """sender → the number of its last item."""
        return {sender: len(times) - 1 for sender, times in self._sent.items()}


class Arrivals:
    """The items of other senders that one client received.

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
        """How many senders' last item was not received."""
        return sum(
            self._newest.get(sender, -1) < number for sender, number in newest.items() if sender != self._own
        )
