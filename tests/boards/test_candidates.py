"""Pictures to choose from: on nobody's board until somebody accepts one, and never lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone

from boards.elements import store
from boards.jobs import board_jobs
from boards.models import Board, BoardFile, Element, Membership, Placement, Role
from generation.models import GeneratedImage, Job
from tests.boards.arrivals import arrive
from tests.factories import element, png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("published")]
API = "/api/v1"


def asks(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user: Any, path: str, body: dict[str, Any] | None = None) -> Any:
    return asks(user).post(f"{API}{path}", body or {}, content_type="application/json")


@pytest.fixture
def job(board: Board, alice: Any) -> Job:
    """alice asked for four pictures of her frame, to choose from."""
    store.apply(board.pk, [element("frame", type="frame", x=0, y=0, width=100, height=100, name=None)])
    made = Job.objects.create(
        audience=f"board.{board.pk}",
        created_by=alice,
        kind="img2img",
        checkpoint="bundled",
        params={"kind": "img2img", "prompt": "a cat", "count": 4},
        status="running",
    )
    Placement.objects.create(
        job=made, board=board, frame="frame", x=0, y=0, width=100, height=100, where="stage"
    )
    return made


@pytest.fixture
def four(job: Job) -> list[GeneratedImage]:
    return [arrive(job, seed) for seed in range(4)]


def pictures(board: Board) -> list[dict[str, Any]]:
    """The picture elements that stand on the board."""
    rows = Element.objects.filter(board=board, is_deleted=False)
    return [body for body in (json.loads(row.body) for row in rows) if body["type"] == "image"]


def standings(job: Job) -> list[str]:
    described: Any = board_jobs.describe_by_id(str(job.pk))
    return [image["standing"] for image in described["images"]]


def shown(board: Board) -> list[str]:
    return [job["id"] for job in board_jobs.shown_on(board)]


def accept_path(image: GeneratedImage) -> str:
    return f"/jobs/{image.job_id}/images/{image.pk}/accept"


def delete(board: Board, body: dict[str, Any]) -> None:
    gone = body | {"isDeleted": True, "version": body["version"] + 1}
    store.apply(board.pk, [element(body["id"], **gone)])


def test_candidates_are_on_nobodys_board(board: Board, job: Job, four: list[GeneratedImage]) -> None:
    assert pictures(board) == [] and not BoardFile.objects.exists()
    assert standings(job) == ["candidate"] * 4


def test_they_are_offered_one_by_one_and_to_whoever_comes_later(board: Board, job: Job) -> None:
    arrive(job, 1)
    assert standings(job) == ["candidate"]
    arrive(job, 2)
    Job.objects.filter(pk=job.pk).update(status="succeeded")
    assert shown(board) == [str(job.pk)]


def test_a_choice_that_nobody_made_for_a_day_is_not_offered_to_newcomers(board: Board, job: Job) -> None:
    arrive(job, 1)
    Job.objects.update(status="succeeded", created_at=timezone.now() - board_jobs.CHOICE_SHOWN)
    assert shown(board) == [] and standings(job) == ["candidate"]


def test_everybody_who_may_look_sees_them_and_nobody_else(
    four: list[GeneratedImage], alice: Any, bob: Any, carol: Any, mallory: Any
) -> None:
    path = f"{API}/jobs/{four[0].job_id}/images/{four[0].pk}"
    answers = [asks(user).get(path).status_code for user in (alice, bob, carol, mallory)]
    assert answers == [200, 200, 200, 404]


def test_an_accepted_one_goes_beside_the_frame_as_an_edit_of_who_accepted_it(
    board: Board, job: Job, four: list[GeneratedImage], bob: Any
) -> None:
    answer = post(bob, accept_path(four[2]))
    assert answer.status_code == 200, answer.content
    (placed,) = pictures(board)
    assert placed["customData"]["atelier"]["image"] == str(four[2].pk) and placed["x"] == 140
    assert Element.objects.get(element_id=placed["id"]).author_id == bob.pk
    assert BoardFile.objects.get(board=board).file_id == placed["fileId"]
    assert [image["element_id"] for image in answer.json()["images"]] == [None, None, placed["id"], None]
    assert standings(job) == ["candidate", "candidate", "placed", "candidate"]


def test_it_goes_where_it_was_asked_for_or_where_is_said_now(
    board: Board, job: Job, four: list[GeneratedImage], alice: Any
) -> None:
    Placement.objects.update(accepted_where="inside")
    post(alice, accept_path(four[0]))
    post(alice, accept_path(four[1]), {"placement": "beside"})
    by_seed = {picture["customData"]["atelier"]["seed"]: picture for picture in pictures(board)}
    assert by_seed[0]["frameId"] == "frame" and by_seed[1]["frameId"] is None


@pytest.mark.parametrize("placement", ["stage", "", "nowhere"])
def test_nowhere_is_no_place(board: Board, four: list[GeneratedImage], alice: Any, placement: str) -> None:
    assert post(alice, accept_path(four[0]), {"placement": placement}).json()["code"] == "no_region"
    assert pictures(board) == []


def test_twice_is_once(board: Board, four: list[GeneratedImage], alice: Any, bob: Any) -> None:
    def accept(user: Any) -> int:
        try:
            return post(user, accept_path(four[0])).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        assert list(people.map(accept, [alice, bob, alice, bob])) == [200] * 4
    assert len(pictures(board)) == 1


def test_one_that_was_taken_off_the_board_can_be_accepted_anew(
    board: Board, four: list[GeneratedImage], alice: Any
) -> None:
    post(alice, accept_path(four[0]))
    (first,) = pictures(board)
    delete(board, first)
    assert pictures(board) == []
    post(alice, accept_path(four[0]))
    (second,) = pictures(board)
    assert second["id"] != first["id"] and second["fileId"] == first["fileId"]


def test_one_that_was_taken_off_the_board_is_offered_again_with_the_others(
    board: Board, job: Job, four: list[GeneratedImage], alice: Any
) -> None:
    post(alice, accept_path(four[1]), {"keep_others": True})
    delete(board, pictures(board)[0])
    post(alice, f"/jobs/{job.pk}/images/restore")
    assert standings(job) == ["candidate"] * 4


def test_with_one_accepted_the_others_may_be_put_away_those_still_to_come_too(
    board: Board, job: Job, alice: Any
) -> None:
    first, _ = arrive(job, 0), arrive(job, 1)
    post(alice, accept_path(first), {"keep_others": True})
    arrive(job, 2)
    assert standings(job) == ["placed", "kept", "kept"]
    Job.objects.filter(pk=job.pk).update(status="succeeded")
    assert shown(board) == []


def test_keep_discard_and_offer_again(board: Board, job: Job, four: list[GeneratedImage], bob: Any) -> None:
    Job.objects.filter(pk=job.pk).update(status="succeeded")
    one = f"/jobs/{job.pk}/images/{four[0].pk}"
    assert post(bob, f"{one}/keep").json()["images"][0]["standing"] == "kept"
    assert post(bob, f"{one}/discard").json()["images"][0]["standing"] == "discarded"
    assert shown(board) == [str(job.pk)], "three are left to choose from"
    post(bob, f"/jobs/{job.pk}/images/keep")
    assert standings(job) == ["discarded", "kept", "kept", "kept"] and shown(board) == []
    post(bob, f"{one}/restore")
    assert standings(job) == ["candidate", "kept", "kept", "kept"] and shown(board) == [str(job.pk)]
    post(bob, f"/jobs/{job.pk}/images/discard")
    assert standings(job) == ["discarded", "kept", "kept", "kept"], "what was kept stays kept"
    post(bob, f"/jobs/{job.pk}/images/restore")
    assert standings(job) == ["candidate"] * 4


def test_a_room_that_missed_a_word_sees_that_something_has_changed(job: Job, bob: Any) -> None:
    path = f"/jobs/{job.pk}/images/{arrive(job, 0).pk}"
    verbs = ("keep", "discard", "restore", "accept")
    stamps = [board_jobs.stamp(post(bob, f"{path}/{verb}").json()) for verb in verbs]
    arrive(job, 1)
    described: Any = board_jobs.describe_by_id(str(job.pk))
    stamps += [board_jobs.stamp(described)]
    assert all(one != other for one, other in pairwise(stamps)) and stamps[-1] == board_jobs.stamp(described)


def test_an_accepted_one_is_not_put_away(job: Job, four: list[GeneratedImage], alice: Any) -> None:
    post(alice, accept_path(four[0]))
    post(alice, f"/jobs/{job.pk}/images/{four[0].pk}/discard")
    post(alice, f"/jobs/{job.pk}/images/restore")
    assert standings(job)[0] == "placed"


@pytest.mark.parametrize("verb", ["accept", "keep", "discard", "restore"])
def test_who_may_only_look_may_not_choose_and_a_stranger_sees_nothing(
    board: Board, job: Job, four: list[GeneratedImage], carol: Any, mallory: Any, verb: str
) -> None:
    paths = [f"/jobs/{job.pk}/images/{four[0].pk}/{verb}"]
    paths += [f"/jobs/{job.pk}/images/{verb}"] if verb != "accept" else []
    for path in paths:
        assert (post(carol, path).status_code, post(mallory, path).status_code) == (403, 404)
    assert standings(job) == ["candidate"] * 4 and pictures(board) == []


def test_who_asked_for_it_and_lost_the_board_may_not_put_it_there(
    board: Board, four: list[GeneratedImage], bob: Any
) -> None:
    Job.objects.update(created_by=bob)
    Membership.objects.filter(user=bob).update(role=Role.VIEW)
    assert post(bob, accept_path(four[0])).status_code == 403
    Membership.objects.filter(user=bob).delete()
    assert post(bob, accept_path(four[0])).status_code == 404
    assert pictures(board) == []


def test_a_frozen_board_takes_none_and_nothing_is_lost(
    board: Board, job: Job, four: list[GeneratedImage], alice: Any
) -> None:
    Board.objects.update(frozen=True)
    assert post(alice, accept_path(four[0])).status_code == 423
    assert standings(job) == ["candidate"] * 4


def test_a_picture_of_another_job_is_not_this_ones(job: Job, four: list[GeneratedImage], alice: Any) -> None:
    other = Job.objects.create(
        created_by=alice, kind="txt2img", checkpoint="bundled", params={"kind": "txt2img", "prompt": ""}
    )
    assert post(alice, f"/jobs/{other.pk}/images/{four[0].pk}/accept").status_code == 404
    assert post(alice, f"/jobs/{job.pk}/images/{other.pk}/accept").status_code == 404


def test_a_picture_that_the_board_did_not_take_can_be_accepted_later(
    board: Board, job: Job, alice: Any
) -> None:
    Placement.objects.update(where="beside")
    Board.objects.update(frozen=True)
    image = arrive(job, 0)
    Board.objects.update(frozen=False)
    assert standings(job) == [None]
    post(alice, accept_path(image))
    assert len(pictures(board)) == 1 and standings(job) == ["placed"]


def test_the_pictures_of_a_frame_in_the_list_of_jobs(
    board: Board, job: Job, alice: Any, carol: Any, mallory: Any
) -> None:
    arrive(job, 0)
    empty = Job.objects.create(
        created_by=alice, kind="txt2img", checkpoint="bundled", params={"kind": "txt2img", "prompt": ""}
    )
    Placement.objects.create(job=empty, board=board, frame="frame", x=0, y=0, width=1, height=1)
    path = f"{API}/jobs?board={board.pk}&with_pictures=true&frame="
    assert [each["id"] for each in asks(carol).get(f"{path}frame").json()["items"]] == [str(job.pk)]
    assert asks(carol).get(f"{path}other").json()["items"] == []
    assert asks(mallory).get(f"{path}frame").status_code == 404


def ask(user: Any, board: Board, **fields: Any) -> Any:
    region = {"x": 0, "y": 0, "width": 100, "height": 80}
    body = {"params": {"kind": "txt2img", "prompt": "a cat", "count": 2}, "region": region} | fields
    return post(user, f"/boards/{board.pk}/jobs", body)


def test_asking_for_a_choice(board: Board, alice: Any) -> None:
    answer = ask(alice, board, placement="stage", accepted_placement="inside")
    assert answer.status_code == 202 and answer.json()["placement"] == "stage"
    placement = Placement.objects.get(job=answer.json()["id"])
    assert (placement.where, placement.accepted_where) == ("stage", "inside")
    assert ask(alice, board, placement="stage", accepted_placement="stage").json()["code"] == "no_region"


def test_a_retry_begins_without_pictures(job: Job, four: list[GeneratedImage], alice: Any) -> None:
    Job.objects.filter(pk=job.pk).update(
        status="failed", params=ask(alice, Board.objects.get(), placement="stage").json()["params"]
    )
    again = post(alice, f"/jobs/{job.pk}/retry").json()
    placement = Placement.objects.get(job=again["id"])
    assert (placement.where, placement.standings, placement.choosing) == ("stage", {}, False)


class TestWhatTheModelSaw:
    @pytest.fixture
    def seen(self, job: Job) -> str:
        default_storage.save("snapshots/ab12.png", ContentFile(png(8, 8)))
        Job.objects.update(snapshot="snapshots/ab12.png")
        return f"{API}/jobs/{job.pk}/snapshot"

    def test_whoever_may_look_sees_it_and_a_stranger_does_not(
        self, seen: str, alice: Any, bob: Any, carol: Any, mallory: Any
    ) -> None:
        for user in (alice, bob, carol):
            answer = asks(user).get(seen)
            assert (answer.status_code, answer["Content-Type"], answer.content) == (
                200,
                "image/png",
                png(8, 8),
            )
        assert asks(mallory).get(seen).status_code == 404
        assert Client().get(seen).status_code in (401, 404)

    def test_its_address_is_part_of_the_job(self, seen: str, job: Job, alice: Any) -> None:
        assert asks(alice).get(f"{API}/jobs/{job.pk}").json()["snapshot_url"] == seen

    def test_a_picture_of_words_alone_has_none(self, job: Job, alice: Any) -> None:
        assert asks(alice).get(f"{API}/jobs/{job.pk}").json()["snapshot_url"] is None
        assert asks(alice).get(f"{API}/jobs/{job.pk}/snapshot").status_code == 404


class TestQueue:
    def waiting(self, board: Board, user: Any) -> str:
        job_id: str = ask(user, board).json()["id"]
        return job_id

    def places(self, user: Any, board: Board) -> dict[str, int]:
        items = asks(user).get(f"{API}/jobs?board={board.pk}").json()["items"]
        return {job["id"]: job["position"] for job in items}

    def test_J18_the_owner_lets_a_job_run_next(
        self, board: Board, alice: Any, bob: Any, carol: Any, mallory: Any
    ) -> None:
        first, second, third = (self.waiting(board, user) for user in (alice, bob, bob))
        for user, status in ((bob, 403), (carol, 403), (mallory, 404)):
            assert post(user, f"/jobs/{third}/run-next").status_code == status
        answer = post(alice, f"/jobs/{third}/run-next")
        assert (answer.status_code, answer.json()["position"]) == (200, 1)
        assert self.places(alice, board) == {third: 1, first: 2, second: 3}

    def test_J18_a_job_without_a_board_has_no_others_to_pass(self, alice: Any) -> None:
        made = post(alice, "/jobs", {"params": {"kind": "txt2img", "prompt": "x"}}).json()["id"]
        assert post(alice, f"/jobs/{made}/run-next").status_code == 404

    def test_all_of_mine_are_cancelled_and_nobody_elses(
        self, board: Board, alice: Any, bob: Any, carol: Any, mallory: Any
    ) -> None:
        mine = {self.waiting(board, bob) for _ in range(3)}
        others = self.waiting(board, alice)
        path = f"/boards/{board.pk}/jobs/cancel"
        assert post(mallory, path).status_code == 404
        assert post(carol, path).json()["items"] == []
        assert {job["id"] for job in post(bob, path).json()["items"]} == mine
        assert Job.objects.get(pk=others).status == "queued"
        assert set(Job.objects.filter(pk__in=mine).values_list("status", flat=True)) == {"cancelled"}
