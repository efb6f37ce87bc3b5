"""Looks: finishes that turn a coloured-in sketch into watercolour, crayon, ink wash or clean flat colour.

Paint is worked as pigment on paper, by noise that a seed makes: the same picture, lines and seed give the same look. Paper
stays white, so that a picture has no box on a board. Imports no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]
"""(height, width)."""
Colours = NDArray[np.float32]
"""(height, width, 3), 0–1."""

# What reflects more than this in every channel is paper, 0–1.
PAPER_MIN = 0.955
DENSITY_MAX = 4.0
# Further from a border than this nothing changes, in units.
FAR = 100.0


@dataclass
class Sheet:
    """What a look is made of.

    paint: without lines. ink: light that comes through the lines, 1 where there are none. unit: px that are one of 512.
    """

    paint: Colours
    ink: Colours
    unit: float
    random: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        return self.paint.shape[0], self.paint.shape[1]

    def noise(self, grain: float, along: float | None = None) -> Plane:
        """Smooth noise, mean 0 and deviation 1. grain: how large, in units; along: the same across, where it differs."""
        height, width = self.shape
        rows = max(2, round(height / (grain * self.unit)) + 2)
        columns = max(2, round(width / ((along or grain) * self.unit)) + 2)
        raw = self.random.standard_normal((rows, columns), np.float32)
        grown = cv2.resize(raw, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(grown / max(1e-6, float(grown.std())), np.float32)

    def clouds(self, grain: float) -> Plane:
        """Noise of three sizes, as clouds are."""
        layers = self.noise(grain) + 0.5 * self.noise(grain / 2) + 0.25 * self.noise(grain / 4)
        return np.asarray(layers / 1.15, np.float32)  # 1.15: the layers' deviation together

    def blurred(self, plane: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), max(0.3, radius * self.unit)), np.float32)


def finish(picture: Image.Image, lines: Image.Image | None, look: str, seed: int) -> Image.Image:
    """The picture in a look, RGB. picture: paint without lines. lines: as `lines.extract` returns them; None for none."""
    paint = _as_colours(picture)
    ink = np.ones_like(paint) if lines is None else _as_colours(lines)
    unit = float(np.sqrt(paint.shape[0] * paint.shape[1])) / 512
    done = LOOKS[look](Sheet(paint, ink, unit, np.random.default_rng(seed)))
    return Image.fromarray((done.clip(0, 1) * 255).round().astype(np.uint8))


def _as_colours(image: Image.Image) -> Colours:
    return np.asarray(np.asarray(image.convert("RGB"), np.float32) / np.float32(255), np.float32)


def _density(paint: Colours) -> Colours:
    """How much light the paint takes, as layers add up: 0 for white."""
    return np.minimum(-np.log(np.maximum(paint, 0.004)), np.float32(DENSITY_MAX))


def _covered(paint: Colours) -> Plane:
    """How much of each pixel is painted, 0–1."""
    return np.asarray(np.clip((PAPER_MIN - paint.min(2)) / 0.06, 0, 1), np.float32)


def _borders(sheet: Sheet, paint: Colours) -> NDArray[np.bool_]:
    """Where colours meet, or paint and paper."""
    step = max(1, round(sheet.unit))
    across = np.abs(np.roll(paint, step, 1) - np.roll(paint, -step, 1)).max(2)
    down = np.abs(np.roll(paint, step, 0) - np.roll(paint, -step, 0)).max(2)
    return np.asarray(np.maximum(across, down) > 0.10, bool)


def _from_borders(sheet: Sheet, paint: Colours) -> Plane:
    """How far each pixel is from where colours meet, in units."""
    free = (~_borders(sheet, paint)).view(np.uint8)
    away = np.minimum(cv2.distanceTransform(free, cv2.DIST_L2, 3), np.float32(FAR * sheet.unit))
    return np.asarray(away / sheet.unit, np.float32)


def _wobbled(sheet: Sheet, plane: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    """A plane moved a little, each place another way; reach: in units."""
    height, width = sheet.shape
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx = (sheet.noise(34) + 0.5 * sheet.noise(9)) * np.float32(reach * sheet.unit)
    dy = (sheet.noise(34) + 0.5 * sheet.noise(9)) * np.float32(reach * sheet.unit)
    moved = cv2.remap(plane, across + dx, down + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _smooth(value: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """0 up to low, 1 from high, smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


# --- watercolour -------------------------------------------------------------------------------------------------


def watercolour(sheet: Sheet) -> Colours:
    """Washes that run into each other, darker along their edges, on rough paper, under pencil lines."""
    paint = _wobbled(sheet, sheet.paint, 1.6)
    covered = np.minimum(_covered(paint), _covered(sheet.paint))
    pigment = _density(paint)
    # Wet in wet: here and there neighbouring colours run into each other, within the paint.
    around = sheet.blurred(covered, 12) + np.float32(1e-3)
    run = sheet.blurred(pigment * covered[..., None], 12) / around[..., None]
    wet = _smooth(sheet.clouds(70), -0.2, 1.4)[..., None] * np.float32(0.75)
    pigment = pigment * (1 - wet) + run * wet
    # The brush lets more or less water flow; a drop in half-dry paint pushes pigment to its rim.
    flow, drop = sheet.clouds(120), sheet.clouds(85)
    amount = 0.70 + 0.21 * flow + 0.05 * sheet.noise(26)
    amount -= 0.15 * _smooth(drop, 1.15, 1.35) - 0.16 * np.exp(-(((drop - 1.15) / 0.07) ** 2))
    away = _from_borders(sheet, paint)
    amount += (0.55 + 0.18 * sheet.noise(20)) * np.exp(-((away / 2.4) ** 2)) + 0.20 * np.exp(-away / 10)
    # Pigment settles in the valleys of the paper.
    tooth = _tooth(sheet)
    amount *= 1 + 0.07 * tooth
    # Colours drift a little towards their neighbours on the wheel; grey and black have none.
    drift = 0.16 * sheet.noise(60) * np.minimum(1, 2 * np.ptp(paint, 2))
    shift = drift[..., None] * np.array([1.0, 0.0, -1.0], np.float32)
    colours = np.exp(-pigment * np.clip(amount, 0.15, 2.2)[..., None] * (1 + shift))
    colours = 1 - (1 - colours) * sheet.blurred(covered, 0.5)[..., None]
    return np.asarray(colours * _pencil(sheet, tooth), np.float32)


def _tooth(sheet: Sheet) -> Plane:
    """The roughness of paper."""
    return np.asarray(0.75 * sheet.noise(2.3) + 0.55 * sheet.noise(4.4), np.float32)


def _pencil(sheet: Sheet, tooth: Plane) -> Colours:
    """The lines as a soft dark pencil would draw them on rough paper."""
    dark = 1 - sheet.ink
    kept = np.clip(0.86 - 0.10 * tooth, 0.5, 0.97)[..., None]
    warm = np.array([0.94, 0.96, 0.90], np.float32)
    return np.asarray(1 - dark * kept * warm, np.float32)


# --- crayon ------------------------------------------------------------------------------------------------------


def crayon(sheet: Sheet) -> Colours:
    """Wax in strokes of the hand, which misses the valleys of the paper."""
    tooth, strokes = _tooth(sheet), _strokes(sheet)
    covered = np.minimum(_covered(_wobbled(sheet, sheet.paint, 1.2)), _covered(sheet.paint))
    away = _from_borders(sheet, sheet.paint)
    press = 0.95 + 0.50 * strokes + 0.25 * sheet.clouds(80) + 0.6 * np.exp(-away / 5)
    wax = (0.40 + 0.60 * _smooth(press + 0.75 * tooth, -0.7, 0.9)) * covered
    thick = 0.90 + 0.24 * strokes + 0.10 * tooth + 0.16 * np.exp(-away / 4)
    colours = np.exp(-_density(sheet.paint) * np.clip(thick, 0.4, 1.6)[..., None])
    colours = 1 - (1 - colours) * wax[..., None]
    pressed = _smooth(1.1 + 0.55 * tooth + 0.3 * sheet.noise(12), -0.2, 0.9)[..., None]
    return np.asarray(colours * (1 - (1 - sheet.ink) * (0.40 + 0.52 * pressed)), np.float32)


def _strokes(sheet: Sheet) -> Plane:
    """Strokes of the hand, one direction in each colour's place."""
    free = ~_borders(sheet, sheet.paint) & (sheet.ink.min(2) > 0.6) & (_covered(sheet.paint) > 0.5)
    count, found = cv2.connectedComponents(free.view(np.uint8), connectivity=4)
    places: NDArray[np.int64] = np.asarray(found, np.int64)
    fields = [_hatching(sheet, np.deg2rad(angle) + sheet.random.normal(0, 0.08)) for angle in (38, 62, 22)]
    chosen = sheet.random.integers(0, len(fields), count)
    return np.asarray(np.choose(np.take(chosen, places), fields), np.float32)


def _hatching(sheet: Sheet, angle: float) -> Plane:
    """Long thin noise along an angle, in radians from the horizontal."""
    height, width = sheet.shape
    side = int(np.ceil(np.hypot(height, width)))
    large = Sheet(np.empty((side, side, 3), np.float32), np.empty((0,), np.float32), sheet.unit, sheet.random)
    straight = large.noise(5.5, 90) + 0.6 * large.noise(2.6, 60)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(np.rad2deg(angle)), 1)
    turn[:, 2] += np.array([(width - side) / 2, (height - side) / 2])
    turned = cv2.warpAffine(straight, turn, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(turned / 1.2, np.float32)


# --- ink wash ----------------------------------------------------------------------------------------------------


def ink_wash(sheet: Sheet) -> Colours:
    paint = _wobbled(sheet, sheet.paint, 1.4)
    covered = np.minimum(_covered(paint), _covered(sheet.paint))
    luma = paint @ np.array([0.30, 0.56, 0.14], np.float32)
    tone = 0.13 + 0.95 * (1 - luma) ** 1.3
    run = sheet.blurred(tone * covered, 12) / (sheet.blurred(covered, 12) + np.float32(1e-3))
    wet = _smooth(sheet.clouds(80), -0.6, 1.2) * 0.75
    tone = tone * (1 - wet) + run * wet
    away, drop = _from_borders(sheet, paint), sheet.clouds(75)
    amount = 0.75 + 0.34 * sheet.clouds(110) + 0.05 * sheet.noise(24)
    amount -= 0.14 * _smooth(drop, 1.2, 1.5) - 0.12 * np.exp(-(((drop - 1.2) / 0.08) ** 2))
    amount += 0.30 * np.exp(-((away / 2.2) ** 2)) + 0.40 * np.exp(-away / 14) - 0.10
    tooth = _tooth(sheet)
    wash = tone * np.clip(amount, 0.10, 2) * (1 + 0.06 * tooth) * sheet.blurred(covered, 0.6)
    density = wash[..., None] * np.array([1.0, 0.97, 0.90], np.float32) + _brushed(sheet, tooth)
    return np.asarray(np.exp(-density * 1.35), np.float32)


def _brushed(sheet: Sheet, tooth: Plane) -> Colours:
    """The lines as a brush draws them, thick and thin and a little into the wet paper; as density."""
    line = 1 - sheet.ink.min(2)
    swell = np.maximum(0.08, 0.23 + 0.07 * sheet.noise(40))
    stroke = np.clip((sheet.blurred(line, 1.4) - swell) / 0.30, 0, 1)
    feather = sheet.blurred(line, 4) * np.clip(0.40 + 0.4 * sheet.clouds(50), 0, 1)
    dry = np.clip(1 + 0.16 * tooth + 0.15 * sheet.noise(30), 0.4, 1.3)
    density = 1.75 * stroke * dry + 0.45 * feather
    return np.asarray(density[..., None] * np.array([1.0, 0.98, 0.93], np.float32), np.float32)


# --- flat --------------------------------------------------------------------------------------------------------


def flat(sheet: Sheet) -> Colours:
    """One colour for each place with a crisp shadow on its lower right, and lines in a darker tone of what they border."""
    places = _places(sheet)
    sums = [np.bincount(places.ravel(), sheet.paint[..., channel].ravel()) for channel in range(3)]
    counts = np.bincount(places.ravel())
    colours = (np.stack(sums, 1) / np.maximum(1, counts)[:, None]).astype(np.float32)
    colours[0] = 1
    fill = colours[places]
    shadow = sheet.blurred(_in_shadow(sheet, places), 0.7)[..., None]
    fill = fill * (1 - shadow) + np.exp(-_density(fill) * 1.12 - 0.13) * shadow
    covered = (places > 0).astype(np.float32)
    around = sheet.blurred(covered, 5)[..., None]
    near = sheet.blurred(_density(fill) * covered[..., None], 5) / (around + np.float32(1e-3))
    tone = np.exp(-near * 1.5 - 0.85)
    fill = 1 - (1 - fill) * sheet.blurred(covered, 0.5)[..., None]
    # Where a line borders little paint, or has a colour of its own, it stays as drawn.
    tinted = np.minimum(1, around / 0.4) * _smooth(0.25 - np.ptp(sheet.ink, 2), 0, 0.2)[..., None]
    line = (1 - sheet.ink.min(2))[..., None]
    drawn = 1 - (1 - sheet.ink) * (1 - tinted)
    return np.asarray(fill * drawn * (1 - line * tinted * (1 - tone / np.maximum(fill, 0.02))), np.float32)


def _places(sheet: Sheet) -> NDArray[np.int32]:
    """(height, width): 0 on paper, else the number of a place of one colour; lines and borders belong to the nearest."""
    covered = _covered(sheet.paint) > 0.5
    free = ~_borders(sheet, sheet.paint) & (sheet.ink.min(2) > 0.6)
    _count, at, boxes, _ = cv2.connectedComponentsWithStats((free & covered).view(np.uint8), connectivity=4)
    kept = boxes[:, cv2.CC_STAT_AREA] > 24 * sheet.unit**2
    kept[0] = False
    seeds = (kept[at] | (free & ~covered)).view(np.uint8)
    _, source = cv2.distanceTransformWithLabels(1 - seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    names = np.zeros(int(source.max()) + 1, np.int32)
    names[source[seeds > 0]] = at[seeds > 0]
    return names[source] * (kept[at] | ~free | covered)


def _in_shadow(sheet: Sheet, places: NDArray[np.int32]) -> Plane:
    """1 along the lower right inside of large places."""
    reach = round(9 * sheet.unit)
    moved = np.roll(places, (-reach, -reach), (0, 1))
    large = np.bincount(places.ravel()) > 1200 * sheet.unit**2
    return np.asarray((moved != places) & large[places] & (places > 0), np.float32)


LOOKS: Mapping[str, Callable[[Sheet], Colours]] = {
    "flat": flat,
    "watercolour": watercolour,
    "crayon": crayon,
    "ink-wash": ink_wash,
}
