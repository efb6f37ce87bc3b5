"""The closed regions of a sketch: what its lines enclose, found by a trapped ball.

A large ball fills what it can reach without squeezing through a gap in a line; smaller ones fill what is left. Depends on the
sketch alone, so that the pictures of a job, later jobs and live frames share what was found. Imports no torch.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.images import framing
from generation.images.framing import Size
from generation.pipelines import lines

Box = tuple[int, int, int, int]  # left, top, right, bottom
Lab = tuple[float, float, float]
"""A colour in CIELAB: L 0–100, a and b about −100–100."""
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]

OUTSIDE = 0
# Regions are found at this length of the longest side at most: what is finer is no region to a person either.
SIDE_MAX_PX = 512
# A pixel is ink where less than this share of the light comes through.
INK_MAX = 0.6
# Radii of the balls, in shares of the side. The largest decides which gap in a line still counts as closed: twice its radius.
RADII = tuple(radius / 512 for radius in (12, 9, 6.5, 4.5, 3, 2, 1))
# A place that a smaller ball finds beside a filled one is a room of its own if it is larger than so many squares of the radius.
OWN_ROOM = 40
# Two rooms with a wider opening than this between them are one, in shares of the side.
OPENING = 10 / 512
# What is smaller is no region but belongs to its neighbour, in shares of the sheet.
AREA_MIN = 0.00012
# More regions are no drawing of a thing: hatching, writing, noise.
COUNT_MAX = 160
# Noise is recognised before the costly part: so many separate places of paper are no drawing.
PLACES_MAX = 2_000
# Chroma from which ink or a filled surface has a colour.
CHROMA_MIN = 18.0
SURFACE_MAX_L = 92.0
KEPT = 8


@dataclass(frozen=True, eq=False)
class Region:
    """One closed region of a sketch.

    mask: (height, width) of its box, True where it is; half of the line around it belongs to it. box: on the sheet of
    Regions, px. area: share of the sheet, 0–1. centroid: (x, y), shares of the sheet. touches_outside: only a line lies
    between it and the outside. neighbours: indexes in Regions.found. ink: the colour of the lines around it, where it is
    another than that of most lines of the sketch. fill: the colour of the sketch inside, where it is not paper.
    """

    index: int
    mask: Mask
    box: Box
    area: float
    centroid: tuple[float, float]
    touches_outside: bool
    neighbours: frozenset[int]
    ink: Lab | None = None
    fill: Lab | None = None

    @property
    def rows(self) -> slice:
        return slice(self.box[1], self.box[3])

    @property
    def columns(self) -> slice:
        return slice(self.box[0], self.box[2])

    @property
    def own_colour(self) -> Lab | None:
        """What the person coloured it with."""
        return self.fill or self.ink


@dataclass(frozen=True, eq=False)
class Regions:
    """labels: (height, width), 0 outside, else 1 + the index of a region. ink: (height, width), True on lines."""

    labels: Labels
    ink: Mask
    found: tuple[Region, ...]

    @property
    def size(self) -> Size:
        return self.labels.shape[1], self.labels.shape[0]


def of(init_image: Image.Image, result: Size) -> Regions | None:
    """The regions of a sketch that is laid on a sheet of the result's shape, at most SIDE_MAX_PX long.

    None where it encloses nothing, or so much that it is no drawing of a thing.
    """
    scale = min(1.0, SIDE_MAX_PX / max(result))
    size = (max(1, round(result[0] * scale)), max(1, round(result[1] * scale)))
    return _cache.get(init_image, size)


class _Cache:
    """The regions of the last KEPT sketches. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Regions | None] = OrderedDict()

    def get(self, init_image: Image.Image, size: Size) -> Regions | None:
        sheet = framing.lay_whole(init_image, size)
        key = blake2b(sheet.tobytes(), key=repr(size).encode()).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = find(sheet)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


_cache = _Cache()


def find(sheet: Image.Image) -> Regions | None:
    """The regions of an RGB sketch, in its own size; None as for `of`."""
    through = np.asarray(lines.extract(sheet, sheet.size)).min(2)
    ink = through < 255 * INK_MAX
    if not ink.any() or ink.all():
        return None
    if cv2.connectedComponents((~ink).view(np.uint8), connectivity=4)[0] > PLACES_MAX:
        return None
    labels = _without_specks(_joined(_trapped(~ink), ~ink))
    if not 0 < labels.max() <= COUNT_MAX:
        return None
    return Regions(labels, ink, tuple(_described(labels, ink, sheet)))


# --- the trapped ball ---------------------------------------------------------------------------------------


def _trapped(free: Mask) -> Labels:
    """Labels of every pixel, lines too: 0 outside, others from 1 on. free: True where the sheet is paper."""
    side = float(np.sqrt(free.size))
    edge = int(np.ceil(RADII[0] * side)) + 2
    # A rim of paper around the sheet, so that the outside is one place.
    paper = np.pad(free, edge, constant_values=True)
    room = np.asarray(cv2.distanceTransform(paper.view(np.uint8), cv2.DIST_L2, 5), np.float32)
    labels = np.zeros(paper.shape, np.int32)  # 0: not filled yet; 1: outside
    count = 1
    for radius in (share * side for share in RADII):
        count = _fill(labels, paper, room, radius, count)
    return _rest(labels, paper)[edge:-edge, edge:-edge] - 1


def _fill(labels: Labels, paper: Mask, room: Pixels, radius: float, count: int) -> int:
    """Fill what a ball of this radius reaches, in place; returns how many labels there are now."""
    core = (room > radius) & (labels == 0)
    places, at = cv2.connectedComponents(core.view(np.uint8), connectivity=8)
    if places == 1:
        return count
    areas = np.bincount(at.ravel(), minlength=places)
    # What touches a filled place is its corner or a gap in its line, unless it is large enough for a room.
    beside = cv2.dilate((labels > 0).view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    touching = np.zeros(places, bool)
    touching[np.unique(at[beside & core])] = True
    new = ~touching | (areas > OWN_ROOM * radius * radius)
    new[0] = False
    names = np.zeros(places, np.int32)
    outside = at[0, 0]
    if outside:
        new[outside] = False
        names[outside] = 1
    names[new] = count + 1 + np.arange(new.sum())
    _grow(labels, paper, names[at], radius)
    return count + int(new.sum())


def _grow(labels: Labels, paper: Mask, balls: Labels, radius: float) -> None:
    """Give the balls' centres their radius back, in place, but not over lines nor over what is filled."""
    nearest, distance = _nearest(balls)
    grown = (distance <= radius + 0.5) & paper & (labels == 0)
    labels[grown] = nearest[grown]


def _rest(labels: Labels, paper: Mask) -> Labels:
    """Corners and gaps get the label that floods them over paper first, lines the nearest one."""
    line = int(labels.max()) + 1
    flooded = np.where(paper, labels, line).astype(np.int32)
    flat = np.zeros((*labels.shape, 3), np.uint8)
    cv2.watershed(flat, flooded)  # −1 between two
    flooded[~paper | (flooded < 0) | (flooded == line)] = 0
    return _nearest(flooded)[0]


def _nearest(labels: Labels) -> tuple[Labels, Pixels]:
    """For each pixel the nearest label above 0, and how far away it is, px."""
    empty = (labels == 0).view(np.uint8)
    distance, source = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    seeds = empty == 0
    names = np.zeros(int(source.max()) + 1, np.int32)
    names[source[seeds]] = labels[seeds]
    return names[source], np.asarray(distance, np.float32)


# --- after it ----------------------------------------------------------------------------------------------------


def _joined(labels: Labels, free: Mask) -> Labels:
    """Rooms with a wide opening between them made one; never with the outside."""
    parent = np.arange(int(labels.max()) + 1)
    for one, other, length in _borders(labels, free):
        if OUTSIDE not in (one, other) and length > OPENING * np.sqrt(labels.size):
            parent[parent == parent[other]] = parent[one]
    return _renumbered(parent.astype(np.int32)[labels])


def _without_specks(labels: Labels) -> Labels:
    """Regions that are too small given to whoever is nearest."""
    areas = np.bincount(labels.ravel())
    small = areas < AREA_MIN * labels.size
    small[OUTSIDE] = False
    if not small.any():
        return labels
    kept, _ = _nearest(np.where(small[labels], 0, labels + 1))
    return _renumbered((kept - 1).astype(np.int32))


def _renumbered(labels: Labels) -> Labels:
    """The same regions with numbers from 1 on without holes."""
    present = np.bincount(labels.ravel()) > 0
    present[OUTSIDE] = False
    names = np.cumsum(present).astype(np.int32)
    names[~present] = OUTSIDE
    return names[labels]


def _borders(labels: Labels, where: Mask) -> Iterator[tuple[int, int, int]]:
    """Pairs of labels that lie side by side within `where`, the lower first, and how many pixels long."""
    base = int(labels.max()) + 1
    pairs = []
    for ours, theirs in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        a, b = labels[ours], labels[theirs]
        met = (a != b) & where[ours] & where[theirs]
        a, b = a[met].astype(np.int64), b[met].astype(np.int64)
        pairs.append(np.minimum(a, b) * base + np.maximum(a, b))
    for pair, length in zip(*np.unique(np.concatenate(pairs), return_counts=True), strict=True):
        yield int(pair // base), int(pair % base), int(length)


def _described(labels: Labels, ink: Mask, sheet: Image.Image) -> Iterator[Region]:
    lab = to_lab(np.asarray(sheet))
    beside: dict[int, set[int]] = {}
    for one, other, _ in _borders(labels, np.ones_like(ink)):
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    usual = _usual_ink(lab, ink)
    for label in range(1, int(labels.max()) + 1):
        yield _region(labels, label, beside.get(label, set()), lab, ink, usual)


def _region(
    labels: Labels, label: int, beside: set[int], lab: Pixels, ink: Mask, usual: NDArray[np.float32]
) -> Region:
    everywhere = labels == label
    left, top, width, height = cv2.boundingRect(everywhere.view(np.uint8))
    box = (left, top, left + width, top + height)
    window = np.s_[top : top + height, left : left + width]
    mask = np.ascontiguousarray(everywhere[window])
    rows, columns = np.nonzero(mask)
    centre = ((left + columns.mean()) / labels.shape[1], (top + rows.mean()) / labels.shape[0])
    line, within = mask & ink[window], mask & ~ink[window]
    return Region(
        label - 1,
        mask,
        box,
        len(rows) / labels.size,
        (float(centre[0]), float(centre[1])),
        OUTSIDE in beside,
        frozenset(each - 1 for each in beside if each != OUTSIDE),
        _own_ink(lab[window][line], usual),
        _fill_colour(lab[window][within]),
    )


def _usual_ink(lab: Pixels, ink: Mask) -> NDArray[np.float32]:
    """The colour of most lines."""
    return np.median(lab[ink], axis=0)


def _own_ink(lines_lab: Pixels, usual: NDArray[np.float32]) -> Lab | None:
    if len(lines_lab) < 8:
        return None
    colour = np.median(lines_lab, axis=0)
    if np.hypot(*colour[1:]) < CHROMA_MIN or np.hypot(*(colour - usual)[1:]) < CHROMA_MIN:
        return None
    return _as_lab(colour)


def _fill_colour(inside: Pixels) -> Lab | None:
    if len(inside) < 8:
        return None
    colour = np.median(inside, axis=0)
    paper = colour[0] > SURFACE_MAX_L and np.hypot(*colour[1:]) < CHROMA_MIN / 2
    return None if paper else _as_lab(colour)


def to_lab(rgb: NDArray[np.uint8]) -> Pixels:
    """CIELAB of 8-bit sRGB, both (…, 3)."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _as_lab(colour: NDArray[np.float32]) -> Lab:
    return float(colour[0]), float(colour[1]), float(colour[2])
