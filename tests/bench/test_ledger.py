"""What counts as delivered, and when."""

import pytest

from bench.room.ledger import Arrivals, Ledger, percentile

DRAWER, WATCHER = 3, 7


@pytest.fixture
def ledger() -> Ledger:
    """One drawer wrote at 0.0, 0.1 … 0.9 s; what was written from 0.2 to before 0.8 s counts."""
    made = Ledger()
    made.begin, made.end = 0.2, 0.8
    for number in range(10):
        assert made.write(DRAWER, number / 10) == number
    return made


def test_only_the_window_counts(ledger: Ledger) -> None:
    assert ledger.counted() == 6
    assert ledger.counted(besides=DRAWER) == 0
    seen = Arrivals(ledger, WATCHER)
    for number in range(10):
        seen.see(DRAWER, number, number / 10 + 0.05)
    assert seen.seconds == pytest.approx([0.05] * 6)
    assert seen.themselves == 6


def test_a_newer_version_delivers_the_older_ones_as_late_as_it_is(ledger: Ledger) -> None:
    seen = Arrivals(ledger, WATCHER)
    seen.see(DRAWER, 1, 0.15)
    seen.see(DRAWER, 4, 0.5)
    assert seen.seconds == pytest.approx([0.3, 0.2, 0.1])
    assert seen.themselves == 1


def test_an_overtaken_cursor_was_not_delivered(ledger: Ledger) -> None:
    seen = Arrivals(ledger, WATCHER, overtaken=False)
    seen.see(DRAWER, 4, 0.5)
    assert seen.seconds == pytest.approx([0.1])


def test_what_is_old_or_seen_already_counts_once(ledger: Ledger) -> None:
    seen = Arrivals(ledger, WATCHER)
    for number in (5, 5, 4):
        seen.see(DRAWER, number, 0.6)
    assert len(seen.seconds) == 4
    assert seen.themselves == 1


def test_ones_own_and_unknown_things_do_not_count(ledger: Ledger) -> None:
    seen = Arrivals(ledger, DRAWER)
    seen.see(DRAWER, 5, 0.6)
    seen.see(99, 0, 0.6)
    other = Arrivals(ledger, WATCHER)
    other.see(DRAWER, 10, 0.6)  # never written
    assert seen.seconds == other.seconds == []


def test_missing_counts_the_senders_whose_last_thing_did_not_come(ledger: Ledger) -> None:
    ledger.write(4, 0.5)
    seen = Arrivals(ledger, WATCHER)
    assert seen.missing(ledger.newest()) == 2
    seen.see(DRAWER, 8, 1.0)
    seen.see(4, 0, 1.0)
    assert seen.missing(ledger.newest()) == 1
    seen.see(DRAWER, 9, 1.1)
    assert seen.missing(ledger.newest()) == 0


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([5.0], 99) == 5.0
    assert percentile([], 50) is None
