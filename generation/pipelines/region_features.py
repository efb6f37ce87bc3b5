"""Shape and place of a sketch's regions as numbers, the same for drawings in training and for sketches. Imports no torch."""

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 160
"""Regions are measured at this length of the longest side at most: finer, only a perimeter would change."""
WIDTH = 18
"""How many numbers describe a region."""

Labels = NDArray[np.int32]
Features = NDArray[np.float32]
_Floats = NDArray[np.float64]


def measure(labels: Labels) -> Features:
    """(regions, WIDTH). labels: (height, width), 0 outside, regions from 1 on without holes; half a line belongs to each side.

    Lengths and places are shares of the box around all regions, so that neither size nor position on the sheet counts; left
    and right are the same. A region too small to be seen at SIDE_PX has an area of 0, and only that says something.
    """
    count, small = int(labels.max()), _small(labels)
    area = np.bincount(small.ravel(), minlength=count + 1)[1:].astype(float)
    beside = borders(small, count)
    seen = np.maximum(area, 1)
    perimeter = np.maximum(beside[1:].sum(1), 1)
    rank = np.argsort(np.argsort(-area, kind="stable"))
    moments = _Moments(small, count, seen)
    width, height = moments.whole
    across, down = moments.extent
    thin, thick = moments.axes()
    columns = [
        np.sqrt(area / max(1, area.sum())),
        area / (width * height),
        np.abs(moments.centre[0] - 0.5) * 2,
        moments.centre[1],
        across / width,
        down / height,
        area / (across * down),
        np.minimum(1.5, 4 * np.pi * area / perimeter**2 * 1.6),
        np.sqrt(thin / thick),
        beside[1:, 0] / perimeter,
        np.minimum(5, _depths(beside)[1:]) / 3,
        np.minimum(8, (beside[1:, 1:] > 0).sum(1)) / 4,
        np.minimum(6, rank) / 4,
        np.full(count, min(12, count) / 6),
        np.minimum(6, _alike(seen)) / 4,
        np.full(count, np.log(width / height)),
        np.log(np.maximum(1, moments.spread[0]) / np.maximum(1, moments.spread[1])) / 2,
        rank == 0,
    ]
    return np.stack(columns, 1).astype(np.float32)


class _Moments:
    """Boxes, centres and spreads of labelled regions; px, but centre: shares of the box around all of them."""

    def __init__(self, labels: Labels, count: int, area: _Floats) -> None:
        y, x = np.nonzero(labels)
        at = labels[y, x] - 1
        self._at, self._count, self._area = at, count, area
        low_x, low_y, high_x, high_y = x.min(), y.min(), x.max() + 1, y.max() + 1
        self.whole = float(high_x - low_x), float(high_y - low_y)
        mean_x, mean_y = self._mean(x), self._mean(y)
        self.centre = (mean_x - low_x) / self.whole[0], (mean_y - low_y) / self.whole[1]
        self.extent = self._extent(x), self._extent(y)
        self.spread = self._mean((x - mean_x[at]) ** 2), self._mean((y - mean_y[at]) ** 2)
        self._mixed = self._mean((x - mean_x[at]) * (y - mean_y[at]))

    def axes(self) -> tuple[_Floats, _Floats]:
        """Variance along the shorter and the longer axis of each region."""
        across, down = self.spread
        middle, apart = (across + down) / 2, np.hypot((across - down) / 2, self._mixed)
        return np.maximum(0, middle - apart), np.maximum(1e-6, middle + apart)

    def _mean(self, values: NDArray) -> _Floats:
        return np.bincount(self._at, values, self._count) / self._area

    def _extent(self, values: NDArray) -> _Floats:
        low, high = np.full(self._count, np.inf), np.full(self._count, -np.inf)
        np.minimum.at(low, self._at, values)
        np.maximum.at(high, self._at, values)
        return np.where(np.isfinite(low), high - low + 1, 1.0)


def _small(labels: Labels) -> Labels:
    step = max(1, -(-max(labels.shape) // SIDE_PX))
    small = labels[step // 2 :: step, step // 2 :: step]
    return small if small.any() else labels


def borders(labels: Labels, count: int) -> _Floats:
    """(count + 1, count + 1): how many px long each two labels lie side by side; the sheet's edge is outside."""
    padded, base = np.pad(labels, 1), count + 1
    total = np.zeros(base * base)
    for one, other in ((padded[1:], padded[:-1]), (padded[:, 1:], padded[:, :-1])):
        met = one != other
        total += np.bincount(one[met] * base + other[met], minlength=base * base)
    square = total.reshape(base, base)
    return square + square.T


def _depths(lengths: _Floats) -> NDArray[np.int64]:
    """How many borders lie between each label and the outside; 9 where none leads there."""
    depth = np.full(len(lengths), 9)
    depth[0], here = 0, np.array([0])
    while here.size:
        beside = np.nonzero((lengths[here] > 0).any(0) & (depth > depth[here[0]] + 1))[0]
        depth[beside] = depth[here[0]] + 1
        here = beside
    return depth


def _alike(area: _Floats) -> NDArray[np.int64]:
    """How many other regions are about as large as each."""
    ratio = area[:, None] / area[None]
    return ((ratio > 0.6) & (ratio < 1.67)).sum(1) - 1
