"""Repaints a part of a picture that keeps its size: what a model is given of it, and the drawn part put back.

Outside of the mask every pixel stays bit for bit. Inside, the drawn part fades in from the mask's edge, so no seam shows.
The model draws a window around the mask, as large as it can; only that window is ever scaled.
"""

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from generation.images import framing
from generation.images.framing import Box, Crop, Size
from generation.images.pixels import on_white

# How far the drawn part takes to fade in, as a share of the picture's smaller side …
FADE_SHARE = 0.02
# … and of the way from the mask's edge to its middle at most: a thin stroke shows something, too.
FADE_MAX_SHARE = 0.5


def fit(mask: Image.Image, canvases: Iterable[Size]) -> Crop:
    """The window around the white part of a mask, within the picture wherever it fits in there."""
    crop = framing.fit_mask(mask.size, canvases, mask)
    return Crop(crop.canvas, _moved_inside(crop.window, mask.size), mask.size)


def lay(picture: Image.Image, crop: Crop) -> Image.Image:
    """The window of a picture in the size of the canvas, RGB, on white where it is transparent.

    Beyond its edges the picture goes on as its mirror image: white there would shine into what is drawn beside it.
    """
    seen = _seen(crop)
    scaled = on_white(picture.crop(seen)).resize(_scaled(crop, seen), Image.Resampling.LANCZOS)
    return _mirrored(scaled, crop, seen)


def lay_mask(mask: Image.Image, crop: Crop) -> Image.Image:
    """The window of a mask in the size of the canvas, grown, black or white.

    Grown, because what is drawn at its edge is blended with what was there; put_back uses the mask as it is.
    """
    seen = _seen(crop)
    return framing.grown(
        _mirrored(mask.crop(seen).resize(_scaled(crop, seen), Image.Resampling.BOX), crop, seen)
    )


def put_back(
    picture: Image.Image, drawn: Image.Image, mask: Image.Image, crop: Crop, sharpen_percent: int = 0
) -> Image.Image:
    """The picture with what was drawn in the white part of its mask; RGBA if the picture is.

    drawn: of the canvas. mask: L, black or white, as large as the picture.
    """
    place = mask.getbbox()
    if place is None:
        return picture
    part = picture.crop(place)
    new = _at(drawn, crop, place, sharpen_percent)
    result = picture.copy()
    result.paste(_blended(part, new, _fading(mask, place)), place[:2])
    return result


def _fading(mask: Image.Image, place: Box) -> Image.Image:
    """How much of the drawn part shows at each pixel of `place`: 0 outside of the mask, 255 well inside, L."""
    left, top, right, bottom = place
    # With the pixels around it, as distances are measured to the black ones. The picture's own edge is none.
    around = (max(left - 1, 0), max(top - 1, 0), min(right + 1, mask.width), min(bottom + 1, mask.height))
    white = np.asarray(mask.crop(around)) >= 128
    if white.all():
        return Image.new("L", framing.size_of(place), 255)
    distance = cv2.distanceTransform(white.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    fade = min(FADE_SHARE * min(mask.size), FADE_MAX_SHARE * float(distance.max()))
    # The first white pixels are at distance 1 and show some of what was drawn.
    shares: NDArray[np.float32] = np.clip(distance / max(fade, 1.0), 0, 1)
    smooth = shares * shares * (3 - 2 * shares)
    shown = Image.fromarray(np.rint(255 * smooth).astype(np.uint8))
    inner = (left - around[0], top - around[1])
    return shown.crop((*inner, inner[0] + right - left, inner[1] + bottom - top))


def _blended(part: Image.Image, new: Image.Image, shown: Image.Image) -> Image.Image:
    """`new` over `part`, as far as it is shown. Pixels of which nothing is shown stay bit for bit."""
    if part.mode != "RGBA":
        return Image.composite(new, part, shown)
    # Colours weighted by their opacity: what is transparent has a colour, too, mostly black, that nobody should see.
    both = Image.composite(new.convert("RGBA").convert("RGBa"), part.convert("RGBa"), shown)
    return Image.composite(
        both.convert("RGBA"), part, shown.point([255 * bool(value) for value in range(256)])
    )


def _at(drawn: Image.Image, crop: Crop, place: Box, sharpen_percent: int) -> Image.Image:
    """What was drawn at a place of the picture, in the picture's size."""
    scale = (_across(crop), _down(crop))
    scaled_up = max(scale) < 1
    if scaled_up:
        drawn = framing.without_rim(drawn)
    left, top = crop.window[:2]
    box = (
        max(0.0, (place[0] - left) * scale[0]),
        max(0.0, (place[1] - top) * scale[1]),
        min(float(drawn.width), (place[2] - left) * scale[0]),
        min(float(drawn.height), (place[3] - top) * scale[1]),
    )
    new = drawn.convert("RGB").resize(framing.size_of(place), Image.Resampling.LANCZOS, box)
    if sharpen_percent and scaled_up:
        radius = 1 / max(scale)
        new = new.filter(ImageFilter.UnsharpMask(radius=radius, percent=sharpen_percent, threshold=0))
    return new


def _seen(crop: Crop) -> Box:
    """The part of the picture that lies in the window."""
    left, top, right, bottom = crop.window
    return max(left, 0), max(top, 0), min(right, crop.result[0]), min(bottom, crop.result[1])


def _across(crop: Crop) -> float:
    """Pixels of the canvas for each pixel of the picture, along its width."""
    return crop.canvas[0] / (crop.window[2] - crop.window[0])


def _down(crop: Crop) -> float:
    """The same along its height; rounding makes the two differ a little."""
    return crop.canvas[1] / (crop.window[3] - crop.window[1])


def _scaled(crop: Crop, box: Box) -> Size:
    """The size of a part of the picture on the canvas."""
    width, height = framing.size_of(box)
    return max(1, round(width * _across(crop))), max(1, round(height * _down(crop)))


def _mirrored(part: Image.Image, crop: Crop, seen: Box) -> Image.Image:
    """The canvas with a part at its place, and its mirror images around it."""
    width, height = part.size
    left = round((seen[0] - crop.window[0]) * _across(crop))
    top = round((seen[1] - crop.window[1]) * _down(crop))
    canvas = Image.new(part.mode, crop.canvas)
    for row in range(-math.ceil(top / height), math.ceil((crop.canvas[1] - top) / height)):
        for column in range(-math.ceil(left / width), math.ceil((crop.canvas[0] - left) / width)):
            tile = ImageOps.mirror(part) if column % 2 else part
            tile = ImageOps.flip(tile) if row % 2 else tile
            canvas.paste(tile, (left + column * width, top + row * height))
    return canvas


def _moved_inside(window: Box, picture: Size) -> Box:
    """The window moved over the picture as far as it fits; in the middle where it is larger."""
    left, right = _span_inside(window[0], window[2], picture[0])
    top, bottom = _span_inside(window[1], window[3], picture[1])
    return left, top, right, bottom


def _span_inside(start: int, end: int, length: int) -> tuple[int, int]:
    size = end - start
    start = (length - size) // 2 if size > length else min(max(start, 0), length - size)
    return start, start + size
