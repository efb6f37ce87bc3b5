"""Every door of the product, walked: which scope it asks for, and what is left of it for whoever was removed.

The doors are read from the OpenAPI document, the URLs and the messages themselves: a new one without a row in
`boards.scopes` and in the tables below fails.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern
from django.utils import timezone
from ninja import NinjaAPI

from accounts import api_keys
from accounts.models import ApiKey
from accounts.scopes import EVERY, Scope
from boards import scopes
from boards.elements import store
from boards.files import board_files
from boards.history import versions
from boards.models import Board, Element, Membership, Placement, Role
from boards.room import access_watch
from boards.sharing import links
from boards.wire import client_messages
from boards.wire.protocol import Close
from generation.models import GeneratedImage, Job
from tests.boards.socket_client import connect, joined
from tests.factories import body, element, open_link, png
from webapp.api import api

WORDS = {"kind": "txt2img", "prompt": "a cat"}


class Door(NamedTuple):
    """removed: the answer to an editor who was removed, and had asked for the job. frozen: to the owner then, where
    the route changes something. body: JSON, or the parts of a form."""

    removed: int
    frozen: int | None = None
    body: dict[str, Any] | None = None
    form: str = ""


DOORS = {
    "GET /api/v1/checkpoints": Door(200),
    "POST /api/v1/checkpoints/{checkpoint}/hearing": Door(200, 200, {"prompt": "a cat"}),
    "GET /api/v1/me": Door(200),
    "PATCH /api/v1/me": Door(200, 200, {"name": "Me"}),
    "GET /api/v1/boards": Door(200),
    "POST /api/v1/boards": Door(201, 201),
    "GET /api/v1/boards/{board_id}": Door(404),
    "PATCH /api/v1/boards/{board_id}": Door(404, 200, {"title": "Other"}),
    "DELETE /api/v1/boards/{board_id}": Door(404, 204),
    "POST /api/v1/boards/{board_id}/restore": Door(404, 404),  # it is not in the trash
    "GET /api/v1/boards/{board_id}/links": Door(404),
    "POST /api/v1/boards/{board_id}/links": Door(404, 201, {"role": "view"}),
    "DELETE /api/v1/boards/{board_id}/links/{link_id}": Door(404, 204),
    "GET /api/v1/boards/{board_id}/scene": Door(404),
    "GET /api/v1/boards/{board_id}/render.png": Door(404),
    "GET /api/v1/boards/{board_id}/render.svg": Door(404),
    "GET /api/v1/boards/{board_id}/export.zip": Door(404),
    "POST /api/v1/boards/{board_id}/import": Door(404, 423, form="scene"),
    "POST /api/v1/boards/{board_id}/files": Door(404, 423, form="picture"),
    "GET /b/{board}/files/{file_id}": Door(404),
    "GET /b/{board}/thumbnail": Door(404),
    "GET /api/v1/boards/{board_id}/versions": Door(404),
    "POST /api/v1/boards/{board_id}/versions": Door(404, 423, {"name": "Now"}),
    "PATCH /api/v1/boards/{board_id}/versions/{version_id}": Door(404, 423, {"name": "Then"}),
    "DELETE /api/v1/boards/{board_id}/versions/{version_id}": Door(404, 423),
    "GET /api/v1/boards/{board_id}/versions/{version_id}/scene": Door(404),
    "GET /api/v1/boards/{board_id}/versions/{version_id}/thumbnail.png": Door(404),
    "POST /api/v1/boards/{board_id}/versions/{version_id}/restore": Door(404, 423),
    "POST /api/v1/boards/{board_id}/undo-person": Door(404, 423, {"user": "{user}", "since": "{since}"}),
    "GET /api/v1/jobs": Door(200),
    "POST /api/v1/jobs": Door(202, 202, {"params": WORDS}),
    "POST /api/v1/boards/{board_id}/jobs": Door(404, 423, {"params": WORDS}),
    "POST /api/v1/boards/{board_id}/jobs/cancel": Door(404, 200),
    # One's own job stays to look at and to take back: rule J31.
    "GET /api/v1/jobs/{job_id}": Door(200),
    "GET /api/v1/jobs/{job_id}/snapshot": Door(200),
    "GET /api/v1/jobs/{job_id}/images/{image_id}": Door(200),
    "POST /api/v1/jobs/{job_id}/cancel": Door(200, 200),
    "POST /api/v1/jobs/{job_id}/retry": Door(404, 423),
    "POST /api/v1/jobs/{job_id}/run-next": Door(404, 423),
    "POST /api/v1/jobs/{job_id}/images/{standing}": Door(404, 423),
    "POST /api/v1/jobs/{job_id}/images/{image_id}/accept": Door(404, 423),
    "POST /api/v1/jobs/{job_id}/images/{image_id}/finish": Door(404, 423),
    "POST /api/v1/jobs/{job_id}/images/{image_id}/{standing}": Door(404, 423),
}
PAGES = {
    "": 302,
    "demo": 404,
    "boards/": 200,
    "boards/new": 405,
    "b/<uuid:board>": 404,
    "b/<uuid:board>/files/<str:file_id>": 404,
    "b/<uuid:board>/thumbnail": 404,
    "b/<uuid:board>/rename": 405,
    "b/<uuid:board>/trash": 405,
    "b/<uuid:board>/restore": 405,
    "join/<str:token>": 404,
    "language": 302,
    "live": 200,
    "ready": None,  # says how the servers are, to anybody
    "api/<path:rest>": 404,
}
"""The answer to a signed-in person who was removed from the board, and whose link was revoked."""
MESSAGES = {
    "hello": {"type": "hello", "protocol": 1},
    "push": {"type": "push", "id": "1", "elements": [body("sneaked-in")]},
    "presence": {"type": "presence", "pointer": {"x": 1, "y": 1}},
    "generate": {"type": "generate", "id": "2", "params": WORDS},
    "cancel": {"type": "cancel", "id": "3", "job": "{job}"},
    "live.start": {"type": "live.start", "id": "4", "params": {"prompt": "a cat"}, "frame": "frame"},
    "live.stop": {"type": "live.stop"},
    "ping": {"type": "ping"},
}


class Place(NamedTuple):
    """alice's board with something of everything, and bob's job on it."""

    board: Board
    job: Job
    names: dict[str, str]

    def path(self, door: str) -> str:
        _, path = door.split(" ")
        return path.format_map(self.names)

    def state(self) -> Any:
        """What nobody may change who may not edit."""
        board = Board.objects.get(pk=self.board.pk)
        place = Placement.objects.get(job=self.job)
        return (
            (board.clock, board.title, board.deleted_at, board.version_clock),
            sorted(Element.objects.filter(board=board).values_list("element_id", "version")),
            sorted(board.versions.values_list("name", "clock")),
            (place.elements, place.standings, Placement.objects.count(), board.files.count()),
        )


@pytest.fixture
def place(board: Board, alice: Any, bob: Any, published: Any) -> Place:
    return make_place(board, alice, bob)


def make_place(board: Board, alice: Any, bob: Any) -> Place:
    frame = element("frame", type="frame", x=0, y=0, width=100, height=100, name=None)
    store.apply(board.pk, [frame, element("drawn")], {"frame": alice.pk, "drawn": bob.pk})
    version = versions.create_named(board, alice, "First")
    store.apply(board.pk, [element("later")], {"later": bob.pk})
    file = board_files.add_upload(board, alice, png())
    key = default_storage.save("images/made.png", ContentFile(png(64, 64, "red")))
    job = Job.objects.create(
        audience=f"board.{board.pk}",
        created_by=bob,
        kind="txt2img",
        checkpoint="bundled",
        params=WORDS | {"seed": 1, "count": 1, "draft": True},
        status="succeeded",
        snapshot=key,
    )
    image = GeneratedImage.objects.create(
        job=job,
        key=key,
        sha256="0" * 64,
        mime_type="image/png",
        width_px=64,
        height_px=64,
        size_bytes=9,
        seed=1,
    )
    Placement.objects.create(
        job=job,
        board=board,
        x=0,
        y=0,
        width=100,
        height=100,
        where="stage",
        choosing=True,
        standings={str(image.pk): "candidate"},
    )
    names = {
        "board": board.pk,
        "board_id": board.pk,
        "file_id": file.file_id,
        "version_id": version.pk,
        "link_id": links.create(board, alice, Role.VIEW).pk,
        "job_id": job.pk,
        "checkpoint": "bundled",
        "image_id": image.pk,
        "standing": "keep",
        "user": bob.pk,
        "since": version.created_at.isoformat(),
    }
    return Place(board, job, {name: str(value) for name, value in names.items()})


KEYED_PAGES = {"GET /b/{board}/files/{file_id}", "GET /b/{board}/thumbnail"}
"""Pages that accept API keys, too."""


def routes(of: NinjaAPI = api) -> set[str]:
    """The routes of an HTTP API, as its OpenAPI document has them."""
    paths = of.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def tags(messages: Iterable[Any]) -> set[str]:
    """The `type` of each class of messages."""
    return {scopes.door_of(each) for each in messages}


def all_doors() -> set[str]:
    return routes() | KEYED_PAGES | tags(client_messages.Message.__subclasses__())


def missing_rows(doors: set[str]) -> dict[str, set[str]]:
    """By table: rows that these doors lack, and rows without a door among these."""
    of_http = {door for door in doors if " " in door}
    of_messages = doors - of_http
    return {
        "scopes.NEEDED": (doors | {scopes.BINARY}) ^ set(scopes.NEEDED),
        "DOORS": of_http ^ set(DOORS),
        "MESSAGES": of_messages ^ set(MESSAGES),
    }


def ask(client: Client, place: Place, door: str, headers: dict[str, str] | None = None) -> Any:
    """Go through a door; what it did is undone."""
    method, row, parts = door.split(" ")[0].lower(), DOORS[door], {}
    if row.form == "scene":
        scene = {"type": "excalidraw", "elements": [body("brought")], "files": {}}
        parts = {"data": {"file": SimpleUploadedFile("x.excalidraw", json.dumps(scene).encode())}}
    elif row.form == "picture":
        parts = {"data": {"file": SimpleUploadedFile("x.png", png(32, 32, "blue"), "image/png")}}
    elif method != "get":
        filled = {
            name: value.format_map(place.names) if isinstance(value, str) else value
            for name, value in (row.body or {}).items()
        }
        parts = {"data": json.dumps(filled), "content_type": "application/json"}
    with transaction.atomic():
        answer = getattr(client, method)(place.path(door), headers=headers or {}, **parts)
        answer.state = place.state()
        transaction.set_rollback(True)
    return answer


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


# --- no door without a row ------------------------------------------------------------------------------------


def test_every_door_has_a_row_and_every_row_a_door() -> None:
    doors = all_doors()
    assert missing_rows(doors) == {"scopes.NEEDED": set(), "DOORS": set(), "MESSAGES": set()}


def test_a_new_route_or_message_without_a_row_and_a_row_without_a_door_are_found() -> None:
    class Sneak(msgspec.Struct, tag_field="type", tag="sneak"):
        """A message that has no row."""

    other = NinjaAPI(urls_namespace="other")

    @other.get("/boards/{uuid:board_id}/sneak")
    def sneak(request: HttpRequest, board_id: uuid.UUID) -> None:
        """A route that has no row."""

    (route,) = routes(other)
    doors = all_doors()
    found = missing_rows((doors | {route} | tags([Sneak])) - {"GET /api/v1/me", "ping"})
    assert found == {
        "scopes.NEEDED": {route, "sneak", "GET /api/v1/me", "ping"},
        "DOORS": {route, "GET /api/v1/me"},
        "MESSAGES": {"sneak", "ping"},
    }


@pytest.mark.django_db
def test_a_route_without_a_row_is_shut(monkeypatch: pytest.MonkeyPatch, alice: Any) -> None:
    monkeypatch.delitem(scopes.NEEDED, "GET /api/v1/me")  # type: ignore[arg-type]
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    assert client.get("/api/v1/me").status_code == 500


def test_every_page_has_a_row() -> None:
    own = [each for each in get_resolver().url_patterns if isinstance(each, URLPattern)]
    assert {str(each.pattern) for each in own} == set(PAGES)


# --- scopes ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_key_goes_as_far_as_its_scopes_and_a_session_everywhere(place: Place, alice: Any) -> None:
    key = api_keys.create(alice, ["scene:read"])
    headers = {"Authorization": f"Bearer {key}"}

    def limit(*allowed: str) -> None:
        ApiKey.objects.update(scopes=list(allowed))

    for door, needed in scopes.NEEDED.items():
        if door not in DOORS or needed is None:
            continue
        limit(*(EVERY - {needed}))
        answer = ask(Client(), place, door, headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_required"), door
        assert needed in answer.json()["detail"], "it says which"
        assert answer.state == place.state()
        limit(needed)
        for client, shown in ((Client(), headers), (signed_in(alice), None)):
            if not door.endswith(("png", "svg", "zip")):  # to draw takes its time
                answer = ask(client, place, door, shown)
                assert b"scope_required" not in getattr(answer, "content", b""), door
                assert answer.status_code not in (401, 403), (door, answer.content)
    limit("scenery")
    assert ask(Client(), place, "GET /api/v1/boards", headers).status_code == 403, "an unknown one is none"
    assert ask(Client(), place, "GET /api/v1/checkpoints", headers).status_code == 200


# --- bad keys -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("shown", ["revoked", "of somebody disabled", "made up", "empty"])
def test_a_bad_key_is_401_at_every_door_whatever_cookie_comes_with_it(
    place: Place, alice: Any, mallory: Any, shown: str
) -> None:
    key = api_keys.create(alice if shown == "revoked" else mallory)
    ApiKey.objects.filter(user=alice).update(revoked_at=timezone.now())
    type(mallory).objects.filter(pk=mallory.pk).update(is_active=False)
    key = {"made up": "ak_x", "empty": ""}.get(shown, key)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for door in DOORS:
        answer = ask(client, place, door, {"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), door
        assert answer.state == place.state()


@pytest.mark.django_db
def test_a_good_key_needs_no_csrf_token(board: Board, alice: Any, bob: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    headers = {"Authorization": f"Bearer {api_keys.create(alice)}"}
    path = f"/api/v1/boards/{board.pk}"
    renamed = client.patch(path, {"title": "Mine"}, content_type="application/json", headers=headers)
    assert renamed.json()["role"] == "owner", "the key counts, not the cookie"


# --- after revocation -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_J31_no_door_is_left_open_for_whoever_was_removed(place: Place, bob: Any) -> None:
    Membership.objects.filter(board=place.board, user=bob).delete()
    client, before = signed_in(bob), place.state()
    answers = {door: ask(client, place, door) for door in DOORS}
    assert {door: answer.status_code for door, answer in answers.items()} == {
        door: row.removed for door, row in DOORS.items()
    }
    assert [door for door, answer in answers.items() if answer.state != before] == []
    assert answers["GET /api/v1/boards"].json()["items"] == [], "neither title nor clock"


@pytest.mark.django_db
@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_whose_link_ended_does_not_even_see_the_title(
    board: Board, alice: Any, mallory: Any, ended: str
) -> None:
    link = links.create(board, alice, Role.EDIT)
    open_link(link.token, mallory)
    client = signed_in(mallory)
    assert b"Alice&#x27;s board" in client.get("/boards/").content
    setattr(link, f"{ended}_at", timezone.now())
    link.expires_at = link.expires_at or timezone.now()
    link.save()
    assert b"Alice&#x27;s board" not in client.get("/boards/").content
    assert client.get("/api/v1/boards").json()["items"] == []


@pytest.mark.django_db
def test_a_frozen_board_is_changed_by_no_door(place: Place, alice: Any) -> None:
    Board.objects.filter(pk=place.board.pk).update(frozen=True)
    client = signed_in(alice)
    changing = [door for door in DOORS if not door.startswith("GET")]
    assert {door: ask(client, place, door).status_code for door in changing} == {
        door: DOORS[door].frozen for door in changing
    }


@pytest.mark.django_db
def test_no_page_is_left_open_for_whoever_was_removed(place: Place, alice: Any, bob: Any) -> None:
    Membership.objects.filter(board=place.board, user=bob).delete()
    link = links.create(place.board, alice, Role.EDIT)
    links.revoke(link)
    client = signed_in(bob)
    parameters = {"<uuid:board>": "board", "<str:file_id>": "file_id"}
    for page, status in PAGES.items():
        path = page.replace("<str:token>", link.token).replace("<path:rest>", "nothing")
        for parameter, name in parameters.items():
            path = path.replace(parameter, place.names[name])
        answer = client.get(f"/{path}")
        assert status is None or answer.status_code == status, page
        assert b"Alice&#x27;s board" not in answer.content, page


# --- the socket -----------------------------------------------------------------------------------------------


@pytest.fixture
def place_of_rooms(transactional_db: None, board: Board, alice: Any, bob: Any, published: Any) -> Place:
    return make_place(board, alice, bob)


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The room does not look by itself: a door that asks the database must notice all the same."""
    monkeypatch.setattr(access_watch, "INTERVAL_SECONDS", 3_600.0)
    yield


def message(name: str, place: Place) -> dict[str, Any]:
    sent = dict(MESSAGES[name])
    return sent | {"job": str(place.job.pk)} if name == "cancel" else sent


@pytest.mark.usefixtures("rooms_end")
async def test_no_message_counts_once_its_sender_was_removed(
    place_of_rooms: Place, alice: Any, bob: Any
) -> None:
    place = place_of_rooms
    await Job.objects.filter(pk=place.job.pk).aupdate(status="queued", created_by=alice)
    before = await sync_to_async(place.state)()
    async with joined(place.board, alice) as a:
        for name in MESSAGES:
            await Membership.objects.aupdate_or_create(
                board=place.board, user=bob, defaults={"role": Role.EDIT}
            )
            async with joined(place.board, bob) as b:
                await Membership.objects.filter(user=bob).adelete()
                assert await b.closed() == Close.FORBIDDEN
                await b.send(message(name, place))
                await b.socket.send_to(bytes_data=b"\x07" + bytes(11) + b"\xff\xd8")
        await a.send({"type": "ping", "id": "done"})
        heard = []
        while (last := await a.receive())["type"] != "pong":
            heard.append(last)
    assert not [each for each in heard if each["type"] in {"patch", "job", "live"}]
    assert "pointer" not in json.dumps([each for each in heard if each["type"] == "presence"])
    assert await sync_to_async(place.state)() == before
    assert await Job.objects.acount() == 1 and (await Job.objects.aget()).status == "queued"


@pytest.mark.usefixtures("rooms_end", "unwatched")
@pytest.mark.parametrize("name", ["generate", "cancel", "live.start"])
@pytest.mark.parametrize("ended", ["removed", "disabled", "signed out"])
async def test_what_asks_the_database_notices_before_the_room_does(
    place_of_rooms: Place, alice: Any, bob: Any, name: str, ended: str
) -> None:
    from django.contrib.sessions.models import Session

    place = place_of_rooms
    await Job.objects.filter(pk=place.job.pk).aupdate(status="queued", created_by=alice)
    async with joined(place.board, bob) as b:
        if ended == "removed":
            await Membership.objects.filter(user=bob).adelete()
        elif ended == "disabled":
            await type(bob).objects.filter(pk=bob.pk).aupdate(is_active=False)
        else:
            await Session.objects.all().adelete()
        await b.send(message(name, place))
        assert (await b.until("error"))["code"] == ("not_found" if ended == "removed" else "unauthenticated")
    assert (await Job.objects.aget()).status == "queued"


@pytest.mark.usefixtures("rooms_end")
async def test_a_key_goes_as_far_as_its_scopes_on_the_socket_too(place_of_rooms: Place, alice: Any) -> None:
    place = place_of_rooms
    key = await sync_to_async(api_keys.create)(alice, ["scene:read"])
    client, _ = await connect(place.board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": key})
    await client.until("welcome")
    for name, needed in scopes.NEEDED.items():
        if name not in MESSAGES or name == "hello":
            continue
        await client.send(message(name, place))
        answer = await client.until("pong" if needed is None else "error")
        if needed is not None:
            assert answer["code"] == "scope_required" and needed in answer["message"], name
    await client.socket.send_to(bytes_data=b"\x07" + bytes(11) + b"\xff\xd8")
    assert (await client.until("error"))["code"] == "scope_required"
    assert await Element.objects.filter(board=place.board).acount() == 3
    await client.socket.disconnect()

    await sync_to_async(ApiKey.objects.update)(scopes=sorted(EVERY - {Scope.SCENE_READ}))
    client, _ = await connect(place.board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": key})
    assert (await client.until("error"))["code"] == "scope_required"
    assert await client.closed() == Close.FORBIDDEN
