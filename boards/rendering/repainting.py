"""What a model sees of one picture of which a part is repainted in place: its own file, and the mask over that.

The picture may be shown turned, mirrored and cropped; its file is none of it. The mask is drawn over the picture as it is
shown, upright, and then laid over the file.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from PIL import Image, ImageOps

from boards.elements.geometry import Rectangle
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import WHITE
from boards.rendering import masking, render, scenes
from boards.rendering.options import RenderOptions
from boards.rendering.scenes import Shape, shape_of
from generation.errors import NothingToRepaint
from generation.images.header import read_header
from generation.jobs.submission import InputImages

PIXELS = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Types of files that have pixels of their own."""
DRAWN_SIDE_PX = 2048
"""Longest side of a mask as it is drawn: finer ones take seconds, and nobody can draw them."""


@dataclass(frozen=True)
class Repaint:
    """One picture to repaint in place.

    images: its file, whole, and the mask. file_id: of that file. marks: ids of the elements that were drawn as the mask.
    """

    images: InputImages
    file_id: str
    marks: list[str]


class Crop(msgspec.Struct, rename="camel"):
    """The part of a file that is shown, in px of a file of the natural size. Excalidraw's own object."""

    x: float
    y: float
    width: float
    height: float
    natural_width: float
    natural_height: float


class Transform(msgspec.Struct):
    """The fields with which Excalidraw shows an image otherwise than its file. scale: 1 or -1, mirrored, for each axis."""

    angle: float | None = 0
    crop: Crop | None = None
    scale: tuple[float, float] | None = (1, 1)

    @property
    def mirrored(self) -> tuple[bool, bool]:
        """Whether it is mirrored along its width, and along its height."""
        across, down = self.scale or (1, 1)
        return across < 0, down < 0

    @property
    def changes_nothing(self) -> bool:
        return self.crop is None and not self.angle and self.scale in {None, (1, 1)}


transform_of = msgspec.json.Decoder(Transform).decode


def draw(contents: Contents, picture: Shape, mask: bytes | None = None) -> Repaint:
    """What a model sees of it. Raises NothingToRepaint, RenderFailed, StorageUnavailable.

    mask: one that came along, of the whole file; then nothing that is drawn on the board counts as one.
    """
    body = next(body for body in contents.elements if shape_of(body).id == picture.id)
    file_id = exporting.file_id_of(body)
    data = _file(contents, body, picture)
    if file_id is None or data is None:
        raise NothingToRepaint("The picture to repaint has no file here.")
    if mask is not None:
        return Repaint(InputImages(data, mask, whole=True), file_id, [])
    shapes = [shape_of(each) for each in contents.elements]
    _, elements = masking.images_and_mask(contents.elements, shapes, picture.region, picture)
    transform = transform_of(body)
    # A result of an earlier repaint may have more bytes than may be uploaded.
    header = read_header(data, bounded=False)
    size = header.width_px, header.height_px
    mask = _in_file(_drawn(elements, picture.region, size, transform), size, transform)
    return Repaint(InputImages(data, mask, whole=True), file_id, masking.marks_on(contents.elements, picture))


def _file(contents: Contents, body: bytes, picture: Shape) -> bytes | None:
    """The bytes of its file; of one that has no pixels of its own (SVG) a drawing."""
    file_id = exporting.file_id_of(body)
    file = next((file for file in contents.files if file.file_id == file_id), None)
    if file is None:
        return None
    if file.mime_type in PIXELS:
        return exporting.file_bytes(file)
    region = Rectangle(0, 0, file.width_px, file.height_px)
    upright = {"x": 0, "y": 0, "width": region.width, "height": region.height, "angle": 0}
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    element = msgspec.json.encode(fields | upright | {"crop": None, "scale": [1, 1], "frameId": None})
    shown = exporting.with_files(contents.board, contents.clock, [element])
    options = RenderOptions(region=region, background=None)
    scale = DRAWN_SIDE_PX / max(region.width, region.height)
    return render.png_bytes([element], scenes.image_files(shown), options, scale=max(1.0, scale))


def _drawn(
    elements: Sequence[bytes], region: Rectangle, size: tuple[int, int], transform: Transform
) -> bytes:
    """The mask of the part that is shown, upright, as PNG. size: of the file."""
    part = _part(size, transform)
    finest = max((part[2] - part[0]) / region.width, (part[3] - part[1]) / region.height)
    scale = min(finest, DRAWN_SIDE_PX / max(region.width, region.height))
    return render.png_bytes(elements, {}, RenderOptions(region=region, background=WHITE), scale=scale)


def _in_file(drawn: bytes, size: tuple[int, int], transform: Transform) -> bytes:
    """A mask of what is shown as one of the whole file: black where the picture is cropped away."""
    shown = Image.open(io.BytesIO(drawn), formats=["PNG"]).convert("L")
    across, down = transform.mirrored
    if across:
        shown = ImageOps.mirror(shown)
    if down:
        shown = ImageOps.flip(shown)
    left, top, right, bottom = _part(size, transform)
    mask = Image.new("L", size, 0)
    mask.paste(shown.resize((right - left, bottom - top), Image.Resampling.BILINEAR), (left, top))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _part(size: tuple[int, int], transform: Transform) -> tuple[int, int, int, int]:
    """The pixels of the file that are shown: left, top, right, bottom."""
    crop = transform.crop
    if crop is None:
        return 0, 0, *size
    left, right = _pixels(crop.x, crop.width, crop.natural_width, size[0])
    top, bottom = _pixels(crop.y, crop.height, crop.natural_height, size[1])
    return left, top, right, bottom


def _pixels(start: float, length: float, natural: float, of: int) -> tuple[int, int]:
    """The pixels that a span touches, at least one. Shares of a natural size of next to nothing may be infinite."""
    first = math.floor(min(max(start / natural * of + 0.01, 0), of - 1))
    return first, math.ceil(min(max((start + length) / natural * of - 0.01, first + 1), of))
