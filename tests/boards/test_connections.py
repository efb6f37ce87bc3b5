"""Whoever waits for something that is not the database, or works for long, holds none of its connections meanwhile."""

import json
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.errors import RateLimited
from boards import request_limits
from boards.elements import store
from boards.exchange import document, importing
from boards.files import board_files
from boards.jobs import board_jobs
from boards.models import Board
from boards.rendering import snapshot
from generation.checkpoints.kinds import Sees
from generation.images import decoder, storage
from generation.jobs.submission import Request
from generation.models import Job
from tests.factories import body, element, png

pytestmark = pytest.mark.django_db(transaction=True)
REGION = {"x": 0.0, "y": 0.0, "width": 64.0, "height": 64.0}
SKETCH = {"kind": "img2img", "prompt": "a house"}


@pytest.fixture
def board(alice: Any) -> Board:
    return Board.objects.create(owner=alice)


@pytest.fixture
def client(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


class Watch:
    """Looks, whenever a function is called, whether this thread holds a connection."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.held: list[bool] = []

    def over(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.held.append(connection.connection is not None)
            return real(*args, **kwargs)

        self._patch.setattr(owner, name, watched)

    def assert_none_was_held(self) -> None:
        assert self.held and not any(self.held), self.held


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


@pytest.mark.parametrize("on_board", [True, False], ids=["on a board", "without one"])
def test_none_is_held_while_a_job_s_snapshot_is_decoded(
    board: Board, client: Client, published: list[str], watch: Watch, on_board: bool
) -> None:
    watch.over(decoder, "snapshot")
    path = f"/api/v1/boards/{board.pk}/jobs" if on_board else "/api/v1/jobs"
    sent = {"params": json.dumps(SKETCH), "snapshot": SimpleUploadedFile("x.png", png(), "image/png")}
    answer = client.post(path, sent | ({"region": json.dumps(REGION)} if on_board else {}))
    assert answer.status_code == 202, answer.content
    watch.assert_none_was_held()


def test_the_turn_of_a_job_without_a_board_lasts_until_it_is_queued(
    client: Client, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: list[int] = []
    real = storage.store_snapshot

    def counted(data: bytes) -> Any:
        under_way.append(request_limits.requests._working.total())
        return real(data)

    monkeypatch.setattr(storage, "store_snapshot", counted)
    sent = {"params": json.dumps(SKETCH), "snapshot": SimpleUploadedFile("x.png", png(), "image/png")}
    assert client.post("/api/v1/jobs", sent).status_code == 202
    assert under_way == [1]
    assert not request_limits.requests._working
    assert Job.objects.count() == 1


@pytest.mark.parametrize("how", ["merge", "copy"])
def test_none_is_held_while_an_import_is_read_and_restored(
    board: Board, client: Client, watch: Watch, how: str
) -> None:
    watch.over(document, "read")
    watch.over(importing, "restore_elements")
    scene = json.dumps({"type": "excalidraw", "elements": [body("box")], "files": {}}).encode()
    file = SimpleUploadedFile("x.excalidraw", scene, "application/json")
    answer = client.post(f"/api/v1/boards/{board.pk}/import?as={how}", {"file": file})
    assert answer.status_code == 200, answer.content
    watch.assert_none_was_held()
    assert len(watch.held) == 2


def test_none_is_held_while_a_picture_for_a_render_is_read(
    board: Board, alice: Any, client: Client, watch: Watch
) -> None:
    file = board_files.add_upload(board, alice, png())
    shown: dict[str, Any] = {"type": "image", "fileId": file.file_id, "status": "saved", "scale": [1, 1]}
    store.apply(
        board.pk, [element("frame", type="frame", name=None), element("photo", **shown, frameId="frame")]
    )
    watch.over(storage, "read")
    watch.over(storage, "open_key")
    answer = client.get(f"/api/v1/boards/{board.pk}/render.png?frame=frame&embed=true")
    assert answer.status_code == 200, answer.content
    watch.assert_none_was_held()
    assert len(watch.held) == 2, "once to be drawn, once to be put into the picture"


def test_none_is_held_while_a_picture_that_shall_become_larger_is_read(
    board: Board, alice: Any, watch: Watch
) -> None:
    file = board_files.add_upload(board, alice, png())
    shown: dict[str, Any] = {"type": "image", "fileId": file.file_id, "status": "saved", "scale": [1, 1]}
    store.apply(board.pk, [element("photo", **shown, crop=None)])
    watch.over(storage, "read")
    assert snapshot.draw(board, REGION, "photo", Sees.FILE).images.snapshot == png()
    watch.assert_none_was_held()


def test_a_socket_s_generate_waits_for_no_drawing_of_the_same_person(board: Board, alice: Any) -> None:
    """The threads that draw for sockets are few: four who wait there would keep everybody's pictures from being asked for."""
    store.apply(board.pk, [element("box", x=0, y=0)])
    with request_limits.renders.take(alice.pk):
        began = time.monotonic()
        with pytest.raises(RateLimited):
            board_jobs.ask(board, alice, Request(SKETCH), waits=False)
        assert time.monotonic() - began < request_limits.renders._timeout_seconds / 4
    assert not Job.objects.exists()
