"""Which regions of a sketch are alike: petals, panels, wheels, windows."""

from collections.abc import Sequence

import cv2
import numpy as np

from generation.pipelines.regions import Region

AREA_RATIO = 2.0
SHAPE_RATIO = 1.45
# How far the share of its convex hull that a region fills may differ.
SOLIDITY = 0.12
# Small, between others, with sides that bend inwards: what is left between petals.
POCKET_AREA, POCKET_SOLIDITY = 0.03, 0.8


def groups(regions: Sequence[Region]) -> list[list[Region]]:
    """Regions that are alike and side by side or beside the same third one, largest group of each first; no single ones."""
    shapes = [_shape(region) for region in regions]
    parent = list(range(len(regions)))
    for one in regions:
        for other in regions[one.index + 1 :]:
            if _together(one, other) and _same(one, other, shapes):
                _join(parent, one.index, other.index)
    found: dict[int, list[Region]] = {}
    for region in regions:
        found.setdefault(_root(parent, region.index), []).append(region)
    return [group for group in found.values() if len(group) > 1]


def is_pocket(region: Region) -> bool:
    """True for a small place between regions that is part of none: its sides bend inwards."""
    if region.area > POCKET_AREA or not region.touches_outside or len(region.neighbours) < 2:
        return False
    return solidity(region) < POCKET_SOLIDITY


def solidity(region: Region) -> float:
    """The share of its convex hull that a region fills, 0–1."""
    outlines, _ = cv2.findContours(region.mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(outlines))
    area = cv2.contourArea(hull)
    filled = sum(cv2.contourArea(outline) for outline in outlines)
    return float(min(1.0, filled / area)) if area else 1.0


def elongation(region: Region) -> float:
    """Length by width of the ellipse with the same moments; 1 for a circle."""
    moments = cv2.moments(region.mask.view(np.uint8), binaryImage=True)
    spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
    low, high = np.linalg.eigvalsh(spread)
    return float(np.sqrt(high / low)) if low > 0 else 1.0


def _shape(region: Region) -> tuple[float, float]:
    return elongation(region), solidity(region)


def _together(one: Region, other: Region) -> bool:
    return other.index in one.neighbours or bool(one.neighbours & other.neighbours)


def _same(one: Region, other: Region, shapes: Sequence[tuple[float, float]]) -> bool:
    (long_one, full_one), (long_other, full_other) = shapes[one.index], shapes[other.index]
    return (
        max(one.area, other.area) < AREA_RATIO * min(one.area, other.area)
        and max(long_one, long_other) < SHAPE_RATIO * min(long_one, long_other)
        and abs(full_one - full_other) < SOLIDITY
    )


def _join(parent: list[int], one: int, other: int) -> None:
    parent[_root(parent, one)] = _root(parent, other)


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        index = parent[index]
    return index
