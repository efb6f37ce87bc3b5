"""A board's scene over HTTP: read whole, and brought as a file."""

import json
from typing import Any

import pytest

from accounts.models import User
from boards.elements import store
from boards.models import Board, Element
from boards.scopes import door_of_request
from tests import documented
from tests.boards.http_client import API, post, signed_in, upload
from tests.factories import body, element, png

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_document_goes_in_and_comes_out(board: Board, bob: User) -> None:
    client = signed_in(bob)
    scene: dict[str, Any] = {
        "type": "excalidraw",
        "elements": [body("a"), body("b"), body("bad", x="left")],
        "files": {},
    }
    result = client.post(
        f"{API}/boards/{board.pk}/import", {"file": upload(json.dumps(scene).encode())}
    ).json()
    assert result["added"] == 2 and result["updated"] == 0 and result["clock"] == 1
    assert [item["id"] for item in result["refused"]] == ["bad"]
    out = json.loads(client.get(f"{API}/boards/{board.pk}/scene").getvalue())
    assert out["type"] == "excalidraw" and out["elements"] == scene["elements"][:2]


def test_a_scene_that_did_not_change_is_not_sent_again(board: Board, bob: User, mallory: User) -> None:
    url = f"{API}/boards/{board.pk}/scene"
    store.apply(board.pk, [element("a")])
    etag = signed_in(bob).get(url)["ETag"]
    again = signed_in(bob).get(url, headers={"if-none-match": etag})
    assert again.status_code == 304 and not again.content and again["ETag"] == etag
    assert signed_in(mallory).get(url, headers={"if-none-match": etag}).status_code == 404
    store.apply(board.pk, [element("b")])
    changed = signed_in(bob).get(url, headers={"if-none-match": etag})
    assert changed.status_code == 200 and changed["ETag"] != etag
    assert len(json.loads(changed.getvalue())["elements"]) == 2


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"elements": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_scene_is_refused(board: Board, bob: User, data: bytes) -> None:
    answer = signed_in(bob).post(f"{API}/boards/{board.pk}/import", {"file": upload(data or b" ")})
    assert answer.status_code == 422 and answer.json()["code"] == "bad_document"
    assert not Element.objects.exists()


def test_a_document_is_what_the_description_of_the_api_says(board: Board, bob: User) -> None:
    store.apply(board.pk, [element("a"), element("b", type="image", fileId="mine")])
    client, scene = signed_in(bob), f"{API}/boards/{board.pk}/scene"
    client.post(f"{API}/boards/{board.pk}/files", {"file": upload(png()), "file_id": "mine"})
    version = post(client, f"/boards/{board.pk}/versions", {"name": "First"}).json()["id"]
    then = f"{API}/boards/{board.pk}/versions/{version}/scene"
    for path in (scene, f"{scene}?download=1", then, f"{then}?pictures=linked"):
        answer = client.get(path)
        content = answer.getvalue()
        assert len(json.loads(content)["files"]) == 1
        documented.check_read(door_of_request(answer.wsgi_request), answer, content)
