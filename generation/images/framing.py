"""Fits an init image of any shape to a model that knows a few sizes, and its picture back to the shape asked for.

A window of the model's shape is laid over the image: the whole image with white around it, or, for a model that
draws one thing at a time, only what is drawn there. The picture comes back at the window's place, in the size
that was asked for, on white where the window does not reach.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageOps

from generation.checkpoints.limits import COMMON
from generation.checkpoints.params import side

Size = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom

WHITE = (255, 255, 255)
# Small models draw 256 px; on a board pictures are shown larger than that.
LONGEST_SIDE_MIN_PX = 512
SIDE_MIN_PX, SIDE_MAX_PX = COMMON["width_px"].low, COMMON["width_px"].high
SHAPE_MAX = SIDE_MAX_PX / SIDE_MIN_PX
# Pixels at most this far from white count as empty: paper in photographs and JPEGs is not quite white.
INK_MIN = 24
# The window's smallest side, as a share of the result's: limits how much a small drawing is enlarged.
WINDOW_MIN_SHARE = 0.25
FADE_SHARE = 0.03
# How far a mask grows, as a share of the canvas: a pen stroke is thinner than the part that it is meant to cover.
GROWTH_SHARE = 0.02
MASK_SHARE = 0.6
SIDE_STEP = 8
_ANY_WHITE = [255 * (value > 2) for value in range(256)]


@dataclass(frozen=True)
class Crop:
    """Which part of the result the model draws.

    canvas: the size in px in which it is drawn. window: where the canvas lies on the result; may reach beyond its edges.
    result: the size in px that was asked for.
    """

    canvas: Size
    window: Box
    result: Size


def fit(
    result: Size, canvases: Iterable[Size], init_image: Image.Image | None = None, focus: float = 0
) -> Crop:
    """The crop that leaves the least of its canvas empty.

    focus: share of the canvas that what is drawn in init_image should fill; 0 for the whole image as it is.
    """
    drawn = _drawn(init_image, result) if init_image and focus else None
    target = _round_about(drawn, result, focus) if drawn else (0, 0, *result)
    size = (target[2] - target[0], target[3] - target[1])
    canvas = max(canvases, key=lambda each: _coverage(size, each))
    return Crop(canvas, _widened(target, canvas), result)


def fit_enlarged(image_size: Size, longest: int, scale: int) -> Crop:
    """The crop for a picture that comes out `scale` times as large as it goes in, at most `longest` px long.

    What goes in is the picture itself, scaled down only if it is longer than that, with room for whole latents.
    """
    shrunk = min(1.0, longest / max(image_size))
    size = (max(1, round(image_size[0] * shrunk)), max(1, round(image_size[1] * shrunk)))
    canvas = (-(-size[0] // SIDE_STEP) * SIDE_STEP, -(-size[1] // SIDE_STEP) * SIDE_STEP)
    result = (size[0] * scale, size[1] * scale)
    return Crop(canvas, _about((0, 0, *result), canvas[0] * scale, canvas[1] * scale), result)


def fit_mask(result: Size, canvases: Iterable[Size], mask: Image.Image) -> Crop:
    """The crop around the white part of a mask, MASK_SHARE of it, so that it is drawn as large as possible."""
    return fit(result, canvases, ImageOps.invert(mask), MASK_SHARE)


def lay_mask(mask: Image.Image, crop: Crop) -> Image.Image:
    """The window of a mask in the size of the canvas, grown, black or white. White beyond the image."""
    left, top, right, bottom = crop.window
    sheet = Image.new("L", (right - left, bottom - top), 255)
    place = _centred(mask.size, crop.result)
    sheet.paste(mask.resize(size_of(place), Image.Resampling.BILINEAR), (place[0] - left, place[1] - top))
    return grown(sheet.resize(crop.canvas, Image.Resampling.BOX))


def grown(mask: Image.Image) -> Image.Image:
    """A mask that covers a little more, black or white."""
    blurred = mask.filter(ImageFilter.BoxBlur(max(1, round(GROWTH_SHARE * min(mask.size)))))
    return blurred.point(_ANY_WHITE)


def patch(init_image: Image.Image, picture: Image.Image, mask: Image.Image, crop: Crop) -> Image.Image:
    """init_image in the size of the result, with the picture where the mask is white; all other pixels stay.

    picture: as `cut` gives it. mask: as `lay_mask` gives it.
    """
    whole = lay_whole(init_image, crop.result)
    place = Image.new("L", crop.result, 0)
    place.paste(mask.resize(size_of(crop.window), Image.Resampling.BILINEAR), crop.window[:2])
    # The edge fades within the grown part, so that no seam shows.
    place = place.filter(ImageFilter.BoxBlur(max(1, round(GROWTH_SHARE * min(size_of(crop.window)) / 2))))
    return Image.composite(picture, whole, place)


def default_size(image_size: Size | None, canvases: Iterable[Size]) -> Size:
    """The size of a picture for which none was chosen: the init image's shape, at least 512 px on its longest side.

    A narrow one becomes longer, so that its shorter side is no less than is allowed. Only one that is more than SHAPE_MAX
    times as long as it is wide gets another shape.
    """
    sizes = list(canvases)
    width, height = image_size or sizes[0]
    longest = max(LONGEST_SIDE_MIN_PX, *(max(size) for size in sizes))
    scale = max(longest / max(width, height), SIDE_MIN_PX / min(width, height))
    return side(width * scale), side(height * scale)


def lay(init_image: Image.Image, crop: Crop) -> Image.Image:
    """The window of init_image in the size of the canvas, in proportion, on white."""
    left, top, right, bottom = crop.window
    sheet = Image.new("RGB", (right - left, bottom - top), WHITE)
    place = _centred(init_image.size, crop.result)
    laid = init_image.convert("RGB").resize(size_of(place), Image.Resampling.LANCZOS)
    sheet.paste(laid, (place[0] - left, place[1] - top))
    return sheet.resize(crop.canvas, Image.Resampling.LANCZOS)


def lay_whole(init_image: Image.Image, result: Size) -> Image.Image:
    """All of init_image in the size of the result."""
    return lay(init_image, Crop(result, (0, 0, *result), result))


def cut(picture: Image.Image, crop: Crop, sharpen_percent: int = 0) -> Image.Image:
    """The picture at the window's place, in the size of the result."""
    drawn = enlarge(picture, size_of(crop.window), sharpen_percent)
    result = Image.new("RGB", crop.result, WHITE)
    left, top, right, bottom = crop.window
    if left <= 0 and top <= 0 and right >= crop.result[0] and bottom >= crop.result[1]:
        result.paste(drawn, (left, top))
    else:
        result.paste(drawn, (left, top), _soft_edge(drawn.size))
    return result


def outside(picture: Image.Image, size: Size, how: str, sharpen_percent: int = 0) -> Image.Image:
    """A picture that has no init image in the shape asked for: padded with white, or cropped."""
    box = _centred(picture.size, size) if how == "pad" else _widened((0, 0, *size), picture.size)
    return cut(picture, Crop(picture.size, box, size), sharpen_percent)


def enlarge(picture: Image.Image, size: Size, sharpen_percent: int = 0) -> Image.Image:
    if picture.size == size:
        return picture
    scale = max(size) / max(picture.size)
    if scale > 1:
        picture = without_rim(picture)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    if sharpen_percent and scale > 1:
        picture = picture.filter(ImageFilter.UnsharpMask(radius=scale, percent=sharpen_percent, threshold=0))
    return picture


def without_rim(picture: Image.Image) -> Image.Image:
    """Outermost pixels replaced by their neighbours: decoders leave specks in the corners, visible when enlarged."""
    width, height = picture.size
    if min(width, height) < 3:
        return picture
    mended = picture.copy()
    for at, neighbour in ((0, 1), (height - 1, height - 2)):
        mended.paste(mended.crop((0, neighbour, width, neighbour + 1)), (0, at))
    for at, neighbour in ((0, 1), (width - 1, width - 2)):
        mended.paste(mended.crop((neighbour, 0, neighbour + 1, height)), (at, 0))
    return mended


def _soft_edge(size: Size) -> Image.Image:
    """A mask that fades towards the edges: decoders leave specks there, which white paper would show."""
    margin = max(1, round(FADE_SHARE * min(size)))
    mask = Image.new("L", size, 0)
    mask.paste(255, (margin, margin, max(margin + 1, size[0] - margin), max(margin + 1, size[1] - margin)))
    return mask.filter(ImageFilter.BoxBlur(margin / 2))


def _drawn(init_image: Image.Image, result: Size) -> Box | None:
    """Where on the result init_image is not white; None where it is empty."""
    ink = init_image.convert("L").point([255 * (value < 255 - INK_MIN) for value in range(256)])
    found = ink.getbbox()
    if found is None:
        return None
    place = _centred(init_image.size, result)
    scale = (place[2] - place[0]) / init_image.width
    left, top, right, bottom = (edge * scale for edge in found)
    return round(place[0] + left), round(place[1] + top), round(place[0] + right), round(place[1] + bottom)


def _round_about(drawn: Box, result: Size, focus: float) -> Box:
    """The drawn things with room on every side, at most the whole result."""
    least = WINDOW_MIN_SHARE * min(result)
    width = min(max((drawn[2] - drawn[0]) / focus, least), result[0])
    height = min(max((drawn[3] - drawn[1]) / focus, least), result[1])
    return _about(drawn, width, height)


def _widened(box: Box, shape: Size) -> Box:
    """The smallest box of a shape around a box, with the same middle."""
    width, height = size_of(box)
    scale = max(width / shape[0], height / shape[1])
    return _about(box, shape[0] * scale, shape[1] * scale)


def _about(box: Box, width: float, height: float) -> Box:
    """A box of a size around the middle of another."""
    left = round((box[0] + box[2] - width) / 2)
    top = round((box[1] + box[3] - height) / 2)
    return left, top, left + max(1, round(width)), top + max(1, round(height))


def size_of(box: Box) -> Size:
    return box[2] - box[0], box[3] - box[1]


def _coverage(inner: Size, outer: Size) -> float:
    width, height = size_of(_centred(inner, outer))
    return width * height / (outer[0] * outer[1])


def _centred(inner: Size, outer: Size) -> Box:
    """The largest box of inner's shape in the middle of outer."""
    scale = min(outer[0] / inner[0], outer[1] / inner[1])
    width = min(outer[0], max(1, round(inner[0] * scale)))
    height = min(outer[1], max(1, round(inner[1] * scale)))
    left, top = (outer[0] - width) // 2, (outer[1] - height) // 2
    return left, top, left + width, top + height
