"""The HTTP API of boards: status codes, shapes, refusals. mallory is in all of them."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import api_keys
from boards.elements import store
from boards.models import Board, BoardFile, Element, Membership, Placement
from generation.models import Job
from tests.factories import body, element, png

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1"


@pytest.fixture
def asks(request):
    """asks(user) → a test client that is signed in as the user."""

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in


def upload(data: bytes, name: str = "x.png", kind: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def post(client, path, data=None, **kwargs):
    return client.post(API + path, data or {}, content_type="application/json", **kwargs)


def test_a_board_is_made_listed_renamed_and_trashed(alice, asks):
    client = asks(alice)
    made = post(client, "/boards", {"title": "Plans"})
    assert made.status_code == 201
    board = made.json()
    assert board["title"] == "Plans" and board["role"] == "owner" and board["clock"] == 0
    assert [item["id"] for item in client.get(f"{API}/boards").json()["items"]] == [board["id"]]
    path = f"{API}/boards/{board['id']}"
    renamed = client.patch(path, {"title": "New plans"}, content_type="application/json")
    assert renamed.json()["title"] == "New plans"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert Board.objects.get(pk=board["id"]).deleted_at is not None


def test_lists_come_in_pages(alice, asks):
    client = asks(alice)
    ids = [post(client, "/boards").json()["id"] for _ in range(5)]
    first = client.get(f"{API}/boards?limit=3").json()
    second = client.get(f"{API}/boards?limit=3&cursor={first['next']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1] and second["next"] is None
    assert client.get(f"{API}/boards?cursor=nonsense").json()["code"] == "bad_message"


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_stranger_gets_404_and_a_viewer_may_not_manage(board, asks, mallory, carol, method):
    path = f"{API}/boards/{board.pk}"
    call = {"content_type": "application/json", "data": {"title": "x"}} if method == "patch" else {}
    refused = getattr(asks(mallory), method)(path, **call)
    assert refused.status_code == 404 and refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "not_found"
    if method != "get":
        assert getattr(asks(carol), method)(path, **call).status_code == 403


def test_nobody_gets_401(board):
    answer = Client().get(f"{API}/boards/{board.pk}")
    assert answer.status_code == 401 and answer.json()["code"] == "unauthenticated"


def test_a_key_is_as_good_as_a_cookie(board, bob):
    key = api_keys.create(bob)
    answer = Client().get(f"{API}/boards/{board.pk}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and answer.json()["role"] == "edit"
    assert Client().get(f"{API}/boards", headers={"Authorization": "Bearer ak_no"}).status_code == 401


def test_a_cookie_needs_its_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert post(client, "/boards").status_code == 403
    assert not Board.objects.filter(owner=alice).exists()


def test_a_document_goes_in_and_comes_out(board, bob, asks):
    client = asks(bob)
    scene = {"type": "excalidraw", "elements": [body("a"), body("b"), body("bad", x="left")], "files": {}}
    result = client.post(
        f"{API}/boards/{board.pk}/import", {"file": upload(json.dumps(scene).encode())}
    ).json()
    assert result["added"] == 2 and result["updated"] == 0 and result["clock"] == 1
    assert [item["id"] for item in result["refused"]] == ["bad"]
    out = json.loads(client.get(f"{API}/boards/{board.pk}/scene").getvalue())
    assert out["type"] == "excalidraw" and out["elements"] == scene["elements"][:2]


def test_a_scene_that_did_not_change_is_not_sent_again(board, bob, asks, mallory):
    url = f"{API}/boards/{board.pk}/scene"
    store.apply(board.pk, [element("a")])
    etag = asks(bob).get(url)["ETag"]
    again = asks(bob).get(url, headers={"if-none-match": etag})
    assert again.status_code == 304 and not again.content and again["ETag"] == etag
    assert asks(mallory).get(url, headers={"if-none-match": etag}).status_code == 404
    store.apply(board.pk, [element("b")])
    changed = asks(bob).get(url, headers={"if-none-match": etag})
    assert changed.status_code == 200 and changed["ETag"] != etag
    assert len(json.loads(changed.getvalue())["elements"]) == 2


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"elements": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_scene_is_refused(board, bob, asks, data):
    answer = asks(bob).post(f"{API}/boards/{board.pk}/import", {"file": upload(data or b" ")})
    assert answer.status_code == 422 and answer.json()["code"] == "bad_document"
    assert not Element.objects.exists()


def test_a_picture_is_kept_and_served_to_those_who_may_see(board, alice, carol, mallory, asks):
    client = asks(alice)
    made = client.post(f"{API}/boards/{board.pk}/files", {"file": upload(png(30, 20)), "file_id": "mine"})
    assert made.status_code == 201, made.content
    file = made.json()
    assert (file["file_id"], file["width_px"], file["height_px"]) == ("mine", 30, 20)
    served = asks(carol).get(file["url"])
    assert served.status_code == 200 and served["Content-Type"] == "image/png"
    assert "immutable" in served["Cache-Control"] and "private" in served["Cache-Control"]
    assert asks(carol).get(file["url"], headers={"If-None-Match": served["ETag"]}).status_code == 304
    assert asks(mallory).get(file["url"]).status_code == 404
    assert Client().get(file["url"]).status_code == 404
    for user, status in ((carol, 200), (mallory, 404)):
        key = api_keys.create(user)
        assert Client().get(file["url"], headers={"Authorization": f"Bearer {key}"}).status_code == status


def test_a_file_id_keeps_its_first_bytes(board, alice, asks):
    client = asks(alice)
    path = f"{API}/boards/{board.pk}/files"
    client.post(path, {"file": upload(png(8, 8)), "file_id": "same"})
    again = client.post(path, {"file": upload(png(9, 9)), "file_id": "same"}).json()
    assert again["width_px"] == 8 and BoardFile.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [b"not an image", b"<svg onload=alert(1)>", b"%PDF-1.4", png()[:40], b"GIF89a" + b"\0" * 9],
    ids=repr,
)
def test_what_is_no_picture_is_refused(board, alice, asks, data):
    answer = asks(alice).post(f"{API}/boards/{board.pk}/files", {"file": upload(data)})
    assert answer.status_code == 422 and answer.json()["code"] == "bad_file"


@pytest.mark.parametrize("file_id", ["../../x", "a b", "x" * 65, "<script>"])
def test_a_file_id_is_plain(board, alice, asks, file_id):
    answer = asks(alice).post(f"{API}/boards/{board.pk}/files", {"file": upload(png()), "file_id": file_id})
    assert answer.status_code == 422


def test_a_picture_over_the_limit_is_refused_before_it_is_read(board, alice, asks):
    answer = asks(alice).post(
        f"{API}/boards/{board.pk}/files", {"file": upload(b"\0" * (10 * 1024 * 1024 + 1))}
    )
    assert answer.status_code == 413 and answer.json()["code"] == "too_big"


def test_a_viewer_may_not_upload(board, carol, asks):
    assert asks(carol).post(f"{API}/boards/{board.pk}/files", {"file": upload(png())}).status_code == 403


def test_links_are_made_followed_and_ended(board, alice, mallory, asks):
    owner, stranger = asks(alice), asks(mallory)
    made = post(owner, f"/boards/{board.pk}/links", {"role": "edit"})
    assert made.status_code == 201
    link = made.json()
    assert stranger.get(f"/b/{board.pk}").status_code == 404
    assert stranger.get(link["url"]).headers["Location"] == f"/b/{board.pk}"
    assert stranger.get(f"/b/{board.pk}").status_code == 200
    assert owner.delete(f"{API}/boards/{board.pk}/links/{link['id']}").status_code == 204
    assert stranger.get(f"/b/{board.pk}").status_code == 404
    assert stranger.get(link["url"]).status_code == 404
    assert owner.get(f"{API}/boards/{board.pk}/links").json()["items"] == []


def test_only_the_owner_shares(board, bob, asks):
    assert post(asks(bob), f"/boards/{board.pk}/links", {"role": "edit"}).status_code == 403


PARAMS = {"kind": "img2img", "prompt": "a cat"}


def ask(client, board, snapshot: bytes | None = None, params=PARAMS, headers=None, **parts):
    data = {"params": json.dumps(params)} | parts
    if "frame" not in parts:
        data["region"] = json.dumps(parts.get("region", {"x": 0, "y": 0, "width": 100, "height": 80}))
    data["snapshot"] = upload(png() if snapshot is None else snapshot)
    return client.post(f"{API}/boards/{board.pk}/jobs", data, headers=headers or {})


def test_a_job_is_queued_with_its_region_and_shown_to_the_board(
    board, alice, carol, mallory, asks, published
):
    answer = ask(asks(alice), board)
    assert answer.status_code == 202, answer.content
    job = answer.json()
    assert (
        job["status"] == "queued" and job["board"] == str(board.pk) and job["created_by"]["name"] == "Alice"
    )
    assert job["region"] == {"x": 0, "y": 0, "width": 100, "height": 80}
    assert isinstance(job["params"]["seed"], int), "the seed that will be used is said at once"
    assert published == [job["id"]]
    assert asks(carol).get(f"{API}/jobs/{job['id']}").status_code == 200
    assert asks(carol).get(f"{API}/jobs?board={board.pk}").json()["items"][0]["id"] == job["id"]
    for path in (f"{API}/jobs/{job['id']}", f"{API}/jobs?board={board.pk}"):
        assert asks(mallory).get(path).status_code == 404
    for verb in ("cancel", "retry"):
        assert asks(mallory).post(f"{API}/jobs/{job['id']}/{verb}").status_code == 404


def test_a_job_for_a_frame_takes_the_frames_region(board, alice, asks, published):
    store.apply(board.pk, [element("f", type="frame", x=5, y=6, width=70, height=80, name="F")])
    job = ask(asks(alice), board, frame="f").json()
    assert job["frame"] == "f" and job["region"] == {"x": 5, "y": 6, "width": 70, "height": 80}
    assert ask(asks(alice), board, frame="nothing").json()["code"] == "no_region"


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
def test_out_of_range_is_422_before_anything_is_queued(board, alice, asks, published, params, field):
    answer = ask(asks(alice), board, params=params)
    assert answer.status_code == 422, answer.content
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert published == [] and not Job.objects.exists() and not Placement.objects.exists()


@pytest.mark.parametrize("region", ["{}", "NaN", "[1]", '{"x":0,"y":0,"width":-5,"height":5}', '{"x":NaN}'])
def test_a_region_that_is_none_is_refused(board, alice, asks, published, region):
    data = {"params": json.dumps(PARAMS), "region": region, "snapshot": upload(png())}
    answer = asks(alice).post(f"{API}/boards/{board.pk}/jobs", data)
    assert answer.status_code in {400, 422} and published == []


def test_a_snapshot_that_is_no_image_is_refused(board, alice, asks, published):
    answer = ask(asks(alice), board, snapshot=b"hello")
    assert 400 <= answer.status_code < 500 and published == [] and not Job.objects.exists()


def test_the_same_key_asks_once(board, alice, asks, published):
    client, headers = asks(alice), {"Idempotency-Key": "k1"}
    first, second = ask(client, board, headers=headers), ask(client, board, headers=headers)
    assert first.json()["id"] == second.json()["id"] and len(published) == 1
    other = ask(client, board, headers=headers, region={"x": 1, "y": 0, "width": 100, "height": 80})
    assert other.status_code == 409


def test_viewers_may_not_ask_and_editors_cancel_only_their_own(board, alice, bob, carol, asks, published):
    assert ask(asks(carol), board).status_code == 403
    job = ask(asks(alice), board).json()
    assert asks(bob).post(f"{API}/jobs/{job['id']}/cancel").status_code == 403
    assert asks(alice).post(f"{API}/jobs/{job['id']}/cancel").json()["status"] == "cancelled"


def test_a_retry_keeps_settings_and_place(board, alice, asks, published):
    job = ask(asks(alice), board, params=PARAMS | {"seed": 7}).json()
    asks(alice).post(f"{API}/jobs/{job['id']}/cancel")
    again = asks(alice).post(f"{API}/jobs/{job['id']}/retry").json()
    assert again["id"] != job["id"] and again["status"] == "queued"
    assert (
        again["params"] == job["params"]
        and again["region"] == job["region"]
        and again["board"] == job["board"]
    )


def test_J30_a_retry_that_is_sent_twice_is_one_job_at_one_place(board, alice, asks, published):
    first, other = ask(asks(alice), board).json(), ask(asks(alice), board).json()
    for job in (first, other):
        asks(alice).post(f"{API}/jobs/{job['id']}/cancel")

    def retry(job):
        return asks(alice).post(f"{API}/jobs/{job['id']}/retry", headers={"Idempotency-Key": "again"})

    again = retry(first).json()
    assert retry(first).json()["id"] == again["id"] and again["region"] == first["region"]
    refused = retry(other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    "path", ["/jobs/nonsense", f"/jobs/{uuid.UUID(int=7)}", f"/boards/{uuid.UUID(int=7)}"]
)
def test_what_does_not_exist(alice, asks, path):
    assert asks(alice).get(API + path).status_code == 404


def test_renaming_oneself(alice, asks):
    client = asks(alice)
    assert (
        client.patch(f"{API}/me", {"name": " Ada "}, content_type="application/json").json()["name"] == "Ada"
    )
    for name in ("", " ", "x" * 61, "a\u202eb", "a\nb"):
        refused = client.patch(f"{API}/me", {"name": name}, content_type="application/json")
        assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "body.name", name


def test_the_schema_is_served():
    schema = Client().get(f"{API}/openapi.json").json()
    assert "/api/v1/boards/{board_id}/jobs" in schema["paths"]


def test_a_guest_becomes_a_member_and_keeps_what_is_theirs(client, board, alice):
    from boards.sharing import links

    client.get(f"/join/{links.create(board, alice, 'edit').token}")
    assert Membership.objects.filter(board=board, user__is_guest=True).count() == 1
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": "correct horse battery"})
    assert Membership.objects.filter(board=board, user__email="new@example.org").count() == 1
