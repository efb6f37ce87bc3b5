"""Which runs are made, and which are believed."""

import pytest

from bench.room.campaign import Round, disturbance, next_size, passed, rounds, sizes_passed
from bench.room.run import Outcome


def outcome(n: int = 50, **found: object) -> Outcome:
    found = {"delivered": 1.0, "converged": 1.0, "p99": 20.0} | found
    return Outcome(system="atelier-daphne", mode="sync", n=n, **found)  # type: ignore[arg-type]


def test_rounds_are_read_with_and_without_repetitions() -> None:
    assert rounds("10,50x3") == [Round(10, 1), Round(50, 3)]
    with pytest.raises(ValueError, match="fifty"):
        rounds("fifty")


@pytest.mark.parametrize(
    "found",
    [
        {"delivered": 0.9999},
        {"converged": 0.9999},
        {"unacknowledged": 1},
        {"p99": 100.0},
        {"p99": None},
        {"error": "the server ended"},
    ],
)
def test_one_lost_update_or_a_late_percentile_fails_a_run(found: dict[str, object]) -> None:
    assert passed(outcome())
    assert not passed(outcome(**found))


def test_a_size_passes_when_one_of_its_runs_does() -> None:
    runs = [outcome(50), outcome(100, p99=300.0), outcome(100), outcome(200, p99=300.0)]
    assert sizes_passed(runs) == {50: True, 100: True, 200: False}


def test_the_largest_size_is_searched_between_what_passed_and_what_failed() -> None:
    assert next_size({50: True, 100: False}) == 80
    assert next_size({50: True, 80: False, 100: False}) == 60
    assert next_size({60: True, 80: False}) is None
    assert next_size({200: True}) == 300
    assert next_size({400: True}) is None
    assert next_size({50: False, 100: True}) == 250


def test_a_starved_generator_or_server_disturbs_a_run() -> None:
    assert disturbance(outcome(late_p99=5.0, waited=0.05)) < 1
    assert disturbance(outcome(late_p99=40.0)) > 1
    assert disturbance(outcome(waited=0.4)) > 1


def test_who_is_busy_with_the_run_itself_is_not_disturbed() -> None:
    assert disturbance(outcome(late_p99=40.0, generator_cpu=0.97, waited=0.4, server_cpu=0.99)) == 0
