"""The model's own colour of each region: one that most of its paint has, whatever blotches lie over it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from generation.pipelines.regions import Lab, Mask, Pixels, Region, Regions

# Paper: lighter and less colourful than this.
PAPER_L, PAPER_CHROMA = 90.0, 12.0
# What a small model makes of a line's neighbourhood.
INK_L, INK_CHROMA = 26.0, 14.0
# A region of which more is paper was left as paper; the main one is only if all but a little is.
PAPER_SHARE, PAPER_SHARE_OF_MAIN = 0.6, 0.85
MAIN_SHARE = 0.4
# Fewer pixels than this share beside the ink's are no evidence against black.
PAINT_SHARE = 0.3
# Cells in which the densest colour is looked for, and how far from it a colour still counts as the same.
CELL: NDArray[np.float32] = np.array([14, 18, 18], np.float32)
SAME = 26.0
ROUNDS = 3
PIXELS_MAX = 4_000
MARGIN_PX = 2


def painted(lab: Pixels, sketch: Regions) -> list[Lab | None]:
    """The colour of each region in a picture, None where it was left as paper. lab: (height, width, 3), of the sketch's size."""
    return [_of_group([region], lab, sketch) for region in sketch.found]


def alike(groups: Sequence[Sequence[Region]], lab: Pixels, sketch: Regions) -> dict[int, Lab | None]:
    """The common colour of regions that are alike, such as petals, by index."""
    return {
        region.index: colour
        for group in groups
        for colour in [_of_group(group, lab, sketch)]
        for region in group
    }


def paper_in(lab: Pixels) -> Mask:
    """True where a picture shows paper."""
    return np.asarray((lab[..., 0] > PAPER_L) & (np.hypot(lab[..., 1], lab[..., 2]) < PAPER_CHROMA))


def black_in(lab: Pixels) -> Mask:
    """True where a picture is as dark as ink."""
    return np.asarray((lab[..., 0] < INK_L) & (np.hypot(lab[..., 1], lab[..., 2]) < INK_CHROMA))


def _of_group(group: Sequence[Region], lab: Pixels, sketch: Regions) -> Lab | None:
    drawn = sum(region.area for region in sketch.found)
    is_main = sum(region.area for region in group) > MAIN_SHARE * drawn
    pixels = np.concatenate([_inside(region, lab, sketch) for region in group])
    return dominant(pixels, PAPER_SHARE_OF_MAIN if is_main else PAPER_SHARE)


def _inside(region: Region, lab: Pixels, sketch: Regions) -> Pixels:
    """The region's pixels away from its lines, (n, 3); all of them where that leaves too few. A sample of large ones."""
    window = lab[region.rows, region.columns]
    paper = (region.mask & ~sketch.ink[region.rows, region.columns]).view(np.uint8)
    # Beyond the window there is nothing of this region, but the line is on its inner side.
    inner = cv2.erode(paper, np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)).view(bool)
    enough = inner.sum() > max(20, 0.2 * region.mask.sum())
    pixels = window[inner if enough else region.mask]
    return pixels[:: 1 + len(pixels) // PIXELS_MAX]


def dominant(pixels: Pixels, paper_share: float = PAPER_SHARE) -> Lab | None:
    """The densest colour of (n, 3) pixels in CIELAB, not the middle of several; None if more than paper_share is paper."""
    paper, black = paper_in(pixels), black_in(pixels)
    if not len(pixels) or paper.mean() > paper_share:
        return None
    paint = pixels[~paper & ~black]
    if len(paint) <= PAINT_SHARE * (~paper).sum():
        paint = pixels[~paper]
    colour = _fullest_cell(paint)
    for _ in range(ROUNDS):
        near = paint[((paint - colour) ** 2).sum(1) < SAME**2]
        if len(near) < 0.05 * len(paint):
            break
        colour = np.median(near, axis=0)
    return float(colour[0]), float(colour[1]), float(colour[2])


def _fullest_cell(paint: Pixels) -> Pixels:
    cells = np.floor(paint / CELL).astype(np.int64)
    keys = (cells[:, 0] * 64 + cells[:, 1] + 32) * 64 + cells[:, 2] + 32
    values, counts = np.unique(keys, return_counts=True)
    return np.asarray(paint[keys == values[counts.argmax()]].mean(0), np.float32)
