"""The regions of the training's drawings with their colours: what a line sketch of each would enclose."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generation.pipelines import region_features

from . import rasterise
from .recipe import Workplace

SIDE_PX = region_features.SIDE_PX
ALIKE = 17.0  # ΔE, lightness counting less: shades of one colour, which a sketch does not part
LIGHTNESS_COUNTS = 0.7
LEAST_SHARE = 0.004  # of the drawing; what is smaller is part of its neighbour
LINE_PX = 3  # at SIDE_PX; what is thinner and dark, or thin and small, is a line
MOST = 40
JOINED_SHARE = 0.7  # how many regions a careless sketch joins to their neighbour
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


@dataclass(frozen=True)
class Parted:
    """labels: (SIDE_PX, SIDE_PX), 0 outside, regions from 1 on. colors: (regions, 3), Lab."""

    labels: NDArray[np.int32]
    colors: NDArray[np.float32]


def lab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIELAB (D65) of 8-bit sRGB, both (…, 3)."""
    part = rgb / 255
    linear = np.where(part > 0.04045, ((part + 0.055) / 1.055) ** 2.4, part / 12.92)
    x = linear @ XYZ.T / WHITE
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def parted(rgba: NDArray[np.uint8]) -> Parted:
    """The regions of a drawing, (SIDE_PX, SIDE_PX, 4): places of one colour, without lines, shades and specks."""
    solid, seen = rgba[..., 3] > 128, lab(rgba[..., :3])
    names, means = _main_colors(rgba[solid], seen[solid])
    named = np.full(solid.shape, -1)
    named[solid] = names
    labels, colors, total = np.zeros(solid.shape, np.int32), [], solid.sum()
    for number, mean in enumerate(means):
        places, count = ndimage.label(named == number)
        for place in range(1, count + 1):
            mask = places == place
            share = mask.sum() / total
            if share < LEAST_SHARE or _is_line(mask, share, mean[0]):
                continue
            colors.append(np.median(seen[mask], 0))
            labels[mask] = len(colors)
    if colors:
        rest = solid & (labels == 0)
        y, x = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        labels[rest] = labels[y[rest], x[rest]]
    return Parted(labels, np.array(colors, np.float32).reshape(-1, 3))


def _main_colors(pixels: NDArray[np.uint8], seen: NDArray) -> tuple[NDArray, list[NDArray]]:
    """The number of each pixel's main colour, and those colours: from the most frequent on, what is near joins it."""
    _, cells, counts = np.unique(pixels[:, :3] >> 4, axis=0, return_inverse=True, return_counts=True)
    cells = cells.ravel()
    centres = np.stack([np.bincount(cells, seen[:, axis]) / counts for axis in range(3)], 1)
    weigh = np.array([LIGHTNESS_COUNTS, 1, 1])
    means: list[NDArray] = []
    heaviness: list[int] = []
    number = np.zeros(len(counts), int)
    for cell in np.argsort(-counts):
        apart = [np.linalg.norm((centres[cell] - mean) * weigh) for mean in means]
        if apart and min(apart) < ALIKE:
            own = int(np.argmin(apart))
            heaviness[own] += counts[cell]
            means[own] = means[own] + (centres[cell] - means[own]) * counts[cell] / heaviness[own]
        else:
            own = len(means)
            means.append(centres[cell])
            heaviness.append(counts[cell])
        number[cell] = own
    return number[cells], means


def _is_line(mask: NDArray[np.bool_], share: float, lightness: float) -> bool:
    thickness = ndimage.distance_transform_edt(np.pad(mask, 1)).max()
    return bool(thickness < LINE_PX and (lightness < 35 or share < 0.02))


def joined(whole: Parted, luck: random.Random) -> Parted:
    """As a careless sketch would part it: many regions belong to their largest neighbour, with its colour."""
    count = len(whole.colors)
    area = np.bincount(whole.labels.ravel(), minlength=count + 1)
    borders = region_features.borders(whole.labels, count)
    owner = np.arange(count + 1)
    for label in np.argsort(area[1:]) + 1:
        beside = borders[label] * (area > area[label])
        beside[0] = 0
        if beside.max() > 0 and luck.random() < JOINED_SHARE:
            owner[label] = int(beside.argmax())
    for _ in range(count):
        owner = owner[owner]
    kept = np.unique(owner[1:])
    renamed = np.zeros(count + 1, np.int32)
    renamed[kept] = np.arange(len(kept)) + 1
    return Parted(renamed[owner][whole.labels], whole.colors[kept - 1])


@dataclass(frozen=True)
class Table:
    """One row a region. drawing: row of `drawings.jsonl`. whole: as drawn, not as a careless sketch parts it."""

    drawing: NDArray[np.int64]
    whole: NDArray[np.bool_]
    features: NDArray[np.float32]
    colors: NDArray[np.float32]

    @property
    def area(self) -> NDArray[np.float32]:
        """Share of its drawing."""
        return self.features[:, 0] ** 2


def table(place: Workplace) -> Table:
    """The regions of all drawings, twice each; kept beside the drawings."""
    kept = place.root / "regions.npz"
    if not kept.exists():
        jobs: Iterator[tuple[int, str]] = enumerate(json.loads(line)["svg"] for line in place.drawings.open())
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            found = [row for rows in pool.map(_rows, jobs, chunksize=16) for row in rows]
        names = ("drawing", "whole", "features", "colors")
        np.savez(kept, **dict(zip(names, map(np.concatenate, zip(*found, strict=True)), strict=True)))
    return Table(**np.load(kept))


def _rows(job: tuple[int, str]) -> list[tuple[NDArray, NDArray, NDArray, NDArray]]:
    number, svg = job
    whole = parted(np.asarray(rasterise.draw(svg, SIDE_PX)))
    if not 0 < len(whole.colors) <= MOST:
        return []
    return [
        (
            np.full(len(part.colors), number),
            np.full(len(part.colors), part is whole),
            region_features.measure(part.labels),
            part.colors,
        )
        for part in (whole, joined(whole, random.Random(number)))
    ]
