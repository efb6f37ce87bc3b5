"""Images are judged by their headers: format, bytes, pixels."""

import io
import struct
import zlib

import pytest
from PIL import Image

from generation.errors import SnapshotInvalid
from generation.images.header import IMAGE_MAX_BYTES, read_header


def encoded(format_name: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, format_name, **options)
    return buffer.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of one colour, as small as PNG gets: 81 megapixels in about 10 KB."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def code(data: bytes) -> str:
    with pytest.raises(SnapshotInvalid) as caught:
        read_header(data)
    return caught.value.code


@pytest.mark.parametrize("size", [(1, 1), (60, 40), (1000, 3), (3, 1000)])
@pytest.mark.parametrize(
    ("format_name", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(5000), "comment": b"\xff" * 100}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"icc_profile": bytes(200)}),
        ("GIF", {}),
        ("AVIF", {}),
        ("BMP", {}),
    ],
)
def test_format_and_size_are_read_from_the_first_bytes(
    format_name: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    data = encoded(format_name, size, **options)
    header = read_header(data)
    assert (header.format, header.width_px, header.height_px) == (format_name, *size)
    assert header.mime_type == f"image/{format_name.lower()}"
    assert header.size_bytes == len(data)


def test_an_icon_is_as_large_as_the_largest_picture_in_it() -> None:
    header = read_header(encoded("ICO", (300, 200), sizes=[(16, 16), (48, 32), (200, 100)]))
    assert (header.format, header.width_px, header.height_px) == ("ICO", 150, 100)


def test_a_bitmap_whose_first_row_is_the_upper_one_has_a_negative_height() -> None:
    data = bytearray(encoded("BMP"))
    data[22:26] = struct.pack("<i", -40)
    assert read_header(bytes(data)).height_px == 40


def test_a_small_file_of_81_megapixels_is_refused() -> None:
    bomb = png_bomb(9000, 9000)
    assert len(bomb) < 20_000
    assert code(bomb) == "image_too_many_pixels"


@pytest.mark.parametrize(
    "size", [(14_000, 14_000), (16_385, 1), (1, 16_385), (2**31 - 1, 1), (2**32 - 1, 2**32 - 1)]
)
def test_too_many_pixels_or_too_long_a_side_is_refused(size: tuple[int, int]) -> None:
    header = struct.pack(">II", *size)
    assert code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + bytes(5)) == "image_too_many_pixels"


def test_the_largest_allowed_size_is_allowed() -> None:
    header = struct.pack(">II", 6000, 4000)
    assert read_header(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + bytes(5)).width_px == 6000


def test_too_many_bytes_are_refused() -> None:
    assert code(encoded("PNG") + bytes(IMAGE_MAX_BYTES)) == "image_too_large"


@pytest.mark.parametrize("format_name", ["TIFF", "PPM", "TGA", "EPS", "PDF", "JPEG2000"])
def test_other_formats_are_refused(format_name: str) -> None:
    assert code(encoded(format_name)) == "image_format"


@pytest.mark.parametrize(
    "data", [b"<svg onload='alert(1)'/>", b"GIF90a", b"MZ" * 50, b"\0", b"RIFF\0\0\0\0WAVE"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    assert code(data) == "image_format"


def test_an_empty_file_is_refused() -> None:
    assert code(b"") == "image_empty"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "ICO"])
def test_a_file_that_is_cut_off_is_refused_or_read_but_never_crashes(format_name: str) -> None:
    data = encoded(format_name)
    for length in range(1, min(len(data), 400)):
        try:
            read_header(data[:length])
        except SnapshotInvalid as error:
            assert error.code in {"image_broken", "image_format"}


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(13), b"GIF89a" + bytes(10)])
def test_a_picture_without_extent_is_refused(data: bytes) -> None:
    assert code(data) == "image_broken"
