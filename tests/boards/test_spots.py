"""Where pictures go beside what they were made from."""

import random
import time
from itertools import combinations

import pytest

from boards.elements.geometry import Rectangle
from boards.jobs.spots import beside, beside_each

REGION = Rectangle(0, 0, 100, 100)
ALL_AROUND = Rectangle(-1000, -1000, 3000, 3000)


def at(place: Rectangle) -> tuple[float, float]:
    return place.x, place.y


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (ALL_AROUND, (140, 0)),
        (Rectangle(-10, -10, 200, 400), (0, 140)),
        (Rectangle(-200, -10, 320, 140), (-140, 0)),
        (Rectangle(-10, -10, 120, 120), (140, 0)),
        (Rectangle(5000, 5000, 100, 100), (140, 0)),
        (None, (140, 0)),
    ],
)
def test_in_view_is_better_right_then_below_then_left(
    view: Rectangle | None, expected: tuple[float, float]
) -> None:
    assert at(beside(REGION, [REGION], view)) == expected


def test_what_is_taken_in_view_sends_it_on_in_view() -> None:
    taken = [REGION, Rectangle(150, 20, 10, 10)]
    assert at(beside(REGION, taken, ALL_AROUND)) == (0, 140)
    assert at(beside(REGION, [*taken, Rectangle(0, 200, 5, 5)], ALL_AROUND)) == (-140, 0)


def test_four_pictures_are_a_row_or_a_grid_in_view() -> None:
    assert [at(each) for each in beside_each(REGION, 4, [REGION])] == [(140, 0), (280, 0), (420, 0), (560, 0)]
    narrow = Rectangle(-10, -10, 400, 260)
    assert [at(each) for each in beside_each(REGION, 4, [REGION], narrow)] == [
        (140, 0),
        (280, 0),
        (140, 140),
        (280, 140),
    ]


def test_beside_a_picture_in_a_frame_is_beside_the_frame() -> None:
    frame = Rectangle(-50, -20, 400, 300)
    assert at(beside_each(REGION, 1, [REGION, frame], None, [frame])[0]) == (390, -20)


def test_it_is_never_on_anything_and_always_the_same() -> None:
    seeded = random.Random(11)
    for _ in range(200):
        boxes = [Rectangle(*(seeded.uniform(-500, 2000) for _ in "xy"), 120, 80) for _ in range(60)]
        places = beside_each(REGION, seeded.randint(1, 4), [REGION, *boxes], ALL_AROUND)
        assert places == beside_each(REGION, len(places), [REGION, *boxes], ALL_AROUND)
        assert not any(place.overlaps(box) for place in places for box in [REGION, *boxes])
        assert not any(a.overlaps(b) for a, b in combinations(places, 2))


def test_a_full_board_of_ten_thousand_is_searched_in_no_time() -> None:
    boxes = [Rectangle(140 + (i % 4) * 140, (i // 4) * 140, 100, 100) for i in range(10_000)]
    began = time.perf_counter()
    assert at(beside(REGION, boxes, ALL_AROUND)) != (140, 0)
    assert at(beside(REGION, boxes)) == (140, 2500 * 140)
    assert time.perf_counter() - began < 1
