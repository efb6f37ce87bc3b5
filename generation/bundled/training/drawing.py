"""The trained model as a diffusers pipeline, and contact sheets of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from PIL import Image, ImageDraw
from torch import Tensor

from .recipe import SCHEDULER
from .text import Text

STEPS = 8
GUIDANCE_SCALE = 3.5
IMAGE_GUIDANCE_SCALE = 1.5
LABEL_HEIGHT_PX = 14
AT_ONCE = 16


def pipeline(
    unet: UNet2DConditionModel, vae: AutoencoderTiny, text: Text
) -> StableDiffusionInstructPix2PixPipeline:
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=vae, text_encoder=text.model, tokenizer=text.tokenizer, unet=unet, scheduler=DDIMScheduler(**SCHEDULER),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    return pipe


def from_folder(folder: Path, device: torch.device) -> StableDiffusionInstructPix2PixPipeline:
    """The pipeline of an exported checkpoint."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).to(device)
    vae = AutoencoderTiny.from_pretrained(folder / "vae", torch_dtype=torch.float32).to(device)
    return pipeline(unet.eval(), vae.eval(), Text(device))


def draw(
    pipe: StableDiffusionInstructPix2PixPipeline,
    init_images: Tensor,
    words: Sequence[str],
    steps: int = STEPS,
    guidance_scale: float = GUIDANCE_SCALE,
    image_guidance_scale: float = IMAGE_GUIDANCE_SCALE,
    seed: int = 0,
) -> Tensor:
    """Init images (n, 3, s, s) in 0..1 and n prompts -> pictures of the same shape. Picture i depends on `seed` and i only."""
    made = []
    for first in range(0, len(words), AT_ONCE):
        some = init_images[first : first + AT_ONCE]
        chances = [torch.Generator().manual_seed(1000 * seed + first + n) for n in range(len(some))]
        result = pipe(
            prompt=list(words[first : first + AT_ONCE]), image=some, num_inference_steps=steps, guidance_scale=guidance_scale,
            image_guidance_scale=image_guidance_scale, generator=chances, output_type="pt",
        )  # fmt: skip
        made.append(result.images.float().cpu())
    return torch.cat(made)


def rows(pictures: Sequence[Tensor], labels: Sequence[str]) -> Image.Image:
    """Contact sheet: each tensor (n, 3, s, s) is a row, each label stands above its column."""
    side = pictures[0].shape[-1]
    sheet = Image.new("RGB", (len(labels) * side, len(pictures) * side + LABEL_HEIGHT_PX), "white")
    for y, row in enumerate(pictures):
        strip = (
            (row.clamp(0, 1).permute(2, 0, 3, 1).reshape(side, -1, 3) * 255).round().to(torch.uint8).numpy()
        )
        sheet.paste(Image.fromarray(strip), (0, LABEL_HEIGHT_PX + y * side))
    pen = ImageDraw.Draw(sheet)
    for x, label in enumerate(labels):
        pen.text((x * side + 2, 1), label[: side // 6], fill="black")
    return sheet
