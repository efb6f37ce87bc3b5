"""Jobs laid out over the workers that may take them."""

import pytest

from generation.jobs.lanes import Lanes

BOTH = {"sd": ["a", "b"], "sdxl": ["b"]}


@pytest.mark.parametrize(
    ("workers", "jobs", "seconds"),
    [(1, 1, 3), (1, 10, 30), (2, 10, 15), (3, 10, 12), (4, 10, 9), (4, 1, 3), (20, 10, 3)],
)
def test_equal_jobs_take_as_many_rounds_as_the_workers_need(workers: int, jobs: int, seconds: int) -> None:
    assert Lanes({"sd": [f"worker {n}" for n in range(workers)]}).take("sd", 3.0, jobs) == seconds


def test_a_job_is_done_no_sooner_because_many_workers_are_there() -> None:
    assert Lanes({"sd": ["a", "b", "c"]}).take("sd", 3.0) == 3.0


def test_the_worker_that_is_free_first_takes_the_next_job() -> None:
    lanes = Lanes(BOTH)
    lanes.hold("a", 10.0)
    assert [lanes.take("sd", 3.0) for _ in range(5)] == [3.0, 6.0, 9.0, 12.0, 13.0]


def test_a_job_waits_for_a_worker_that_can_draw_it() -> None:
    lanes = Lanes(BOTH)
    lanes.hold("b", 10.0)
    assert lanes.take("sdxl", 2.0) == 12.0
    assert lanes.take("sd", 2.0) == 2.0, "the other one is free"


def test_what_nobody_serves_yet_waits_for_one_to_come() -> None:
    lanes = Lanes(BOTH)
    assert [lanes.take("flux", 5.0, 2), lanes.take("flux", 5.0)] == [10.0, 15.0]


def test_no_job_takes_no_time() -> None:
    lanes = Lanes(BOTH)
    lanes.take("sd", 3.0, 0)
    assert lanes.take("sd", 3.0) == 3.0
