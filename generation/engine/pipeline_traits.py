"""Which stock pipelines of diffusers the engine can run step by step, and how they differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

from generation.checkpoints.catalogue import Kind
from generation.engine import schedulers

# Arguments of a pipeline's call that the sampler knows; a kind that fixes any other is left to the stock pipeline.
_KNOWN_ARGUMENTS = {
    "prompt",
    "negative_prompt",
    "num_inference_steps",
    "strength",
    "guidance_scale",
    "image_guidance_scale",
    "image",
    "mask_image",
    "width",
    "height",
}


@dataclass(frozen=True)
class PipelineTraits:
    """starts_from_image: the first latents are the init image's, with noise (img2img).

    guides_by_image: the init image's latents are concatenated to those of the picture (InstructPix2Pix).
    is_xl: SDXL, with two text encoders and added conditions. is_inpaint: only the masked part is repainted.
    """

    starts_from_image: bool = False
    guides_by_image: bool = False
    is_xl: bool = False
    is_inpaint: bool = False


# By the exact class: a subclass may do anything.
TRAITS: Mapping[str, PipelineTraits] = {
    "StableDiffusionPipeline": PipelineTraits(),
    "StableDiffusionImg2ImgPipeline": PipelineTraits(starts_from_image=True),
    "StableDiffusionInstructPix2PixPipeline": PipelineTraits(guides_by_image=True),
    "StableDiffusionInpaintPipeline": PipelineTraits(starts_from_image=True, is_inpaint=True),
    "StableDiffusionXLPipeline": PipelineTraits(is_xl=True),
    "StableDiffusionXLImg2ImgPipeline": PipelineTraits(starts_from_image=True, is_xl=True),
}


def traits_of(pipeline: Any) -> PipelineTraits:
    """Raises KeyError for a pipeline that is not supported."""
    return TRAITS[type(pipeline).__name__]


def is_supported(pipeline: Any, kind: Kind) -> bool:
    """True if the engine can draw a kind step by step; otherwise its stock pipeline has to draw it."""
    traits = TRAITS.get(type(pipeline).__name__)
    if traits is None or not set(kind.arguments) <= _KNOWN_ARGUMENTS:
        return False
    unet, vae = pipeline.unet, pipeline.vae
    unsupported = (
        traits.is_inpaint and not _can_inpaint(pipeline),
        unet.config.time_cond_proj_dim,  # the guidance scale is embedded
        unet.config.encoder_hid_dim_type,  # images as prompts
        unet.config.class_embed_type,
        getattr(vae.config, "latents_mean", None),
        type(getattr(pipeline, "safety_checker", None)) not in (type(None), StableDiffusionSafetyChecker),
        getattr(pipeline, "watermark", None),
        traits.is_xl and traits.starts_from_image and pipeline.config.get("requires_aesthetics_score"),
    )
    return not any(unsupported) and schedulers.is_supported(pipeline.scheduler)


def unet_takes_mask(pipeline: Any) -> bool:
    """True if the UNet was trained for inpainting: mask and masked image's latents are concatenated to the latents."""
    latent_channels: int = pipeline.vae.config.latent_channels
    return bool(pipeline.unet.config.in_channels == 2 * latent_channels + 1)


def _can_inpaint(pipeline: Any) -> bool:
    """True if the UNet takes a mask, or nothing but latents. Asymmetric autoencoders want the mask as well."""
    latents_only = pipeline.unet.config.in_channels == pipeline.vae.config.latent_channels
    asymmetric = type(pipeline.vae).__name__ == "AsymmetricAutoencoderKL"
    return not asymmetric and (latents_only or unet_takes_mask(pipeline))
