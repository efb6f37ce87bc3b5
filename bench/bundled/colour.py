"""Measures whether a picture has the colour that its prompt names."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PAPER_MIN = 232  # of 255: lighter than this in every channel is paper
PALE_MAX = 0.2  # saturation up to here is grey, 0–1
DARK_MAX = 0.25  # value up to here is black, 0–1
MIN_SHARE = 0.03  # of what is drawn: a colour that covers less is not there

# Degrees on the colour wheel, from and to. Neighbours overlap, as their names do.
HUES = {
    "red": (340, 15),
    "orange": (15, 44),
    "yellow": (36, 70),
    "green": (70, 170),
    "blue": (175, 260),
    "purple": (255, 320),
    "pink": (300, 5),
}


def named(prompt: str) -> list[str]:
    """The colours in a prompt that have a hue; white and brown have none of their own."""
    return [word for word in re.findall(r"[a-z]+", prompt.lower()) if word in HUES]


def agreement(prompt: str, picture: Image.Image) -> float | None:
    """The share, 0–1, of the pixels drawn over that have a colour named in the prompt; None where none is named.

    Drawn over is all that is not paper, black outlines too. Left as they were the sketches score 0, for none is
    drawn with a pen of the colour in its prompt; filled with one flat colour inside their lines, 0.6 to 0.9.
    """
    colours = named(prompt)
    return _share(colours, picture) if colours else None


def all_there(prompt: str, picture: Image.Image) -> float | None:
    """1 if each colour named covers at least MIN_SHARE of what is drawn, else 0; None where fewer than two are named."""
    colours = set(named(prompt))
    if len(colours) < 2:
        return None
    return float(all(_share([name], picture) >= MIN_SHARE for name in colours))


def _share(colours: Sequence[str], picture: Image.Image) -> float:
    """The share, 0–1, of the pixels drawn over that have one of the colours; 0 if nothing is drawn."""
    rgb = np.asarray(picture.convert("RGB"))
    drawn = rgb.min(2) < PAPER_MIN
    hue, saturation, value = (plane / 255 for plane in np.moveaxis(np.asarray(picture.convert("HSV")), 2, 0))
    wanted = np.any([_between(hue * 360, *HUES[name]) for name in colours], axis=0)
    right = drawn & wanted & (saturation > PALE_MAX) & (value > DARK_MAX)
    return float(right.sum() / drawn.sum()) if drawn.any() else 0.0


def _between(degrees: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """True where a hue lies on the arc from low to high, which may pass through red at 0."""
    if low <= high:
        return (low <= degrees) & (degrees <= high)
    return (low <= degrees) | (degrees <= high)
