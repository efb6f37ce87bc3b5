"""A sketch in its frame, and how it looks on paper.

Drawn by Pillow at four times the size and reduced to the two that the page sends; no browser takes part. Freehand strokes swell where the hand
was slow or pressed, about as Excalidraw draws them. What roughness does to ellipses, rectangles and lines, and fills, text
and pictures, are left out.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from generation.checkpoints import catalogue

FOLDER = catalogue.BUNDLED / "scenes"
DRAWN_SCALE = 4  # pixels per unit of the scene, for smooth edges
SENT_SCALE = 2  # as frontend/src/generation/snapshot.ts sends a frame of this size

# perfect-freehand as Excalidraw calls it: size 4.25 × strokeWidth, thinning 0.6, easeOutSine, pressure by speed.
SIZE_PER_STROKE_WIDTH = 4.25
THINNING = 0.6
STREAMLINE = 0.575  # the share of the way to the next point that is taken, for a streamline of 0.5
PRESSURE_RATE = 0.275

Point = tuple[float, float]
Json = dict[str, Any]  # an Excalidraw element: its fields differ by type


@dataclass(frozen=True)
class Scene:
    """frame and strokes are Excalidraw elements."""

    name: str
    prompt: str
    frame: Json
    strokes: Sequence[Json]

    def paper(self) -> Image.Image:
        """The frame's content on white, as large as the page would send it."""
        width, height = self.frame["width"], self.frame["height"]
        sheet = Image.new("RGB", (round(width * DRAWN_SCALE), round(height * DRAWN_SCALE)), "white")
        pen = _Pen(sheet, (self.frame["x"], self.frame["y"]))
        for stroke in self.strokes:
            pen.draw(stroke)
        size = round(width * SENT_SCALE), round(height * SENT_SCALE)
        return sheet.resize(size, Image.Resampling.BOX)


def scenes(folder: Path = FOLDER) -> list[Scene]:
    """All sketches, by name of their files."""
    return [read(path) for path in sorted(folder.glob("*.excalidraw"))]


def read(path: Path) -> Scene:
    """The sketch in a file that holds one frame."""
    elements = sorted(json.loads(path.read_text())["elements"], key=lambda element: element["index"])
    [frame] = [element for element in elements if element["type"] == "frame"]
    strokes = [element for element in elements if element["frameId"] == frame["id"]]
    return Scene(path.stem, frame["customData"]["atelier"]["prompt"], frame, strokes)


class _Pen:
    def __init__(self, sheet: Image.Image, origin: Point) -> None:
        self._ink, self._origin = ImageDraw.Draw(sheet), origin

    def draw(self, element: Json) -> None:
        colour, width = element["strokeColor"], element["strokeWidth"]
        x, y = element["x"], element["y"]
        if element["type"] == "freedraw":
            path = _moved(element["points"], x, y)
            pressed = None if element["simulatePressure"] else element["pressures"]
            self._dab(_swelling(path, width) if pressed is None else _pressed(path, width, pressed), colour)
        elif element["type"] == "line":
            self._dab(_even(_moved(element["points"], x, y), width), colour)
        elif element["type"] == "ellipse":
            self._dab(_even(_round(x, y, element["width"], element["height"]), width), colour)
        elif element["type"] == "rectangle":
            right, bottom = x + element["width"], y + element["height"]
            around = [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)]
            self._dab(_even(around, width), colour)

    def _dab(self, path: Iterable[tuple[Point, float]], colour: str) -> None:
        """Pull a round nib along a path of (place, radius)."""
        last: tuple[Point, float] | None = None
        for place, radius in path:
            x, y = ((place[axis] - self._origin[axis]) * DRAWN_SCALE for axis in (0, 1))
            nib = radius * DRAWN_SCALE
            self._ink.ellipse((x - nib, y - nib, x + nib, y + nib), fill=colour)
            if last:
                self._ink.line((*last[0], x, y), fill=colour, width=round(nib + last[1]))
            last = (x, y), nib


def _moved(points: Iterable[Sequence[float]], x: float, y: float) -> list[Point]:
    return [(x + point[0], y + point[1]) for point in points]


def _round(x: float, y: float, width: float, height: float) -> list[Point]:
    middle = x + width / 2, y + height / 2
    angles = [math.tau * part / 72 for part in range(73)]
    return [(middle[0] + width / 2 * math.cos(a), middle[1] + height / 2 * math.sin(a)) for a in angles]


def _even(points: Iterable[Point], width: float) -> list[tuple[Point, float]]:
    return [(point, width / 2) for point in points]


def _pressed(
    points: Sequence[Point], width: float, pressures: Sequence[float]
) -> Iterable[tuple[Point, float]]:
    """Places with the radius there, by the pressures (0–1) that a pen reported."""
    last = points[0]
    for point, pressure in zip(points, pressures, strict=True):
        last = (last[0] + (point[0] - last[0]) * STREAMLINE, last[1] + (point[1] - last[1]) * STREAMLINE)
        yield last, _radius(width, pressure)
    yield points[-1], _radius(width, pressures[-1])


def _radius(width: float, pressure: float) -> float:
    return SIZE_PER_STROKE_WIDTH * width * math.sin((0.5 - THINNING * (0.5 - pressure)) * math.pi / 2)


def _swelling(points: Sequence[Point], width: float) -> Iterable[tuple[Point, float]]:
    """Places with the radius there. Quick is thin, slow is thick; the pressure follows the speed with a delay."""
    size = SIZE_PER_STROKE_WIDTH * width
    pressure, last = 0.25, points[0]
    for point in points:
        place = (last[0] + (point[0] - last[0]) * STREAMLINE, last[1] + (point[1] - last[1]) * STREAMLINE)
        speed = min(1.0, math.dist(place, last) / size)
        pressure = min(1.0, pressure + (1 - speed - pressure) * speed * PRESSURE_RATE)
        yield place, _radius(width, pressure)
        last = place
    yield points[-1], _radius(width, pressure)
