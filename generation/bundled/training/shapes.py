"""Picture-book drawings made from a few shapes, with the line sketch a person would make of them.

Emoji teach what things look like; these teach which word paints which part: "a small house with a red roof".
A drawing is a list of parts on a 100 x 100 page, y down. The picture fills the parts; the sketch only traces them.
Everything here is drawn by this file, so it carries no one else's licence.
"""

from __future__ import annotations

import colorsys
import math
import random
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Chooser = random.Random | ModuleType  # a generator of one's own, or the module with its shared one
Points = NDArray[np.float64]  # (n, 2), x right, y down, page of 100 x 100

# Hue in degrees, saturation and value ranges in 0..1. "light blue" must not be confused with "blue", hence the ranges.
PALETTE: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((352, 366), (0.78, 0.95), (0.80, 0.95)),
    "orange": ((22, 34), (0.80, 0.95), (0.93, 1.0)),
    "yellow": ((46, 54), (0.70, 0.90), (0.95, 1.0)),
    "green": ((100, 145), (0.55, 0.80), (0.55, 0.78)),
    "teal": ((172, 184), (0.60, 0.85), (0.60, 0.80)),
    "blue": ((208, 226), (0.70, 0.90), (0.75, 0.95)),
    "light blue": ((195, 208), (0.25, 0.45), (0.92, 1.0)),
    "purple": ((265, 285), (0.50, 0.75), (0.60, 0.85)),
    "pink": ((325, 345), (0.30, 0.55), (0.93, 1.0)),
    "brown": ((18, 30), (0.50, 0.70), (0.40, 0.60)),
    "beige": ((30, 42), (0.15, 0.30), (0.90, 0.98)),
    "gray": ((200, 220), (0.02, 0.10), (0.55, 0.75)),
    "white": ((200, 220), (0.00, 0.03), (0.95, 1.0)),
    "black": ((200, 240), (0.05, 0.20), (0.15, 0.25)),
}
VIVID = (
    "red",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "light blue",
    "purple",
    "pink",
    "brown",
    "gray",
    "white",
    "black",
)
VIVID_WEIGHTS = (6, 4, 5, 5, 2, 6, 3, 4, 4, 3, 1, 1, 1)


def rgb(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    """Hue in degrees, the rest and the answer in 0..1."""
    return colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value)


def shade(color: str, rng: random.Random) -> str:
    """One CSS colour of a named family."""
    hue, saturation, value = (rng.uniform(*span) for span in PALETTE[color])
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in rgb(hue, saturation, value))


@dataclass
class Part:
    """One filled or stroked shape. `minor` parts are often missing from a sketch (eyes, windows, spots)."""

    points: Points
    fill: str | None
    closed: bool = True
    width: float = 0.0  # of an open line, in page units
    minor: bool = False


@dataclass
class Drawing:
    """Parts from back to front and the words that name the thing and its coloured parts."""

    parts: list[Part] = field(default_factory=list)
    noun: str = ""
    said: list[tuple[str, str]] = field(
        default_factory=list
    )  # (part word, colour word); the part word "" is the whole


# --- shapes ------------------------------------------------------------------------------------------------------


def poly(*xy: float) -> Points:
    return np.array(xy, dtype=float).reshape(-1, 2)


def rect(x: float, y: float, w: float, h: float) -> Points:
    return poly(x, y, x + w, y, x + w, y + h, x, y + h)


def oval(
    x: float, y: float, rx: float, ry: float | None = None, start: float = 0, end: float = 360
) -> Points:
    """Ellipse or arc; angles in degrees, clockwise from the right because y points down."""
    turn = np.radians(np.linspace(start, end, 33 if abs(end - start) >= 360 else 20))
    return np.stack([x + rx * np.cos(turn), y + (rx if ry is None else ry) * np.sin(turn)], 1)


def curve(*xy: float) -> Points:
    """Smooth line through the points (Catmull-Rom)."""
    p = poly(*xy)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.concatenate([*pieces, p[-2:-1]])


def blob(*xy: float) -> Points:
    """Closed smooth outline through the points."""
    p = poly(*xy)
    looped = np.concatenate([p[-1:], p, p[:2]])
    return curve(*looped.ravel())[8:-8]


def star(x: float, y: float, r: float, points: int = 5, inner: float = 0.42, turn: float = -90) -> Points:
    angle = np.radians(turn + np.arange(2 * points) * 180 / points)
    radius = np.where(np.arange(2 * points) % 2 == 0, r, r * inner)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1)


def heart(x: float, y: float, r: float) -> Points:
    t = np.linspace(0, 2 * math.pi, 40)
    return np.stack(
        [
            x + r * np.sin(t) ** 3,
            y - r * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16,
        ],
        1,
    )


class Pen:
    """Builds one drawing: chooses colours, remembers which of them the caption must name.

    A colour that nobody could guess is always said; otherwise the words would not explain the picture.
    """

    def __init__(self, noun: str, rng: random.Random) -> None:
        self.rng, self.drawing = rng, Drawing(noun=noun)
        self.u = rng.uniform
        self.talk = rng.choice((0.0, 0.4, 0.7, 1.0))

    def color(self, part: str, *usual: str, free: float = 0.5) -> str:
        """A CSS colour for a part: one of `usual`, or said in the caption and then with chance `free` any."""
        said = not usual or self.rng.random() < self.talk
        name = (
            self.rng.choices(VIVID, VIVID_WEIGHTS)[0]
            if not usual or (said and self.rng.random() < free)
            else self.rng.choice(usual)
        )
        if said:
            self.drawing.said.append((part, name))
        return shade(name, self.rng)

    def some(self, *names: str) -> str:
        """A CSS colour that the caption does not mention."""
        return shade(self.rng.choice(names), self.rng)

    def fill(self, points: Points, css: str, minor: bool = False) -> None:
        self.drawing.parts.append(Part(points, css, minor=minor))

    def line(self, points: Points, css: str, width: float, minor: bool = False) -> None:
        self.drawing.parts.append(Part(points, css, closed=False, width=width, minor=minor))

    def eyes(self, x: float, y: float, gap: float, r: float = 3.0) -> None:
        for side in (-1, 1):
            self.fill(oval(x + side * gap, y, r, r * 1.2), "#2a2523", minor=True)


def a_or_an(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def article(words: str, rng: Chooser) -> str:
    """Put "a", "the" or nothing before a noun phrase."""
    if rng.random() < 0.35:
        return words
    return f"{'the' if rng.random() < 0.15 else a_or_an(words)} {words}"


def caption(drawing: Drawing, rng: random.Random) -> str:
    """Name the thing and the colours that `Drawing.said` asks for."""
    whole = next((c for part, c in drawing.said if not part), None)
    parts = [(part, c) for part, c in drawing.said if part]
    words = drawing.noun
    if whole:
        words = f"{whole} {words}"
    size = rng.random()
    words = f"small {words}" if size < 0.06 else f"big {words}" if size < 0.1 else words
    words = article(words, rng)
    rng.shuffle(parts)
    told = [f"{c} {part}" if part.endswith("s") else f"{a_or_an(c)} {c} {part}" for part, c in parts]
    return words + (" with " + " and ".join(told) if told else "")


def move(
    drawing: Drawing,
    scale: float,
    dx: float,
    dy: float,
    turn: float = 0.0,
    flip: bool = False,
    squeeze: float = 1.0,
) -> Drawing:
    """Scale and turn (degrees) about the middle of the page, then shift (page units)."""
    c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
    matrix = np.array([[c, -s], [s, c]]) @ np.diag([-squeeze if flip else squeeze, 1.0])
    parts = [
        Part((p.points - 50) @ matrix.T + 50 + (dx, dy), p.fill, p.closed, p.width * scale, p.minor)
        for p in drawing.parts
    ]
    return Drawing(parts, drawing.noun, drawing.said)


# --- rendering ---------------------------------------------------------------------------------------------------


def _path(points: Points, closed: bool) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + ("Z" if closed else "")


def _page(body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100" fill="#fff"/>{body}</svg>'


def picture_svg(drawing: Drawing, outline: float) -> str:
    """The finished picture: flat fills with a dark rim of `outline` page units (0: none), so pale parts stay visible on white."""
    rim = f' stroke="#2f2a2a" stroke-width="{outline:.2f}" stroke-linejoin="round"' if outline else ""
    body = []
    for part in drawing.parts:
        if part.closed:
            body.append(f'<path d="{_path(part.points, True)}" fill="{part.fill}"{rim}/>')
        else:
            if outline and part.width > 3:
                body.append(
                    f'<path d="{_path(part.points, False)}" fill="none" stroke="#2f2a2a" stroke-width="{part.width + 2 * outline:.2f}" stroke-linecap="round"/>'
                )
            body.append(
                f'<path d="{_path(part.points, False)}" fill="none" stroke="{part.fill}" stroke-width="{part.width:.2f}" stroke-linecap="round"/>'
            )
    return _page("".join(body))


def _by_hand(points: Points, closed: bool, rng: random.Random, shake: float) -> Points:
    """Trace an outline the way a hand does: slow drift along the stroke, ends that do not quite meet."""
    loop = np.concatenate([points, points[:1]]) if closed else points
    steps = np.linalg.norm(np.diff(loop, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    even = np.union1d(np.arange(0, along[-1], 3.0), along)  # keep the corners
    traced = np.stack([np.interp(even, along, loop[:, k]) for k in (0, 1)], 1)
    drift = np.zeros_like(traced)
    for k in (0, 1):
        for wave in (60.0, 25.0, 11.0):
            drift[:, k] += (
                rng.gauss(0, 1) * (wave / 60) ** 0.7 * np.sin(2 * math.pi * (even / wave + rng.random()))
            )
    return traced + shake * drift + shake * np.array([rng.gauss(0, 0.7), rng.gauss(0, 0.7)])


def sketch_svg(drawing: Drawing, rng: random.Random) -> str:
    """The same drawing as thin lines on white, wobbly, some small parts forgotten, now and then roughly coloured in."""
    width = rng.choice((0.9, 1.3, 1.8, 2.2, 2.8))
    shake, see_through = rng.choice((0.0, 0.3, 0.7, 1.1)), rng.random() < 0.5
    ink = "#1e1e1e" if rng.random() < 0.85 else rng.choice(("#e03131", "#1971c2", "#2f9e44", "#f08c00"))
    colored, forget = rng.random() < 0.12, rng.choice((0.0, 0.3, 0.8))
    body = []
    for part in drawing.parts:
        if part.minor and rng.random() < forget:
            continue
        points = _by_hand(part.points, part.closed, rng, shake)
        fill = (part.fill if colored else "none" if see_through else "#fff") if part.closed else "none"
        body.append(
            f'<path d="{_path(points, False)}" fill="{fill}" stroke="{ink}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"/>'
        )
    return _page("".join(body))
