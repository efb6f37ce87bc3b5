"""Two groups of bars as SVG: what more worker processes cost and gain, beside what shared steps do."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 380
BASE, TOP = 290, 80
BAR, GAP, BETWEEN, LEFT = 56, 22, 60, 70
GREY, BLUE, INK, FAINT = "#868e96", "#4c6ef5", "#212529", "#dee2e6"


class Bar(NamedTuple):
    """name: under it. seconds: its height. gigabytes: written below, what was held for it."""

    name: str
    seconds: float
    gigabytes: float


def draw(more_workers: Sequence[Bar], shared_steps: Sequence[Bar], device: str) -> str:
    """A whole SVG document. It brings its own white ground, so that it can be read on a dark page."""
    bars = [*more_workers, *shared_steps]
    most = max(bar.seconds for bar in bars)
    second_group = LEFT + len(more_workers) * (BAR + GAP) + BETWEEN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="{INK}">',
        f"<title>Seconds for ten equal jobs on {device}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fff"/>',
        f'<text x="{LEFT - 30}" y="34" font-size="17" font-weight="600">Ten equal jobs on {device}: seconds until the last is done</text>',
        f'<line x1="{LEFT - 30}" y1="{BASE}" x2="{WIDTH - 40}" y2="{BASE}" stroke="{FAINT}"/>',
        *_group(more_workers, LEFT, most, GREY, "worker processes, one job at a time each"),
        *_group(shared_steps, second_group, most, BLUE, "jobs in a step of one worker"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _group(bars: Sequence[Bar], left: int, most: float, colour: str, name: str) -> list[str]:
    parts = []
    for number, bar in enumerate(bars):
        x, height = left + number * (BAR + GAP), (BASE - TOP) * bar.seconds / most
        middle = x + BAR / 2
        parts += [
            f'<rect x="{x}" y="{BASE - height:.1f}" width="{BAR}" height="{height:.1f}" rx="4" fill="{colour}"/>',
            _text(middle, BASE - height - 8, f"{bar.seconds:.1f}", "600"),
            _text(middle, BASE + 20, bar.name, "600"),
            _text(middle, BASE + 40, f"{bar.gigabytes:.1f} GB"),
        ]
    centre = left + (len(bars) * (BAR + GAP) - GAP) / 2
    return [*parts, _text(centre, BASE + 66, name)]


def _text(x: float, y: float, words: str, weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="13" font-weight="{weight}">{words}</text>'
