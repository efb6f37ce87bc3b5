"""Decodes and encodes image files that users send. Runs in a process with limits, see generation/images/decoder.py.

The result looks as in Chromium, where the user saw the picture.
"""

import io
from contextlib import suppress
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageFile, JpegImagePlugin

from generation.errors import MaskEmpty, SnapshotInvalid
from generation.images import stripping
from generation.images.header import IMAGE_MAX_PIXELS, ImageHeader

# Level 1 is four times as fast as the default and a tenth larger on the flat pictures made here.
PNG_LEVEL = 1
JPEG_QUALITY = 92
# Tried one after the other until the file is small enough.
SMALLER_QUALITIES = (85, 70, 50, 30)
# Of a side: pictures are scaled to whole pixels.
SHAPE_TOLERANCE = 0.02
# Of 255: two profiles are the same when no colour differs more.
PROFILE_TOLERANCE = 3
# Chromium turns these as their EXIF says, and no others; what XMP says it never applies.
_TURNED_BY_EXIF = {"JPEG", "PNG", "AVIF"}
_SHOWN_CUT_OFF = {"JPEG", "PNG", "GIF", "BMP"}
_KEPT = {"PNG", "JPEG", "WEBP"}
_JPEG_FILL = 128
_JPEG_BLOCK_MAX_PX = 32
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BLACK_OR_WHITE = [255 * (value >= 128) for value in range(256)]
_HIGH_BYTE = [value // 256 for value in range(65536)]

Image.MAX_IMAGE_PIXELS = None  # sizes are checked here, for all formats alike


def clean(data: bytes, header: ImageHeader, limit_bytes: int) -> tuple[bytes, str, tuple[int, int]]:
    """The picture as browsers show it: upright, in sRGB, one frame, without metadata, of at most limit_bytes.

    Its encoded pixels are kept if they already look like that; otherwise it is encoded again. Returns the file, its format as
    Pillow names it, and its (width, height). Raises SnapshotInvalid.
    """
    image, is_whole = _opened(data, header, cut_off=True)
    if not is_whole:
        return _within(limit_bytes, _cut_off(image), "PNG", {"compress_level": PNG_LEVEL})
    if header.format in _KEPT and _orientation(image) == 1 and _looks_the_same(image):
        with suppress(stripping.Damaged):
            kept = stripping.bare(data, header.format)
            if len(kept) <= limit_bytes:
                return kept, header.format, image.size
    coding = _coding(image)
    flat = _flat(image)
    if header.format == "JPEG":
        return _within(limit_bytes, on_white(flat), "JPEG", coding)
    return _within(limit_bytes, flat, "PNG", {"compress_level": PNG_LEVEL})


def snapshot(
    data: bytes, header: ImageHeader, longest_px: int
) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """An input image as PNG, flattened on white, at most longest_px long; its size, and the size as received.

    Raises SnapshotInvalid.
    """
    image = on_white(_flat(_opened(data, header)[0]))
    received = image.size
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return png(image), image.size, received


def whole(data: bytes, header: ImageHeader) -> tuple[bytes, tuple[int, int]]:
    """A picture as PNG with every pixel as it is, RGB or, where it is transparent somewhere, RGBA; its size.

    Raises SnapshotInvalid.
    """
    image = _flat(_opened(data, header)[0])
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    return png(image), image.size


def mask(data: bytes, header: ImageHeader, size: tuple[int, int]) -> bytes:
    """White on black as PNG, in the (width, height) of the snapshot that it belongs to; transparent is black.

    Raises SnapshotInvalid, MaskEmpty.
    """
    image = _flat(_opened(data, header)[0])
    if abs(image.width * size[1] - image.height * size[0]) > SHAPE_TOLERANCE * image.width * size[1]:
        raise SnapshotInvalid(
            "mask_shape",
            f"The mask has {image.width} × {image.height} px, which is not the shape of {size[0]} × {size[1]} px.",
        )
    ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
    ground.alpha_composite(image.convert("RGBA"))
    white = ground.convert("L").resize(size, Image.Resampling.BILINEAR).point(_BLACK_OR_WHITE)
    if white.getbbox() is None:
        raise MaskEmpty
    return png(white)


def on_white(image: Image.Image) -> Image.Image:
    """RGB; where the image is transparent it becomes white."""
    if image.mode == "RGB":
        return image
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    ground.alpha_composite(image)
    return ground.convert("RGB")


def png(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=PNG_LEVEL, **options)
    return buffer.getvalue()


def _opened(data: bytes, header: ImageHeader, *, cut_off: bool = False) -> tuple[Image.Image, bool]:
    """The first frame, its pixels loaded, and whether the file is whole.

    cut_off: take what there is of a file that ends too early, as browsers do. Raises SnapshotInvalid.
    """
    try:
        try:
            return _loaded(data, header), True
        except (OSError, SyntaxError):
            if not cut_off or header.format not in _SHOWN_CUT_OFF:
                raise
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            return _loaded(data, header), False
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Decoders fail with almost anything on hostile bytes: OSError, SyntaxError, ValueError, struct.error…
    except (SnapshotInvalid, MemoryError):
        raise
    except Exception as error:
        raise SnapshotInvalid(
            "image_broken", f"The {header.format} file is damaged and cannot be read."
        ) from error


def _loaded(data: bytes, header: ImageHeader) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data), formats=[header.format])
    # A GIF's frame, or a picture in an ICO, may be larger than its header says.
    if image.width * image.height > IMAGE_MAX_PIXELS:
        raise SnapshotInvalid(
            "image_too_many_pixels", f"The image unpacks to {image.width} × {image.height} px."
        )
    image.load()
    return image


def _cut_off(image: Image.Image) -> Image.Image:
    """Transparent below what was decoded. Raises SnapshotInvalid where nothing was."""
    values = Image.frombytes("L", image.size, image.tobytes()) if image.mode == "P" else image
    fill = _JPEG_FILL if image.format == "JPEG" else 0
    blank = Image.new(values.mode, image.size, (fill,) * len(values.getbands()) if fill else 0)
    different = ImageChops.difference(values, blank)
    decoded = different.getbbox(alpha_only=False)
    if decoded is None:
        raise SnapshotInvalid("image_broken", f"The {image.format} file ends before its picture begins.")
    bottom, orientation = decoded[3], _orientation(image)
    if image.format == "JPEG":  # its last row of blocks is not shown when it is not complete
        last = different.crop((image.width - 1, 0, image.width, image.height)).getbbox(alpha_only=False)
        bottom = max(last[3] if last else 0, bottom - _JPEG_BLOCK_MAX_PX)
    flat = _flat_colours(image).convert("RGBA")
    flat.paste((0, 0, 0, 0), (0, bottom, image.width, image.height))
    return _turned(flat, orientation)


def _orientation(image: Image.Image) -> int:
    """1–8 as EXIF counts; 1, upright, where it says nothing that is applied. A damaged one is none."""
    if image.format not in _TURNED_BY_EXIF or "exif" not in image.info:
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info["exif"])
        found = exif.get(0x0112)
    # Its reader fails with struct.error, SyntaxError and more.
    except Exception:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _flat(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB, upright."""
    orientation = _orientation(image)
    return _turned(_flat_colours(image), orientation)


def _flat_colours(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB, and nothing else: Pillow writes what it finds in `info` into the next file."""
    profile = image.info.get("icc_profile")
    flat = (_in_srgb(image, profile) if profile else None) or _flat_mode(image)
    flat.info = {}
    return flat


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _flat_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow clips 16 bits to 8; a table scales them.
        return image.convert("I").point(_HIGH_BYTE, "L").convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Phones write Display P3; without this their colours would fade when the profile is dropped.

    None where the profile cannot be applied: then it says nothing.
    """
    if image.mode not in ("CMYK", "L"):  # what a profile of inks or greys is made for
        image = _flat_mode(image)
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _looks_the_same(image: Image.Image) -> bool:
    """Whether the colours stay the same without the profile."""
    if image.mode == "CMYK" or image.mode.startswith("I"):  # not every program shows 16 bits
        return False
    profile = image.info.get("icc_profile")
    if not profile:
        return True
    steps = range(0, 256, 51)
    cube = Image.new("RGB", (len(steps) ** 3, 1))
    cube.putdata([(red, green, blue) for red in steps for green in steps for blue in steps])
    converted = _in_srgb(cube.convert("L") if image.mode == "L" else cube, profile)
    plain = cube.convert("L").convert("RGB") if image.mode == "L" else cube
    if converted is None:
        return True
    return all(
        abs(one - other) <= PROFILE_TOLERANCE
        for one, other in zip(converted.tobytes(), plain.tobytes(), strict=True)
    )


def _coding(image: Image.Image) -> dict[str, Any]:
    """How a JPEG was written, so that it can be written like that again: as good, and as large."""
    tables = getattr(image, "quantization", None)
    if not tables or image.mode == "CMYK":
        return {"quality": JPEG_QUALITY, "subsampling": 0}
    return {"qtables": tables, "subsampling": max(JpegImagePlugin.get_sampling(image), 0), "optimize": True}


def _within(
    limit_bytes: int, image: Image.Image, format_name: str, options: dict[str, Any]
) -> tuple[bytes, str, tuple[int, int]]:
    """The image as a file of at most so many bytes: of less quality, then smaller, if need be."""
    data = _encoded(image, format_name, options)
    if len(data) <= limit_bytes:
        return data, format_name, image.size
    # What PNG cannot hold is a photograph; WebP may be transparent like it.
    lossy = "JPEG" if format_name == "JPEG" else "WEBP"
    while True:
        for quality in SMALLER_QUALITIES:
            data = _encoded(image, lossy, {"quality": quality, "method": 2})
            if len(data) <= limit_bytes:
                return data, lossy, image.size
        image = image.reduce(2)


def _encoded(image: Image.Image, format_name: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()
