"""Rectangles on a board."""

from types import SimpleNamespace

import msgspec
import pytest

from boards.elements.geometry import Rectangle, rectangle_of, union

SQUARE = Rectangle(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("other", "overlaps", "touches"),
    [
        (Rectangle(5, 5, 10, 10), True, True),
        (Rectangle(2, 2, 1, 1), True, True),
        (Rectangle(10, 0, 5, 5), False, True),
        (Rectangle(0, 10, 5, 5), False, True),
        (Rectangle(10, 10, 5, 5), False, True),
        (Rectangle(10.1, 0, 5, 5), False, False),
        (Rectangle(0, -6, 5, 5), False, False),
    ],
)
def test_a_common_border_touches_and_does_not_overlap(
    other: Rectangle, overlaps: bool, touches: bool
) -> None:
    assert SQUARE.overlaps(other) == other.overlaps(SQUARE) == overlaps
    assert SQUARE.touches(other) == other.touches(SQUARE) == touches


def test_the_centre_stays_when_it_grows_or_another_is_put_into_it() -> None:
    assert SQUARE.grown(5) == Rectangle(-5, -5, 20, 20)
    assert SQUARE.centred(4, 20) == Rectangle(3, -5, 4, 20)


def test_a_union_is_around_all_that_are_there() -> None:
    assert union([SQUARE, None, Rectangle(-5, 20, 1, 2)]) == Rectangle(-5, 0, 15, 22)
    assert union([None]) is union([]) is None


def test_a_rectangle_is_read_from_a_mapping_a_row_or_an_element() -> None:
    fields = {"x": 1, "y": 2.5, "width": 3, "height": 4}
    expected = Rectangle(1, 2.5, 3, 4)
    assert rectangle_of(fields) == rectangle_of(SimpleNamespace(**fields)) == expected
    assert msgspec.json.decode(msgspec.json.encode({"id": "a"} | fields), type=Rectangle) == expected
    with pytest.raises(msgspec.ValidationError):
        rectangle_of({"x": 1, "y": 2, "width": 3})
