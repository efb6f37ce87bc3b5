"""What a person may ask for, and what is said when it is not that."""

import json
import math
from pathlib import Path

import pytest

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import KINDS, Img2ImgParams, Pix2PixParams, Txt2ImgParams
from generation.checkpoints.params import as_json, complete, parse
from generation.errors import ParamsInvalid

NAN, INFINITY = math.nan, math.inf


def refused(raw: object, checkpoint: Checkpoint) -> dict[str, str]:
    with pytest.raises(ParamsInvalid) as caught:
        parse(raw, checkpoint)
    return {error.field: error.message for error in caught.value.errors}


def test_nothing_but_a_prompt_is_enough(bundled: Checkpoint) -> None:
    params = parse({"prompt": "a cat"}, bundled)
    assert params.kind == bundled.default_kind
    assert params.prompt == "a cat"
    assert params.steps == bundled.kinds[params.kind].defaults["steps"]
    assert (params.seed, params.count, params.checkpoint) == (None, 1, "bundled")


@pytest.mark.parametrize(
    ("kind", "cls"), [("img2img", Img2ImgParams), ("pix2pix", Pix2PixParams), ("txt2img", Txt2ImgParams)]
)
def test_each_kind_has_its_own_type(bundled: Checkpoint, kind: str, cls: type) -> None:
    assert type(parse({"kind": kind}, bundled)) is cls


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "0 is not between 4 and 50"),
        ("steps", 10**400, "a number of more than 40 digits is not between 4 and 50"),
        ("steps", 20.0, "20.0 is not a whole number"),
        ("steps", "20", "'20' is not a whole number"),
        ("steps", True, "True is not a whole number"),
        ("steps", [20], "[20] is not a whole number"),
        ("strength", -0.1, "-0.1 is not between 0.3 and 0.95"),
        ("strength", NAN, "nan is not between 0.3 and 0.95"),
        ("strength", False, "False is not a number"),
        ("guidance_scale", INFINITY, "inf is not between 1 and 10"),
        ("guidance_scale", -INFINITY, "-inf is not between 1 and 10"),
        ("guidance_scale", 10**400, "a number of more than 40 digits is not between 1 and 10"),
        ("seed", -1, "-1 is not between 0 and 4294967295"),
        ("seed", 2**32, "4294967296 is not between 0 and 4294967295"),
        ("seed", 2**64, "18446744073709551616 is not between 0 and 4294967295"),
        ("count", 5, "5 is not between 1 and 4"),
        ("count", 1000, "1000 is not between 1 and 4"),
        ("width_px", 8192, "8192 is not between 64 and 1536"),
        ("width_px", 100, "100 is not a multiple of 8"),
        ("height_px", 56, "56 is not between 64 and 1536"),
        ("prompt", 7, "7 is not text"),
        ("prompt", "x" * 1001, "the text is 1,001 characters long; 1,000 are allowed"),
        ("prompt", "a\0cat", "'a\\x00cat' holds a NUL or a lone surrogate, which no text has"),
        ("negative_prompt", "a\ud800", "'a\\ud800' holds a NUL or a lone surrogate, which no text has"),
        ("style", "comic", "'comic' is no style of bundled; choose flat, watercolour, crayon, ink-wash"),
        ("image_guidance_scale", 1.5, "1.5 has no effect on img2img with bundled; leave it out"),
        ("lora", "../../etc", "is not a known field"),
        ("__proto__", {}, "is not a known field"),
    ],
)
def test_a_wrong_value_is_repeated_with_what_is_allowed(
    bundled: Checkpoint, field: str, value: object, message: str
) -> None:
    assert refused({"kind": "img2img", field: value}, bundled) == {field: message}


def test_every_violation_is_told_at_once(bundled: Checkpoint) -> None:
    raw = {"kind": "pix2pix", "steps": 0, "seed": -1, "strength": 0.5, "what": 1}
    assert set(refused(raw, bundled)) == {"steps", "seed", "strength", "what"}


@pytest.mark.parametrize("kind", ["upscale", "IMG2IMG", "", 7, True, ["img2img"], {}])
def test_a_kind_that_is_not_offered_is_refused_with_the_ones_that_are(
    bundled: Checkpoint, kind: object
) -> None:
    assert "choose img2img, pix2pix, txt2img" in refused({"kind": kind}, bundled)["kind"]


@pytest.mark.parametrize("raw", [None, [], "params", 7, True])
def test_params_must_be_an_object(bundled: Checkpoint, raw: object) -> None:
    assert set(refused(raw, bundled)) == {"params"}


def test_null_is_the_same_as_left_out(bundled: Checkpoint) -> None:
    nulls = dict.fromkeys(
        ["negative_prompt", "steps", "seed", "count", "style", "strength", "image_guidance_scale"]
    )
    assert parse({"kind": "img2img", "prompt": "a", **nulls}, bundled) == parse(
        {"kind": "img2img", "prompt": "a"}, bundled
    )


def test_a_message_can_be_stored_and_sent_whatever_came_in(bundled: Checkpoint) -> None:
    for value in ("\0" * 50, "\ud800" * 5000, {"\0": ["\udfff"]}, "🎨" * 300):
        for message in refused({"prompt": "ok", "steps": value}, bundled).values():
            assert "\0" not in message
            assert len(json.dumps(message).encode()) < 1000
            message.encode()


def test_a_distilled_checkpoint_has_no_guidance_to_choose() -> None:
    turbo = catalogue.get("sd-turbo")
    assert "guidance_scale" in refused({"kind": "img2img", "guidance_scale": 7.5}, turbo)
    assert parse({"kind": "img2img"}, turbo).guidance_scale is None


@pytest.mark.parametrize(
    ("steps", "strength", "allowed"), [(1, 1.0, True), (2, 0.5, True), (2, 0.45, False), (3, 0.3, False)]
)
def test_at_least_one_step_is_drawn(steps: int, strength: float, allowed: bool) -> None:
    raw = {"kind": "img2img", "steps": steps, "strength": strength}
    if allowed:
        parse(raw, catalogue.get("sd-turbo"))
    else:
        assert "must be at least 1" in refused(raw, catalogue.get("sd-turbo"))["strength"]


@pytest.mark.parametrize(
    "name", ["bundled", "sd-turbo", "stable-diffusion-1.5", "instruct-pix2pix", "sdxl-turbo"]
)
def test_stored_params_parse_to_the_same_params(name: str) -> None:
    checkpoint = catalogue.get(name)
    for kind in checkpoint.kinds:
        params = complete(parse({"kind": kind, "prompt": "ein Häuschen 🏠"}, checkpoint), (512, 384))
        stored = json.loads(json.dumps(as_json(params)))
        assert parse(stored, checkpoint) == params


def test_stored_params_have_every_name_of_the_contract(bundled: Checkpoint) -> None:
    names = {
        "kind",
        "prompt",
        "negative_prompt",
        "strength",
        "guidance_scale",
        "image_guidance_scale",
        "steps",
    }
    names |= {
        "seed",
        "count",
        "width_px",
        "height_px",
        "checkpoint",
        "style",
        "draft",
        "keep_lines",
        "tidy_colours",
    }
    assert set(as_json(parse({}, bundled))) == names


def test_a_seed_is_drawn_once_and_kept(bundled: Checkpoint) -> None:
    params = parse({}, bundled)
    seeds = {complete(params, (512, 512)).seed for _ in range(8)}
    assert len(seeds) > 1 and all(seed is not None and 0 <= seed < 2**32 for seed in seeds)
    assert complete(parse({"seed": 0}, bundled), (512, 512)).seed == 0


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        ({}, (512, 256)),
        ({"width_px": 640}, (640, 320)),
        ({"height_px": 128}, (256, 128)),
        ({"width_px": 64, "height_px": 1536}, (64, 1536)),
        ({"width_px": 64}, (64, 64)),  # 32 would be less than a picture may have
    ],
)
def test_a_missing_side_follows_the_shape_of_the_board(
    bundled: Checkpoint, raw: dict[str, int], size: tuple[int, int]
) -> None:
    params = complete(parse(raw, bundled), (512, 256))
    assert (params.width_px, params.height_px) == size


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_row_in_the_docs(kind: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "kinds.md").read_text()
    assert f"\n| `{kind}` |" in page
