"""Where the content of a board lies (boards.rendering.content): plain values."""

import json
from typing import Any

from boards.elements.geometry import Rectangle
from boards.rendering.content import GAP, main_part
from tests.factories import body

SIZE = (800, 420)


def at(x: float, y: float, width: float = 100, height: float = 100, **fields: Any) -> bytes:
    return json.dumps(body(x=x, y=y, width=width, height=height, strokeWidth=0, **fields)).encode()


def test_what_fits_is_shown_whole() -> None:
    assert main_part([], SIZE) is None
    assert main_part([at(0, 0), at(2_000, 1_000)], SIZE) is None


def test_the_part_with_most_elements_is_shown_where_the_whole_would_be_tiny() -> None:
    house = [at(0, 0), at(150, 0), at(0, 150)]
    assert main_part([*house, at(50_000, 0), at(0, -80_000)], SIZE) == Rectangle(0, 0, 250, 250)


def test_one_large_drawing_stays_whole() -> None:
    row = [at(n * (100 + GAP), 0) for n in range(20)]
    assert main_part(row, SIZE) is None, "nothing sets its parts apart"


def test_an_empty_place_in_the_middle_is_cut_both_ways() -> None:
    corners = [at(x, y) for x in (0, 5_000) for y in (0, 5_000)]
    assert main_part([*corners, at(5_100, 5_100)], SIZE) == Rectangle(5_000, 5_000, 200, 200)


def test_what_is_not_seen_does_not_count() -> None:
    assert main_part([at(0, 0), at(50_000, 0, opacity=0)], SIZE) is None


def test_a_line_lies_where_its_points_are() -> None:
    to_the_house = at(90_000, 0, 90_000, 10, type="freedraw", points=[[0, 0], [-90_000, 10]])
    assert main_part([at(0, 0), at(50, 50), to_the_house], SIZE) is None, "it is one with the house"


def test_twenty_thousand_elements_take_a_moment() -> None:
    many = [at(n % 200 * 20, n // 200 * 20, 10, 10) for n in range(20_000)]
    assert main_part([*many, at(90_000, 90_000)], SIZE) == Rectangle(0, 0, 199 * 20 + 10, 99 * 20 + 10)
