"""Extracts the lines of a sketch and lays them over the picture that was made of it.

A small model colours a sketch but loses details such as eyes and windows, which the person has drawn already.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from generation.images import framing
from generation.images.framing import Size

# Thinner than this share of the picture's side is a line; wider is a surface, which the model paints.
WIDTH_SHARE = 0.05
# Pixels darker than their surroundings by less than this share are JPEG artefacts beside a line.
FAINT = 0.06

_Pixels = NDArray[np.uint8]


def extract(init_image: Image.Image, result: Size) -> Image.Image:
    """The lines of a sketch on white, RGB in the size of the result.

    Lines are what a morphological closing (maximum, then minimum over a square) removes, relative to their surroundings: a
    line on a coloured surface comes without the surface's colour.
    """
    sheet = framing.lay_whole(init_image, result)
    drawn = np.asarray(sheet)
    reach = max(1, round(WIDTH_SHARE * sqrt(sheet.width * sheet.height) / 2))
    ground = _over_square(_over_square(drawn, reach, np.maximum), reach, np.minimum)
    darkness = 1 - (drawn + np.float32(1)) / (ground + np.float32(1))
    kept = np.clip((darkness - FAINT) / (1 - FAINT), 0, 1)
    return Image.fromarray((255 * (1 - kept)).round().astype(np.uint8))


def overlay(picture: Image.Image, lines: Image.Image) -> Image.Image:
    """The picture multiplied with the lines, like ink on paint; both RGB and of the same size."""
    return ImageChops.multiply(picture, lines)


def _over_square(pixels: _Pixels, reach: int, extreme: Callable[[_Pixels, _Pixels], _Pixels]) -> _Pixels:
    """The maximum or minimum within `reach` pixels in both directions.

    pixels: (height, width, 3). extreme: np.maximum or np.minimum.
    """
    found = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    found = _over_window(found, 2 * reach + 1, extreme).swapaxes(0, 1)
    return _over_window(found, 2 * reach + 1, extreme).swapaxes(0, 1)


def _over_window(pixels: _Pixels, length: int, extreme: Callable[[_Pixels, _Pixels], _Pixels]) -> _Pixels:
    """The maximum or minimum of every `length` consecutive rows, by doubling the window."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        pixels = extreme(pixels[:-step], pixels[step:])
        covered += step
    return pixels
