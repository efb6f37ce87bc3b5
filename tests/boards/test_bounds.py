"""The rectangle that an element covers; the page runs the same cases."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from boards.elements.bounds import bounds_of, bounds_of_fields
from boards.elements.geometry import Rectangle

CASES = json.loads(Path("tests/shared/bounds_cases.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_shared_cases(case: dict[str, Any]) -> None:
    found = bounds_of_fields(case["element"])
    assert found is not None
    assert msgspec.structs.astuple(found) == pytest.approx(case["bounds"])


def test_what_is_malformed_covers_nothing() -> None:
    assert bounds_of(b'{"x": "left"}') is bounds_of(b"[") is None


def test_a_stroke_from_right_to_left_leaves_the_place_at_its_right() -> None:
    stroke = {"type": "freedraw", "x": 400, "y": 0, "width": 300, "height": 1, "points": [[0, 0], [-300, 1]]}
    found = bounds_of_fields(stroke)
    assert found is not None and not found.overlaps(Rectangle(410, -50, 300, 100))
