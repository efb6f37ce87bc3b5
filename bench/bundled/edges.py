"""Measures whether a picture follows its sketch: edges of the one lie near edges of the other.

Both are reduced to 256 px; an edge is where a colour channel steps, and near is within 3 px to each side.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageFilter

SIDE_PX = 256
TOLERANCE_PX = 3  # of SIDE_PX: about the width of a line drawn by hand
STEP_MIN = 28  # of 255, between neighbours two pixels apart: a line a pixel wide makes about 45


class Agreement(NamedTuple):
    """Shares, 0–1. precision: of the picture's edges near the sketch's; recall: of the sketch's near the picture's.

    f1: their harmonic mean; 1 for a sketch and itself.
    """

    f1: float
    precision: float
    recall: float


def agreement(sketch: Image.Image, picture: Image.Image) -> Agreement:
    drawn, painted = edges(sketch), edges(picture)
    precision, recall = _covered(painted, drawn), _covered(drawn, painted)
    both = precision + recall
    return Agreement(2 * precision * recall / both if both else 0.0, precision, recall)


def edges(image: Image.Image) -> Image.Image:
    """White where any colour channel changes sharply, after a blur of 1.5 px that removes texture."""
    small = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(1.5))
    across = ImageChops.difference(ImageChops.offset(small, 1, 0), ImageChops.offset(small, -1, 0))
    down = ImageChops.difference(ImageChops.offset(small, 0, 1), ImageChops.offset(small, 0, -1))
    step = np.maximum(np.asarray(across).max(2), np.asarray(down).max(2))
    return Image.fromarray((step >= STEP_MIN).astype(np.uint8) * 255)


def _covered(these: Image.Image, those: Image.Image) -> float:
    """The share of one set of edges that lies within the tolerance of the other; 0 if there are none."""
    near = np.asarray(those.filter(ImageFilter.MaxFilter(2 * TOLERANCE_PX + 1))) > 0
    wanted = np.asarray(these) > 0
    return float((near & wanted).sum() / wanted.sum()) if wanted.any() else 0.0
