"""How well the network of the stage `colors` knows a region's colour, beside other ways to know it.

Two kinds of drawings: of names that were never trained on, and of known names by an artist who was left out (a network of its
own is trained for that). Errors are ΔE (CIE76), weighted by area, of the whole drawings' regions.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generation.pipelines import natural_colours

from . import art, drawing, rasterise
from .region_colors import RegionColors, Regions, train
from .regions import SIDE_PX, lab, parted

LEFT_OUT = "twemoji"
OFTEN = 0.5  # weight of a drawing from which it is of a thing that people draw
RIM_PX = 16  # paper around a drawing, as Atelier shows it
MODEL_PX = 128
STEPS = 6
RIGHT = 20.0  # ΔE: the same colour to the eye
PAPER_L, PAPER_CHROMA = 90, 12
BLACK_L, BLACK_CHROMA = 26, 14


def report(
    regions: Regions, network: RegionColors, seen: list[bool], checkpoint: Path, count: int, epochs: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Mean error and share within RIGHT, by kind of drawing and way to know."""
    artist = [each.set == LEFT_OUT for each in regions.drawings]
    others = [a and not b for a, b in zip(seen, artist, strict=True)]
    stranger = train(regions, regions.rows(others), epochs)
    kinds = {
        "names never trained on": (network, [not s and art.held_out(d.name) and d.weight > 0.1 for s, d in zip(seen, regions.drawings, strict=True)], seen),
        "known names, another artist": (stranger, [s and a and d.weight >= OFTEN for s, a, d in zip(seen, artist, regions.drawings, strict=True)], others),
    }  # fmt: skip
    found = {}
    for kind, (known, wanted, trained) in kinds.items():
        chosen = random.Random(2).sample([n for n, yes in enumerate(wanted) if yes], min(count, sum(wanted)))
        found[kind] = _errors(regions, known, sorted(chosen), trained, checkpoint)
        print(kind, json.dumps(found[kind], indent=1), flush=True)
    return found


def _errors(
    regions: Regions, network: RegionColors, drawings: list[int], trained: list[bool], checkpoint: Path
) -> dict[str, dict[str, float]]:
    model = model_colors(checkpoint, regions, drawings)
    rows = np.concatenate([_rows(regions, number) for number in drawings])
    painted = np.concatenate([model[number] for number in drawings])
    with torch.no_grad():
        logs = F.log_softmax(network(regions.sentences(rows, vary=False), regions.features[rows]), 1).numpy()
    heard = natural_colours.heard(list(painted), regions.palette)
    both = natural_colours.PRIOR_WEIGHT * logs + heard
    ways = {
        "the model's own": painted,
        "nearest name": _by_nearest_name(regions, rows, trained),
        "the network": regions.palette[logs.argmax(1)],
        "both together": regions.palette[both.argmax(1)],
    }
    right, weight = regions.table.colors[rows], regions.table.area[rows]
    return {way: _error(np.linalg.norm(colors - right, axis=1), weight) for way, colors in ways.items()}


def _error(apart: NDArray, weight: NDArray) -> dict[str, float]:
    return {
        "error": round(float(np.average(apart, weights=weight)), 1),
        "right": round(float(np.average(apart < RIGHT, weights=weight)), 2),
        "regions": len(apart),
    }


def _rows(regions: Regions, number: int) -> NDArray[np.int64]:
    return np.nonzero((regions.table.drawing == number) & regions.table.whole)[0]


def _by_nearest_name(regions: Regions, rows: NDArray[np.int64], trained: list[bool]) -> NDArray:
    """The colour of the most similar region of the trained drawing with the nearest name."""
    known = sorted(set(regions.table.drawing[regions.table.whole]) & set(np.nonzero(trained)[0]))
    vectors = regions.vectors[regions.phrases[:, 0]]
    nearest = {
        n: _rows(regions, known[int((vectors[known] @ vectors[n]).argmax())])
        for n in set(regions.table.drawing[rows])
    }
    found = []
    for row in rows:
        mine = nearest[regions.table.drawing[row]]
        found.append(mine[int(((regions.features[mine] - regions.features[row]) ** 2).sum(1).argmin())])
    return regions.table.colors[found]


def model_colors(checkpoint: Path, regions: Regions, drawings: list[int]) -> dict[int, NDArray]:
    """The colour that the model gives each region of a clean line sketch, (regions, 3) Lab by drawing."""
    pipe = drawing.from_folder(checkpoint, torch.device("cpu"))
    wanted, art_of = set(drawings), {}
    for number, line in enumerate(regions.place.drawings.open()):
        if number in wanted:
            art_of[number] = np.pad(
                parted(np.asarray(rasterise.draw(json.loads(line)["svg"], SIDE_PX))).labels, RIM_PX
            )
    sketches = torch.stack([_sketch(art_of[number]) for number in drawings])
    pictures = drawing.draw(pipe, sketches, ["a " + regions.names[n] for n in drawings], steps=STEPS)
    return {n: _robust(art_of[n], pictures[place]) for place, n in enumerate(drawings)}


def _outlines(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    return ndimage.grey_dilation(labels, 3) != ndimage.grey_erosion(labels, 3)


def _sketch(labels: NDArray[np.int32]) -> torch.Tensor:
    line = ndimage.binary_dilation(_outlines(labels))
    paper = Image.fromarray(np.where(line, 30, 255).astype(np.uint8)).convert("RGB")
    small = np.array(paper.resize((MODEL_PX, MODEL_PX), Image.Resampling.LANCZOS))
    return torch.from_numpy(small).permute(2, 0, 1).float() / 255


def _robust(labels: NDArray[np.int32], picture: torch.Tensor) -> NDArray[np.float64]:
    rgb = (picture.permute(1, 2, 0).numpy() * 255).clip(0, 255).astype(np.uint8)
    seen = lab(np.asarray(Image.fromarray(rgb).resize(labels.shape[::-1], Image.Resampling.BICUBIC)))
    inner = ndimage.binary_erosion(~_outlines(labels), iterations=2)
    masks = (labels == number for number in range(1, labels.max() + 1))
    return np.array([_main(seen[mask & inner if (mask & inner).sum() > 20 else mask]) for mask in masks])


def _main(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """White if most is paper, else the median around the densest colour, lines left out where there is more than them."""
    light, chroma = seen[:, 0], np.hypot(seen[:, 1], seen[:, 2])
    paper = (light > PAPER_L) & (chroma < PAPER_CHROMA)
    if paper.mean() > 0.6:
        return np.array(natural_colours.PAPER)
    rest = seen[~paper]
    black = ((light < BLACK_L) & (chroma < BLACK_CHROMA))[~paper]
    rest = rest[~black] if 0 < (~black).sum() > 0.3 * len(rest) else rest
    cells = np.floor(rest / [14, 18, 18]).astype(int)
    _, cell, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    middle = rest[cell.ravel() == counts.argmax()].mean(0)
    near = rest[((rest - middle) ** 2).sum(1) < 26**2]
    return np.median(near, axis=0) if len(near) else middle
