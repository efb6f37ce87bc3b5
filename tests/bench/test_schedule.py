"""The load is open: fixed before the run."""

from collections import Counter

from bench.room.run import Load
from bench.room.schedule import Event, events

LOAD = Load(cursor_hz=25, update_hz=10)


def made(seed: int = 1) -> list[Event]:
    return list(events(LOAD, n=20, drawers=4, seconds=2.0, seed=seed))


def test_everybody_points_and_only_drawers_draw_at_their_rates() -> None:
    counts = Counter((event.client, event.draws) for event in made())
    assert {client for client, draws in counts if draws} == {0, 1, 2, 3}
    assert all(counts[client, False] == 50 for client in range(20))
    assert all(counts[client, True] == 20 for client in range(4))


def test_events_come_in_order_and_end_in_time() -> None:
    times = [event.due_seconds for event in made()]
    assert times == sorted(times)
    assert times[0] >= 0 and times[-1] < 2.0


def test_clients_are_not_in_step() -> None:
    first = {event.client: event.due_seconds for event in reversed(made()) if not event.draws}
    assert len(set(first.values())) == 20


def test_every_system_gets_the_same_load() -> None:
    assert made() == made()
    assert made() != made(seed=2)


def test_one_of_five_draws_and_one_at_least() -> None:
    assert [LOAD.drawers(n) for n in (1, 10, 50, 200)] == [1, 2, 10, 40]
