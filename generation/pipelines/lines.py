"""The lines of a sketch, to be laid over the picture that was made of it.

A small model gives a sketch its colours and loses its eyes, whiskers and windows; the person has drawn them already.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from generation.images import framing
from generation.images.framing import Size

# What is thinner than this share of the picture's side is a line; what is wider is a surface, which the model paints.
WIDTH_SHARE = 0.05
# Darker than what is about it by less than this is what a JPEG encoder leaves beside a line.
FAINT = 0.06

_Pixels = NDArray[np.uint8]


def of(init_image: Image.Image, result: Size) -> Image.Image:
    """The lines alone, on white, RGB in the size of the result.

    They are what a closing (a maximum, then a minimum, over a square) takes away, as shares of what is about them: a line
    over a coloured surface comes without its colour.
    """
    sheet = framing.lay_whole(init_image, result)
    drawn = np.asarray(sheet)
    reach = max(1, round(WIDTH_SHARE * sqrt(sheet.width * sheet.height) / 2))
    ground = _over_square(_over_square(drawn, reach, np.maximum), reach, np.minimum)
    darkness = 1 - (drawn + np.float32(1)) / (ground + np.float32(1))
    kept = np.clip((darkness - FAINT) / (1 - FAINT), 0, 1)
    return Image.fromarray((255 * (1 - kept)).round().astype(np.uint8))


def over(picture: Image.Image, lines: Image.Image) -> Image.Image:
    """The picture with the lines on it, as ink on paint; both RGB and of one size."""
    return ImageChops.multiply(picture, lines)


def _over_square(pixels: _Pixels, reach: int, better: Callable[[_Pixels, _Pixels], _Pixels]) -> _Pixels:
    """The best value within `reach` pixels in both directions. pixels: (height, width, 3)."""
    best = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    best = _over_window(best, 2 * reach + 1, better).swapaxes(0, 1)
    return _over_window(best, 2 * reach + 1, better).swapaxes(0, 1)


def _over_window(pixels: _Pixels, length: int, better: Callable[[_Pixels, _Pixels], _Pixels]) -> _Pixels:
    """The best of every `length` rows that follow each other, by windows that double."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        pixels = better(pixels[:-step], pixels[step:])
        covered += step
    return pixels
