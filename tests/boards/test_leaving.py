"""What becomes of somebody's jobs when they may not edit the board any more, or nobody may."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.guests import guest_claimed
from boards.models import Board, Element, Membership, Placement, Role
from generation.jobs.events import images_made
from generation.models import GeneratedImage, Job
from tests.factories import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("published")]
API = "/api/v1"


def post(user: Any, path: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(f"{API}{path}", {}, content_type="application/json")


def asked(board: Board, user: Any, where: str = "beside", **fields: Any) -> Job:
    made = Job.objects.create(
        **{
            "audience": f"board.{board.pk}",
            "created_by": user,
            "kind": "txt2img",
            "checkpoint": "bundled",
            "params": {"kind": "txt2img", "prompt": "a cat", "seed": 1},
            "status": "running",
        }
        | fields
    )
    Placement.objects.create(job=made, board=board, x=0, y=0, width=100, height=100, where=where)
    return made


def is_done(job: Job) -> GeneratedImage:
    """Its picture arrives, at a worker that reads the job anew."""
    job = Job.objects.get(pk=job.pk)
    with transaction.atomic():
        image = GeneratedImage.objects.create(
            job=job,
            key="images/x.png",
            sha256="0" * 64,
            mime_type="image/png",
            width_px=64,
            height_px=64,
            size_bytes=9,
            seed=1,
        )
        images_made.send(sender=Job, job=job, images=[image])
    return image


def removed(board: Board, user: Any) -> None:
    Membership.objects.filter(board=board, user=user).delete()


def lowered(board: Board, user: Any) -> None:
    Membership.objects.filter(board=board, user=user).update(role=Role.VIEW)


def frozen(board: Board, user: Any) -> None:
    Board.objects.filter(pk=board.pk).update(frozen=True)


def disabled(board: Board, user: Any) -> None:
    type(user).objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("where", ["beside", "stage"])
@pytest.mark.parametrize("ended", [removed, lowered, frozen, disabled])
def test_J32_a_board_takes_nothing_from_whoever_may_not_edit_it_any_more(
    board: Board, alice: Any, bob: Any, where: str, ended: Any
) -> None:
    job = asked(board, bob, where)
    ended(board, bob)
    image = is_done(job)
    place = Placement.objects.get(job=job)
    assert not Element.objects.filter(board=board).exists()
    assert not place.choosing and place.standings == {}
    if ended is not disabled:
        shown = Client()
        shown.force_login(bob)
        mine = shown.get(f"{API}/jobs").json()["items"]
        assert [each["id"] for each in mine[0]["images"]] == [str(image.pk)], "it is theirs to look at"
    Board.objects.filter(pk=board.pk).update(frozen=False)
    assert post(alice, f"/jobs/{job.pk}/images/{image.pk}/accept").status_code == 200
    assert Element.objects.get(board=board).author_id == alice.pk


def test_J32_whoever_may_still_edit_gets_their_picture_on_the_board(board: Board, bob: Any) -> None:
    is_done(asked(board, bob))
    assert Element.objects.get(board=board).author_id == bob.pk


def test_J32_a_guest_who_signs_in_meanwhile_gets_theirs_too(board: Board, bob: Any) -> None:
    guest = person("guest", is_guest=True)
    Membership.objects.filter(board=board, user=bob).update(user=guest)
    job = asked(board, guest, idempotency_key="mine")
    guest_claimed.send(sender=type(guest), guest=guest, user=bob)
    guest.delete()
    job.refresh_from_db()
    is_done(job)
    assert Element.objects.get(board=board).author_id == bob.pk


@pytest.mark.parametrize(
    ("ended", "status"), [(removed, 404), (lowered, 403), (frozen, 423)], ids=["removed", "lowered", "frozen"]
)
@pytest.mark.parametrize("again", ["retry", "images/{image}/finish", "images/{image}/accept"])
def test_J31_that_one_asked_once_does_not_count(
    board: Board, bob: Any, ended: Any, status: int, again: str
) -> None:
    job = asked(board, bob, status="succeeded", params={"kind": "txt2img", "prompt": "a cat", "draft": True})
    image = is_done(job)
    before = Element.objects.count()
    ended(board, bob)
    assert post(bob, f"/jobs/{job.pk}/{again.format(image=image.pk)}").status_code == status
    assert (Job.objects.count(), Element.objects.count()) == (1, before)


def test_J31_nothing_runs_next_on_a_frozen_board(board: Board, alice: Any) -> None:
    job = asked(board, alice, status="queued")
    frozen(board, alice)
    assert post(alice, f"/jobs/{job.pk}/run-next").status_code == 423


def test_J31_ones_own_job_can_be_taken_back_from_a_board_that_one_left(board: Board, bob: Any) -> None:
    job = asked(board, bob, status="queued")
    removed(board, bob)
    assert post(bob, f"/jobs/{job.pk}/cancel").json()["status"] == "cancelled"


def test_a_job_without_a_board_is_tried_again_by_whoever_asked(bob: Any, mallory: Any) -> None:
    job = Job.objects.create(
        created_by=bob,
        kind="txt2img",
        checkpoint="bundled",
        params={"kind": "txt2img", "prompt": "a cat"},
        status="failed",
    )
    assert post(mallory, f"/jobs/{job.pk}/retry").status_code == 404
    assert post(bob, f"/jobs/{job.pk}/retry").status_code == 200
