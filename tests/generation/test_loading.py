"""Every pipeline class of the catalogue loads by the same code, from safetensors, with one set of weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.errors import CheckpointUnavailable
from generation.pipelines import drawing
from generation.pipelines.loading import LoadedCheckpoint, load, narrow_unet
from generation.work import Work
from tests.generation import tiny

TinyCheckpoint = Callable[..., Checkpoint]
SD = {"txt2img": "StableDiffusionPipeline", "img2img": "StableDiffusionImg2ImgPipeline"}
PIX2PIX = {"pix2pix": "StableDiffusionInstructPix2PixPipeline"}
SDXL = {"txt2img": "StableDiffusionXLPipeline", "img2img": "StableDiffusionXLImg2ImgPipeline"}
INPAINT = {"inpaint": "StableDiffusionInpaintPipeline"}
UPSCALE = {"upscale": "StableDiffusionUpscalePipeline"}
INIT_IMAGE = Image.new("RGB", (96, 64), "red")


def draw(
    checkpoint: Checkpoint, loaded: LoadedCheckpoint, kind: str, **raw: Any
) -> list[tuple[Image.Image, int]]:
    params = complete(parse({"kind": kind, "prompt": "a cat", "seed": 5} | raw, checkpoint), (96, 64))
    init_image = INIT_IMAGE if params.needs_image else None
    mask = Image.new("L", INIT_IMAGE.size, 255) if params.needs_mask else None
    with torch.inference_mode():
        return drawing.draw(Work(checkpoint, params, init_image, mask=mask), loaded, lambda *step: None)


@pytest.mark.parametrize(
    ("family", "kinds"),
    [("sd", SD | INPAINT), ("pix2pix", PIX2PIX), ("sdxl", SDXL), ("inpaint", INPAINT), ("upscale", UPSCALE)],
)
def test_every_pipeline_class_of_the_catalogue_draws(
    tiny_checkpoint: TinyCheckpoint, family: str, kinds: dict[str, str]
) -> None:
    checkpoint = tiny_checkpoint(family, kinds)
    loaded = load(checkpoint, "cpu")
    for kind, pipeline in kinds.items():
        [(image, seed)] = draw(checkpoint, loaded, kind)
        assert type(loaded.pipeline(kind)).__name__ == pipeline
        size = (4 * 64, 4 * 43) if kind == "upscale" else (96, 64)  # from 64 px, the longest side it takes
        assert (image.size, image.mode, seed) == (size, "RGB", 5)


def test_the_tests_cover_every_class_that_ships() -> None:
    shipped = {kind.pipeline for entry in catalogue.entries().values() for kind in entry.kinds.values()}
    assert shipped == {*SD.values(), *PIX2PIX.values(), *SDXL.values(), *INPAINT.values(), *UPSCALE.values()}


def test_a_distilled_checkpoint_draws_in_one_step_without_guidance(tiny_checkpoint: TinyCheckpoint) -> None:
    kinds = tiny.entry(Path(), SDXL)["kinds"]
    for kind in kinds.values():
        kind |= {"uses": ["prompt", "steps"], "arguments": {"guidance_scale": 0.0}}
    kinds["img2img"]["arguments"]["strength"] = 1.0
    checkpoint = tiny_checkpoint("sdxl", SDXL, kinds=kinds)
    loaded = load(checkpoint, "cpu")
    for kind in SDXL:
        assert draw(checkpoint, loaded, kind, steps=1)


def test_the_kinds_share_their_weights_but_not_their_scheduler(tiny_checkpoint: TinyCheckpoint) -> None:
    loaded = load(tiny_checkpoint("sd", SD), "cpu")
    first, second = loaded.pipeline("txt2img"), loaded.pipeline("img2img")
    for part in ("unet", "vae", "text_encoder"):
        assert getattr(first, part) is getattr(second, part)
    assert first.scheduler is not second.scheduler
    assert loaded.pipeline("txt2img") is first


def test_another_scheduler_can_be_named(tiny_checkpoint: TinyCheckpoint) -> None:
    loaded = load(tiny_checkpoint("sd", SD, scheduler="EulerDiscreteScheduler"), "cpu")
    scheduler = loaded.pipeline("txt2img").scheduler
    assert type(scheduler).__name__ == "EulerDiscreteScheduler"
    assert scheduler.config.beta_schedule == "scaled_linear", "the numbers stay the checkpoint's own"


def test_a_narrowed_unet_is_the_wide_one_with_nothing_on_its_other_channels(
    tiny_checkpoint: TinyCheckpoint,
) -> None:
    wide = load(tiny_checkpoint("pix2pix", PIX2PIX), "cpu").pipeline("pix2pix").unet
    narrow = narrow_unet(wide, 4)
    latents, words = torch.randn(1, 4, 8, 8), torch.randn(1, 5, 32)
    with torch.inference_mode():
        expected = wide(torch.cat([latents, torch.zeros(1, 4, 8, 8)], 1), 500, words).sample
        assert torch.allclose(narrow(latents, 500, words).sample, expected, atol=1e-5)
    shared = {id(weight) for weight in wide.parameters()} & {id(weight) for weight in narrow.parameters()}
    assert len(shared) == len(list(wide.parameters())) - 1, "all but conv_in's weight"
    assert (wide.config.in_channels, narrow.config.in_channels) == (8, 4)
    assert wide.conv_in.weight.shape[1] == 8


def test_the_kinds_of_a_wide_unet_need_no_second_file(tiny_checkpoint: TinyCheckpoint) -> None:
    kinds = tiny.entry(Path(), PIX2PIX | SD)["kinds"]
    kinds["txt2img"]["unet_channels"] = kinds["img2img"]["unet_channels"] = 4
    checkpoint = tiny_checkpoint("pix2pix", PIX2PIX | SD, kinds=kinds)
    loaded = load(checkpoint, "cpu")
    for kind in kinds:
        assert draw(checkpoint, loaded, kind)


def test_weights_that_are_not_safetensors_are_not_read(
    tiny_checkpoint: TinyCheckpoint, tmp_path: Path
) -> None:
    import shutil

    checkpoint = tiny_checkpoint("sd", SD)
    assert checkpoint.folder
    folder = shutil.copytree(checkpoint.folder, tmp_path / "pickled")
    (folder / "unet/diffusion_pytorch_model.safetensors").rename(folder / "unet/diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointUnavailable, match="cannot be loaded"):
        load(catalogue.add("pickled", tiny.entry(folder, SD)), "cpu")


def test_a_damaged_file_is_told_as_such(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> None:
    import shutil

    checkpoint = tiny_checkpoint("sd", SD)
    assert checkpoint.folder
    folder = shutil.copytree(checkpoint.folder, tmp_path / "damaged")
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointUnavailable, match="cannot be loaded"):
        load(catalogue.add("damaged", tiny.entry(folder, SD)), "cpu")


def test_offline_a_hub_checkpoint_that_is_not_here_says_what_to_do(settings: Any) -> None:
    settings.ATELIER_OFFLINE = True
    with pytest.raises(CheckpointUnavailable) as caught:
        load(catalogue.get("sd-turbo"), "cpu")
    assert "not on this machine" in caught.value.message
    assert "manage.py checkpoints fetch sd-turbo" in caught.value.message
    assert caught.value.retryable


def test_a_missing_package_says_what_to_do(tiny_checkpoint: TinyCheckpoint) -> None:
    component = {"package": "no_such_package", "folder": "model", "loader": "AutoModel"}
    checkpoint = tiny_checkpoint("sd", SD, components={"text_encoder": component})
    with pytest.raises(CheckpointUnavailable, match="no_such_package is missing"):
        load(checkpoint, "cpu")


def test_a_class_that_is_no_pipeline_is_refused(tiny_checkpoint: TinyCheckpoint) -> None:
    checkpoint = tiny_checkpoint("sd", {"txt2img": "UNet2DConditionModel"})
    with pytest.raises(CheckpointUnavailable, match="not a pipeline of diffusers"):
        load(checkpoint, "cpu")
