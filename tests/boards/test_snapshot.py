"""What a model sees when nobody sends a snapshot, and jobs that are asked for that way."""

import json
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client

from boards import background
from boards.elements import store
from boards.elements.geometry import Rectangle
from boards.files import board_files
from boards.jobs import board_jobs
from boards.jobs.board_jobs import Destination
from boards.models import Board, Placement
from boards.rendering import RenderFailed, snapshot
from boards.rendering.scenes import shape_of
from boards.wire import client_messages
from generation.images import storage
from generation.jobs import submission
from generation.jobs.submission import Request
from generation.models import Job
from tests.boards.socket_client import joined
from tests.factories import body, element, png

REGION = {"x": 0.0, "y": 0.0, "width": 100.0, "height": 50.0}
HERE = Destination(client_messages.Region(**REGION))
SKETCH, WORDS = Request({"kind": "img2img"}), Request({"kind": "txt2img", "prompt": "a cat"})
RED, WHITE = (224, 49, 49), (255, 255, 255)


def seen(elements: list[dict[str, Any]], target: str | None = "frame") -> list[str]:
    bodies = [json.dumps(raw).encode() for raw in elements]
    shapes = [shape_of(raw) for raw in bodies]
    found = next((shape for shape in shapes if shape.id == target), None)
    kept = snapshot.elements_seen(bodies, shapes, Rectangle(0, 0, 100, 100), found)
    assert all(json.loads(raw)["frameId"] is None for raw in kept), "no frame cuts what is seen"
    return [json.loads(raw)["id"] for raw in kept]


def at(element_id: str, x: float = 10, **fields: Any) -> dict[str, Any]:
    return body(element_id, **{"x": x, "y": 10, "width": 20, "height": 20} | fields)


def made(element_id: str, source: str | None, **fields: Any) -> dict[str, Any]:
    return at(element_id, type="image", customData={"atelier": {"job": "j", "source": source}}, **fields)


FRAME = body("frame", type="frame", x=0, y=0, width=100, height=100)


def test_what_lies_in_the_region_is_seen_and_nothing_far_away() -> None:
    assert seen([FRAME, at("in"), at("far", x=900), at("gone", isDeleted=True)]) == ["in"]


def test_frames_are_not_seen_nor_what_belongs_to_another_frame() -> None:
    other = body("other", type="magicframe", x=0, y=0, width=50, height=50)
    assert seen([FRAME, other, at("mine", frameId="frame"), at("theirs", frameId="other")]) == ["mine"]


def test_a_result_is_not_part_of_what_it_came_from() -> None:
    results = [made("of it", "frame"), made("of words", None), made("of another", "other"), at("drawn")]
    assert seen([FRAME, *results]) == ["of another", "drawn"]


def test_a_picture_that_is_itself_the_target_is_seen_with_what_was_drawn_on_it() -> None:
    assert seen([made("picture", "frame"), at("drawn", frameId="other")], "picture") == ["picture", "drawn"]


SHARED = json.loads((Path(__file__).parents[1] / "shared" / "snapshot_cases.json").read_text())


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_what_is_seen_is_what_the_page_sees(case: dict[str, Any]) -> None:
    """The page runs the same cases (frontend/src/generation/snapshot.test.ts)."""
    bodies = [json.dumps(raw).encode() for raw in case["elements"]]
    shapes = [shape_of(raw) for raw in bodies]
    target = next(shape for shape in shapes if shape.id == case["target"])
    kept = snapshot.elements_seen(bodies, shapes, target.region, target)
    assert [json.loads(raw)["id"] for raw in kept] == case["seen"]


@pytest.mark.parametrize(("width", "height", "scale"), SHARED["sizes"])
def test_small_regions_are_drawn_larger_and_none_beyond_the_longest_side(
    width: float, height: float, scale: float
) -> None:
    assert snapshot.scale_of(Rectangle(0, 0, width, height)) == pytest.approx(scale)


# --- jobs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawn_on(board: Board) -> Board:
    """The board with a red box in a frame, and an earlier result over it."""
    note = {"atelier": {"job": "j", "source": "f"}}
    store.apply(
        board.pk,
        [
            element("f", type="frame", name="F", x=0, y=0, width=100, height=50),
            element("box", x=10, y=10, width=30, height=30, backgroundColor="#e03131", fillStyle="solid"),
            element("old", x=50, y=10, width=30, height=30, backgroundColor="#e03131", customData=note),
        ],
    )
    return board


def snapshot_of(job: Job) -> Any:
    return storage.load_picture(job.snapshot)


@pytest.mark.django_db(transaction=True)
def test_a_job_over_http_without_a_snapshot_is_drawn_on_the_server(
    drawn_on: Board, bob: Any, mallory: Any, published: list[str]
) -> None:
    client = Client()
    client.force_login(bob)
    path = f"/api/v1/boards/{drawn_on.pk}/jobs"
    ask = {"params": {"kind": "img2img", "prompt": "a house"}, "frame": "f"}
    answer = client.post(path, ask, content_type="application/json", headers={"Idempotency-Key": "one"})
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    image = snapshot_of(job)
    assert image.size == (512, 256)
    assert image.getpixel((128, 128)) == RED and image.getpixel((333, 128)) == WHITE, (
        "the old result is left out"
    )
    assert answer.json()["params"]["width_px"] == 512 and published == [str(job.pk)]
    # The board goes on, the answer to the same request stays.
    store.apply(drawn_on.pk, [element("more", x=0, y=0, width=90, height=40)])
    again = client.post(path, ask, content_type="application/json", headers={"Idempotency-Key": "one"})
    assert again.json()["id"] == str(job.pk) and Job.objects.count() == 1
    client.force_login(mallory)
    assert client.post(path, ask, content_type="application/json").status_code == 404


GROUNDS = json.loads((Path(__file__).parents[1] / "shared" / "background_cases.json").read_text())["on_paper"]


@pytest.mark.parametrize(("colour", "ground"), GROUNDS)
def test_what_is_seen_lies_on_the_background_as_it_looks_on_white(colour: str, ground: str) -> None:
    """The page draws on the same (frontend/src/generation/target.test.ts)."""
    assert background.on_paper(colour) == ground


@pytest.mark.django_db(transaction=True)
def test_white_lines_on_a_dark_board_are_seen(board: Board, bob: Any, published: list[str]) -> None:
    background.change(board.pk, "#1e1e1e")
    white = {"strokeColor": "#ffffff", "backgroundColor": "#ffffff", "fillStyle": "solid"}
    store.apply(board.pk, [element("line", x=0, y=20, width=100, height=10, **white)])
    image = snapshot_of(board_jobs.ask(board, bob, SKETCH, HERE))
    assert (image.getpixel((256, 128)), image.getpixel((256, 20))) == (WHITE, (30, 30, 30))


@pytest.mark.django_db(transaction=True)
def test_the_frame_counts_where_it_is_now(drawn_on: Board, bob: Any, published: list[str]) -> None:
    store.apply(drawn_on.pk, [element("f", type="frame", x=500, y=0, width=100, height=50, version=2)])
    job = board_jobs.ask(
        drawn_on, bob, SKETCH, Destination(frame="f", region=client_messages.Region(**REGION))
    )
    assert snapshot_of(job).getcolors() == [(512 * 256, WHITE)]


@pytest.mark.django_db(transaction=True)
def test_without_a_region_all_that_is_there_is_redrawn(board: Board, bob: Any, published: list[str]) -> None:
    store.apply(
        board.pk,
        [
            element("a", x=-10, y=0, width=20, height=30),
            element("b", x=90, y=20, width=10, height=30),
        ],
    )
    client = Client()
    client.force_login(bob)
    path = f"/api/v1/boards/{board.pk}/jobs"
    drawn = client.post(path, {"params": {"kind": "img2img"}}, content_type="application/json").json()
    assert drawn["region"] == {"x": -11, "y": -1, "width": 112, "height": 52}
    assert snapshot_of(Job.objects.get(pk=drawn["id"])).size == (512, 238)
    words = client.post(path, {"params": {"kind": "txt2img"}}, content_type="application/json").json()
    assert words["region"] == {"x": 101 - 512, "y": -1, "width": 512, "height": 512}, (
        "it goes to the right of that"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_generate_over_the_socket_without_a_snapshot_makes_a_job(
    drawn_on: Board, alice: Any, published: list[str]
) -> None:
    async with joined(drawn_on, alice) as a:
        ask = {
            "type": "generate",
            "id": "g1",
            "params": {"kind": "img2img", "prompt": "a cat"},
            "region": REGION,
        }
        await a.send(ask)
        shown = await a.until("job")
        job = await sync_to_async(Job.objects.get)(pk=shown["job"]["id"])
        image = await sync_to_async(snapshot_of)(job)
        assert image.getpixel((128, 128)) == RED


@pytest.mark.django_db(transaction=True)
def test_who_may_not_ask_any_more_is_not_drawn_for(
    drawn_on: Board, bob: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generation.errors import TooManyJobs

    settings.ATELIER_MAX_ACTIVE_JOBS = 0
    monkeypatch.setattr(snapshot, "draw", lambda *_: pytest.fail("drawn for nothing"))
    with pytest.raises(TooManyJobs):
        board_jobs.ask(drawn_on, bob, SKETCH, HERE)


@pytest.mark.django_db(transaction=True)
def test_a_board_that_cannot_be_drawn_refuses_the_job_and_keeps_nothing(
    drawn_on: Board, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bytes:
        raise RenderFailed("The scene could not be drawn: it takes too long.")

    monkeypatch.setattr(snapshot, "draw", fail)
    client = Client()
    client.force_login(bob)
    ask = {"params": {"kind": "img2img"}, "region": REGION}
    answer = client.post(f"/api/v1/boards/{drawn_on.pk}/jobs", ask, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "render_failed")
    assert not Job.objects.exists() and not Placement.objects.exists()


def test_kinds_that_need_no_board_are_not_drawn_for(
    monkeypatch: pytest.MonkeyPatch, db: None, board: Board, bob: Any, published: list[str]
) -> None:
    monkeypatch.setattr(snapshot, "draw", lambda *_: pytest.fail("drawn for nothing"))
    assert board_jobs.ask(board, bob, WORDS, HERE).snapshot == ""


@pytest.fixture
def in_transaction(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """By the name of each slow function that was called: whether a transaction was open."""
    found: dict[str, bool] = {}

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def watched(*arguments: Any) -> Any:
            found[name] = connection.in_atomic_block
            return real(*arguments)

        monkeypatch.setattr(module, name, watched)

    watch(snapshot, "draw")
    watch(storage, "store_snapshot")
    watch(storage, "store_mask")
    return found


@pytest.mark.django_db(transaction=True)
def test_J33_no_transaction_is_open_while_a_board_is_drawn_and_stored(
    drawn_on: Board, bob: Any, in_transaction: dict[str, bool], published: list[str]
) -> None:
    client = Client()
    client.force_login(bob)
    ask = {"params": {"kind": "img2img", "prompt": "a house"}, "region": REGION}
    path = f"/api/v1/boards/{drawn_on.pk}/jobs"
    answers = [
        client.post(path, ask, content_type="application/json", headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].content
    assert in_transaction == {"draw": False, "store_snapshot": False}
    assert Job.objects.count() == Placement.objects.count() == len(published) == 1


@pytest.mark.django_db(transaction=True)
def test_J33_none_is_open_while_pictures_and_their_mask_are_drawn_and_stored(
    board: Board, bob: Any, in_transaction: dict[str, bool], published: list[str]
) -> None:
    shown: dict[str, Any] = {"status": "saved", "scale": [1, 1], "crop": None, "x": 0, "y": 0}
    file = board_files.add_upload(board, bob, png(64, 64))
    store.apply(board.pk, [element("photo", type="image", width=50, fileId=file.file_id, **shown)])
    job = board_jobs.ask(board, bob, Request({"kind": "inpaint", "prompt": "a door"}), HERE)
    assert job.snapshot and job.mask
    assert in_transaction == {"draw": False, "store_snapshot": False, "store_mask": False}


@pytest.mark.django_db(transaction=True)
def test_a_job_without_its_place_is_never_seen(
    drawn_on: Board, bob: Any, monkeypatch: pytest.MonkeyPatch, published: list[str]
) -> None:
    def fail(**_: Any) -> None:
        raise OSError("the database went away")

    monkeypatch.setattr(Placement.objects, "create", fail)
    with pytest.raises(OSError):
        board_jobs.ask(drawn_on, bob, WORDS, HERE)
    assert not Job.objects.exists() and published == []


@pytest.mark.django_db(transaction=True)
def test_J33_params_are_read_once_and_the_quota_checked_before_drawing_and_again_under_the_lock(
    drawn_on: Board, bob: Any, monkeypatch: pytest.MonkeyPatch, published: list[str]
) -> None:
    steps: list[tuple[str, bool]] = []

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def watched(*arguments: Any) -> Any:
            steps.append((name, connection.in_atomic_block))
            return real(*arguments)

        monkeypatch.setattr(module, name, watched)

    watch(submission, "parse")
    watch(submission.quota, "check")
    watch(snapshot, "draw")
    board_jobs.ask(drawn_on, bob, Request({"kind": "img2img"}))
    assert steps == [("parse", False), ("check", False), ("draw", False), ("check", True)]
