"""A part of one picture is repainted in place.

Its own file and a mask of that go in, and the same element shows the result.
"""

import io
import json
import math
import random
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from boards.elements import store
from boards.jobs import board_jobs
from boards.models import Board, BoardFile, Element, Membership, PastElement, Placement
from generation.images import storage
from generation.images.header import IMAGE_MAX_BYTES
from generation.models import GeneratedImage, Job
from tests.boards.arrivals import arrive
from tests.factories import element, png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("published")]
ASK = {"params": {"kind": "inpaint", "prompt": "a door"}, "frame": "p"}


def file_of(board: Board, size: tuple[int, int], name: str = "JPEG") -> Image.Image:
    """A file of the board that shows a slope of colours, as it is decoded."""
    slopes = [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 45)]
    buffer = io.BytesIO()
    Image.merge("RGB", slopes).save(buffer, name)
    data = buffer.getvalue()
    stored = storage.store_bytes(data, "files", size, f"image/{name.lower()}", name.lower())
    BoardFile.objects.create(
        board=board, file_id="photo", key=stored.key, sha256=stored.sha256, mime_type=stored.mime_type,
        width_px=size[0], height_px=size[1], size_bytes=len(data),
    )  # fmt: skip
    return Image.open(io.BytesIO(data)).convert("RGB")


def put(board: Board, *elements: dict[str, Any]) -> None:
    store.apply(board.pk, [element(body["id"], **body) for body in elements])


def picture(**fields: Any) -> dict[str, Any]:
    box = {"x": 100, "y": 50, "width": 300, "height": 200}
    shown = {"fileId": "photo", "status": "saved", "scale": [1, 1], "crop": None, "angle": 0}
    return {"id": "p", "type": "image", "index": "a1"} | box | shown | fields


def spot(x: float, y: float, element_id: str = "s", **fields: Any) -> dict[str, Any]:
    """A disc of 40 units about a point, drawn over the picture."""
    box = {"x": x - 20, "y": y - 20, "width": 40, "height": 40}
    return {"id": element_id, "type": "ellipse", "index": f"a2{element_id}"} | box | fields


def post(user: Any, path: str, body: dict[str, Any] | None = None) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(f"/api/v1{path}", body or {}, content_type="application/json")


def asked(board: Board, user: Any, **fields: Any) -> Job:
    answer = post(user, f"/boards/{board.pk}/jobs", ASK | fields)
    assert answer.status_code == 202, answer.content
    return Job.objects.get(pk=answer.json()["id"])


def middle_of(mask: Image.Image) -> tuple[float, float]:
    rows, columns = np.nonzero(np.asarray(mask) > 127)
    return float(columns.mean()) + 0.5, float(rows.mean()) + 0.5


# --- what goes in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(600, 400), (640, 448), (333, 500), (1400, 933)])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_the_file_goes_in_whole_with_every_pixel(
    board: Board, bob: Any, size: tuple[int, int], name: str
) -> None:
    photo = file_of(board, size, name)
    put(board, picture(angle=0.5, scale=[-1, 1]), spot(250, 150))
    job = asked(board, bob)
    assert (job.params["width_px"], job.params["height_px"]) == (None, None)
    seen, mask = storage.load_whole(job.snapshot), storage.load_mask(job.mask)
    assert seen.size == mask.size == size and seen.tobytes() == photo.tobytes()


# Where on the file a disc lies whose middle is 100 units right of and 50 below the picture's middle.
@pytest.mark.parametrize(
    ("shown", "at"),
    [
        ({}, (500, 300)),
        ({"angle": math.pi}, (100, 100)),
        ({"angle": math.pi / 2}, (400, 0)),
        ({"scale": [-1, 1]}, (100, 300)),
        ({"scale": [1, -1]}, (500, 100)),
        ({"scale": [-1, -1], "angle": math.pi}, (500, 300)),
        ({"angle": math.pi / 4}, (300 + 2 * 150 / math.sqrt(2), 200 - 2 * 50 / math.sqrt(2))),
        ({"crop": {"x": 60, "y": 40, "width": 300, "height": 200, "naturalWidth": 600, "naturalHeight": 400}}, (310, 190)),
        ({"crop": {"x": 30, "y": 20, "width": 150, "height": 100, "naturalWidth": 300, "naturalHeight": 200}}, (310, 190)),
        (
            {"scale": [-1, 1], "crop": {"x": 60, "y": 40, "width": 300, "height": 200, "naturalWidth": 600, "naturalHeight": 400}},
            (110, 190),
        ),
    ],
)  # fmt: skip
def test_the_mask_lies_on_the_file_where_it_is_seen_on_the_board(
    board: Board, bob: Any, shown: dict[str, Any], at: tuple[float, float]
) -> None:
    file_of(board, (600, 400))
    put(board, picture(**shown), spot(350, 200))
    mask = storage.load_mask(asked(board, bob).mask)
    if at[1] > 0:  # the middle of one that reaches beyond the picture is elsewhere
        assert middle_of(mask) == pytest.approx(at, abs=1.5)
    assert mask.getpixel((int(at[0]), int(at[1]))) == 255


def test_what_is_cropped_away_is_not_marked(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    crop = {"x": 60, "y": 40, "width": 300, "height": 200, "naturalWidth": 600, "naturalHeight": 400}
    put(board, picture(crop=crop), spot(250, 150) | {"x": -300, "y": -300, "width": 1100, "height": 900})
    mask = storage.load_mask(asked(board, bob).mask)
    assert mask.getbbox() == (60, 40, 360, 240)


def test_a_picture_that_says_nothing_of_its_mirroring_is_not_mirrored(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(board, picture(scale=None), spot(350, 200))
    assert middle_of(storage.load_mask(asked(board, bob).mask)) == pytest.approx((500, 300), abs=1.5)


@pytest.mark.parametrize("x", [-5, 0, 60])
def test_a_crop_of_a_file_of_next_to_no_size_is_answered(board: Board, bob: Any, x: float) -> None:
    file_of(board, (600, 400))
    crop = {"x": x, "y": 0, "width": 300, "height": 200, "naturalWidth": 1e-320, "naturalHeight": 400}
    put(board, picture(crop=crop), spot(250, 150))
    answer = post(bob, f"/boards/{board.pk}/jobs", ASK)
    assert (answer.status_code, answer.json().get("code")) in {(202, None), (422, "mask_empty")}


def test_a_drawing_far_from_the_box_of_a_picture_that_lies_on_its_side_is_seen(
    board: Board, bob: Any
) -> None:
    file_of(board, (600, 20))
    put(board, picture(width=3000, height=100, x=0, y=0, angle=math.pi / 2), spot(1500, 1400))
    mask = storage.load_mask(asked(board, bob).mask)
    assert middle_of(mask)[0] == pytest.approx(570, abs=2)


def test_a_mask_may_come_along_for_the_whole_file(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(board, picture(angle=1), spot(250, 150))
    client = Client()
    client.force_login(bob)
    fields: dict[str, Any] = {"params": json.dumps(ASK["params"]), "frame": "p"}

    def send(mask: bytes) -> Any:
        return client.post(f"/api/v1/boards/{board.pk}/jobs", fields | {"mask": ContentFile(mask, "m.png")})

    assert send(png(600, 300)).json()["code"] == "mask_shape"
    job = Job.objects.get(pk=send(png(600, 400)).json()["id"])
    assert storage.load_mask(job.mask).getextrema() == (255, 255)
    assert (job.placement.where, job.placement.marks) == ("in_place", [])


def test_the_size_is_not_chosen_and_only_one_picture_is_repainted_in_place(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(
        board,
        {"id": "f", "type": "frame", "x": 0, "y": 0, "width": 900, "height": 900, "name": "F"},
        picture(),
        spot(250, 150),
    )
    path = f"/boards/{board.pk}/jobs"
    sized = post(bob, path, ASK | {"params": {"kind": "inpaint", "width_px": 512}})
    assert sized.json()["code"] == "params_invalid" and "width_px" in sized.content.decode()
    assert post(bob, path, ASK | {"frame": "f", "placement": "in_place"}).json()["code"] == "no_region"
    assert not Job.objects.exists()
    assert asked(board, bob, frame="f").placement.where == "beside"
    assert asked(board, bob, placement="beside").placement.where == "beside"


def test_marks_are_what_was_drawn_on_the_picture_for_that_alone(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(
        board,
        spot(250, 150, "under", index="a0"),
        picture(),
        spot(250, 150, "on"),
        spot(200, 100, "locked", locked=True),
        spot(399, 150, "edge"),
        {"id": "arrow", "type": "arrow", "index": "a3", "x": 900, "y": 150, "width": 550, "height": 0,
         "points": [[0, 0], [-550, 0]]},
        spot(900, 900, "far"),
    )  # fmt: skip
    job = asked(board, bob)
    assert sorted(job.placement.marks) == ["edge", "on"]
    assert storage.load_mask(job.mask).getpixel((530, 200)) == 255, "the arrow's end is repainted, too"


def test_a_result_that_is_larger_than_an_upload_may_be_is_repainted_again(board: Board, bob: Any) -> None:
    size = (2000, 1800)
    noise = Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1]))
    result = storage.store_image(noise, {})
    assert result.size_bytes > IMAGE_MAX_BYTES
    BoardFile.objects.create(
        board=board, file_id="photo", key=result.key, sha256=result.sha256, mime_type=result.mime_type,
        width_px=size[0], height_px=size[1], size_bytes=result.size_bytes,
    )  # fmt: skip
    put(board, picture(), spot(250, 150))
    assert storage.load_whole(asked(board, bob).snapshot).tobytes() == noise.tobytes()


# --- what comes out -----------------------------------------------------------------------------------------------


def made(job: Job, seed: int = 1, size: tuple[int, int] = (600, 400)) -> GeneratedImage:
    """One picture of the job arrives, as large as the one that it was asked for."""
    return arrive(job, seed, size)


def body_of(board: Board, element_id: str = "p") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(Element.objects.get(board=board, element_id=element_id).body)
    return body


def pictures(board: Board) -> list[dict[str, Any]]:
    rows = Element.objects.filter(board=board, is_deleted=False).order_by("index")
    return [body for body in (json.loads(row.body) for row in rows) if body["type"] == "image"]


def change(board: Board, element_id: str = "p", **fields: Any) -> None:
    body = body_of(board, element_id)
    put(board, body | {"version": body["version"] + 1} | fields)


@pytest.fixture
def job(board: Board, bob: Any) -> Job:
    """bob asked for a part of a turned, mirrored and cropped picture to be repainted."""
    file_of(board, (600, 400))
    crop = {"x": 60, "y": 40, "width": 300, "height": 200, "naturalWidth": 600, "naturalHeight": 400}
    put(board, picture(angle=0.5, scale=[-1, 1], crop=crop), spot(250, 150))
    return asked(board, bob)


def test_the_same_element_shows_it_and_the_marks_are_gone_in_one_change(
    board: Board, job: Job, bob: Any
) -> None:
    before, clock = body_of(board), store.clocks([board.pk])[board.pk]
    image = made(job)
    after = body_of(board)
    note = after.pop("customData")["atelier"]
    assert note == {
        "job": str(job.pk), "image": str(image.pk), "kind": "inpaint", "prompt": "a door", "seed": 1, "source": "p",
    }  # fmt: skip
    untold = {"version", "versionNonce", "updated", "fileId"}
    assert {name: after[name] for name in after.keys() - untold} == {
        name: before[name] for name in before.keys() - untold - {"customData"}
    }
    assert after["fileId"] == image.sha256 and after["version"] > before["version"]
    rows = Element.objects.filter(board=board, clock=clock + 1)
    assert {(row.element_id, row.is_deleted) for row in rows} == {("p", False), ("s", True)}
    assert {row.author_id for row in rows} == {bob.pk}
    by = {"job": str(job.pk), "image": str(image.pk)}
    assert body_of(board, "s")["customData"]["atelier"] == by, "pages know their own by it"
    assert Placement.objects.get(job=job).elements == {str(image.pk): "p"}
    assert BoardFile.objects.filter(board=board).count() == 2, "the old file stays"
    assert '"photo"' in PastElement.objects.get(board=board, element_id="p").body


def test_the_crop_fits_an_image_of_another_size(board: Board, job: Job) -> None:
    made(job, size=(1200, 800))
    crop = {"x": 120, "y": 80, "width": 600, "height": 400, "naturalWidth": 1200, "naturalHeight": 800}
    assert body_of(board)["crop"] == crop


def test_a_picture_that_was_moved_or_turned_meanwhile_is_replaced_where_it_is(board: Board, job: Job) -> None:
    change(board, x=700, angle=2.0, width=30, height=20)
    image = made(job)
    (after,) = pictures(board)
    assert (after["x"], after["angle"], after["width"], after["fileId"]) == (700, 2.0, 30, image.sha256)


def test_beside_a_picture_that_shows_something_else_by_now_nothing_is_lost(board: Board, job: Job) -> None:
    change(board, fileId="other", angle=0.7)
    image = made(job)
    there, new = pictures(board)
    assert (there["fileId"], new["fileId"]) == ("other", image.sha256)
    assert (new["x"] >= 440, new["angle"], new["scale"], new["width"]) == (True, 0.7, [-1, 1], 300)
    assert not body_of(board, "s")["isDeleted"], "the marks are of no harm there"


def test_beside_where_the_picture_was_deleted_meanwhile(board: Board, job: Job) -> None:
    change(board, isDeleted=True)
    image = made(job)
    (new,) = pictures(board)
    assert new["id"] != "p" and new["fileId"] == image.sha256 and body_of(board)["isDeleted"]
    assert new["x"] >= 440


def test_a_mark_that_was_removed_meanwhile_stays_so(board: Board, job: Job) -> None:
    change(board, "s", isDeleted=True)
    version = body_of(board, "s")["version"]
    made(job)
    assert body_of(board, "s")["version"] == version


def test_a_mark_that_was_locked_meanwhile_stays_on_the_board(board: Board, job: Job) -> None:
    change(board, "s", locked=True)
    image = made(job)
    assert body_of(board)["fileId"] == image.sha256 and not body_of(board, "s")["isDeleted"]


def test_nothing_is_repainted_on_a_board_that_was_frozen_meanwhile(board: Board, job: Job, bob: Any) -> None:
    Board.objects.filter(pk=board.pk).update(frozen=True)
    image = made(job)
    assert body_of(board)["fileId"] == "photo" and not body_of(board, "s")["isDeleted"]
    for path in (f"/jobs/{job.pk}/images/{image.pk}/accept", f"/jobs/{job.pk}/retry"):
        assert post(bob, path).json()["code"] == "frozen"


def test_nothing_is_repainted_for_one_who_may_not_edit_any_more(board: Board, job: Job, bob: Any) -> None:
    Membership.objects.filter(board=board, user=bob).delete()
    image = made(job)
    assert body_of(board)["fileId"] == "photo" and not body_of(board, "s")["isDeleted"]
    of_image = f"/jobs/{job.pk}/images/{image.pk}"
    for path in (f"{of_image}/accept", f"{of_image}/finish", f"/jobs/{job.pk}/retry"):
        assert post(bob, path).json()["code"] == "not_found"


def test_two_who_repaint_the_same_picture_lose_nothing(board: Board, job: Job, alice: Any) -> None:
    other = asked(board, alice)
    first, second = made(job, 1), made(other, 2)
    assert [body["fileId"] for body in pictures(board)] == [first.sha256, second.sha256]


def test_of_several_pictures_at_once_the_first_one_replaces_it(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(board, picture(), spot(250, 150))
    job = asked(board, bob, params=ASK["params"] | {"count": 2})
    images = [made(job, 1), made(job, 2)]
    assert [body["fileId"] for body in pictures(board)] == [image.sha256 for image in images]


def test_a_result_stays_one_of_its_frame_and_a_photograph_part_of_a_sketch(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    note = {"atelier": {"job": "j", "image": "i", "source": "frame"}, "own": 1}
    put(board, picture(customData=note), spot(250, 150))
    made(asked(board, bob))
    custom = body_of(board)["customData"]
    assert (custom["own"], custom["atelier"]["source"]) == (1, "frame")


def test_one_that_is_chosen_takes_its_place_and_another_one_after_it(board: Board, bob: Any) -> None:
    file_of(board, (600, 400))
    put(board, picture(), spot(250, 150))
    job = asked(board, bob, params=ASK["params"] | {"count": 2}, placement="stage")
    one, two = made(job, 1), made(job, 2)
    assert body_of(board)["fileId"] == "photo" and not body_of(board, "s")["isDeleted"]

    def accept(image: GeneratedImage) -> list[str]:
        answer = post(bob, f"/jobs/{job.pk}/images/{image.pk}/accept", {"keep_others": True})
        assert answer.status_code == 200, answer.content
        return [each["standing"] for each in answer.json()["images"]]

    assert accept(one) == ["placed", "kept"] and body_of(board)["fileId"] == one.sha256
    assert body_of(board, "s")["isDeleted"]
    assert accept(two) == ["kept", "placed"] and body_of(board)["fileId"] == two.sha256
    change(board, fileId="photo")  # taken back
    post(bob, f"/jobs/{job.pk}/images/restore")
    assert [each["standing"] for each in board_jobs.describe(job)["images"]] == ["candidate", "candidate"]
    assert accept(one) == ["placed", "kept"] and body_of(board)["fileId"] == one.sha256
    assert len(pictures(board)) == 1


def test_another_try_replaces_what_the_first_one_made(board: Board, job: Job, bob: Any) -> None:
    made(job, 1)
    Job.objects.filter(pk=job.pk).update(status="succeeded")
    again = Job.objects.get(pk=post(bob, f"/jobs/{job.pk}/retry").json()["id"])
    second = made(again, 2)
    assert [body["fileId"] for body in pictures(board)] == [second.sha256]
