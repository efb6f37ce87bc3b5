"""Measures how much of a picture's colour lies outside its sketch's outline.

The outline is closed first, as an eye does it: gaps narrower than GAP_SHARE of the side count as line.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from bench.bundled.colour import PAPER_MIN

SIDE_PX = 256
GAP_SHARE = 0.07
TOLERANCE_PX = 2  # of SIDE_PX: a line's own softness

_Mask = NDArray[np.bool_]


def spill(sketch: Image.Image, picture: Image.Image) -> float:
    """The share, 0–1, of the pixels painted over that lie outside what the sketch encloses; 0 for an empty picture."""
    painted, enclosed = _drawn(picture), inside(sketch)
    return float((painted & ~enclosed).sum() / painted.sum()) if painted.any() else 0.0


def coverage(sketch: Image.Image, picture: Image.Image) -> float:
    """The share, 0–1, of what the sketch encloses that is painted over: what stayed paper is missing."""
    enclosed = inside(sketch)
    return float((_drawn(picture) & enclosed).sum() / enclosed.sum()) if enclosed.any() else 0.0


def inside(sketch: Image.Image) -> _Mask:
    """(SIDE_PX, SIDE_PX): what the strokes enclose, with the strokes themselves and a little tolerance."""
    reach = round(GAP_SHARE * SIDE_PX / 2)
    ink = np.pad(_drawn(sketch), reach)
    near = ndimage.distance_transform_edt(~ink) <= reach
    filled = ndimage.binary_fill_holes(near)
    shrunk = ndimage.distance_transform_edt(filled) > reach
    reached = ndimage.distance_transform_edt(~(shrunk | ink)) <= TOLERANCE_PX
    return np.asarray(reached[reach:-reach, reach:-reach], dtype=bool)


def _drawn(image: Image.Image) -> _Mask:
    small = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    return np.asarray(np.asarray(small).min(2) < PAPER_MIN, dtype=bool)
