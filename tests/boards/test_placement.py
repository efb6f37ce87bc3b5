"""A finished picture becomes an element, in the transaction that marks its job succeeded."""

import json
from typing import Any

import pytest
from django.db import transaction

from boards.elements import store
from boards.elements.geometry import Rectangle
from boards.elements.reconcile import is_index
from boards.jobs import placement
from boards.jobs.placement import contain
from boards.jobs.spots import beside
from boards.models import Board, BoardFile, Element, Placement
from generation.jobs.events import images_made
from generation.models import GeneratedImage, Job
from tests.factories import body, element


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((100, 100), Rectangle(0, 0, 200, 100), Rectangle(50, 0, 100, 100)),
        ((200, 100), Rectangle(10, 10, 100, 100), Rectangle(10, 35, 100, 50)),
        ((64, 64), Rectangle(0, 0, 64, 64), Rectangle(0, 0, 64, 64)),
        ((1024, 64), Rectangle(0, 0, 1600, 100), Rectangle(0, 0, 1600, 100)),
        ((1536, 64), Rectangle(0, 0, 4800, 100), Rectangle(0, -50, 4800, 200)),
        ((64, 1536), Rectangle(0, 0, 100, 4800), Rectangle(-50, 0, 200, 4800)),
        ((1536, 64), Rectangle(0, 0, 96, 96), Rectangle(0, 46, 96, 4)),
    ],
)
def test_contain(size: tuple[int, int], box: Rectangle, expected: Rectangle) -> None:
    assert contain(*size, box) == expected


def test_beside_takes_the_first_free_place_to_the_right_then_below() -> None:
    region = Rectangle(0, 0, 100, 100)
    occupied: list[Rectangle] = [region]
    places = []
    for _ in range(6):
        place = beside(region, occupied)
        occupied.append(place)
        places.append((place.x, place.y))
    assert places == [(140, 0), (280, 0), (420, 0), (560, 0), (140, 140), (280, 140)]


@pytest.fixture
def job(board: Board, alice: Any) -> Job:
    made = Job.objects.create(
        audience=f"board.{board.pk}",
        created_by=alice,
        kind="img2img",
        checkpoint="bundled",
        params={"prompt": "a cat"},
        status="running",
    )
    Placement.objects.create(job=made, board=board, frame="frame", x=0, y=0, width=100, height=100)
    return made


def image(job: Job, position: int = 0) -> GeneratedImage:
    digest = f"{position:064x}"
    return GeneratedImage.objects.create(
        job=job,
        key=f"images/{digest}.png",
        sha256=digest,
        mime_type="image/png",
        width_px=512,
        height_px=512,
        size_bytes=1,
        seed=7 + position,
    )


def keep(job: Job, x: float, y: float) -> None:
    spot = {"x": x, "y": y, "width": 100, "height": 100}
    Placement.objects.filter(job=job).update(spots=[spot])


def succeed(job: Job, *images: GeneratedImage) -> list[dict[str, Any]]:
    """The image elements that stand on the board afterwards, in order."""
    with transaction.atomic():
        images_made.send(sender=Job, job=job, images=list(images))
    rows = Element.objects.filter(board__placements__job=job, is_deleted=False).order_by("index")
    return [json.loads(row.body) for row in rows if '"image"' in row.body]


@pytest.mark.django_db(transaction=True)
class TestPlace:
    def test_beside_the_frame_with_its_recipe(self, board: Board, job: Job) -> None:
        store.apply(board.pk, [element("frame", type="frame", x=0, y=0, width=100, height=100, name=None)])
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"], placed["width"], placed["height"]) == (140, 0, 100, 100)
        recipe = placed["customData"]["atelier"]
        assert (recipe["job"], recipe["prompt"], recipe["seed"], recipe["source"]) == (
            str(job.pk),
            "a cat",
            7,
            "frame",
        )
        file = BoardFile.objects.get(board=board)
        assert placed["fileId"] == file.file_id and placed["status"] == "saved"
        assert Placement.objects.get(job=job).elements == {str(GeneratedImage.objects.get().pk): placed["id"]}

    def test_a_second_picture_does_not_cover_the_first(self, board: Board, job: Job) -> None:
        store.apply(board.pk, [element("frame", type="frame", x=0, y=0, width=100, height=100, name=None)])
        first, second = succeed(job, image(job), image(job, 1))
        assert first["x"] != second["x"] and first["index"] < second["index"]

    def test_inside_means_in_the_frame_and_below_it_in_order(self, board: Board, job: Job) -> None:
        store.apply(
            board.pk,
            [
                element("under", x=0, y=0, index="a0"),
                element("frame", type="frame", x=0, y=0, width=200, height=100, index="a1", name=None),
            ],
        )
        Placement.objects.filter(job=job).update(where="inside")
        (placed,) = succeed(job, image(job))
        assert placed["frameId"] == "frame" and "a0" < placed["index"] < "a1"
        assert (placed["x"], placed["width"]) == (50, 100)

    def test_where_the_frame_is_now_counts(self, board: Board, job: Job) -> None:
        store.apply(
            board.pk, [element("frame", type="frame", x=1000, y=500, width=100, height=100, name=None)]
        )
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (1140, 500)

    def test_a_deleted_frame_leaves_the_region_it_had(self, board: Board, job: Job) -> None:
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (140, 0) and is_index(placed["index"])

    @pytest.mark.parametrize("change", [{"frozen": True}, {"deleted_at": "2026-01-01T00:00Z"}])
    def test_a_board_that_takes_nothing_keeps_the_job_without_elements(
        self, board: Board, job: Job, change: dict[str, Any]
    ) -> None:
        Board.objects.filter(pk=board.pk).update(**change)
        assert succeed(job, image(job)) == []

    def test_J34_it_goes_to_the_place_that_was_kept(self, board: Board, job: Job) -> None:
        keep(job, x=300, y=20)
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (300, 20)

    def test_J34_a_kept_place_moves_along_with_its_frame(self, board: Board, job: Job) -> None:
        store.apply(board.pk, [element("frame", type="frame", x=10, y=5, width=100, height=100, name=None)])
        keep(job, x=300, y=20)
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (310, 25)

    def test_J34_if_somebody_drew_there_it_goes_to_the_next_free_place(self, board: Board, job: Job) -> None:
        keep(job, x=140, y=0)
        points = [[0, 0], [-150, 10]]
        store.apply(board.pk, [element(type="freedraw", x=300, y=50, width=150, height=10, points=points)])
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (420, 0)

    def test_J34_what_is_kept_for_another_job_is_taken(self, board: Board, job: Job, alice: Any) -> None:
        other = Job.objects.create(created_by=alice, kind="img2img", params={}, status="queued")
        spot = {"x": 140, "y": 0, "width": 100, "height": 100}
        Placement.objects.create(job=other, board=board, x=0, y=0, width=100, height=100, spots=[spot])
        (placed,) = succeed(job, image(job))
        assert (placed["x"], placed["y"]) == (280, 0)

    def test_a_job_without_a_board_is_left_alone(self, job: Job) -> None:
        Placement.objects.all().delete()
        with transaction.atomic():
            images_made.send(sender=Job, job=job, images=[image(job)])
        assert not Element.objects.exists()

    def test_it_is_gone_when_the_success_is_rolled_back(self, board: Board, job: Job) -> None:
        picture = image(job)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            placement.place(job=job, images=[picture])
            raise ZeroDivisionError
        assert not Element.objects.exists() and not BoardFile.objects.exists()


def test_the_body_passes_the_same_checks_as_everybody_elses(settings: Any) -> None:
    from boards.elements.element import parse

    job = Job(kind="img2img", params={"prompt": "x"})
    picture = GeneratedImage(job=job, sha256="0" * 64, width_px=1, height_px=1, seed=1)
    made = placement._body(job, picture, Rectangle(0, 0, 1, 1), "a1")
    raw = json.dumps(made).encode()
    assert parse(raw).body == raw and set(body()) <= set(made)
