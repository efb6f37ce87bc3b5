"""The history over HTTP, in the admin, and live in the room. mallory is a stranger."""

import io
import json
import uuid
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image

from boards.elements import store
from boards.files import board_files
from boards.history import versions
from boards.models import Board, Element, Version
from tests.boards.socket_client import joined
from tests.boards.test_versions import draw, scene
from tests.factories import body, element, person, png

pytestmark = pytest.mark.django_db


def in_a_room(test):
    """What rooms read on their own threads has to be committed."""
    return pytest.mark.usefixtures("rooms_end")(pytest.mark.django_db(transaction=True)(test))


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def path(board, *rest):
    return "/".join(["/api/v1/boards", str(board.pk), *map(str, rest)])


def send(client, method, url, data=None, **headers):
    return getattr(client, method)(url, data or {}, content_type="application/json", headers=headers)


@pytest.fixture
def version(board, alice):
    draw(board, alice, "box", x=1)
    made = versions.create_named(board, alice, "First")
    draw(board, alice, "box", 2, x=2)
    return made


def test_a_version_is_named_listed_renamed_and_deleted(board, alice, bob):
    draw(board, bob, "box")
    client = as_(bob)
    made = send(client, "post", path(board, "versions"), {"name": " Draft "})
    assert made.status_code == 201
    version = made.json()
    assert (version["name"], version["automatic"], version["clock"]) == ("Draft", False, 1)
    assert version["created_by"]["name"] == "Bob" and [p["name"] for p in version["people"]] == ["Bob"]
    url = path(board, "versions", version["id"])
    assert send(as_(alice), "patch", url, {"name": "Final"}).json()["name"] == "Final"
    assert [v["name"] for v in client.get(path(board, "versions")).json()["items"]] == ["Final"]
    assert client.delete(url).status_code == 204
    assert client.get(path(board, "versions")).json() == {"items": [], "next": None}


def test_the_newest_version_comes_first_and_lists_come_in_pages(board, alice):
    names = []
    for number in range(5):
        draw(board, alice, "box", number + 1)
        names.append(versions.create_named(board, alice, f"V{number}").name)
    first = as_(alice).get(path(board, "versions") + "?limit=3").json()
    second = as_(alice).get(path(board, "versions") + f"?cursor={first['next']}").json()
    assert [v["name"] for v in first["items"] + second["items"]] == names[::-1]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, None])
def test_a_version_needs_a_name_of_reasonable_length(board, alice, name):
    answer = send(as_(alice), "post", path(board, "versions"), {"name": name})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"].endswith("name")


def test_a_repeated_request_makes_one_version(board, alice):
    draw(board, alice, "box")
    url = path(board, "versions")
    answers = [send(as_(alice), "post", url, {"name": "Once"}, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"] and Version.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "rest", "data", "may"),
    [
        ("get", [], None, {"alice", "bob", "carol"}),
        ("post", [], {"name": "N"}, {"alice", "bob"}),
        ("get", ["{version}", "scene"], None, {"alice", "bob", "carol"}),
        ("get", ["{version}", "thumbnail.png"], None, {"alice", "bob", "carol"}),
        ("patch", ["{version}"], {"name": "N"}, {"alice", "bob"}),
        ("post", ["{version}", "restore"], None, {"alice", "bob"}),
        ("delete", ["{version}"], None, {"alice"}),
    ],
)
def test_who_may_do_what(board, version, request, method, rest, data, may):
    url = path(board, "versions", *(part.format(version=version.pk) for part in rest))
    for name in ("mallory", "carol", "bob", "alice"):
        client = as_(request.getfixturevalue(name))
        answer = client.get(url) if method == "get" else send(client, method, url, data)
        if name in may:
            assert answer.status_code in {200, 201, 204}, name
        else:
            assert answer.status_code == (404 if name == "mallory" else 403), name
    assert Client().get(path(board, "versions")).status_code == 401


def test_a_version_of_another_board_is_not_there(board, version, alice, bob):
    other = Board.objects.create(owner=alice)
    for rest in (["scene"], ["thumbnail.png"]):
        answer = as_(alice).get(path(other, "versions", version.pk, *rest))
        assert answer.status_code == 404 and answer.json()["code"] == "not_found"
    assert send(as_(alice), "post", path(other, "versions", version.pk, "restore")).status_code == 404
    assert send(as_(alice), "post", path(board, "versions", uuid.uuid4(), "restore")).status_code == 404


def test_an_editor_may_not_delete_what_others_may_want_back(board, alice, bob):
    draw(board, alice, "box")
    Board.objects.update(changed_at=timezone.now() - timedelta(hours=1))
    versions.record(timezone.now())
    automatic = Version.objects.get()
    assert as_(bob).delete(path(board, "versions", automatic.pk)).status_code == 403
    draw(board, bob, "box", 2)
    own = versions.create_named(board, bob, "Bob's")
    assert as_(bob).delete(path(board, "versions", own.pk)).status_code == 204


def test_a_versions_scene_is_a_document_with_the_pictures_of_then(board, alice):
    file = board_files.add_upload(board, alice, png(8, 8, "red"), "red")
    draw(board, alice, "picture", type="image", fileId="red", status="saved", scale=[1, 1])
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "picture", 2, isDeleted=True)
    draw(board, alice, "later")
    url = path(board, "versions", version.pk, "scene")
    answer = as_(alice).get(url)
    document = json.loads(b"".join(answer.streaming_content))
    assert [e["id"] for e in document["elements"]] == ["picture"]
    assert document["type"] == "excalidraw"
    assert document["files"]["red"]["dataURL"].startswith("data:image/png;base64,")
    linked = as_(alice).get(url + "?pictures=linked").json()
    assert linked["elements"] == document["elements"]
    assert linked["files"]["red"]["dataURL"] == board_files.url_of(file)


@pytest.mark.django_db(transaction=True)
def test_the_thumbnail_is_drawn_once_and_goes_with_its_version(board, version, alice):
    url = path(board, "versions", version.pk, "thumbnail.png")
    answer = as_(alice).get(url)
    picture = Image.open(io.BytesIO(answer.content)).convert("L")
    assert answer["Content-Type"] == "image/png" and picture.size == (320, 200)
    assert picture.getextrema()[0] < 100, "there is a box on it"
    key = Version.objects.get(pk=version.pk).thumbnail_key
    assert as_(alice).get(url).content == answer.content
    assert Version.objects.get(pk=version.pk).thumbnail_key == key and default_storage.exists(key)
    assert as_(alice).get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert as_(alice).delete(path(board, "versions", version.pk)).status_code == 204
    assert not default_storage.exists(key)


def test_an_empty_board_has_a_thumbnail_too(board, alice):
    version = versions.create_named(board, alice, "Nothing yet")
    answer = as_(alice).get(path(board, "versions", version.pk, "thumbnail.png"))
    assert Image.open(io.BytesIO(answer.content)).convert("L").getextrema() == (255, 255)


def test_restoring_says_how_to_undo_it(board, version, alice, bob):
    answer = send(as_(bob), "post", path(board, "versions", version.pk, "restore")).json()
    assert scene(board) == {"box": 1} and (answer["changed"], answer["elements"]) == (1, ["box"])
    assert answer["before"]["before_restore_of"] == str(version.pk)
    undone = send(as_(bob), "post", path(board, "versions", answer["before"]["id"], "restore")).json()
    assert scene(board) == {"box": 2} and undone["clock"] == answer["clock"] + 1
    again = send(as_(bob), "post", path(board, "versions", answer["before"]["id"], "restore")).json()
    assert again == {"clock": undone["clock"], "changed": 0, "elements": [], "before": None}


def test_a_frozen_board_refuses_to_go_back(board, version, alice):
    Board.objects.update(frozen=True)
    answer = send(as_(alice), "post", path(board, "versions", version.pk, "restore"))
    assert answer.status_code == 423 and answer.json()["code"] == "frozen"


def test_owners_undo_what_a_person_did(board, alice, bob, mallory):
    draw(board, alice, "box", x=1)
    draw(board, bob, "box", 2, x=666)
    draw(board, bob, "new", x=666)
    undo = {"user": str(bob.pk), "since": (timezone.now() - timedelta(minutes=5)).isoformat()}
    url = path(board, "undo-person")
    assert send(as_(mallory), "post", url, undo).status_code == 404
    assert send(as_(bob), "post", url, undo).status_code == 403
    answer = send(as_(alice), "post", url, undo).json()
    assert (answer["reverted"], answer["removed"], answer["kept"]) == (1, 1, 0)
    assert scene(board) == {"box": 1} and answer["before"]["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"user": str(uuid.uuid4())}, 404, "not_found"),
        ({"since": "2020-01-01T00:00:00Z"}, 422, "too_long_ago"),
        ({"since": "2026-01-01T00:00:00"}, 422, "invalid"),  # of which time zone?
        ({"since": "yesterday"}, 422, "invalid"),
    ],
)
def test_an_undo_that_makes_no_sense_says_why(board, alice, change, status, code):
    undo = {"user": str(alice.pk), "since": timezone.now().isoformat()} | change
    answer = send(as_(alice), "post", path(board, "undo-person"), undo)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_moderators_undo_a_person_in_the_admin_on_frozen_boards_too(board, alice, mallory):
    draw(board, alice, "box", x=1)
    draw(board, mallory, "box", 2, x=666)
    Board.objects.update(frozen=True)
    client = as_(person("moderator", is_staff=True, is_superuser=True))
    chosen = {"action": "undo_person", "_selected_action": [str(board.pk)]}
    page = client.post("/admin/boards/board/", chosen)
    assert page.status_code == 200 and b"Mallory" in page.content
    answer = client.post("/admin/boards/board/", chosen | {"person": str(mallory.pk), "hours": "1"})
    assert answer.status_code == 302
    assert scene(board) == {"box": 1}
    assert client.get("/admin/boards/version/").status_code == 200


@in_a_room
async def test_a_restore_reaches_everybody_live(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("box", x=1), body("deleted", x=3))
        version = await sync_to_async(versions.create_named)(board, alice, "First")
        drawn = (body("box", version=2, x=2), body("deleted", version=2, isDeleted=True), body("new"))
        clock = (await b.push(*drawn))["clock"]
        restored = await sync_to_async(versions.restore)(board, version, alice)
        for client in (a, b):
            while client.clock < restored.clock:
                await client.until("patch")
            assert client.elements["box"]["x"] == 1 and client.elements["new"]["isDeleted"]
            assert not client.elements["deleted"]["isDeleted"]
        assert restored.clock == clock + 1
        ack = await b.push(body("box", version=client.elements["box"]["version"] + 1, x=9))
        assert ack["refused"] == [] and ack["clock"] == restored.clock + 1


@in_a_room
async def test_H7_what_is_in_somebodys_hands_during_a_restore_ends_the_same_for_everybody(board, alice, bob):
    """b goes on dragging while a restores, again and again: pages, room and rows agree whoever won."""
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("box", x=0), body("still", x=0))
        version = await sync_to_async(versions.create_named)(board, alice, "First")
        await a.push(body("still", version=2, x=1))
        for number in range(2, 40):
            await b.push(body("box", version=number, x=number), wait=False)
            if number % 13 == 0:
                await sync_to_async(versions.restore)(board, version, alice)
        await b.push(body("end"))
        async with joined(board, alice) as fresh:
            rows = {row.element_id: json.loads(row.body) async for row in Element.objects.filter(board=board)}
            for element_id in ("box", "still"):
                assert fresh.elements[element_id] == rows[element_id]
                seen = await a.until_has(element_id, version=rows[element_id]["version"])
                assert seen == rows[element_id]
            assert rows["still"]["x"] == 0 and rows["box"]["x"] in {0, 39}


@in_a_room
async def test_what_people_push_has_their_names(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("hers"), body("his"))
        await b.push(body("his", version=2))
    authors = dict(await sync_to_async(list)(Element.objects.values_list("element_id", "author_id")))
    assert authors == {"hers": alice.pk, "his": bob.pk}


def test_2000_elements_come_back_in_one_change(board, alice, bob):
    elements = [element(f"e{n}", x=1) for n in range(2_000)]
    store.apply(board.pk, elements, dict.fromkeys((e.id for e in elements), alice.pk))
    version = versions.create_named(board, alice, "Before")
    gone = [e.replacing(e.version, is_deleted=True) for e in elements]
    clock = store.apply(board.pk, gone, dict.fromkeys((e.id for e in gone), bob.pk)).clock
    answer = send(as_(alice), "post", path(board, "versions", version.pk, "restore")).json()
    assert (answer["changed"], answer["clock"]) == (2_000, clock + 1)
    assert Element.objects.filter(is_deleted=False).count() == 2_000
