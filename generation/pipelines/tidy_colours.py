"""Tidies the colours of a picture by its sketch: one for each region that the lines enclose.

The model's own slow light and dark is kept within a region. Where the sketch is open, or the model painted mostly black or
mostly beside the regions, the picture stays as it is.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.pipelines import alike, colour_words, region_colours
from generation.pipelines.regions import OUTSIDE, Lab, Mask, Pixels, Region, Regions, to_lab
from generation.pipelines.wished_colours import Source, wished

# More of the paint outside of the regions: the sketch is open, what it means lies in what looks like the outside.
STRAY_MAX = 0.35
# More of the paint as dark as ink: the model has drawn lines instead of surfaces.
BLACK_MAX = 0.5
# With so much of the regions painted, black is a surface.
SURFACE_MIN = 0.75
# How much of the light and dark is kept, and how far it may go from the region's lightness, in L.
SHADE, SHADE_MAX = 0.4, 8.0
# How slow: the blur's sigma in shares of the side. It is taken at a fourth of the size.
SLOW, SHRINK = 0.05, 4
SHADED_AREA_MIN = 0.003
# Paint beside a line counts as the line's own, in shares of the side.
NEAR_LINE = 4 / 512
# A stroke that encloses nothing is painted this wide on both sides, in shares of the side.
STROKE_REACH = 7 / 512
STROKE_CHROMA_MIN = 25.0
# Within so many widths of a line from a region, ink is the region's outline.
OUTLINE = 1.25
# A piece of ink further away that is no longer than this is the tip of an outline's corner, or a dot; in widths of a line.
TIP = 3.0
WHITE_LAB = (100.0, 0.0, 0.0)


def tidy(
    picture: Image.Image, sketch: Regions, prompt: str, more_sources: Sequence[Source] = ()
) -> Image.Image:
    """The picture with tidy colours, RGB in its own size, without lines; the picture itself where that cannot be done well.

    picture: RGB, in the place and shape of the sketch. more_sources: of wished colours, asked after all others.
    """
    small = picture.resize(sketch.size, Image.Resampling.BILINEAR) if picture.size != sketch.size else picture
    lab = to_lab(np.asarray(small.convert("RGB")))
    if not can_be_tidied(lab, sketch, bool(colour_words.read(prompt).whole)):
        return picture
    sheet = np.empty_like(lab)
    sheet[:] = WHITE_LAB
    _paint_strokes(sheet, lab, sketch)
    for region, colour in zip(sketch.found, colours(lab, sketch, prompt, more_sources), strict=True):
        if colour is not None:
            sheet[region.rows, region.columns][region.mask] = _shaded(region, colour, lab)[region.mask]
        else:
            sheet[region.rows, region.columns][region.mask] = WHITE_LAB
    tidied = Image.fromarray(_to_rgb(_softened(sheet)))
    return tidied if tidied.size == picture.size else tidied.resize(picture.size, Image.Resampling.BICUBIC)


def can_be_tidied(lab: Pixels, sketch: Regions, is_colour_named: bool = False) -> bool:
    """False where the paint lies mostly beside the regions, or is mostly black. lab: the picture, (height, width, 3).

    is_colour_named: the prompt says the thing's colour, so that black surfaces do not matter; black lines still do.
    """
    paint, inside = ~region_colours.paper_in(lab), sketch.labels != OUTSIDE
    total = int(paint.sum())
    if not total:
        return False
    beside = paint & ~inside & ~_near_lines(sketch.ink, NEAR_LINE)
    black = paint & region_colours.black_in(lab)
    is_surface = is_colour_named and (paint & inside).sum() >= SURFACE_MIN * inside.sum()
    return bool(beside.sum() <= STRAY_MAX * total and (is_surface or black.sum() <= BLACK_MAX * total))


def colours(
    lab: Pixels, sketch: Regions, prompt: str, more_sources: Sequence[Source] = ()
) -> list[Lab | None]:
    """The colour of each region; None for paper."""
    regions = sketch.found
    own = region_colours.painted(lab, sketch)
    groups = alike.groups(regions)
    for index, colour in region_colours.alike(groups, lab, sketch).items():
        own[index] = colour
    pockets = {region.index for region in regions if alike.is_pocket(region)}
    wishes = _shared(wished(regions, own, prompt), groups)
    more = wished(regions, own, prompt, more_sources)
    return [
        None if index in pockets else wish or other or colour
        for index, (wish, other, colour) in enumerate(zip(wishes, more, own, strict=True))
    ]


def _shared(wishes: list[Lab | None], groups: list[list[Region]]) -> list[Lab | None]:
    """Regions that are alike wish the same: the first wish of each group, where one of it has none."""
    for group in groups:
        known = next((wish for region in group if (wish := wishes[region.index])), None)
        for region in group:
            wishes[region.index] = wishes[region.index] or known
    return wishes


def _shaded(region: Region, colour: Lab, lab: Pixels) -> Pixels:
    """The region's colour with the model's slow light and dark, in the shape of its box."""
    filled = np.empty((*region.mask.shape, 3), np.float32)
    filled[:] = colour
    if region.area >= SHADED_AREA_MIN:
        filled[..., 0] += _shade(region, lab[region.rows, region.columns])
        np.clip(filled[..., 0], 0, 100, out=filled[..., 0])
    return filled


def _shade(region: Region, lab: Pixels) -> NDArray[np.float32]:
    """How much lighter or darker than its middle a region is, in L; blurred within the region, where it is painted."""
    height, width = region.mask.shape
    size = (max(1, width // SHRINK), max(1, height // SHRINK))
    paint = region.mask & ~region_colours.paper_in(lab) & ~region_colours.black_in(lab)
    if paint.mean() < 0.05:
        return np.zeros(region.mask.shape, np.float32)
    weight = cv2.resize(paint.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    light = cv2.resize(lab[..., 0] * paint, size, interpolation=cv2.INTER_AREA)
    middle = float(np.median(lab[..., 0][paint]))
    sigma = max(1.0, SLOW * max(region.mask.shape) * 1.5 / SHRINK)
    # Where nothing is painted the middle counts, a little.
    slow = (cv2.GaussianBlur(light, (0, 0), sigma) + 0.05 * middle) / (
        cv2.GaussianBlur(weight, (0, 0), sigma) + 0.05
    )
    shade = np.clip(SHADE * (slow - middle), -SHADE_MAX, SHADE_MAX)
    return np.asarray(cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


# --- strokes that enclose nothing ---------------------------------------------------------------------------------


def _paint_strokes(sheet: Pixels, lab: Pixels, sketch: Regions) -> None:
    """Paint around strokes that enclose nothing, such as a sun's rays, in the model's colour of each, in place."""
    line_width = _line_width(sketch.ink)
    lone = sketch.ink & ~_near_regions(sketch, line_width)
    count, at, boxes, _ = cv2.connectedComponentsWithStats(lone.view(np.uint8), connectivity=8)
    reach = int(np.ceil(STROKE_REACH * np.sqrt(sketch.ink.size)))
    for stroke in range(1, min(count, 80)):
        left, top, width, height, _ = boxes[stroke]
        if max(width, height) <= TIP * line_width:
            continue
        window = np.s_[
            max(0, top - reach) : top + height + reach, max(0, left - reach) : left + width + reach
        ]
        _paint_stroke(sheet[window], lab[window], at[window] == stroke, reach)


def _paint_stroke(sheet: Pixels, lab: Pixels, stroke: Mask, reach: int) -> None:
    away = cv2.distanceTransform((~stroke).view(np.uint8), cv2.DIST_L2, 3)
    colour = region_colours.dominant(lab[away <= reach])
    if colour is None or np.hypot(*colour[1:]) < STROKE_CHROMA_MIN:
        return
    strength = np.clip(1.5 * (1 - away / reach), 0, 1)[..., None]
    sheet[:] = sheet * (1 - strength) + np.array(colour, np.float32) * strength


def _near_regions(sketch: Regions, line_width: float) -> Mask:
    """Regions with their whole outline, whose outer half belongs to none. line_width: px."""
    inside = (sketch.labels != OUTSIDE) & ~sketch.ink
    reach = max(2 * NEAR_LINE, OUTLINE * line_width / float(np.sqrt(sketch.ink.size)))
    return _near_lines(inside, reach) | (sketch.labels != OUTSIDE)


def _line_width(ink: Mask) -> float:
    """The width of most lines, px."""
    depth = cv2.distanceTransform(ink.view(np.uint8), cv2.DIST_L2, 3)
    return 2 * float(np.percentile(depth[ink], 95))


def _near_lines(where: Mask, share: float) -> Mask:
    reach = max(1, round(share * float(np.sqrt(where.size))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cv2.dilate(where.view(np.uint8), kernel).view(bool)


def _softened(sheet: Pixels) -> Pixels:
    """Edges without steps, where no line covers them."""
    return np.asarray(cv2.GaussianBlur(sheet, (3, 3), 0.8), np.float32)


def _to_rgb(lab: Pixels) -> NDArray[np.uint8]:
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray((rgb * 255).round().clip(0, 255), np.uint8)
