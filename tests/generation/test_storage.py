"""Image bytes: checked before they are decoded, cleaned, named by their content, with their recipe."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from PIL import Image, ImageCms

from generation.errors import SnapshotInvalid, StorageUnavailable
from generation.images import pixels, storage
from generation.images.header import read_header
from tests.generation.test_image_header import encoded, png_bomb

RECIPE = {
    "kind": "img2img",
    "prompt": "ein Häuschen 🏠\nam See",
    "negative_prompt": "rain",
    "seed": 7,
    "checkpoint": "bundled",
    "steps": 12,
    "strength": 0.5,
    "guidance_scale": 3.0,
}
DIGITAL_SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def stored(picture: Image.Image) -> tuple[storage.StoredImage, bytes]:
    image = storage.store_image(picture, RECIPE)
    with storage.open_key(image.key) as file:
        return image, file.read()


def test_a_picture_comes_back_pixel_by_pixel(media: Path) -> None:
    picture = Image.effect_noise((64, 48), 50).convert("RGB")
    image, data = stored(picture)
    assert Image.open(io.BytesIO(data)).tobytes() == picture.tobytes()
    assert (image.width_px, image.height_px, image.mime_type) == (64, 48, "image/png")
    assert image.size_bytes == len(data)


def test_a_key_is_made_of_the_content(media: Path) -> None:
    image, data = stored(Image.new("RGB", (8, 8), "red"))
    digest = hashlib.sha256(data).hexdigest()
    assert image.sha256 == digest
    assert image.key == f"images/{digest[:2]}/{digest}.png"


def test_what_is_there_is_never_written_again(media: Path) -> None:
    first, _ = stored(Image.new("RGB", (8, 8), "red"))
    path = media / first.key
    written = path.stat().st_mtime_ns
    second, _ = stored(Image.new("RGB", (8, 8), "red"))
    assert second == first
    assert path.stat().st_mtime_ns == written
    assert len(list(media.rglob("*.png"))) == 1


def test_what_somebody_died_over_while_writing_it_is_written_again(media: Path) -> None:
    first, data = stored(Image.new("RGB", (8, 8), "red"))
    (media / first.key).write_bytes(data[:20])
    assert storage.find_bytes(data, "images") is None
    assert stored(Image.new("RGB", (8, 8), "red")) == (first, data)
    assert len(list(media.rglob("*.png"))) == 1


def test_two_who_store_the_same_at_once_leave_one_file(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = stored(Image.new("RGB", (8, 8), "red"))
    # The other one's file appears just after we looked for it.
    looked = iter([False])
    path_exists = default_storage.exists
    monkeypatch.setattr(
        default_storage._wrapped, "exists", lambda name: next(looked, True) and path_exists(name)
    )
    assert storage.store_image(Image.new("RGB", (8, 8), "red"), RECIPE) == first
    assert len(list(media.rglob("*.png"))) == 1


def test_the_recipe_is_in_the_file_for_people_and_for_programs(media: Path) -> None:
    _, data = stored(Image.new("RGB", (8, 8)))
    texts = Image.open(io.BytesIO(data)).text  # type: ignore[attr-defined]
    assert json.loads(texts["atelier"]) == RECIPE
    assert texts["parameters"] == (
        "ein Häuschen 🏠\nam See\nNegative prompt: rain\n"
        "Steps: 12, CFG scale: 3.0, Denoising strength: 0.5, Seed: 7, Model: bundled, Kind: img2img"
    )


def test_the_file_says_that_a_machine_drew_it(media: Path) -> None:
    _, data = stored(Image.new("RGB", (8, 8)))
    xmp = Image.open(io.BytesIO(data)).text["XML:com.adobe.xmp"]  # type: ignore[attr-defined]
    packet = ElementTree.fromstring(re.sub(r"<\?xpacket.*?\?>", "", xmp).strip())
    found = [element.text for element in packet.iter(DIGITAL_SOURCE_TYPE)]
    assert found == ["http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"]
    assert b"\0\0\0\0\0<?xpacket" in data, "readers look for the packet uncompressed"


def test_a_storage_that_fails_is_told_as_such(media: Path, settings: Any) -> None:
    media.write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable) as caught:
        storage.store_image(Image.new("RGB", (8, 8)), RECIPE)
    assert caught.value.transient
    with pytest.raises(StorageUnavailable):
        storage.load_picture("images/aa/nothing.png")


def test_a_snapshot_is_flat_on_white_and_keeps_its_shape(media: Path) -> None:
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 100, 100))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    kept, size = storage.store_snapshot(buffer.getvalue())
    assert size == (200, 100)
    assert kept.key.startswith("snapshots/")
    picture = storage.load_picture(kept.key)
    assert picture.getpixel((50, 50)) == (255, 0, 0)
    assert picture.getpixel((150, 50)) == (255, 255, 255)


def test_a_large_snapshot_is_scaled_down(media: Path) -> None:
    kept, size = storage.store_snapshot(encoded("JPEG", (4000, 1000)))
    assert size == (4000, 1000)
    assert (kept.width_px, kept.height_px) == (1536, 384)


@pytest.mark.parametrize("check", [storage.check_image, storage.clean_image, storage.store_snapshot])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(
    media: Path, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", None)  # nobody may get as far as that
    with pytest.raises(SnapshotInvalid) as caught:
        check(png_bomb(9000, 9000))
    assert caught.value.code == "image_too_many_pixels"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF"])
def test_damaged_files_are_refused(media: Path, format_name: str) -> None:
    data = encoded(format_name, (300, 300))
    with pytest.raises(SnapshotInvalid) as caught:
        storage.store_snapshot(data[: len(data) // 2])
    assert caught.value.code == "image_broken"


def test_a_png_with_a_text_bomb_is_refused(media: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("bomb", "x" * 80_000_000, zip=True)
    with pytest.raises(SnapshotInvalid):
        storage.store_snapshot(encoded("PNG", pnginfo=info))


def test_a_file_is_checked_without_reading_more_than_is_allowed() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1) -> bytes:
            self.asked += size
            return b"\x89PNG\r\n\x1a\n" + bytes(size - 8)

        def tell(self) -> int:
            return 0

        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

    endless = Endless()
    with pytest.raises(SnapshotInvalid) as caught:
        storage.check_image(endless)  # type: ignore[arg-type]
    assert caught.value.code == "image_too_large"
    assert endless.asked <= 10 * 1024 * 1024 + 1


def test_a_checked_file_is_put_back_where_it_was() -> None:
    file = io.BytesIO(b"head" + encoded("PNG"))
    file.seek(4)
    assert storage.check_image(file).format == "PNG"
    assert file.tell() == 4


@pytest.mark.parametrize(
    ("format_name", "cleaned"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WEBP"), ("GIF", "PNG")]
)
def test_an_upload_is_written_anew(format_name: str, cleaned: str) -> None:
    data, header = storage.clean_image(encoded(format_name) + b"<script>alert(1)</script>")
    assert b"script" not in data
    assert (header.format, header.width_px, header.height_px, header.size_bytes) == (
        cleaned,
        60,
        40,
        len(data),
    )
    assert storage.check_image(data) == header


def test_where_a_photo_was_taken_is_not_kept_but_its_orientation_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    exif[0x010F] = "Secret Camera"
    data, header = storage.clean_image(encoded("JPEG", (60, 40), exif=exif))
    assert (header.width_px, header.height_px) == (40, 60)
    assert not Image.open(io.BytesIO(data)).getexif()
    assert b"Secret" not in data


@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_damaged_metadata_cost_nobody_a_picture(format_name: str) -> None:
    _, header = storage.clean_image(encoded(format_name, (60, 40), exif=b"Exif\0\0MM\0"))
    assert (header.width_px, header.height_px) == (60, 40)


@pytest.mark.parametrize("space", ["sRGB", "XYZ"])
@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP"])
def test_colours_are_brought_to_srgb_and_no_profile_is_kept(format_name: str, space: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()  # type: ignore[arg-type]
    data, _ = storage.clean_image(encoded(format_name, icc_profile=profile))
    image = Image.open(io.BytesIO(data))
    assert "icc_profile" not in image.info
    red, green, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 240 and green < 15 and blue < 15


def test_comments_are_not_kept() -> None:
    data, _ = storage.clean_image(encoded("JPEG", comment=b"secret"))
    assert b"secret" not in data


def test_a_profile_that_is_rubbish_is_ignored() -> None:
    data, _ = storage.clean_image(encoded("PNG", icc_profile=b"rubbish"))
    assert Image.open(io.BytesIO(data)).getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_is_understood(mode: str) -> None:
    image = Image.new(mode, (20, 10), 65535 if mode == "I;16" else 1 if mode == "1" else None or 0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data, _ = storage.clean_image(buffer.getvalue())
    cleaned = Image.open(io.BytesIO(data))
    assert cleaned.mode != "I;16", "not every program shows 16 bits"
    if mode in {"I;16", "1"}:
        assert cleaned.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_photograph_does_not_grow_and_its_export_comes_back(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Image.merge("RGB", [Image.effect_noise((1_200, 900), 60) for _ in range(3)])
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=72, exif=exif)
    first, header = storage.clean_image(buffer.getvalue())
    assert header.format == "JPEG" and len(first) <= len(buffer.getvalue())
    again, _ = storage.clean_image(first)
    assert again == first


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP"])
def test_no_result_is_larger_than_the_limit(format_name: str) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((300, 200), 120) for _ in range(3)])
    buffer = io.BytesIO()
    noise.save(buffer, format_name)
    data = buffer.getvalue()
    cleaned, _, size = pixels.clean(data, read_header(data), 20_000)
    assert len(cleaned) <= 20_000 and size[0] * 2 == size[1] * 3


def test_a_picture_that_ends_too_early_is_shown_as_far_as_it_goes() -> None:
    photo = Image.effect_noise((300, 300), 60).convert("RGB")
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    data, header = storage.clean_image(buffer.getvalue()[: buffer.tell() // 2])
    shown = Image.open(io.BytesIO(data))
    assert header.format == "PNG" and shown.size == (300, 300)
    assert shown.getpixel((5, 5)) == (*photo.getpixel((5, 5)), 255)  # type: ignore[misc]
    assert shown.getpixel((5, 299)) == (0, 0, 0, 0)
