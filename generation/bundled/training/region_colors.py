"""Stage `colors`: a small network that says which colour a region of a sketch probably has.

It sees the name of the thing as the text encoder puts it, and the region's shape and place; it answers with a likelihood for
each colour of a palette, so that an undecided answer is not grey. Atelier runs it without torch
(generation/pipelines/natural_colours.py).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn

from generation.pipelines import natural_colours, region_features

from . import art
from .recipe import TOKEN_WIDTH, Recipe, Workplace
from .regions import Table, table
from .text import Text

COLORS = 32
CLUSTERING_ROUNDS = 40
WORDS_WIDTH, SHAPE_WIDTH, DEPTH_WIDTH = 256, 64, 256
DROPOUT, WORDS_DROPOUT = 0.2, 0.1
RATE, WEIGHT_DECAY = 3e-3, 0.03
BATCH = 1024
EPOCHS = 20
NEAR = 7.0  # ΔE: colours so near the right one are right too
LEAST_WEIGHT = 0.1  # drawings that are shown less often are of people and symbols
PHRASES = 16  # words kept for each drawing


class RegionColors(nn.Module):
    """(n, TOKEN_WIDTH) unit vectors and (n, region_features.WIDTH) -> (n, COLORS) scores."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Linear(TOKEN_WIDTH, WORDS_WIDTH)
        self.shape = nn.Linear(region_features.WIDTH, SHAPE_WIDTH)
        self.both = nn.Linear(WORDS_WIDTH + SHAPE_WIDTH, DEPTH_WIDTH)
        self.deep = nn.Linear(DEPTH_WIDTH, DEPTH_WIDTH)
        self.out = nn.Linear(DEPTH_WIDTH, COLORS)
        self.drop, self.drop_words = nn.Dropout(DROPOUT), nn.Dropout(WORDS_DROPOUT)

    def forward(self, sentences: Tensor, features: Tensor) -> Tensor:
        scale = (TOKEN_WIDTH / 6) ** 0.5
        words = F.silu(self.words(self.drop_words(sentences * scale)))
        both = torch.cat([words, F.silu(self.shape(features))], 1)
        hidden = F.silu(self.both(self.drop(both)))
        hidden = hidden + F.silu(self.deep(self.drop(hidden)))
        return self.out(self.drop(hidden))


def palette(colors: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """COLORS colours that stand for all, by k-means. colors: (n, 3), Lab."""
    rng = np.random.default_rng(0)
    means = colors[rng.choice(len(colors), COLORS, replace=False, p=weights / weights.sum())]
    for _ in range(CLUSTERING_ROUNDS):
        nearest = ((colors[:, None] - means) ** 2).sum(2).argmin(1)
        for number in np.unique(nearest):
            own = nearest == number
            means[number] = np.average(colors[own], 0, weights[own])
    return means


class Regions:
    """The table with what the network sees: drawn (n,) rows of drawings, sentences, features, and likelihoods wanted."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.table: Table = table(place)
        self.drawings = art.read(place)
        self.names = [natural_colours.thing(drawing.name) for drawing in self.drawings]
        weights = np.sqrt(self.table.area) + 0.05
        self.palette = palette(self.table.colors[self.table.whole], weights[self.table.whole])
        self.mean, self.spread = self.table.features.mean(0), self.table.features.std(0) + 1e-3
        self.features = torch.from_numpy((self.table.features - self.mean) / self.spread)
        apart = ((self.table.colors[:, None] - self.palette) ** 2).sum(2)
        self.wanted = torch.softmax(torch.from_numpy(-apart / (2 * NEAR**2)), 1)
        self.weights = torch.from_numpy(weights)
        self._embed()

    def _embed(self) -> None:
        """Vectors of every name, everyday word and tag; and which of them belong to each drawing, names thrice."""
        said = [
            [name] * 3 + [natural_colours.thing(word) for word in drawing.everyday * 3 + drawing.tags]
            for name, drawing in zip(self.names, self.drawings, strict=True)
        ]
        number = {
            word: place for place, word in enumerate(sorted({word for words in said for word in words}))
        }
        text, words = Text(torch.device("cpu")), list(number)
        self.vectors = torch.cat([text.sentences(words[n : n + 256]) for n in range(0, len(words), 256)])
        self.phrases = np.array([np.resize([number[word] for word in words], PHRASES) for words in said])

    def sentences(self, rows: NDArray[np.int64], vary: bool) -> Tensor:
        """Vectors for rows of the table: of the name, or of any word for the drawing."""
        drawn = self.table.drawing[rows]
        which = np.random.randint(0, PHRASES, len(rows)) if vary else np.zeros(len(rows), int)
        return self.vectors[self.phrases[drawn, which]]

    def rows(self, wanted: list[bool]) -> NDArray[np.int64]:
        """Rows of the table of the drawings that are wanted."""
        return np.nonzero(np.array(wanted)[self.table.drawing])[0]


def train(regions: Regions, rows: NDArray[np.int64], epochs: int) -> RegionColors:
    """A network that has seen these rows of the table."""
    torch.manual_seed(0)
    np.random.seed(0)
    network = RegionColors().train()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(epochs):
        for batch in np.array_split(np.random.permutation(rows), steps // epochs):
            scores = network(regions.sentences(batch, vary=True), regions.features[batch])
            each = -(regions.wanted[batch] * F.log_softmax(scores, 1)).sum(1)
            weights = regions.weights[batch]
            loss = (each * weights).sum() / weights.sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"colors {epoch + 1}/{epochs} loss {loss.item():.3f}", flush=True)
    return network.eval()


def save(network: RegionColors, regions: Regions, folder: Path) -> None:
    """Write natural_colours.FILE, float16."""
    parts = {name: part.detach().numpy() for name, part in network.state_dict().items()}
    parts |= {"palette": regions.palette, "mean": regions.mean, "spread": regions.spread}
    save_file({name: part.astype(np.float16) for name, part in parts.items()}, folder / natural_colours.FILE)


def run(recipe: Recipe, place: Workplace, out: Path, checkpoint: Path | None, count: int) -> None:
    """Train and write the network; with a checkpoint also say how well it does beside the checkpoint's own colours."""
    from .region_colors_report import report

    regions = Regions(place)
    epochs = 2 if recipe.drawings_per_set else EPOCHS
    usual = [drawing.weight >= LEAST_WEIGHT for drawing in regions.drawings]
    seen = [
        often and not art.held_out(drawing.name)
        for often, drawing in zip(usual, regions.drawings, strict=True)
    ]
    network = train(regions, regions.rows(seen), epochs)
    save(network, regions, out)
    if checkpoint:
        found = report(regions, network, seen, checkpoint, count, epochs)
        (out / "region-colors.json").write_text(json.dumps(found, indent=1))
