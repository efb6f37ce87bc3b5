"""Repainting a part, making larger, styles, drafts, lines and tidy colours, with tiny checkpoints of the true classes on a real engine."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from generation.checkpoints import catalogue, styles
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import Params
from generation.checkpoints.params import complete, parse, words
from generation.engine.engine import Engine
from generation.errors import CatalogueInvalid, ParamsInvalid
from generation.images import framing
from generation.pipelines import drawing, lines
from generation.work import Work
from tests.generation import tiny

WAIT_SECONDS = 120
TinyCheckpoint = Callable[..., Checkpoint]
StartEngine = Callable[..., Engine]

INPAINT = {"inpaint": "StableDiffusionInpaintPipeline"}
SD = {"txt2img": "StableDiffusionPipeline"} | INPAINT
XL = {"inpaint": "StableDiffusionXLInpaintPipeline"}
UPSCALE = {"upscale": "StableDiffusionUpscalePipeline"}
HOLE = (30, 20, 60, 50)


def init_image(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Stripes, so that a pixel that moved would be seen."""
    image = Image.new("RGB", size, "white")
    for x in range(0, size[0], 7):
        ImageDraw.Draw(image).line((x, 0, x, size[1]), fill=(40, 90, 200), width=3)
    return image


def mask(size: tuple[int, int] = (96, 64), hole: tuple[int, int, int, int] = HOLE) -> Image.Image:
    image = Image.new("L", size, 0)
    ImageDraw.Draw(image).rectangle(hole, fill=255)
    return image


def repaint(checkpoint: Checkpoint, **raw: Any) -> Work:
    params = complete(parse({"kind": "inpaint", "prompt": "a door", "seed": 3} | raw, checkpoint), (96, 64))
    return Work(checkpoint, params, init_image(), mask=mask())


def asked(checkpoint: Checkpoint, **raw: Any) -> Params:
    return parse({"prompt": "a cat"} | raw, checkpoint)


# --- a part -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "kinds"), [("sd", SD), ("inpaint", INPAINT), ("sdxl", XL)])
@pytest.mark.parametrize("fixed", [{}, {"eta": 0.0}])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_only_the_part_that_is_marked_is_repainted(
    engine: StartEngine, tiny_checkpoint: TinyCheckpoint, family: str, kinds: Any, fixed: Any, strength: float
) -> None:
    """By the step engine, and by the stock pipeline where the entry asks for what the engine does not know."""
    raw = tiny.entry(tiny.Path(), kinds)["kinds"]
    raw["inpaint"]["arguments"] = fixed
    checkpoint = tiny_checkpoint(family, kinds, kinds=raw, scheduler="EulerDiscreteScheduler")
    drawn = engine().submit(repaint(checkpoint, strength=strength)).result(WAIT_SECONDS)
    changed = (
        ImageChops.difference(drawn.pictures[0].image, init_image())
        .convert("L")
        .point(lambda value: 255 * bool(value))
    )
    box = changed.getbbox()
    assert box is not None, "nothing was repainted"
    rim = 6  # a pen covers a little more than its line
    assert HOLE[0] - rim <= box[0] and HOLE[1] - rim <= box[1]
    assert box[2] <= HOLE[2] + 1 + rim and box[3] <= HOLE[3] + 1 + rim
    inside = changed.crop((HOLE[0] + rim, HOLE[1] + rim, HOLE[2] - rim, HOLE[3] - rim))
    assert inside.histogram()[255] > inside.width * inside.height / 2


def test_a_picture_is_painted_on_to_the_edge_of_what_no_picture_covers(
    engine: StartEngine, tiny_checkpoint: TinyCheckpoint
) -> None:
    checkpoint = tiny_checkpoint("inpaint", INPAINT)
    params = complete(parse({"kind": "inpaint", "strength": 1.0, "seed": 3}, checkpoint), (96, 64))
    work = Work(checkpoint, params, init_image(), mask=mask(hole=(64, 0, 95, 63)))
    [picture] = engine().submit(work).result(WAIT_SECONDS).pictures
    changed = ImageChops.difference(picture.image, init_image()).getbbox()
    assert changed and 58 <= changed[0] <= 66 and changed[1:] == (0, 96, 64)


def test_pictures_that_are_repainted_and_others_share_the_engine(
    engine: StartEngine, tiny_checkpoint: TinyCheckpoint
) -> None:
    checkpoint = tiny_checkpoint("sd", SD, scheduler="EulerDiscreteScheduler")
    started = engine()
    whole = Work(checkpoint, complete(asked(checkpoint, kind="txt2img", seed=3), (64, 64)))
    tickets = [started.submit(work) for work in (repaint(checkpoint), whole, repaint(checkpoint, count=2))]
    first, _, others = [ticket.result(WAIT_SECONDS).pictures for ticket in tickets]
    same = ImageChops.difference(first[0].image, others[0].image).convert("L").getextrema()
    assert same[1] <= 1, "a picture is the same whoever shares its steps"
    assert ImageChops.difference(others[0].image, others[1].image).getbbox()


def test_what_is_marked_is_drawn_as_large_as_can_be() -> None:
    frame = framing.fit_mask((1024, 1024), [(512, 512)], mask((1024, 1024), (600, 600, 699, 699)))
    left, top, right, bottom = frame.window
    assert right - left < 512 and left <= 600 and top <= 600 and right >= 700 and bottom >= 700


def test_a_thin_line_marks_something() -> None:
    line = mask((512, 512), (100, 100, 100, 400))
    laid = framing.lay_mask(line, framing.fit((512, 512), [(512, 512)]))
    box = laid.getbbox()
    assert box and 8 <= box[2] - box[0] <= 64
    assert set(laid.tobytes()) == {0, 255}


# --- larger -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(24, 16), (13, 21)])
def test_a_picture_becomes_four_times_as_large(
    engine: StartEngine, tiny_checkpoint: TinyCheckpoint, size: tuple[int, int]
) -> None:
    raw = tiny.entry(tiny.Path(), UPSCALE)["kinds"]
    raw["upscale"]["arguments"] = {"noise_level": 5}
    checkpoint = tiny_checkpoint("upscale", UPSCALE, kinds=raw)
    params = complete(parse({"kind": "upscale", "seed": 1}, checkpoint), size)
    assert (params.width_px, params.height_px) == (None, None)
    ticket = engine().submit(Work(checkpoint, params, init_image(size)))
    [picture] = ticket.result(WAIT_SECONDS).pictures
    assert picture.image.size == (size[0] * 4, size[1] * 4)


def test_a_picture_that_is_too_long_is_scaled_down_before_it_becomes_larger() -> None:
    frame = framing.fit_enlarged((1500, 750), 512, 4)
    assert (frame.canvas, frame.result) == ((512, 256), (2048, 1024))


@pytest.mark.parametrize("field", ["width_px", "height_px", "style", "strength"])
def test_what_has_no_use_when_a_picture_becomes_larger_is_refused(field: str) -> None:
    value = {"style": "ink", "strength": 0.5}.get(field, 512)
    with pytest.raises(ParamsInvalid, match=f"{field}: .*has no effect on upscale with x4-upscaler"):
        asked(catalogue.get("x4-upscaler"), kind="upscale", **{field: value})


# --- looks --------------------------------------------------------------------------------------------------------


def test_a_style_adds_its_words_and_is_kept_as_its_name() -> None:
    params = asked(catalogue.get("stable-diffusion-1.5"), style="ink", negative_prompt="people.")
    style = styles.every()["ink"]
    assert (params.style, params.prompt, params.negative_prompt) == ("ink", "a cat", "people.")
    assert words(params, catalogue.get("stable-diffusion-1.5")) == {
        "prompt": f"a cat, {style.prompt}",
        "negative_prompt": f"people, {style.negative_prompt}",
    }
    [picture] = drawing.drawings(
        Work(catalogue.get("stable-diffusion-1.5"), complete(params, (512, 512)), init_image(), "x")
    )
    assert picture.arguments["prompt"] == f"a cat, {style.prompt}"


def test_a_checkpoint_without_negative_words_gets_none_from_a_style() -> None:
    turbo = catalogue.get("sd-turbo")
    assert set(words(asked(turbo, style="comic"), turbo)) == {"prompt"}


@pytest.mark.parametrize("style", ["cubist", "", 7, ["ink"], {"ink": 1}])
def test_a_style_that_is_not_known_is_refused_with_those_that_are(style: Any) -> None:
    with pytest.raises(ParamsInvalid, match=r"style: .* is no style of sd-turbo; choose watercolour, oil"):
        asked(catalogue.get("sd-turbo"), style=style)


def test_a_catalogue_names_only_styles_that_there_are(tiny_checkpoint: TinyCheckpoint) -> None:
    with pytest.raises(CatalogueInvalid, match="cubist"):
        tiny_checkpoint("sd", SD, styles=["ink", "cubist"])


# --- drafts -------------------------------------------------------------------------------------------------------


def test_a_draft_has_the_steps_that_its_kind_says(bundled: Checkpoint) -> None:
    kind = bundled.kinds["pix2pix"]
    assert asked(bundled, draft=True).steps == kind.draft_steps != kind.defaults["steps"]
    assert asked(bundled, draft=True, steps=7).steps == 7
    assert asked(bundled, draft=False).steps == asked(bundled).steps == kind.defaults["steps"]


def test_a_kind_that_makes_no_drafts_refuses_one() -> None:
    with pytest.raises(ParamsInvalid, match="draft: True has no effect"):
        asked(catalogue.get("sd-turbo"), draft=True)
    assert asked(catalogue.get("sd-turbo"), draft=False).draft is None


def test_a_draft_is_true_or_false(bundled: Checkpoint) -> None:
    with pytest.raises(ParamsInvalid, match="draft: 1 is neither true nor false"):
        asked(bundled, draft=1)


def test_a_catalogue_says_a_number_of_steps_for_drafts_that_may_be_asked_for(
    tiny_checkpoint: TinyCheckpoint,
) -> None:
    raw = tiny.entry(tiny.Path(), SD)["kinds"]
    raw["txt2img"]["draft_steps"] = 500
    with pytest.raises(CatalogueInvalid, match="draft_steps is 500"):
        tiny_checkpoint("sd", SD, kinds=raw)


# --- lines --------------------------------------------------------------------------------------------------------


def sketch(size: tuple[int, int] = (512, 512), ground: str = "white") -> Image.Image:
    """A thin ring and a wide bar."""
    image = Image.new("RGB", size, ground)
    ImageDraw.Draw(image).ellipse((60, 60, 300, 300), outline=(20, 20, 20), width=6)
    ImageDraw.Draw(image).rectangle((350, 100, 450, 400), fill=(20, 20, 20))
    return image


def test_what_is_thin_is_a_line_and_what_is_wide_is_none() -> None:
    found = lines.extract(sketch(), (512, 512))
    assert found.getpixel((180, 62)) < (40, 40, 40)
    assert found.getpixel((400, 250)) == found.getpixel((180, 180)) == (255, 255, 255)


def test_a_line_over_a_colour_comes_without_the_colour() -> None:
    on_paper, on_yellow = (
        lines.extract(sketch(ground=ground), (512, 512)) for ground in ("white", "#ffd43b")
    )
    assert on_yellow.getpixel((180, 180)) == (255, 255, 255)
    red, green, blue = (
        abs(a - b) for a, b in zip(on_paper.getpixel((180, 62)), on_yellow.getpixel((180, 62)), strict=True)
    )
    assert (
        max(red, green) < 8 and blue < 80
    )  # of blue the ground has little, so the ink takes less of it away


def test_what_an_encoder_leaves_beside_a_line_is_no_line() -> None:
    stream = io.BytesIO()
    sketch().save(stream, "JPEG", quality=60)
    found = lines.extract(Image.open(stream).convert("RGB"), (512, 512))
    assert found.crop((110, 110, 250, 250)).getextrema() == ((255, 255),) * 3


def test_lines_lie_where_they_were_drawn_in_the_size_that_was_asked_for() -> None:
    found = lines.extract(sketch(), (256, 128))
    assert found.size == (256, 128)
    # The square board stands in the middle of the wide picture, a fourth of its size: 64 + 180 / 4, 62 / 4.
    assert found.getpixel((64 + 45, 15))[0] < 128 and found.getpixel((20, 64)) == (255, 255, 255)


def test_a_picture_keeps_the_lines_of_its_sketch_unless_one_does_not_want_them(bundled: Checkpoint) -> None:
    painted = Image.new("RGB", (128, 128), (200, 80, 40))
    kept, bare = (
        drawing.drawings(
            Work(bundled, complete(asked(bundled, seed=1, **chosen), (512, 512)), sketch(), "x")
        )[0].cut(painted)
        for chosen in ({}, {"keep_lines": False})
    )
    assert bare.getpixel((180, 62)) == bare.getpixel((180, 180)) == kept.getpixel((180, 180)) == (200, 80, 40)
    assert kept.getpixel((180, 62))[0] < 40


def test_a_kind_that_keeps_no_lines_refuses_to() -> None:
    with pytest.raises(ParamsInvalid, match="keep_lines: True has no effect"):
        asked(catalogue.get("sd-turbo"), keep_lines=True)
    assert asked(catalogue.get("sd-turbo"), keep_lines=False).keep_lines is None


def test_lines_are_kept_or_not(bundled: Checkpoint, tiny_checkpoint: TinyCheckpoint) -> None:
    with pytest.raises(ParamsInvalid, match="keep_lines: 'yes' is neither true nor false"):
        asked(bundled, keep_lines="yes")
    raw = tiny.entry(tiny.Path(), SD)["kinds"]
    raw["txt2img"]["keeps_lines"] = "yes"
    with pytest.raises(CatalogueInvalid, match="keeps_lines is 'yes'"):
        tiny_checkpoint("sd", SD, kinds=raw)


def test_colours_are_tidied_or_not(bundled: Checkpoint, tiny_checkpoint: TinyCheckpoint) -> None:
    assert asked(bundled).tidy_colours is True and asked(bundled, tidy_colours=False).tidy_colours is False
    with pytest.raises(ParamsInvalid, match="tidy_colours: 'yes' is neither true nor false"):
        asked(bundled, tidy_colours="yes")
    with pytest.raises(ParamsInvalid, match="tidy_colours: True has no effect"):
        asked(catalogue.get("sd-turbo"), tidy_colours=True)
    raw = tiny.entry(tiny.Path(), SD)["kinds"]
    raw["txt2img"]["tidies_colours"] = "yes"
    with pytest.raises(CatalogueInvalid, match="tidies_colours is 'yes'"):
        tiny_checkpoint("sd", SD, kinds=raw)


def test_a_picture_is_tidied_unless_one_does_not_want_it(bundled: Checkpoint) -> None:
    paper = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(paper).rectangle((100, 100, 412, 412), outline="black", width=6)
    blotchy = Image.new("RGB", (128, 128), (220, 60, 40))
    ImageDraw.Draw(blotchy).rectangle((40, 40, 70, 70), fill=(40, 90, 220))
    tidied, plain = (
        drawing.drawings(Work(bundled, complete(asked(bundled, seed=1, **chosen), (512, 512)), paper))[0].cut(
            blotchy
        )
        for chosen in ({}, {"tidy_colours": False})
    )
    blotch, away = (200, 200), (85, 85)
    assert plain.getpixel(blotch)[2] > 200 and plain.getpixel(away) != (255, 255, 255)
    assert tidied.getpixel(blotch)[0] > 200 > 80 > tidied.getpixel(blotch)[2]
    assert tidied.getpixel(away) == (255, 255, 255)
