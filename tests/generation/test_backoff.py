from generation.jobs import backoff


def test_J22_a_rest_grows_with_every_failure_and_ends() -> None:
    for failures in range(1, 12):
        mean = min(4.0 * 2 ** (failures - 1), 60.0)
        delays = [backoff.backoff_delay(failures).total_seconds() for _ in range(50)]
        assert mean / 2 <= min(delays) and max(delays) <= mean * 1.5


def test_J22_jobs_that_fell_together_do_not_come_back_together() -> None:
    assert len({backoff.backoff_delay(1) for _ in range(20)}) == 20
