"""Checkpoints of the true classes, a few thousand random weights each, saved as safetensors."""

import string
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

TOKENS = [
    "<|startoftext|>",
    "<|endoftext|>",
    *string.ascii_lowercase,
    *(f"{c}</w>" for c in string.ascii_lowercase),
]
SIZE_PX = 64
CALLS: dict[str, dict[str, float]] = {
    "txt2img": {"steps": 2, "guidance_scale": 2.0},
    "img2img": {"steps": 4, "guidance_scale": 2.0, "strength": 0.5},
    "pix2pix": {"steps": 2, "guidance_scale": 2.0, "image_guidance_scale": 1.5},
    "inpaint": {"steps": 4, "guidance_scale": 2.0, "strength": 0.5},
    "upscale": {"steps": 2, "guidance_scale": 2.0},
}


def save(family: str, folder: Path) -> None:
    torch.manual_seed(0)
    made = {
        "sd": _sd,
        "sd-turbo": _sd_turbo,
        "pix2pix": _pix2pix,
        "sdxl": _sdxl,
        "inpaint": _inpaint,
        "upscale": _upscale,
    }
    made[family]().save_pretrained(folder)


def entry(folder: Path, kinds: dict[str, str], /, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Tiny",
        "licence": "none",
        "folder": str(folder),
        "dtype": {"cpu": "float32", "cuda": "float32", "mps": "float32"},
        "sizes": [[SIZE_PX, SIZE_PX]],
        "default_kind": next(iter(kinds)),
        "kinds": {
            kind: {
                "pipeline": pipeline,
                "uses": ["prompt", "negative_prompt", *CALLS[kind]],
                "defaults": CALLS[kind],
                "scale": 4 if kind == "upscale" else 1,
            }
            for kind, pipeline in kinds.items()
        },
    } | fields


def _sd() -> diffusers.DiffusionPipeline:
    return diffusers.StableDiffusionPipeline(
        unet=_unet(4, 32),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        tokenizer=_tokenizer(),
        scheduler=_scheduler(diffusers.PNDMScheduler, skip_prk_steps=True),
        vae=_vae(),
        **_UNCHECKED,
    )


def _sd_turbo() -> diffusers.DiffusionPipeline:
    """Shaped like SD 2.1 and its distillations: heads by number, linear projections, trailing steps."""
    return diffusers.StableDiffusionPipeline(
        unet=_unet(4, 32, use_linear_projection=True),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        tokenizer=_tokenizer(),
        scheduler=_scheduler(diffusers.EulerDiscreteScheduler, timestep_spacing="trailing"),
        vae=_vae(),
        **_UNCHECKED,
    )


def _pix2pix() -> diffusers.DiffusionPipeline:
    return diffusers.StableDiffusionInstructPix2PixPipeline(
        unet=_unet(8, 32),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        tokenizer=_tokenizer(),
        scheduler=_scheduler(diffusers.EulerAncestralDiscreteScheduler),
        vae=_vae(),
        **_UNCHECKED,
    )


def _inpaint() -> diffusers.DiffusionPipeline:
    """Shaped like SD 1.5 trained for masks: latents, mask and the masked picture's latents go in."""
    return diffusers.StableDiffusionInpaintPipeline(
        unet=_unet(9, 32),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        tokenizer=_tokenizer(),
        scheduler=_scheduler(diffusers.EulerDiscreteScheduler),
        vae=_vae(),
        **_UNCHECKED,
    )


def _upscale() -> diffusers.DiffusionPipeline:
    """Shaped like the x4 upscaler: the small picture goes in beside the latents, its noise level as a class."""
    return diffusers.StableDiffusionUpscalePipeline(
        unet=_unet(7, 32, num_class_embeds=1000),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        tokenizer=_tokenizer(),
        low_res_scheduler=_scheduler(diffusers.DDPMScheduler),
        scheduler=_scheduler(diffusers.DDIMScheduler, prediction_type="v_prediction"),
        vae=_vae(
            block_out_channels=(16, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            scaling_factor=0.08333,
        ),
    )


def _sdxl() -> diffusers.DiffusionPipeline:
    """Shaped like SDXL-Turbo: two text encoders, pooled words and sizes added to the time."""
    return diffusers.StableDiffusionXLPipeline(
        unet=_unet(
            4,
            64,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
            use_linear_projection=True,
        ),
        text_encoder=transformers.CLIPTextModel(_text(32)),
        text_encoder_2=transformers.CLIPTextModelWithProjection(_text(32)),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        scheduler=_scheduler(diffusers.EulerAncestralDiscreteScheduler, timestep_spacing="trailing"),
        vae=_vae(force_upcast=False),
    )


def _scheduler(cls: Any, **fields: Any) -> Any:
    """With the numbers of Stable Diffusion, and what its file says besides, for other classes to read."""
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = cls(**betas, steps_offset=1, **fields)
    scheduler.register_to_config(clip_sample=False)
    return scheduler


_UNCHECKED: dict[str, Any] = {
    "safety_checker": None,
    "feature_extractor": None,
    "requires_safety_checker": False,
}


def _unet(channels: int, width: int, **fields: Any) -> diffusers.UNet2DConditionModel:
    return diffusers.UNet2DConditionModel(
        sample_size=SIZE_PX // 8,
        in_channels=channels,
        out_channels=4,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=width,
        attention_head_dim=4,
        **fields,
    )


def _vae(**fields: Any) -> diffusers.AutoencoderKL:
    shape: dict[str, Any] = {
        "block_out_channels": (16, 16, 16, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    }
    return diffusers.AutoencoderKL(
        **shape | fields, latent_channels=4, norm_num_groups=8, layers_per_block=1, sample_size=SIZE_PX
    )


def _text(width: int) -> transformers.CLIPTextConfig:
    return transformers.CLIPTextConfig(
        vocab_size=len(TOKENS),
        hidden_size=width,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        bos_token_id=0,
        eos_token_id=1,
        projection_dim=width,
        max_position_embeddings=77,
    )


def _tokenizer() -> transformers.CLIPTokenizer:
    return transformers.CLIPTokenizer(
        vocab={token: number for number, token in enumerate(TOKENS)}, merges=[], model_max_length=77
    )
