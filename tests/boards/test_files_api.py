"""Pictures of a board over HTTP: uploaded, served, refused."""

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import User
from boards.models import Board, BoardFile
from tests.boards.http_client import API, signed_in, upload
from tests.factories import png

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_picture_is_kept_and_served_to_those_who_may_see(
    board: Board, alice: User, carol: User, mallory: User
) -> None:
    client = signed_in(alice)
    made = client.post(f"{API}/boards/{board.pk}/files", {"file": upload(png(30, 20)), "file_id": "mine"})
    assert made.status_code == 201, made.content
    file = made.json()
    assert (file["file_id"], file["width_px"], file["height_px"]) == ("mine", 30, 20)
    served = signed_in(carol).get(file["url"])
    assert served.status_code == 200 and served["Content-Type"] == "image/png"
    assert "immutable" in served["Cache-Control"] and "private" in served["Cache-Control"]
    assert signed_in(carol).get(file["url"], headers={"If-None-Match": served["ETag"]}).status_code == 304
    assert signed_in(mallory).get(file["url"]).status_code == 404
    assert Client().get(file["url"]).status_code == 404
    for user, status in ((carol, 200), (mallory, 404)):
        key = api_keys.create(user)
        assert Client().get(file["url"], headers={"Authorization": f"Bearer {key}"}).status_code == status


def test_a_file_id_keeps_its_first_bytes(board: Board, alice: User) -> None:
    client = signed_in(alice)
    path = f"{API}/boards/{board.pk}/files"
    client.post(path, {"file": upload(png(8, 8)), "file_id": "same"})
    again = client.post(path, {"file": upload(png(9, 9)), "file_id": "same"}).json()
    assert again["width_px"] == 8 and BoardFile.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [b"not an image", b"<svg onload=alert(1)>", b"%PDF-1.4", png()[:40], b"GIF89a" + b"\0" * 9],
    ids=repr,
)
def test_what_is_no_picture_is_refused(board: Board, alice: User, data: bytes) -> None:
    answer = signed_in(alice).post(f"{API}/boards/{board.pk}/files", {"file": upload(data)})
    assert answer.status_code == 422 and answer.json()["code"] == "bad_file"


@pytest.mark.parametrize("file_id", ["../../x", "a b", "x" * 65, "<script>"])
def test_a_file_id_is_plain(board: Board, alice: User, file_id: str) -> None:
    answer = signed_in(alice).post(
        f"{API}/boards/{board.pk}/files", {"file": upload(png()), "file_id": file_id}
    )
    assert answer.status_code == 422


def test_a_picture_over_the_limit_is_refused_before_it_is_read(board: Board, alice: User) -> None:
    answer = signed_in(alice).post(
        f"{API}/boards/{board.pk}/files", {"file": upload(b"\0" * (10 * 1024 * 1024 + 1))}
    )
    assert answer.status_code == 413 and answer.json()["code"] == "too_big"


def test_a_viewer_may_not_upload(board: Board, carol: User) -> None:
    assert signed_in(carol).post(f"{API}/boards/{board.pk}/files", {"file": upload(png())}).status_code == 403
