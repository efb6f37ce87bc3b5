"""Natural colours without a word: which colour a region of a sketch probably has, by what is drawn and by its shape and place.

A small network, trained on the regions of the checkpoint's own training drawings, says how likely each colour of a
palette is. What the diffusion model painted there is heard as a witness who is often wrong. Imports no torch.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from generation.pipelines import alike, region_features
from generation.pipelines.region_features import Features, Labels
from generation.pipelines.regions import Lab, Region
from generation.pipelines.wished_colours import Painted, Source

FILE = "region_colours.safetensors"
"""Beside a checkpoint's weights; a checkpoint without it has no natural colours."""

# How much the network counts against the model's paint: fitted on 140 drawings by artists or of names that it did not know.
PRIOR_WEIGHT = 1.5
PAINT_SPREAD = 35.0  # ΔE
PAINT_WRONG = 0.3  # the chance that the paint says nothing
ANY_COLOUR = 60.0  # ΔE: as far apart as two colours usually are
PAPER = (100.0, 0.0, 0.0)

COLOUR_WORDS = {
    "red", "orange", "yellow", "green", "blue", "purple", "violet", "pink", "brown", "white", "black", "gray", "grey",
    "golden", "gold", "silver", "beige", "teal", "turquoise", "cyan", "magenta", "crimson", "scarlet", "maroon",
}  # fmt: skip
# What follows is said of a part: "with a red scarf".
PARTS = re.compile(r"\b(?:with|in|on|over|under|beside|near|wearing|holding)\b.*", re.DOTALL)

Floats = NDArray[np.float32]


def thing(prompt: str) -> str:
    """What is drawn, without colours and parts: "a green cactus in a red pot" → "a cactus"."""
    words = re.findall(r"[\w'’-]+", PARTS.sub("", prompt.lower()) or prompt.lower())
    return " ".join(word for word in words if word not in COLOUR_WORDS)


@dataclass(frozen=True)
class Network:
    """The network's weights. palette: (colours, 3), Lab. mean, spread: (features,), of the training's regions."""

    palette: Floats
    mean: Floats
    spread: Floats
    weights: dict[str, Floats]

    def log_likelihoods(self, sentence: Floats, features: Features) -> Floats:
        """(regions, colours): the logarithm of how likely each region has each colour of the palette.

        sentence: (width,), unit vector of the thing's name. features: as `region_features.measure` returns them.
        """
        words = _silu(self._linear("words", sentence[None] * np.sqrt(np.float32(len(sentence) / 6))))
        shape = _silu(self._linear("shape", (features - self.mean) / self.spread))
        hidden = _silu(self._linear("both", np.concatenate([words.repeat(len(shape), 0), shape], 1)))
        hidden = hidden + _silu(self._linear("deep", hidden))
        scores = self._linear("out", hidden)
        scores = scores - scores.max(1, keepdims=True)
        logs: Floats = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        return logs

    def _linear(self, name: str, values: Floats) -> Floats:
        return values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]


@lru_cache(maxsize=4)
def network(folder: Path | None) -> Network | None:
    """The network beside a checkpoint's weights; None where there is none, or no folder."""
    if folder is None or not (folder / FILE).exists():
        return None
    parts = {name: part.astype(np.float32) for name, part in load_file(folder / FILE).items()}
    return Network(parts.pop("palette"), parts.pop("mean"), parts.pop("spread"), parts)


def source(known: Network, sentence: Floats) -> Source:
    """A source of wished colours for one prompt. sentence: unit vector of what `thing` says of it, (width,)."""

    def natural(regions: Sequence[Region], painted: Painted, prompt: str) -> list[Lab | None]:
        likely = known.log_likelihoods(sentence, region_features.measure(labels_of(regions)))
        scores = PRIOR_WEIGHT * likely + heard(painted, known.palette)
        for group in alike.groups(regions):
            members = [region.index for region in group]
            scores[members] = scores[members].mean(0)
        return [(lightness, a, b) for lightness, a, b in known.palette[scores.argmax(1)].tolist()]

    return natural


def labels_of(regions: Sequence[Region]) -> Labels:
    """The regions on their sheet, as far as they reach: 0 outside, else 1 + the index of a region."""
    width, height = (max(region.box[side] for region in regions) for side in (2, 3))
    labels = np.zeros((height, width), np.int32)
    for region in regions:
        labels[region.rows, region.columns][region.mask] = region.index + 1
    return labels


def heard(painted: Painted, palette: Floats) -> Floats:
    """(regions, colours): the logarithm of how well the model's paint fits each colour."""
    seen = np.array([PAPER if colour is None else colour for colour in painted], np.float32)
    apart = ((seen[:, None] - palette[None]) ** 2).sum(2)
    right = (1 - PAINT_WRONG) * np.exp(-apart / (2 * PAINT_SPREAD**2)) / PAINT_SPREAD**2
    fit: Floats = np.log(right + PAINT_WRONG / ANY_COLOUR**2)
    return fit


def _silu(values: Floats) -> Floats:
    return values / (1 + np.exp(-values))
