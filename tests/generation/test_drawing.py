"""What the bundled checkpoint draws: real diffusion, one picture for one seed, in the size asked for."""

from typing import Any

import pytest
import torch
from PIL import Image, ImageChops, ImageDraw

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.errors import PictureWithheld
from generation.pipelines import drawing
from generation.pipelines.loading import LoadedCheckpoint, load
from generation.work import Work

KINDS = ["pix2pix", "img2img", "txt2img"]


@pytest.fixture(scope="module")
def loaded() -> LoadedCheckpoint:
    return load(catalogue.get("bundled"), "cpu")


def house() -> Image.Image:
    init_image = Image.new("RGB", (400, 300), "white")
    lines = ImageDraw.Draw(init_image)
    lines.rectangle((120, 140, 280, 270), outline="black", width=5)
    lines.polygon([(100, 140), (200, 40), (300, 140)], outline="black", width=5)
    return init_image


def draw(
    loaded: LoadedCheckpoint, kind: str, together: bool = False, **raw: Any
) -> list[tuple[Image.Image, int]]:
    checkpoint: Checkpoint = loaded.checkpoint
    params = complete(
        parse({"kind": kind, "prompt": "a house", "seed": 3, "steps": 4} | raw, checkpoint), (512, 384)
    )
    init_image = house() if params.needs_image else None
    with torch.inference_mode():
        return drawing.draw(Work(checkpoint, params, init_image), loaded, lambda *step: None, together)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_something_with_colour(loaded: LoadedCheckpoint, kind: str) -> None:
    [(image, _)] = draw(loaded, kind)
    assert (image.size, image.mode) == ((512, 384), "RGB")
    red, green, blue = image.split()
    assert (
        max(
            ImageChops.difference(red, blue).getextrema()[1],
            ImageChops.difference(red, green).getextrema()[1],
        )
        > 60
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_picture(loaded: LoadedCheckpoint, kind: str) -> None:
    first, again, other = draw(loaded, kind), draw(loaded, kind), draw(loaded, kind, seed=4)
    assert first[0][0].tobytes() == again[0][0].tobytes()
    assert first[0][0].tobytes() != other[0][0].tobytes()


def test_colour_goes_where_the_sketch_is(loaded: LoadedCheckpoint) -> None:
    """Over a few seeds, for no model keeps to it every time."""
    inside = outside = 0.0
    for image, _ in draw(loaded, "pix2pix", steps=8, count=4):
        drawn = image.convert("L").point([255 * (value < 225) for value in range(256)])
        box = drawn.crop((128, 51, 384, 346))
        inside += box.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[operator]
        drawn.paste(0, (128, 51, 384, 346))
        outside += drawn.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[operator]
    assert inside > 4 * outside


def test_each_of_several_pictures_is_the_one_that_its_seed_gives_alone(loaded: LoadedCheckpoint) -> None:
    several = draw(loaded, "pix2pix", count=3)
    assert [seed for _, seed in several] == [3, 4, 5]
    [(alone, _)] = draw(loaded, "pix2pix", seed=5)
    assert several[2][0].tobytes() == alone.tobytes()


def test_seeds_start_over_after_the_last_one(loaded: LoadedCheckpoint) -> None:
    assert [seed for _, seed in draw(loaded, "txt2img", seed=2**32 - 1, count=2)] == [2**32 - 1, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_together_pictures_are_nearly_the_same(loaded: LoadedCheckpoint, kind: str) -> None:
    together, apart = draw(loaded, kind, together=True, count=2), draw(loaded, kind, count=2)
    assert [seed for _, seed in together] == [seed for _, seed in apart]
    for (one, _), (other, _) in zip(together, apart, strict=True):
        assert max(high for _, high in ImageChops.difference(one, other).getextrema()) <= 8  # type: ignore[misc]


def test_more_guidance_and_other_words_change_the_picture(loaded: LoadedCheckpoint) -> None:
    plain = draw(loaded, "pix2pix")[0][0].tobytes()
    for change in (
        {"prompt": "a blue house"},
        {"negative_prompt": "red"},
        {"guidance_scale": 5.0},
        {"image_guidance_scale": 3.0},
    ):
        assert draw(loaded, "pix2pix", **change)[0][0].tobytes() != plain


def test_a_prompt_longer_than_the_text_encoder_reads_is_cut_not_refused(loaded: LoadedCheckpoint) -> None:
    assert draw(loaded, "txt2img", prompt="a red house by the sea " * 40)


def test_a_withheld_picture_is_left_out_and_none_at_all_is_an_error(
    loaded: LoadedCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Flagging:
        """Stands for a pipeline with a safety checker that dislikes odd seeds."""

        num_timesteps = 1

        def __call__(self, **arguments: Any) -> Any:
            [generator] = arguments["generator"]
            output = type("Output", (), {})()
            output.images = [Image.new("RGB", (128, 128))]
            output.nsfw_content_detected = [generator.initial_seed() % 2 == 1]
            return output

    monkeypatch.setitem(loaded._pipelines, "txt2img", Flagging())
    assert [seed for _, seed in draw(loaded, "txt2img", seed=3, count=4)] == [4, 6]
    with pytest.raises(PictureWithheld):
        draw(loaded, "txt2img", seed=3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_heard_of_once(loaded: LoadedCheckpoint, kind: str) -> None:
    checkpoint = loaded.checkpoint
    params = complete(
        parse({"kind": kind, "prompt": "a house", "steps": 6, "count": 2, "seed": 1}, checkpoint), (128, 128)
    )
    heard: list[tuple[int, int, int]] = []

    def on_step(round_number: int, step: int, steps: int, latents: torch.Tensor) -> None:
        heard.append((round_number, step, steps))
        assert latents.shape == (1, 8, 16, 16)

    with torch.inference_mode():
        drawing.draw(Work(checkpoint, params, house() if params.needs_image else None), loaded, on_step)
    drawn = heard[0][2]
    assert heard == [(number, step, drawn) for number in (0, 1) for step in range(1, drawn + 1)]


@pytest.mark.parametrize(
    ("synonym", "known", "other"), [("a puppy", "a dog", "a house"), ("a yacht", "a boat", "a cat")]
)
def test_words_that_mean_the_same_are_near(
    loaded: LoadedCheckpoint, synonym: str, known: str, other: str
) -> None:
    pipeline = loaded.pipeline("pix2pix")

    def meaning(words: str) -> torch.Tensor:
        tokens = pipeline.tokenizer(words, return_tensors="pt")
        with torch.inference_mode():
            return pipeline.text_encoder(**tokens).last_hidden_state.mean(1)[0]

    def nearness(a: str, b: str) -> float:
        return float(torch.cosine_similarity(meaning(a), meaning(b), dim=0))

    assert nearness(synonym, known) > nearness(synonym, other) + 0.1


def test_the_words_decide_the_colour(loaded: LoadedCheckpoint) -> None:
    """Where something is drawn over, a green house is greener than a red one."""

    def greenness(prompt: str) -> float:
        ((picture, _),) = draw(loaded, "pix2pix", prompt=prompt, steps=12)
        red, green, _ = picture.resize((64, 48)).split()
        pairs = zip(red.tobytes(), green.tobytes(), strict=True)
        drawn = [g - r for r, g in pairs if min(r, g) < 200]
        return sum(drawn) / max(1, len(drawn))

    assert greenness("a green house") > greenness("a red house") + 20
