"""What of a region is repainted, and jobs that repaint it, drawn on the server."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from boards import background
from boards.elements import store
from boards.elements.geometry import Rectangle
from boards.models import Board, BoardFile, Placement
from boards.rendering import masking
from boards.rendering.scenes import shape_of
from generation.errors import NothingToRepaint
from generation.images import storage
from generation.jobs import lifecycle
from generation.models import Job
from tests.factories import body, element, png
from tests.generation.test_lifecycle import IMAGE, claimed

REGION = Rectangle(0, 0, 100, 100)
FRAME = body("frame", type="frame", x=0, y=0, width=100, height=100)


def parts(elements: list[dict[str, Any]], target: str = "frame") -> tuple[list[Any], list[Any]]:
    bodies = [json.dumps(raw).encode() for raw in elements]
    shapes = [shape_of(raw) for raw in bodies]
    found = next(shape for shape in shapes if shape.id == target)
    pictures, mask = masking.images_and_mask(bodies, shapes, REGION, found)
    return [json.loads(raw)["id"] for raw in pictures], [json.loads(raw) for raw in mask]


def at(element_id: str, x: float = 0, **fields: Any) -> dict[str, Any]:
    return body(element_id, **{"x": x, "y": 0, "width": 50, "height": 50} | fields)


def picture(element_id: str, x: float = 0, **fields: Any) -> dict[str, Any]:
    return at(element_id, x, type="image", fileId="f", **fields)


def test_pictures_are_covered_in_black_and_what_was_drawn_is_white_in_drawing_order() -> None:
    result = picture("result", customData={"atelier": {"job": "j", "source": "frame"}})
    pictures, mask = parts([FRAME, at("under"), result, at("scribble", 20, frameId="frame")])
    assert pictures == ["result"], "a result of the frame counts here"
    shown = [(each["id"], each["type"], each["strokeColor"], each["frameId"]) for each in mask]
    assert shown == [
        ("under", "rectangle", "#ffffff", None),
        ("result", "rectangle", "#000000", None),
        ("scribble", "rectangle", "#ffffff", None),
    ]


def test_what_belongs_to_another_frame_or_lies_elsewhere_does_not_count() -> None:
    other = [picture("theirs", frameId="other"), picture("far", 900), picture("gone", isDeleted=True)]
    assert parts([FRAME, picture("mine"), *other])[0] == ["mine"]


def test_a_picture_that_is_the_target_is_the_only_one() -> None:
    pictures, mask = parts([picture("other", 10), picture("mine"), at("scribble")], "mine")
    assert pictures == ["mine"]
    assert [each["id"] for each in mask] == ["mine", "scribble"]


def test_without_a_picture_there_is_nothing_to_repaint() -> None:
    with pytest.raises(NothingToRepaint):
        parts([FRAME, at("drawing")])


SHARED = json.loads((Path(__file__).parents[1] / "shared" / "snapshot_cases.json").read_text())


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_what_is_repainted_is_what_the_page_marks(case: dict[str, Any]) -> None:
    """The page runs the same cases (frontend/src/generation/mask.test.ts)."""
    bodies = [json.dumps(raw).encode() for raw in case["elements"]]
    shapes = [shape_of(raw) for raw in bodies]
    target = next(shape for shape in shapes if shape.id == case["target"])
    if not case["pictures"]:
        with pytest.raises(NothingToRepaint):
            masking.images_and_mask(bodies, shapes, target.region, target)
        return
    pictures, mask = masking.images_and_mask(bodies, shapes, target.region, target)
    assert [json.loads(raw)["id"] for raw in pictures] == case["pictures"]
    given = {element["id"]: element for element in case["elements"]}
    turned = case.get("turned", {})
    assert [json.loads(raw) for raw in mask] == [
        {
            name: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            for name, value in (
                given[element_id]
                | {"frameId": None}
                | SHARED["mask_fields"][fields]
                | {name: float(value) for name, value in turned.get(element_id, {}).items()}
            ).items()
        }
        for element_id, fields in case["mask"]
    ]


# --- jobs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def painted(board: Board) -> Board:
    """A frame of 200 × 100; a red picture covers its left half and has a closed line drawn on it."""
    data = png(100, 100, "red")
    stored = storage.store_bytes(data, "files", (100, 100), "image/png", "png")
    BoardFile.objects.create(
        board=board, file_id="red", key=stored.key, sha256=stored.sha256, mime_type="image/png",
        width_px=100, height_px=100, size_bytes=len(data),
    )  # fmt: skip
    store.apply(
        board.pk,
        [
            element("f", type="frame", name="F", x=0, y=0, width=200, height=100),
            element(
                "p", type="image", x=0, y=0, width=100, height=100, fileId="red", status="saved", scale=[1, 1]
            ),
            element("s", type="ellipse", x=30, y=30, width=40, height=40, strokeColor="#1971c2"),
        ],
    )
    return board


def post(user: Any, board: Board, fields: dict[str, Any]) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(f"/api/v1/boards/{board.pk}/jobs", fields, content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_a_mask_is_drawn_on_the_server_where_nobody_sends_one(
    painted: Board, bob: Any, mallory: Any, published: list[str]
) -> None:
    ask = {"params": {"kind": "inpaint", "prompt": "a door"}, "frame": "f"}
    assert post(mallory, painted, ask).status_code == 404
    answer = post(bob, painted, ask)
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    mask, seen = storage.load_mask(job.mask), storage.load_picture(job.snapshot)
    assert mask.size == seen.size == (512, 256)
    white = {
        place: mask.getpixel(place) for place in [(128, 128), (20, 20), (240, 240), (384, 128), (500, 10)]
    }
    assert white == {(128, 128): 255, (20, 20): 0, (240, 240): 0, (384, 128): 255, (500, 10): 255}
    red = seen.getpixel((128, 128))
    assert red == (255, 0, 0), "the line is not part of the picture"


@pytest.mark.django_db(transaction=True)
def test_the_background_is_behind_the_pictures_and_not_in_the_mask(
    painted: Board, bob: Any, published: list[str]
) -> None:
    background.change(painted.pk, "black")
    ask = {"params": {"kind": "inpaint", "prompt": "a door"}, "frame": "f"}
    job = Job.objects.get(pk=post(bob, painted, ask).json()["id"])
    mask, seen = storage.load_mask(job.mask), storage.load_picture(job.snapshot)
    assert (mask.getpixel((384, 128)), seen.getpixel((384, 128))) == (255, (0, 0, 0))


@pytest.mark.django_db(transaction=True)
def test_nothing_marked_and_nothing_there_are_told_apart(
    painted: Board, bob: Any, published: list[str]
) -> None:
    store.apply(painted.pk, [element("s", type="ellipse", version=2, isDeleted=True)])
    ask = {"params": {"kind": "inpaint"}, "frame": "p"}
    assert post(bob, painted, ask).json()["code"] == "mask_empty"
    store.apply(painted.pk, [element("p", type="image", fileId="red", version=2, isDeleted=True)])
    assert post(bob, painted, ask | {"frame": "f"}).json()["code"] == "no_picture"
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_picture_becomes_larger_from_its_own_file(
    painted: Board, bob: Any, published: list[str], settings: Any, tmp_path: Any
) -> None:
    ask = {"params": {"kind": "upscale", "checkpoint": "x4-upscaler"}, "frame": "p"}
    job = Job.objects.get(pk=post(bob, painted, ask).json()["id"])
    assert storage.load_picture(job.snapshot).size == (100, 100), "not as it is drawn on the board"
    assert (job.params["width_px"], job.mask) == (None, "")
    assert post(bob, painted, ask | {"frame": "f"}).json()["code"] == "no_picture"


@pytest.mark.django_db
def test_a_mask_may_be_sent(board: Board, bob: Any, published: list[str]) -> None:
    client = Client()
    client.force_login(bob)
    path = f"/api/v1/boards/{board.pk}/jobs"

    def send(kind: str, mask: bytes | None) -> Any:
        fields = {
            "params": json.dumps({"kind": kind, "prompt": "a door"}),
            "region": json.dumps({"x": 0, "y": 0, "width": 64, "height": 64}),
            "snapshot": SimpleUploadedFile("s.png", png()),
        }
        return client.post(path, fields | ({"mask": SimpleUploadedFile("m.png", mask)} if mask else {}))

    job = Job.objects.get(pk=send("inpaint", png(128, 128)).json()["id"])
    assert storage.load_mask(job.mask).size == (64, 64)
    assert send("inpaint", png(64, 64, "black")).json()["code"] == "mask_empty"
    assert send("inpaint", png(64, 32)).json()["code"] == "mask_shape"
    assert send("inpaint", b"no picture").json()["code"] == "image_format"
    refused = send("img2img", png()).json()
    assert refused["code"] == "params_invalid" and "mask" in json.dumps(refused["errors"])


@pytest.mark.django_db
def test_a_mask_without_colour_is_read_by_what_it_covers(media: Any) -> None:
    drawn = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    drawn.paste((255, 255, 255, 255), (0, 0, 32, 64))
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    mask = storage.load_mask(storage.store_mask(buffer.getvalue(), (64, 64)).key)
    assert (mask.getpixel((8, 8)), mask.getpixel((56, 8))) == (255, 0)


# --- drafts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(board: Board, alice: Any, published: list[str]) -> Job:
    """A finished draft of two pictures, asked for by alice."""
    client = Client()
    client.force_login(alice)
    fields = {
        "params": json.dumps({"kind": "img2img", "prompt": "a cat", "draft": True, "count": 2, "seed": 7}),
        "region": json.dumps({"x": 0, "y": 0, "width": 64, "height": 64}),
        "snapshot": SimpleUploadedFile("s.png", png()),
    }
    job = Job.objects.get(pk=client.post(f"/api/v1/boards/{board.pk}/jobs", fields).json()["id"])
    lifecycle.succeed(claimed(job), [(IMAGE, 7), (IMAGE, 8)])
    return job


@pytest.mark.django_db
def test_a_picture_of_a_draft_is_made_final_with_its_seed_and_all_steps(
    draft: Job, bob: Any, carol: Any, mallory: Any
) -> None:
    image = draft.images.get(seed=8)
    path = f"/api/v1/jobs/{draft.pk}/images/{image.pk}/finish"
    client = Client()
    for user, status in ((mallory, 404), (carol, 403)):
        client.force_login(user)
        assert client.post(path).status_code == status
    client.force_login(bob)
    answer = client.post(path, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 202, answer.content
    final = Job.objects.get(pk=answer.json()["id"])
    usual = {"draft": False, "seed": 8, "count": 1, "steps": 24}
    assert final.params == draft.params | usual and draft.params["steps"] == 8
    assert (final.snapshot, final.created_by) == (draft.snapshot, bob)
    assert Placement.objects.get(job=final).board_id == Placement.objects.get(job=draft).board_id
    assert client.post(path, headers={"Idempotency-Key": "one"}).json()["id"] == str(final.pk)


@pytest.mark.django_db
def test_only_a_draft_is_made_final_and_only_by_who_may_still_edit(
    draft: Job, board: Board, alice: Any, bob: Any
) -> None:
    client = Client()
    client.force_login(bob)
    image = draft.images.first()
    assert image
    path = f"/api/v1/jobs/{draft.pk}/images/{image.pk}/finish"
    Job.objects.filter(pk=draft.pk).update(params=draft.params | {"draft": False})
    assert client.post(path).json()["code"] == "not_a_draft"
    Job.objects.filter(pk=draft.pk).update(params=draft.params, created_by=bob)
    board.memberships.filter(user=bob).delete()
    assert client.post(path).status_code == 404
