"""Training samples without end: the init image, the picture wanted, and the words.

Pictures are float tensors (n, 3, s, s) in 0..1 on white. Drawings are premultiplied RGBA (n, 4, s, s).
"""

from __future__ import annotations

import io
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import resvg_py
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from . import art, shapes, things
from .recipe import Recipe, Workplace
from .sketches import sketch

SHAPES_SHARE = 0.45  # of all samples; the rest is emoji
FILLED_SKETCHES = 0.12
EMPTY_INIT_IMAGES = 0.02
TINTED = 0.2  # drawings painted in another colour, which the caption then says
TOO_DARK = 0.4  # share of black pixels; such drawings teach black blobs
TINTS = {
    "red": 0,
    "orange": 28,
    "yellow": 52,
    "green": 120,
    "teal": 175,
    "blue": 220,
    "purple": 275,
    "pink": 330,
}  # hue, degrees
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
RIM = 1.1  # outline of picture-book drawings, in page units (1/100 of the side)


@dataclass
class Samples:
    """A few samples of equal length."""

    init_image: Tensor
    picture: Tensor
    words: list[str]

    def __add__(self, other: Samples) -> Samples:
        return Samples(
            torch.cat([self.init_image, other.init_image]),
            torch.cat([self.picture, other.picture]),
            self.words + other.words,
        )


def on_white(drawings: Tensor) -> Tensor:
    return (drawings[:, :3] + 1 - drawings[:, 3:]).clamp(0, 1)


def place_randomly(drawings: Tensor) -> Tensor:
    """Shrink, shift and mirror each drawing a little."""
    n = len(drawings)
    scale, mirror = torch.empty(n).uniform_(0.7, 1.0), torch.where(torch.rand(n) < 0.4, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = mirror / scale, 1 / scale
    theta[:, :, 2] = torch.empty(n, 2).uniform_(-0.1, 0.1)
    return F.grid_sample(
        drawings, F.affine_grid(theta, list(drawings.shape), align_corners=False), align_corners=False
    )


def main_hue(drawing: Tensor) -> tuple[float, float]:
    """Prevailing hue in degrees and mean saturation of one premultiplied (4, s, s) drawing."""
    solid = (drawing[:3] / drawing[3:].clamp(1e-3)).permute(1, 2, 0)[drawing[3] > 0.5]
    if len(solid) < 50:
        return 0.0, 0.0
    high, low = solid.amax(1), solid.amin(1)
    across, along = (
        0.866 * (solid[:, 1] - solid[:, 2]).sum(),
        (solid[:, 0] - 0.5 * (solid[:, 1] + solid[:, 2])).sum(),
    )
    return math.degrees(math.atan2(across, along)) % 360, float(((high - low) / high.clamp(1e-3)).mean())


def tint(drawing: Tensor, color: str) -> Tensor:
    """Turn the hue of one (4, s, s) drawing, keep light and dark; grey drawings are dyed."""
    hue, saturation = main_hue(drawing)
    if saturation < 0.15:
        dye = torch.tensor(shapes.rgb(TINTS[color], 0.8, 1.0)).view(3, 1, 1)
        return torch.cat([dye * drawing[:3].mean(0, keepdim=True).clamp(0.15), drawing[3:]])
    turn = math.radians(TINTS[color] - hue)
    rotation = torch.tensor(
        [[1.0, 0, 0], [0, math.cos(turn), -math.sin(turn)], [0, math.sin(turn), math.cos(turn)]]
    )
    turned = torch.einsum("ij,jhw->ihw", torch.linalg.inv(YIQ) @ rotation @ YIQ, drawing[:3])
    return torch.cat([torch.minimum(turned.clamp(0, 1), drawing[3:]), drawing[3:]])


class Emoji:
    """The rasterised drawings, told apart into those for training and those held out by name."""

    def __init__(self, place: Workplace) -> None:
        self.drawings = art.read(place)
        self.colors: list[dict[str, float]] = [json.loads(line) for line in place.colors.open()]
        self.pixels = np.load(place.pixels, mmap_mode="r")
        clear = [i for i, colors in enumerate(self.colors) if colors and colors.get("black", 0) < TOO_DARK]
        self.seen = [i for i in clear if not art.held_out(self.drawings[i].name)]
        self.held_out = [i for i in clear if art.held_out(self.drawings[i].name)]
        self._heaped = list(accumulate(self.drawings[i].weight for i in self.seen))

    def pick(self, count: int) -> list[int]:
        return random.choices(self.seen, cum_weights=self._heaped, k=count)

    def load(self, rows: Sequence[int]) -> Tensor:
        straight = torch.from_numpy(np.stack([self.pixels[row] for row in rows])).float() / 255
        return torch.cat([straight[:, :3] * straight[:, 3:], straight[:, 3:]], 1)

    def name(self, row: int) -> str:
        """One of the words for a drawing."""
        drawing, luck = self.drawings[row], random.random()
        if drawing.everyday and luck < 0.6:
            return random.choice(drawing.everyday)
        return random.choice(drawing.tags) if drawing.tags and luck > 0.88 else drawing.name

    def caption(self, row: int, tinted: str | None) -> str:
        """Name with a colour: the tint if there is one, else sometimes the one or two colours that are really there."""
        name = self.name(row)
        if tinted:
            return shapes.article(f"{tinted} {name}", random)
        shares = sorted(
            ((share, color) for color, share in self.colors[row].items() if color != "black" or share > 0.3),
            reverse=True,
        )
        if random.random() > 0.4 or any(color in name for color in shapes.VIVID):
            return shapes.article(name, random)
        two = (
            len(shares) > 1
            and shares[1][0] > 0.18
            and shares[0][0] + shares[1][0] > 0.6
            and random.random() < 0.5
        )
        if two:
            name = f"{shares[0][1]} and {shares[1][1]} {name}"
        elif shares and shares[0][0] > 0.45:
            name = f"{shares[0][1]} {name}"
        return shapes.article(name, random)

    @torch.no_grad()
    def samples(self, count: int) -> Samples:
        """Random sketches of the training drawings."""
        rows = self.pick(count)
        drawings, words = place_randomly(self.load(rows)), []
        for n, row in enumerate(rows):
            color = random.choice(list(TINTS)) if random.random() < TINTED else None
            if color:
                drawings[n] = tint(drawings[n], color)
            words.append(self.caption(row, color))
        picture = on_white(drawings)
        init_image = sketch(picture, drawings[:, 3:], torch.rand(count) < FILLED_SKETCHES)
        init_image[torch.rand(count) < EMPTY_INIT_IMAGES] = 1.0
        return Samples(init_image, picture, words)

    @torch.no_grad()
    def named(self, rows: Sequence[int]) -> Samples:
        """Plain line sketches of given drawings with their Unicode names, for evaluation."""
        drawings = place_randomly(self.load(rows))
        picture = on_white(drawings)
        return Samples(
            sketch(picture, drawings[:, 3:], torch.zeros(len(rows), dtype=torch.bool)),
            picture,
            [self.drawings[row].name for row in rows],
        )


def _pixels(svg: str, side_px: int) -> Tensor:
    image = Image.open(
        io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side_px, height=side_px)))
    ).convert("RGB")
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def picture_book(count: int, side_px: int, rng: random.Random) -> Samples:
    """Random drawings of shapes.py."""
    made = [things.sample(rng) for _ in range(count)]
    init_images = [_pixels(shapes.sketch_svg(drawing, rng), side_px) for drawing, _ in made]
    pictures = [_pixels(shapes.picture_svg(drawing, RIM), side_px) for drawing, _ in made]
    return Samples(torch.stack(init_images), torch.stack(pictures), [words for _, words in made])


class SampleStream(IterableDataset[Samples]):
    """Chunks of fresh samples for ever; every worker process draws its own."""

    def __init__(self, recipe: Recipe, place: Workplace) -> None:
        self.recipe, self.place = recipe, place

    def __iter__(self) -> Iterator[Samples]:
        seed = int.from_bytes(os.urandom(4))
        random.seed(seed)
        torch.manual_seed(seed)
        emoji, rng = Emoji(self.place), random.Random(seed)
        shapes_count = round(self.recipe.chunk * SHAPES_SHARE)
        while True:
            yield picture_book(shapes_count, self.recipe.side_px, rng) + emoji.samples(
                self.recipe.chunk - shapes_count
            )


def stream(recipe: Recipe, place: Workplace) -> Iterator[Samples]:
    """Samples made by `recipe.workers` processes, or here when there are none."""
    return iter(DataLoader(SampleStream(recipe, place), batch_size=None, num_workers=recipe.workers))
