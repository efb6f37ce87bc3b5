"""Jobs over HTTP: asked for, refused, cancelled, tried again."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from boards.elements import store
from boards.models import Board, Placement
from generation.models import Job
from tests.boards.http_client import API, signed_in, upload
from tests.factories import element, png

pytestmark = pytest.mark.django_db(transaction=True)
PARAMS = {"kind": "img2img", "prompt": "a cat"}


def ask(
    client: Client,
    board: Board,
    snapshot: bytes | None = None,
    params: dict[str, Any] = PARAMS,
    headers: dict[str, str] | None = None,
    **parts: Any,
) -> Any:
    data = {"params": json.dumps(params)} | parts
    if "frame" not in parts:
        data["region"] = json.dumps(parts.get("region", {"x": 0, "y": 0, "width": 100, "height": 80}))
    data["snapshot"] = upload(png() if snapshot is None else snapshot)
    return client.post(f"{API}/boards/{board.pk}/jobs", data, headers=headers or {})


def test_a_job_is_queued_with_its_region_and_shown_to_the_board(
    board: Board, alice: User, carol: User, mallory: User, published: list[str]
) -> None:
    answer = ask(signed_in(alice), board)
    assert answer.status_code == 202, answer.content
    job = answer.json()
    assert (
        job["status"] == "queued" and job["board"] == str(board.pk) and job["created_by"]["name"] == "Alice"
    )
    assert job["region"] == {"x": 0, "y": 0, "width": 100, "height": 80}
    assert isinstance(job["params"]["seed"], int), "the seed that will be used is said at once"
    assert published == [job["id"]]
    assert signed_in(carol).get(f"{API}/jobs/{job['id']}").status_code == 200
    assert signed_in(carol).get(f"{API}/jobs?board={board.pk}").json()["items"][0]["id"] == job["id"]
    for path in (f"{API}/jobs/{job['id']}", f"{API}/jobs?board={board.pk}"):
        assert signed_in(mallory).get(path).status_code == 404
    for verb in ("cancel", "retry"):
        assert signed_in(mallory).post(f"{API}/jobs/{job['id']}/{verb}").status_code == 404


def test_a_job_for_a_frame_takes_the_frames_region(board: Board, alice: User, published: list[str]) -> None:
    store.apply(board.pk, [element("f", type="frame", x=5, y=6, width=70, height=80, name="F")])
    job = ask(signed_in(alice), board, frame="f").json()
    assert job["frame"] == "f" and job["region"] == {"x": 5, "y": 6, "width": 70, "height": 80}
    assert ask(signed_in(alice), board, frame="nothing").json()["code"] == "no_region"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"kind": "img2img", "prompt": "x" * 1001}, "prompt"),
        ({"kind": "img2img", "prompt": "x", "steps": 10**6}, "steps"),
        ({"kind": "img2img", "prompt": "x", "width_px": 8192}, "width_px"),
        ({"kind": "img2img", "prompt": "x", "strength": -0.1}, "strength"),
        ({"kind": "img2img", "prompt": "x", "strength": 1.5}, "strength"),
        ({"kind": "img2img", "prompt": "x", "count": 1000}, "count"),
        ({"kind": "img2img", "prompt": "x", "seed": 2**64}, "seed"),
        ({"kind": "nonsense", "prompt": "x"}, "kind"),
    ],
)
def test_out_of_range_is_422_before_anything_is_queued(
    board: Board, alice: User, published: list[str], params: dict[str, Any], field: str
) -> None:
    answer = ask(signed_in(alice), board, params=params)
    assert answer.status_code == 422, answer.content
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert published == [] and not Job.objects.exists() and not Placement.objects.exists()


@pytest.mark.parametrize("region", ["{}", "NaN", "[1]", '{"x":0,"y":0,"width":-5,"height":5}', '{"x":NaN}'])
def test_a_region_that_is_none_is_refused(
    board: Board, alice: User, published: list[str], region: str
) -> None:
    data = {"params": json.dumps(PARAMS), "region": region, "snapshot": upload(png())}
    answer = signed_in(alice).post(f"{API}/boards/{board.pk}/jobs", data)
    assert answer.status_code in {400, 422} and published == []


def test_a_snapshot_that_is_no_image_is_refused(board: Board, alice: User, published: list[str]) -> None:
    answer = ask(signed_in(alice), board, snapshot=b"hello")
    assert 400 <= answer.status_code < 500 and published == [] and not Job.objects.exists()


def test_the_same_key_asks_once(board: Board, alice: User, published: list[str]) -> None:
    client, headers = signed_in(alice), {"Idempotency-Key": "k1"}
    first, second = ask(client, board, headers=headers), ask(client, board, headers=headers)
    assert first.json()["id"] == second.json()["id"] and len(published) == 1
    other = ask(client, board, headers=headers, region={"x": 1, "y": 0, "width": 100, "height": 80})
    assert other.status_code == 409


def test_viewers_may_not_ask_and_editors_cancel_only_their_own(
    board: Board, alice: User, bob: User, carol: User, published: list[str]
) -> None:
    assert ask(signed_in(carol), board).status_code == 403
    job = ask(signed_in(alice), board).json()
    assert signed_in(bob).post(f"{API}/jobs/{job['id']}/cancel").status_code == 403
    assert signed_in(alice).post(f"{API}/jobs/{job['id']}/cancel").json()["status"] == "cancelled"


def test_a_retry_keeps_settings_and_place(board: Board, alice: User, published: list[str]) -> None:
    job = ask(signed_in(alice), board, params=PARAMS | {"seed": 7}).json()
    signed_in(alice).post(f"{API}/jobs/{job['id']}/cancel")
    again = signed_in(alice).post(f"{API}/jobs/{job['id']}/retry").json()
    assert again["id"] != job["id"] and again["status"] == "queued"
    assert (
        again["params"] == job["params"]
        and again["region"] == job["region"]
        and again["board"] == job["board"]
    )


def test_J30_a_retry_that_is_sent_twice_is_one_job_at_one_place(
    board: Board, alice: User, published: list[str]
) -> None:
    first, other = ask(signed_in(alice), board).json(), ask(signed_in(alice), board).json()
    for job in (first, other):
        signed_in(alice).post(f"{API}/jobs/{job['id']}/cancel")

    def retry(job: dict[str, Any]) -> Any:
        return signed_in(alice).post(f"{API}/jobs/{job['id']}/retry", headers={"Idempotency-Key": "again"})

    again = retry(first).json()
    assert retry(first).json()["id"] == again["id"] and again["region"] == first["region"]
    refused = retry(other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_conflict")
