"""Checkpoints with random weights: the true configurations for an accelerator, narrow ones of the same classes for a CPU.

Speed depends on shapes, not on what the weights know. They are drawn at random and never zero: a card multiplies
zeros faster.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import diffusers
import torch
import transformers

from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.pipelines.loading import LoadedCheckpoint

SD = {"txt2img": "StableDiffusionPipeline", "img2img": "StableDiffusionImg2ImgPipeline"}
PIX2PIX = {"pix2pix": "StableDiffusionInstructPix2PixPipeline"}
NUMBERS = ("steps", "guidance_scale", "strength", "image_guidance_scale")
TOKENS = [
    "<|startoftext|>",
    "<|endoftext|>",
    *string.ascii_lowercase,
    *(f"{letter}</w>" for letter in string.ascii_lowercase),
]
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


@dataclass(frozen=True)
class Size:
    """The size of a model: the true one, or one that a CPU draws with in milliseconds."""

    side_px: int
    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    text_layers: int
    dtype: torch.dtype


TRUE = Size(
    side_px=512,
    unet={"block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2},
    vae={"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "norm_num_groups": 32},
    text_layers=12,
    dtype=torch.float16,
)
NARROW = Size(
    side_px=64,
    unet={"block_out_channels": (32, 32, 64, 64), "layers_per_block": 1},
    vae={"block_out_channels": (16, 16, 16, 16), "layers_per_block": 1, "norm_num_groups": 8},
    text_layers=2,
    dtype=torch.float32,
)


def sd15(size: Size) -> diffusers.DiffusionPipeline:
    return _pipeline(size, diffusers.StableDiffusionPipeline, _unet(size, 4, 768, 8), 768, _euler())


def sd_turbo(size: Size) -> diffusers.DiffusionPipeline:
    """SD 2.1's UNet: a head for every 64 channels."""
    heads = [max(1, channels // 64) for channels in size.unet["block_out_channels"]]
    unet = _unet(size, 4, 1024, heads, use_linear_projection=True)
    return _pipeline(
        size, diffusers.StableDiffusionPipeline, unet, 1024, _euler(timestep_spacing="trailing"), layers=2
    )


def pix2pix(size: Size) -> diffusers.DiffusionPipeline:
    scheduler = diffusers.EulerAncestralDiscreteScheduler(**BETAS)
    cls = diffusers.StableDiffusionInstructPix2PixPipeline
    return _pipeline(size, cls, _unet(size, 8, 768, 8), 768, scheduler)


def true_pix2pix(device: str) -> LoadedCheckpoint:
    return loaded("pix2pix", pix2pix(TRUE), PIX2PIX, device, TRUE)


def loaded(name: str, pipeline: Any, kinds: Mapping[str, str], device: str, size: Size) -> LoadedCheckpoint:
    """The pipeline as a loaded checkpoint."""
    numbers = {"steps": 20.0, "guidance_scale": 7.5, "strength": 0.6, "image_guidance_scale": 1.5}
    checkpoint = Checkpoint(
        name=name,
        title=name,
        description="",
        licence="none",
        licence_url="",
        folder=None,
        repo=f"random/{name}",
        revision="main",
        variant=None,
        size_bytes=0,
        sizes=((size.side_px, size.side_px),),
        dtype=dict.fromkeys(("cpu", "cuda", "mps"), str(size.dtype).removeprefix("torch.")),
        kinds={
            kind: Kind(
                pipeline=cls, uses=("prompt", "negative_prompt", *NUMBERS), defaults=numbers, limits={}
            )
            for kind, cls in kinds.items()
        },
        default_kind=next(iter(kinds)),
    )
    pipeline.to(device, size.dtype)
    pipeline.set_progress_bar_config(disable=True)
    return LoadedCheckpoint(checkpoint, pipeline)


def _pipeline(
    size: Size, cls: Any, unet: Any, width: int, scheduler: Any, layers: int = 0
) -> diffusers.DiffusionPipeline:
    encoder = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=49408,
            hidden_size=width,
            intermediate_size=width * 4,
            num_attention_heads=width // 64,
            num_hidden_layers=(size.text_layers * (2 if layers else 1)) - (1 if layers else 0),
            bos_token_id=0,
            eos_token_id=1,
            max_position_embeddings=77,
        )
    )
    return cls(
        unet=unet,
        text_encoder=encoder,
        tokenizer=transformers.CLIPTokenizer(
            vocab={token: number for number, token in enumerate(TOKENS)}, merges=[], model_max_length=77
        ),
        scheduler=scheduler,
        vae=diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            sample_size=size.side_px,
            **size.vae,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _unet(size: Size, channels: int, words: int, heads: Any, **fields: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        sample_size=size.side_px // 8,
        in_channels=channels,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=words,
        attention_head_dim=heads,
        **size.unet,
        **fields,
    )


def _euler(**fields: Any) -> Any:
    return diffusers.EulerDiscreteScheduler(**BETAS, **fields)
