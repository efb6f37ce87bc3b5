"""A part of a picture that keeps its size: outside of the mask every pixel stays, inside it fades in from the edge."""

import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine.engine import Engine
from generation.errors import SnapshotInvalid
from generation.images import storage
from generation.images.framing import Box, Size
from generation.pipelines import repainting
from generation.work import Work
from tests.generation import tiny

WAIT_SECONDS = 120
SIZES = [(600, 400), (640, 448), (333, 500), (1400, 933), (1600, 60), (31, 700)]
CANVASES = [(128, 128), (160, 112)]
INPAINT = {"inpaint": "StableDiffusionInpaintPipeline"}


def photo(size: Size, mode: str = "RGB") -> Image.Image:
    """Noise: no two neighbouring pixels are alike, so one that was moved or scaled would be seen."""
    channels = len(mode)
    return Image.frombytes(mode, size, random.Random(7).randbytes(size[0] * size[1] * channels))


def marked(size: Size, box: Box) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask


def share(size: Size, left: float, top: float, right: float, bottom: float) -> Box:
    width, height = size
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def changed(one: Image.Image, other: Image.Image) -> NDArray[np.bool_]:
    return (np.asarray(one) != np.asarray(other)).any(axis=2)


def repainted(picture: Image.Image, mask: Image.Image, colour: str = "red") -> Image.Image:
    crop = repainting.fit(mask, CANVASES)
    return repainting.put_back(picture, Image.new("RGB", crop.canvas, colour), mask, crop, 150)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "box", [(0.4, 0.3, 0.6, 0.5), (-0.1, -0.1, 0.2, 0.2), (0, 0, 1, 1), (0.9, 0.5, 1.2, 0.6)]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_outside_of_the_mask_every_pixel_stays_bit_for_bit(size: Size, box: Any, mode: str) -> None:
    picture, mask = photo(size, mode), marked(size, share(size, *box))
    result = repainted(picture, mask)
    assert (result.size, result.mode) == (size, mode)
    there = changed(result, picture)
    assert not there[np.asarray(mask) == 0].any()
    assert there[np.asarray(mask) > 0].mean() > 0.9


def test_the_edge_fades_within_the_mask() -> None:
    size = (600, 400)
    result = repainted(Image.new("RGB", size, "blue"), marked(size, (200, 100, 400, 300)))
    across = [result.getpixel((x, 200))[0] for x in range(195, 300)]  # type: ignore[index]
    assert across == sorted(across), "nothing but a way from blue to red"
    assert across[:5] == [0] * 5 and across[-1] == 255
    assert 4 <= sum(1 for red in across if 0 < red < 255) <= 16


def test_at_the_edge_of_the_picture_nothing_fades() -> None:
    size = (600, 400)
    whole = repainted(Image.new("RGB", size, "blue"), Image.new("L", size, 255))
    assert whole.getcolors() == [(600 * 400, (255, 0, 0))]
    left = Image.new("L", size, 0)
    left.paste(255, (0, 0, 300, 400))
    result = repainted(Image.new("RGB", size, "blue"), left)
    assert {result.getpixel((0, y)) for y in (0, 200, 399)} == {(255, 0, 0)}


def test_a_thin_stroke_shows_what_was_drawn() -> None:
    size = (600, 400)
    stroke = Image.new("L", size, 0)
    ImageDraw.Draw(stroke).line((100, 200, 500, 200), fill=255, width=5)
    result = repainted(Image.new("RGB", size, "blue"), stroke)
    assert result.getpixel((300, 200)) == (255, 0, 0)


def test_what_was_transparent_leaves_no_dark_rim() -> None:
    size = (600, 400)
    clear = Image.new("RGBA", size, (0, 0, 0, 0))
    result = np.asarray(repainted(clear, marked(size, (200, 100, 400, 300)), "white"))
    shown = result[..., 3] > 0
    assert result[shown][:, :3].min() >= 250 and (result[~shown] == 0).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("box", [(0, 0, 0.1, 0.1), (0.9, 0.9, 1, 1), (0.2, 0.2, 0.9, 0.9)])
def test_a_model_sees_no_white_that_is_not_in_the_picture(size: Size, box: Any) -> None:
    crop = repainting.fit(marked(size, share(size, *box)), CANVASES)
    seen = repainting.lay(Image.new("RGB", size, "blue"), crop)
    assert seen.size == crop.canvas and seen.getcolors() == [(seen.width * seen.height, (0, 0, 255))]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("box", [(0, 0, 0.1, 0.1), (0.7, 0.8, 1, 1), (0.3, 0.2, 0.8, 0.9)])
def test_what_was_drawn_comes_back_where_it_was_seen(size: Size, box: Any) -> None:
    """A picture that a model gives back as it saw it hardly changes."""
    smooth = Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 180)]
    )
    mask = marked(size, share(size, *box))
    crop = repainting.fit(mask, [(512, 512)])
    result = repainting.put_back(smooth, repainting.lay(smooth, crop), mask, crop)
    inside = np.asarray(mask) > 0
    away = np.abs(np.asarray(result, np.int16) - np.asarray(smooth, np.int16))[inside]
    assert np.percentile(away, 99) <= 12


@pytest.mark.parametrize("kind", ["inpaint", "sd"])
@pytest.mark.parametrize("fixed", [{}, {"eta": 0.0}])
def test_the_engine_and_stock_pipelines_keep_what_is_not_marked(
    engine: Callable[..., Engine], tiny_checkpoint: Callable[..., Checkpoint], kind: str, fixed: Any
) -> None:
    raw = tiny.entry(tiny.Path(), INPAINT)["kinds"]
    raw["inpaint"]["arguments"] = fixed
    checkpoint = tiny_checkpoint(kind, INPAINT, kinds=raw, scheduler="EulerDiscreteScheduler")
    params = complete(
        parse({"kind": "inpaint", "prompt": "a door", "seed": 3, "strength": 1.0}, checkpoint), None
    )
    assert params.keeps_size
    picture, mask = photo((333, 500), "RGBA"), marked((333, 500), (100, 200, 250, 300))
    [drawn] = engine().submit(Work(checkpoint, params, picture, mask=mask)).result(WAIT_SECONDS).pictures
    assert (drawn.image.size, drawn.image.mode) == ((333, 500), "RGBA")
    there = changed(drawn.image, picture)
    assert there[np.asarray(mask) > 0].mean() > 0.9 and not there[np.asarray(mask) == 0].any()


@pytest.mark.parametrize(
    ("mode", "name"),
    [("RGB", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("RGB", "WEBP"), ("L", "PNG"), ("P", "GIF")],
)
def test_a_picture_is_kept_at_its_size_with_every_pixel(media: Any, mode: str, name: str) -> None:
    picture = photo((1999, 41), mode) if mode != "P" else photo((1999, 41)).quantize(64)
    buffer = io.BytesIO()
    picture.save(buffer, name)
    stored = storage.store_whole(buffer.getvalue())
    assert (stored.width_px, stored.height_px) == (1999, 41)
    kept = storage.load_whole(stored.key)
    assert kept.mode == ("RGBA" if mode == "RGBA" else "RGB")
    buffer.seek(0)
    assert ImageChops.difference(kept, Image.open(buffer).convert(kept.mode)).getbbox() is None


def test_what_is_no_picture_is_not_kept(media: Any) -> None:
    with pytest.raises(SnapshotInvalid):
        storage.store_whole(b"no picture")
