"""Watercolour, crayon, ink wash and flat colour: finishes of the built-in model's pictures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench.bundled import edges
from generation.checkpoints import catalogue, styles
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import Params
from generation.checkpoints.params import complete, parse, words
from generation.errors import CatalogueInvalid, ParamsInvalid
from generation.pipelines import drawing, lines, looks
from generation.work import Work

TinyCheckpoint = Callable[..., Checkpoint]

SD = {"txt2img": "StableDiffusionPipeline"}
RED, BLUE = (215, 60, 45), (60, 110, 210)
LEFT, RIGHT = (96, 150, 256, 400), (256, 150, 416, 400)
PAPER_MIN = 250


@pytest.fixture
def bundled() -> Checkpoint:
    return catalogue.get("bundled")


def sketch() -> Image.Image:
    sheet = Image.new("RGB", (512, 512), "white")
    for box in (LEFT, RIGHT):
        ImageDraw.Draw(sheet).rectangle(box, outline="black", width=7)
    return sheet


def painted() -> Image.Image:
    sheet = Image.new("RGB", (512, 512), "white")
    for box, colour in ((LEFT, RED), (RIGHT, BLUE)):
        ImageDraw.Draw(sheet).rectangle(box, fill=colour)
    return sheet


def finished(look: str, seed: int = 1) -> Image.Image:
    return looks.finish(painted(), lines.extract(sketch(), (512, 512)), look, seed)


def asked(checkpoint: Checkpoint, **chosen: Any) -> Params:
    return complete(parse({"prompt": "a cat", "seed": 1, **chosen}, checkpoint), (512, 512))


def test_there_is_a_look_for_each_name_and_a_thumbnail_of_each(bundled: Checkpoint) -> None:
    assert tuple(looks.LOOKS) == styles.LOOKS == bundled.styles
    for name in bundled.styles:
        path = styles.thumbnail(bundled.name, name)
        assert path is not None
        with Image.open(styles.STATIC / path) as thumbnail:
            assert thumbnail.size == (192, 144)


@pytest.mark.parametrize("look", styles.LOOKS)
def test_a_seed_gives_a_look_once_and_for_all(look: str) -> None:
    assert finished(look).tobytes() == finished(look).tobytes()
    same = finished(look).tobytes() == finished(look, seed=2).tobytes()
    assert same == (look == "flat")


@pytest.mark.parametrize("look", styles.LOOKS)
def test_paint_stays_within_the_outline_and_paper_white(look: str) -> None:
    picture = np.asarray(finished(look)).min(2)
    outside = np.asarray(sketch().convert("L")) > 128
    left, top, right, bottom = LEFT[0] - 10, LEFT[1] - 10, RIGHT[2] + 10, RIGHT[3] + 10
    outside[top:bottom, left:right] = False
    assert picture[outside].min() >= PAPER_MIN


@pytest.mark.parametrize("look", styles.LOOKS)
def test_a_look_keeps_the_edges_of_the_sketch(look: str) -> None:
    # Strokes of a crayon are edges, too.
    assert edges.agreement(sketch(), finished(look)).f1 > (0.8 if look == "crayon" else 0.9)


@pytest.mark.parametrize("look", ["flat", "watercolour", "crayon"])
def test_a_colour_stays_what_it_is(look: str) -> None:
    picture = np.asarray(finished(look)).astype(float)
    left, right = (picture[180:370, x : x + 100].mean((0, 1)) for x in (125, 285))
    assert left[0] > left[1] + 60 and left[0] > left[2] + 60
    assert right[2] > right[0] + 60


def test_ink_wash_has_no_colour() -> None:
    assert np.ptp(np.asarray(finished("ink-wash")).astype(int), axis=2).max() <= 24


@pytest.mark.parametrize("size", [(64, 96), (512, 200), (1024, 768)])
@pytest.mark.parametrize("look", styles.LOOKS)
def test_a_look_suits_any_size_also_without_lines(look: str, size: tuple[int, int]) -> None:
    picture = painted().resize(size)
    assert looks.finish(picture, None, look, 3).size == size
    empty = looks.finish(Image.new("RGB", size, "white"), None, look, 3)
    assert np.asarray(empty).min() >= PAPER_MIN


def test_a_look_adds_no_words_and_is_refused_where_it_is_unknown(bundled: Checkpoint) -> None:
    params = asked(bundled, style="watercolour")
    assert params.style == "watercolour" and words(params, bundled)["prompt"] == "a cat"
    with pytest.raises(ParamsInvalid, match="'oil' is no style of bundled; choose flat, watercolour, crayon"):
        asked(bundled, style="oil")


def test_a_picture_gets_the_look_that_was_asked_for(bundled: Checkpoint) -> None:
    def cut(**chosen: Any) -> Image.Image:
        work = Work(bundled, asked(bundled, **chosen), sketch())
        return drawing.drawings(work)[0].cut(Image.new("RGB", (128, 128), RED))

    plain, washed = (np.asarray(each).astype(int) for each in (cut(), cut(style="ink-wash")))
    assert np.ptp(plain[275, 180]) > 100 and np.ptp(washed, axis=2).max() <= 24
    assert cut(style="crayon", seed=5).tobytes() == cut(style="crayon", seed=5).tobytes()


def test_a_look_leaves_the_unmasked_part_alone(bundled: Checkpoint) -> None:
    mask = Image.new("L", (512, 512))
    ImageDraw.Draw(mask).rectangle((200, 200, 300, 300), fill=255)
    params = asked(bundled, kind="inpaint", style="ink-wash")
    repainted = drawing.drawings(Work(bundled, params, painted(), mask=mask))[0].cut(
        Image.new("RGB", (128, 128), RED)
    )
    kept = np.ones((512, 512), bool)
    kept[160:340, 160:340] = False
    assert (np.asarray(repainted)[kept] == np.asarray(painted())[kept]).all()
    assert np.ptp(np.asarray(repainted)[250, 250].astype(int)) <= 24


def test_a_catalogue_gives_only_looks_that_there_are(
    bundled: Checkpoint, tiny_checkpoint: TinyCheckpoint
) -> None:
    with pytest.raises(CatalogueInvalid, match="styles_as is 'paint'; use words or looks"):
        tiny_checkpoint("sd", SD, styles_as="paint")
    with pytest.raises(CatalogueInvalid, match="styles names oil; looks are flat"):
        tiny_checkpoint("sd", SD, styles=["flat", "oil"], styles_as="looks")
    assert replace(bundled, styles_as="words").style_words("crayon").prompt.startswith("wax crayon")
