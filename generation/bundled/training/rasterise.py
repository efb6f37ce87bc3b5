"""Stage `rasterise`: vectors to pixels, and the named colours of every drawing."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from .recipe import Recipe, Workplace

# Upper bounds of hue in degrees; red closes the circle.
HUES = (
    (14, "red"),
    (40, "orange"),
    (66, "yellow"),
    (165, "green"),
    (190, "teal"),
    (250, "blue"),
    (295, "purple"),
    (345, "pink"),
    (361, "red"),
)


def draw(svg: str, side_px: int) -> Image.Image:
    """One SVG as RGBA, in the middle of a square."""
    picture = Image.open(
        io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side_px, height=side_px)))
    ).convert("RGBA")
    if picture.size == (side_px, side_px):
        return picture
    picture.thumbnail((side_px, side_px))
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(picture, ((side_px - picture.width) // 2, (side_px - picture.height) // 2))
    return square


def named_colors(rgba: NDArray[np.uint8]) -> dict[str, float]:
    """Share of the opaque pixels per colour word. rgba: (4, s, s). Empty for a nearly empty drawing."""
    pixels = rgba[:3, rgba[3] > 128].T.astype("float32") / 255
    if len(pixels) < rgba.shape[1] ** 2 / 80:
        return {}
    value, low = pixels.max(1), pixels.min(1)
    spread, saturation = np.maximum(value - low, 1e-6), (value - low) / np.maximum(value, 1e-3)
    r, g, b = pixels.T
    hue = 60 * np.where(
        value == r, ((g - b) / spread) % 6, np.where(value == g, (b - r) / spread + 2, (r - g) / spread + 4)
    )
    word = np.array([name for _, name in HUES], dtype="<U10")[
        np.searchsorted([bound for bound, _ in HUES], hue, side="right")
    ]
    warm = (hue < 45) | (hue > 345)
    rules = (  # later ones win
        ((word == "red") & (saturation < 0.5) & (value > 0.75), "pink"),
        ((word == "blue") & (saturation < 0.5) & (value > 0.8), "light blue"),
        (warm & (value < 0.66) & (saturation > 0.25), "brown"),
        ((hue >= 20) & (hue < 60) & (saturation < 0.35) & (value > 0.75), "beige"),
        ((word == "blue") & (saturation < 0.3) & (value < 0.8), "gray"),
        (saturation < 0.12, "gray"),
        ((saturation < 0.12) & (value > 0.88), "white"),
        ((value < 0.28) | (saturation < 0.3) & (value < 0.35), "black"),
    )
    for where, name in rules:
        word[where] = name
    names, counts = np.unique(word, return_counts=True)
    return {
        str(name): round(float(count) / len(pixels), 3) for name, count in zip(names, counts, strict=True)
    }


def _one(job: tuple[str, int]) -> tuple[NDArray[np.uint8], dict[str, float]]:
    rgba = np.asarray(draw(*job)).transpose(2, 0, 1)
    return rgba, named_colors(rgba)


def rasterise(recipe: Recipe, place: Workplace) -> None:
    """Write `pixels.npy` and `colors.jsonl`, one entry per line of `drawings.jsonl`."""
    count = sum(1 for _ in place.drawings.open())
    pixels = np.lib.format.open_memmap(
        place.pixels, "w+", "uint8", (count, 4, recipe.side_px, recipe.side_px)
    )
    jobs: Iterator[tuple[str, int]] = (
        (json.loads(line)["svg"], recipe.side_px) for line in place.drawings.open()
    )
    with ProcessPoolExecutor(os.cpu_count()) as pool, place.colors.open("w") as out:
        for row, (rgba, colors) in enumerate(pool.map(_one, jobs, chunksize=32)):
            pixels[row] = rgba
            out.write(json.dumps(colors) + "\n")
    print(f"{count} drawings at {recipe.side_px} px")
