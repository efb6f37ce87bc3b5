"""When a worker leaves although its card answers: nothing that it is given comes out any more."""

from collections.abc import Iterator

import pytest

from generation.checkpoints import catalogue
from generation.checkpoints.params import complete, parse
from generation.engine import device, user_errors
from generation.errors import OutOfMemory, PipelineFailed, WorkerLost
from generation.work import Work


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stub of a card that answers."""
    monkeypatch.setattr(device, "is_on_card", lambda: True)
    monkeypatch.setattr(device, "is_lost", lambda error: False)
    user_errors.record_success()
    yield
    user_errors.record_success()


def work() -> Work:
    checkpoint = catalogue.get("bundled")
    return Work(checkpoint, complete(parse({"kind": "txt2img", "seed": 1}, checkpoint), (128, 128)))


BROKEN = RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")


def told(*works: Work) -> list[type[Exception]]:
    return [type(user_errors.to_user_error(BROKEN, each)) for each in works]


def test_three_jobs_in_a_row_that_nobody_foresaw_end_the_worker() -> None:
    assert told(work(), work(), work()) == [PipelineFailed, PipelineFailed, WorkerLost]


def test_one_job_that_fails_often_does_not() -> None:
    poison = work()
    assert set(told(poison, poison, poison, poison)) == {PipelineFailed}


def test_a_picture_between_them_shows_that_the_card_works() -> None:
    before = told(work(), work())
    user_errors.record_success()
    assert set(before + told(work(), work())) == {PipelineFailed}


def test_a_cpu_has_no_handle_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "is_on_card", lambda: False)
    assert set(told(*(work() for _ in range(5)))) == {PipelineFailed}


@pytest.mark.parametrize(
    "sentence",
    [
        "CUDA out of memory",
        "GET was unable to find an engine to execute this computation",
        "Unable to find an engine to execute this computation",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_every_way_to_say_that_memory_ran_out_is_heard(sentence: str) -> None:
    assert isinstance(user_errors.to_user_error(RuntimeError(sentence), work()), OutOfMemory)
