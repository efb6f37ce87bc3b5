"""The engine's pictures beside those of the stock pipelines: the same to 1e-5, alone and in mixed batches."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine.denoiser import Denoiser, Sample
from generation.engine.device import tuning
from generation.engine.residency import Resident
from generation.engine.sampler import Sampler
from generation.pipelines import drawing
from generation.pipelines.drawing import Drawing
from generation.pipelines.loading import load
from generation.work import Work
from tests.generation import tiny

TinyCheckpoint = Callable[..., Checkpoint]
TOLERANCE = 1e-5

SD = {
    "txt2img": "StableDiffusionPipeline",
    "img2img": "StableDiffusionImg2ImgPipeline",
    "inpaint": "StableDiffusionInpaintPipeline",
}
INPAINT = {"inpaint": "StableDiffusionInpaintPipeline"}
PIX2PIX = {"pix2pix": "StableDiffusionInstructPix2PixPipeline"}
SDXL = {"txt2img": "StableDiffusionXLPipeline", "img2img": "StableDiffusionXLImg2ImgPipeline"}
TURBO: dict[str, Any] = {"guidance_scale": 0.0}

# family, kinds, the checkpoint's scheduler, arguments that a person may not choose
CHECKPOINTS: dict[str, tuple[str, dict[str, str], str | None, dict[str, Any]]] = {
    "sd 1.5, euler": ("sd", SD, "EulerDiscreteScheduler", {}),
    "sd 1.5, ddim": ("sd", SD, "DDIMScheduler", {}),
    "sd 1.5, dpm++ 2m": ("sd", SD, "DPMSolverMultistepScheduler", {}),
    "sd 1.5, lcm": ("sd", SD, "LCMScheduler", TURBO),
    "sd-turbo": ("sd-turbo", SD, None, TURBO),
    "trained for masks": ("inpaint", INPAINT, None, {}),
    "trained for masks, ddim": ("inpaint", INPAINT, "DDIMScheduler", {}),
    "trained for masks, ancestral": ("inpaint", INPAINT, "EulerAncestralDiscreteScheduler", {}),
    "pix2pix": ("pix2pix", PIX2PIX, None, {}),
    "pix2pix, ddim": ("pix2pix", PIX2PIX, "DDIMScheduler", {}),
    "sdxl": ("sdxl", SDXL, "EulerDiscreteScheduler", {}),
    "sdxl-turbo": ("sdxl", SDXL, None, TURBO),
}
CASES = [(name, kind) for name, (_, kinds, _, _) in CHECKPOINTS.items() for kind in kinds]


def checkpoint_of(name: str, tiny_checkpoint: TinyCheckpoint) -> Checkpoint:
    family, kinds, scheduler, fixed = CHECKPOINTS[name]
    raw = tiny.entry(tiny.Path(), kinds)["kinds"]
    for kind in raw.values():
        kind["arguments"] = fixed
        kind["uses"] = [each for each in kind["uses"] if each not in fixed]
    return tiny_checkpoint(family, kinds, kinds=raw, scheduler=scheduler)


def house(colour: str) -> Image.Image:
    init_image = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(init_image).rectangle((20, 20, 60, 50), fill=colour, outline="black")
    return init_image


def wanted(checkpoint: Checkpoint, kind: str, **raw: Any) -> Drawing:
    params = complete(parse({"kind": kind, "prompt": "a house", "seed": 5} | raw, checkpoint), (64, 64))
    init_image = house("red") if params.needs_image else None
    [picture] = drawing.drawings(
        Work(checkpoint, params, init_image, mask=door() if params.needs_mask else None)
    )
    return picture


def door() -> Image.Image:
    mask = Image.new("L", (96, 64), 0)
    ImageDraw.Draw(mask).rectangle((10, 20, 60, 60), fill=255)
    return mask


def by_stock(resident: Resident, picture: Drawing, output: str) -> torch.Tensor:
    """What diffusers makes of it, alone: (1, …) latents or pixels in 0–1."""
    pipeline = resident.weights.pipeline(picture.work.params.kind)
    made: torch.Tensor = pipeline(
        **dict(picture.arguments),
        generator=torch.Generator().manual_seed(picture.seed),
        output_type=output,
    ).images
    return made


def sampler(resident: Resident, picture: Drawing) -> Sampler:
    found = resident.sampler(picture.work.params.kind)
    assert found is not None, "it must not fall back to the stock pipeline"
    return found


def drawn(resident: Resident, pictures: Sequence[Drawing], stagger: bool = False) -> list[Sample]:
    """All of them to the end, sharing every step that they can. stagger: each begins a step after the last."""
    samples = [sampler(resident, picture).begin(picture) for picture in pictures]
    denoisers: list[Denoiser] = [resident.denoiser(sampler(resident, picture)) for picture in pictures]
    turn = 0
    while not all(sample.done for sample in samples):
        turn += 1
        begun = samples[: turn if stagger else None]
        for denoiser in dict.fromkeys(denoisers):
            going = [
                sample
                for sample, own in zip(begun, denoisers, strict=False)
                if own is denoiser and not sample.done
            ]
            if going:
                denoiser.step(going)
    return samples


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.fixture
def resident(tiny_checkpoint: TinyCheckpoint) -> Callable[[str], Resident]:
    return lambda name: Resident(load(checkpoint_of(name, tiny_checkpoint), "cpu"), tuning("cpu"))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_picture_is_the_one_of_the_stock_pipeline(
    resident: Callable[[str], Resident], name: str, kind: str
) -> None:
    checkpoint = resident(name)
    picture = wanted(checkpoint.weights.checkpoint, kind, steps=7, prompt="a cat", seed=9)
    with torch.inference_mode():
        [sample] = drawn(checkpoint, [picture])
        pixels, _ = sampler(checkpoint, picture).decode(sample.latents)
        assert distance(sample.latents, by_stock(checkpoint, picture, "latent")) <= TOLERANCE
        assert distance(pixels, by_stock(checkpoint, picture, "pt")) <= TOLERANCE


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_pictures_of_every_kind_steps_and_guidance_share_their_steps_and_stay_the_same(
    resident: Callable[[str], Resident], name: str
) -> None:
    """Each begins a step after the one before, so that no two are at the same step."""
    checkpoint = resident(name)
    kinds, guided = checkpoint.weights.checkpoint.kinds, not CHECKPOINTS[name][3]
    asked: list[dict[str, Any]] = [
        {"steps": 5, "seed": 1},
        {"steps": 8, "seed": 2, "prompt": "a red cat"} | ({"guidance_scale": 1.0} if guided else {}),
        {"steps": 4, "seed": 3} | ({"guidance_scale": 9.0, "negative_prompt": "blue"} if guided else {}),
    ]
    pictures = [wanted(checkpoint.weights.checkpoint, kind, **raw) for raw in asked for kind in kinds]
    with torch.inference_mode():
        together = drawn(checkpoint, pictures, stagger=True)
        for picture, sample in zip(pictures, together, strict=True):
            [alone] = drawn(checkpoint, [picture])
            assert distance(sample.latents, alone.latents) <= TOLERANCE
            assert distance(sample.latents, by_stock(checkpoint, picture, "latent")) <= TOLERANCE
    if guided:
        assert {sample.rows for sample in together} == ({1, 3} if "pix2pix" in kinds else {1, 2})


@pytest.mark.parametrize("name", ["sd 1.5, euler", "sd 1.5, lcm", "trained for masks"])
def test_a_part_that_owes_nothing_to_what_was_there_is_the_stock_one_too(
    resident: Callable[[str], Resident], name: str
) -> None:
    checkpoint = resident(name)
    picture = wanted(checkpoint.weights.checkpoint, "inpaint", strength=1.0)
    with torch.inference_mode():
        [sample] = drawn(checkpoint, [picture])
        assert distance(sample.latents, by_stock(checkpoint, picture, "latent")) <= TOLERANCE


def test_the_guidance_of_the_board_is_the_stock_one_too(resident: Callable[[str], Resident]) -> None:
    checkpoint = resident("pix2pix")
    for image_guidance_scale in (1.0, 3.0, 0.5):  # below one there is no guidance at all
        picture = wanted(checkpoint.weights.checkpoint, "pix2pix", image_guidance_scale=image_guidance_scale)
        with torch.inference_mode():
            [sample] = drawn(checkpoint, [picture])
            assert distance(sample.latents, by_stock(checkpoint, picture, "latent")) <= TOLERANCE


@pytest.mark.parametrize("kind", ["pix2pix", "img2img", "txt2img"])
def test_the_built_in_model_is_drawn_like_its_stock_pipelines(bundled: Checkpoint, kind: str) -> None:
    checkpoint = Resident(load(bundled, "cpu"), tuning("cpu"))
    pictures = [
        wanted(bundled, kind, seed=seed, steps=4 + seed, prompt=prompt)
        for seed, prompt in enumerate(("a red house", "a boat"))
    ]
    with torch.inference_mode():
        for picture, sample in zip(pictures, drawn(checkpoint, pictures, stagger=True), strict=True):
            assert distance(sample.latents, by_stock(checkpoint, picture, "latent")) <= TOLERANCE


def test_the_kinds_of_the_built_in_model_with_its_board_channels_share_their_steps(
    bundled: Checkpoint,
) -> None:
    checkpoint = Resident(load(bundled, "cpu"), tuning("cpu"))
    one, other, beside = (
        checkpoint.denoiser(sampler(checkpoint, wanted(bundled, kind)))
        for kind in ("txt2img", "pix2pix", "img2img")
    )
    assert one is other is not beside


def test_a_scheduler_that_does_not_fit_leaves_the_kind_to_its_stock_pipeline(
    tiny_checkpoint: TinyCheckpoint,
) -> None:
    checkpoint = Resident(load(tiny_checkpoint("sd", SD, scheduler="PNDMScheduler"), "cpu"), tuning("cpu"))
    assert checkpoint.sampler("txt2img") is None


def test_an_argument_that_is_not_known_here_leaves_the_kind_to_its_stock_pipeline(
    tiny_checkpoint: TinyCheckpoint,
) -> None:
    raw = tiny.entry(tiny.Path(), SD)["kinds"]
    raw["txt2img"]["arguments"] = {"clip_skip": 1}
    entry = tiny_checkpoint("sd", SD, kinds=raw, scheduler="DDIMScheduler")
    checkpoint = Resident(load(entry, "cpu"), tuning("cpu"))
    assert checkpoint.sampler("txt2img") is None
    assert checkpoint.sampler("img2img") is not None


def test_a_prompt_is_encoded_once(resident: Callable[[str], Resident]) -> None:
    for name in ("sd 1.5, ddim", "sdxl"):
        checkpoint = resident(name)
        picture = wanted(checkpoint.weights.checkpoint, "txt2img")
        with torch.inference_mode():
            for _ in range(3):
                sampler(checkpoint, picture).begin(picture)
            sampler(checkpoint, picture).begin(wanted(checkpoint.weights.checkpoint, "img2img"))
        assert checkpoint._prompt_encoder is not None
        assert checkpoint._prompt_encoder.misses == 2, "the prompt and the empty negative one"
