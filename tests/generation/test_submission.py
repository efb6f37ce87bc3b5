"""Asking for pictures: checked first, kept once, told after the commit."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from generation.errors import (
    CheckpointUnknown,
    IdempotencyConflict,
    IdempotencyKeyInvalid,
    JobNotFinished,
    MaskEmpty,
    MaskRequired,
    OutOfMemory,
    ParamsInvalid,
    SnapshotInvalid,
    SnapshotRequired,
    TooManyJobs,
    TooManyPictures,
)
from generation.images import storage
from generation.jobs import lifecycle, submission
from generation.jobs.submission import InputImages, Request
from generation.models import Job, JobStatus
from tests.factories import png
from tests.generation.asking import ask
from tests.generation.test_lifecycle import IMAGE, at_once, claimed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]

PARAMS = {"kind": "pix2pix", "prompt": "a cat"}


def submit(user: User, **changes: Any) -> Job:
    return ask(user, **{"raw_params": PARAMS, "snapshot": png(400, 200)} | changes)


def test_a_job_keeps_complete_params_and_what_was_on_the_board(alice: User) -> None:
    job = submit(alice)
    assert (job.status, job.kind, job.checkpoint, job.created_by, job.audience) == (
        JobStatus.QUEUED,
        "pix2pix",
        "bundled",
        alice,
        "board.1",
    )
    assert isinstance(job.params["seed"], int)
    assert (job.params["width_px"], job.params["height_px"]) == (512, 256)
    assert job.steps == job.params["steps"] > 0
    assert storage.load_picture(job.snapshot).size == (400, 200)


def test_J2_a_job_is_published_after_the_commit_and_never_without_it(
    alice: User, published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            job = submit(alice)
            assert published == []
        with pytest.raises(LookupError), transaction.atomic():
            submit(alice)
            raise LookupError
    assert published == [str(job.id)]
    assert Job.objects.get().published_at


def test_a_broker_that_is_away_leaves_the_job_waiting(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from kombu.exceptions import OperationalError

    from generation import tasks

    def away(*args: Any, **options: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.generate, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        job = submit(alice)
    assert (Job.objects.get(id=job.id).status, Job.objects.get().published_at) == (JobStatus.QUEUED, None)


@pytest.mark.parametrize("kind", ["img2img", "pix2pix"])
def test_kinds_that_redraw_need_a_snapshot(alice: User, kind: str) -> None:
    with pytest.raises(SnapshotRequired, match=kind):
        submit(alice, raw_params={"kind": kind}, snapshot=None)
    assert not Job.objects.exists()


def test_txt2img_needs_none_and_keeps_none(alice: User) -> None:
    job = submit(alice, raw_params={"kind": "txt2img"}, snapshot=None)
    assert (job.snapshot, job.params["width_px"], job.params["height_px"]) == ("", 512, 512)
    assert submit(alice, raw_params={"kind": "txt2img"}).snapshot == ""


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"raw_params": {"steps": -1}}, ParamsInvalid),
        ({"raw_params": ["params"]}, ParamsInvalid),
        ({"raw_params": {"checkpoint": "nothing"}}, CheckpointUnknown),
        ({"raw_params": {"checkpoint": ["bundled"]}}, CheckpointUnknown),
        ({"snapshot": b"no image"}, SnapshotInvalid),
        ({"snapshot": b""}, SnapshotInvalid),
        ({"idempotency_key": "x" * 256}, IdempotencyKeyInvalid),
        ({"idempotency_key": "a\0b"}, IdempotencyKeyInvalid),
    ],
)
def test_what_is_wrong_leaves_no_job(alice: User, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        submit(alice, **changes)
    assert not Job.objects.exists()


def test_J30_the_same_key_and_request_give_the_same_job(alice: User, published: list[str]) -> None:
    first = submit(alice, idempotency_key="k", belongs_to={"frame": "f"})
    again = submit(alice, idempotency_key="k", belongs_to={"frame": "f"})
    assert first.id == again.id
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"raw_params": PARAMS | {"prompt": "a dog"}},
        {"raw_params": PARAMS | {"seed": 1}},
        {"snapshot": png(400, 200, "red")},
        {"audience": "board.2"},
        {"belongs_to": {"frame": "other"}},
    ],
)
def test_J30_the_same_key_for_another_request_is_a_conflict(alice: User, changes: dict[str, Any]) -> None:
    submit(alice, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        submit(alice, idempotency_key="k", **changes)
    assert Job.objects.count() == 1


def test_J30_a_key_belongs_to_one_person(alice: User, bob: User) -> None:
    assert submit(alice, idempotency_key="k").id != submit(bob, idempotency_key="k").id


def test_J30_without_a_key_every_request_is_a_new_one(alice: User) -> None:
    assert submit(alice).id != submit(alice).id


def test_J30_a_key_finds_its_job_even_when_no_more_are_allowed(alice: User, settings: Any) -> None:
    settings.ATELIER_MAX_ACTIVE_JOBS = 1
    first = submit(alice, idempotency_key="k")
    assert submit(alice, idempotency_key="k").id == first.id


@pytest.mark.django_db(transaction=True)
def test_J30_a_double_click_makes_one_job(alice: User) -> None:
    jobs = at_once(6, lambda number: submit(alice, idempotency_key="k"))
    assert len({job.id for job in jobs}) == 1
    assert Job.objects.count() == 1


def test_J41_nobody_has_more_active_jobs_than_allowed(alice: User, bob: User, settings: Any) -> None:
    settings.ATELIER_MAX_ACTIVE_JOBS = 2
    first = submit(alice)
    claimed(submit(alice))
    with pytest.raises(TooManyJobs) as caught:
        submit(alice)
    assert 1 <= caught.value.retry_after_seconds <= 60
    assert "2 at a time are allowed" in caught.value.message
    submit(bob)
    submission.cancel(first)
    submit(alice)


@pytest.mark.django_db(transaction=True)
def test_J41_the_last_free_place_is_given_once(alice: User, settings: Any) -> None:
    settings.ATELIER_MAX_ACTIVE_JOBS = 3
    submit(alice)
    submit(alice)
    results = at_once(8, lambda number: submit(alice))
    assert len([result for result in results if isinstance(result, Job)]) == 1
    assert len([result for result in results if isinstance(result, TooManyJobs)]) == 7
    assert Job.objects.count() == 3


def test_a_retry_is_a_new_job_with_the_same_seed_and_board(alice: User, bob: User) -> None:
    job = submit(alice)
    lifecycle.fail(claimed(job), OutOfMemory())
    job.refresh_from_db()
    again = submission.retry(job, bob)
    assert again.id != job.id and again.retry_of == job
    assert (again.params, again.snapshot, again.audience) == (job.params, job.snapshot, job.audience)
    assert again.created_by == bob and again.status == JobStatus.QUEUED


def test_what_is_still_worked_on_is_not_retried(alice: User) -> None:
    job = submit(alice)
    with pytest.raises(JobNotFinished):
        submission.retry(job, alice)


def test_two_snapshots_of_the_same_board_are_one_file(alice: User, media: Any) -> None:
    assert submit(alice).snapshot == submit(alice).snapshot
    [file] = media.rglob("*.png")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem


def test_J30_a_retry_with_the_same_key_is_the_same_job(alice: User) -> None:
    job, other = submit(alice), submit(alice)
    for each in (job, other):
        lifecycle.fail(claimed(each), OutOfMemory())
        each.refresh_from_db()
    again = submission.retry(job, alice, "k")
    assert submission.retry(job, alice, "k").id == again.id
    with pytest.raises(IdempotencyConflict):
        submission.retry(other, alice, "k")
    with pytest.raises(IdempotencyConflict):
        submit(alice, idempotency_key="k")


def test_a_kind_that_redraws_a_part_needs_to_know_which(alice: User) -> None:
    part = {"raw_params": {"kind": "inpaint", "prompt": "a door"}}
    with pytest.raises(MaskRequired):
        submit(alice, **part)
    with pytest.raises(MaskEmpty):
        submit(alice, **part, mask=png(400, 200, "black"))
    with pytest.raises(ParamsInvalid, match="mask: has no effect on pix2pix"):
        submit(alice, mask=png(400, 200))
    assert not Job.objects.exists()
    job = submit(alice, **part, mask=png(400, 200), idempotency_key="k")
    assert storage.load_mask(job.mask).getextrema() == (255, 255)
    with pytest.raises(IdempotencyConflict):
        submit(alice, **part, mask=png(200, 100), idempotency_key="k")
    lifecycle.fail(claimed(job), OutOfMemory())
    job.refresh_from_db()
    assert submission.retry(job, alice).mask == job.mask


def test_J40_only_pictures_are_paid_for(alice: User, settings: Any) -> None:
    settings.ATELIER_MAX_PICTURES_PER_DAY = 4
    two = {"raw_params": PARAMS | {"count": 2}}
    painted, failed = submit(alice, **two), submit(alice, **two)
    with pytest.raises(TooManyPictures) as caught:
        submit(alice)
    assert 0 < caught.value.retry_after_seconds <= 24 * 3600
    lifecycle.succeed(claimed(painted), [(IMAGE, 7), (IMAGE, 8)])
    lifecycle.fail(claimed(failed), OutOfMemory())
    waiting = submit(alice, **two)
    with pytest.raises(TooManyPictures):
        submit(alice)
    submission.cancel(waiting)
    submit(alice, **two)
    assert [job.charged_pictures for job in Job.objects.order_by("created_at")] == [2, 0, 0, 2]


def test_J40_what_is_a_day_old_is_not_counted(alice: User, bob: User, settings: Any) -> None:
    settings.ATELIER_MAX_PICTURES_PER_DAY = 1
    submit(alice)
    with pytest.raises(TooManyPictures):
        submit(alice)
    submit(bob)
    Job.objects.filter(created_by=alice).update(created_at=Now() - timedelta(days=1, seconds=1))
    submit(alice)


def test_a_whole_picture_is_repainted_at_its_own_size(alice: Any, media: Any) -> None:
    request = Request(
        {"kind": "inpaint", "prompt": "a door"}, images=InputImages(png(1999, 41), png(1999, 41), True)
    )
    made = submission.plan(alice, request)
    job = submission.submit(made, submission.store_inputs(made, request.images))
    assert (job.params["width_px"], job.params["height_px"]) == (None, None)
    assert storage.load_whole(job.snapshot).size == storage.load_mask(job.mask).size == (1999, 41)
    assert submission.retry(lifecycle.cancel(job.id), alice).params == job.params
    sized = Request({"kind": "inpaint", "width_px": 512}, images=request.images)
    made = submission.plan(alice, sized)
    with pytest.raises(ParamsInvalid, match="width_px: has no effect on a picture that keeps its size"):
        submission.store_inputs(made, sized.images)
