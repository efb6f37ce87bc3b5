"""The cost of hatching, against the cases that the front end runs too."""

import json
from pathlib import Path
from typing import Any

import pytest

from boards.hatching import BOARD_COST_MAX, ELEMENT_COST_MAX, hatch_cost

CASES = json.loads((Path(__file__).parent.parent / "shared" / "hatching_cases.json").read_text())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: str(case["name"]))
def test_hatch_cost(case: dict[str, Any]) -> None:
    element = case["element"]
    cost = hatch_cost(
        element["type"],
        element.get("fillStyle"),
        element.get("backgroundColor"),
        element["strokeWidth"],
        (element["width"], element["height"]),
        element.get("points", ()),
    )
    assert cost == pytest.approx(case["cost"], abs=1e-5)


def test_both_sides_have_the_same_budgets() -> None:
    assert (CASES["element_cost_max"], CASES["board_cost_max"]) == (ELEMENT_COST_MAX, BOARD_COST_MAX)
