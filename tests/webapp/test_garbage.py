"""What cannot be stored, read or meant gets a 400 that says so, on pages and in the API; never a 500."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from boards.models import Board, Element
from tests.factories import element

pytestmark = pytest.mark.django_db

ANCIENT = "0001-01-01T00:00:00+14:00"
LAST = "9999-12-31T23:59:59-12:00"


@pytest.fixture
def alices(alice: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


def assert_is_problem(answer: Any, *codes: tuple[int, str]) -> None:
    assert (answer.status_code, answer.json()["code"]) in codes, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/join/a%00b", "/b/{board}/files/a%00b", "/boards/?next=%00", "/%00"])
def test_a_page_s_address_with_a_nul_in_it_is_not_understood(alices: Client, board: Board, path: str) -> None:
    answer = alices.get(path.format(board=board.pk))
    assert answer.status_code == 400
    assert "This request is not valid" in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/v1/jobs/%00", "/api/v1/jobs?status=%00", "/api/v1/jobs?frame=a%00"])
def test_a_nul_in_an_address_of_the_api_is_a_problem(alices: Client, path: str) -> None:
    assert_is_problem(alices.get(path), (400, "bad_request"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/boards", {"title": "a\0b"}),
        ("/api/v1/boards/{board}/versions", {"name": "a\0b"}),
        ("/api/v1/boards/{board}/links", {"expires_at": ANCIENT}),
        ("/api/v1/boards/{board}/links", {"expires_at": LAST}),
        ("/api/v1/boards/{board}/undo", {"person": "{alice}", "since": ANCIENT}),
        ("/api/v1/boards/{board}/undo", {"person": "{alice}", "since": LAST}),
    ],
)
def test_what_no_column_holds_is_a_problem(
    alices: Client, alice: User, board: Board, path: str, body: Mapping[str, str]
) -> None:
    sent = {name: value.format(alice=alice.pk) for name, value in body.items()}
    answer = alices.post(path.format(board=board.pk), sent, content_type="application/json")
    assert_is_problem(answer, (400, "bad_request"), (422, "invalid"), (404, "not_found"))


@pytest.mark.parametrize("time", [ANCIENT, LAST, "2026-01-01T00:00:00"])
def test_a_cursor_that_no_list_returned_is_a_problem(alices: Client, board: Board, time: str) -> None:
    cursor = base64.urlsafe_b64encode(f"{time} {board.pk}".encode()).decode()
    answer = alices.get("/api/v1/boards", {"cursor": cursor})
    assert answer.status_code == (200 if "2026" in time else 400)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=\xff", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize("door", ["jobs", "files", "import"])
def test_a_form_that_is_none_is_a_problem(alices: Client, board: Board, door: str, kind: str) -> None:
    answer = alices.post(f"/api/v1/boards/{board.pk}/{door}", b"no form", content_type=kind)
    assert_is_problem(answer, (400, "bad_request"), (400, "bad_message"), (422, "invalid"))


def test_a_part_in_bad_base64_is_a_problem(alices: Client, board: Board) -> None:
    form = (
        "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n!!!!!\r\n--x--\r\n"
    )
    answer = alices.post(
        f"/api/v1/boards/{board.pk}/files", form.encode(), content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code < 500, answer.content


@pytest.mark.parametrize("side", [0, -5, 5e6])
def test_a_job_on_a_frame_without_a_size_is_a_problem(alices: Client, board: Board, side: float) -> None:
    frame = element("frame", type="frame", width=side, name=None)
    Element.objects.create(
        board=board,
        element_id=frame.id,
        version=1,
        version_nonce=1,
        index="a0",
        body=frame.body.decode(),
        clock=1,
    )
    body = {"frame": "frame", "params": {"kind": "txt2img", "prompt": "a cat"}}
    answer = alices.post(f"/api/v1/boards/{board.pk}/jobs", body, content_type="application/json")
    assert_is_problem(answer, (422, "no_region"), (400, "no_region"))
