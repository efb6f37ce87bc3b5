"""How many lines the hatched fill of an element (`fillStyle`) has, which limits what a page can draw. Pure.

Excalidraw draws a hatched area line by line, four stroke widths apart, and keeps every line in memory: a few
hundred large areas with a thin stroke crash every page that opens the board. frontend/src/room/hatching.ts is the
same rule; tests/shared/hatching_cases.json binds the two.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

ELEMENT_COST_MAX = 10_000
"""Of one element; one that costs more is filled solidly. 4,000 units square, cross-hatched at stroke width 1, cost 3,386."""
BOARD_COST_MAX = 200_000
"""Of all live elements of a board: about half a second and 100 MB in a page. The highest of 31 real boards: 1,222."""

BOXES = frozenset({"rectangle", "diamond", "ellipse", "embeddable"})
LINES = frozenset({"line", "freedraw"})

LOOP_GAP_MAX = 8.0
"""Scene units between the ends of a line up to which it is filled (Excalidraw's LINE_CONFIRM_THRESHOLD)."""
GAP_PER_STROKE_WIDTH = 4
GAP_MIN = 0.1
ROWS_PER_LINE = 20
"""roughjs scans the area row by row, one scene unit each: so many rows take as long as one line."""

Point = Sequence[float]

# Unit vectors at right angles to the lines of the first pass and of a second, crossing one (roughjs' hachureAngle is -41°).
_FIRST, _SECOND = ((math.sin(math.radians(a)), math.cos(math.radians(a))) for a in (49, 139))
PASSES = {"hachure": (_FIRST,), "zigzag": (_FIRST, _FIRST), "cross-hatch": (_FIRST, _SECOND)}


def hatch_cost(
    kind: str,
    fill_style: str | None,
    background_color: str | None,
    stroke_width: float,
    size: tuple[float, float],
    points: Sequence[Point] = (),
) -> float:
    """About how many hatch lines drawing the element takes; 0 when nothing is hatched.

    size: width and height. points: of a line or stroke, each x and y. An ellipse or diamond counts as its box.
    """
    passes = PASSES.get(fill_style or "", ())
    if not passes or background_color in (None, "transparent"):
        return 0.0
    if kind in BOXES:
        width, height = size
        corners: Sequence[Point] = ((0, 0), (width, 0), (width, height), (0, height))
    elif kind in LINES and _is_loop(points):
        corners = points
    else:
        return 0.0
    gap = max(GAP_PER_STROKE_WIDTH * stroke_width, GAP_MIN)
    across = sum(_across(corners, normal) for normal in passes)
    return across / gap + across / min(gap, 1) / ROWS_PER_LINE


def _is_loop(points: Sequence[Point]) -> bool:
    return len(points) > 2 and math.dist(points[0][:2], points[-1][:2]) <= LOOP_GAP_MAX


def _across(corners: Sequence[Point], normal: tuple[float, float]) -> float:
    """Width of the outline at a right angle to the lines. Folds count: each line begins and ends on the outline."""
    x, y = normal
    edges = pairwise([*corners, corners[0]])
    return sum(abs((b[0] - a[0]) * x + (b[1] - a[1]) * y) for a, b in edges) / 2
