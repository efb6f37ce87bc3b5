"""Images to tensors, and tensors to latents, as the stock pipelines of diffusers do it.

vae: an autoencoder of diffusers; they share no useful type.
"""

from typing import Any

import torch
from PIL import Image

from generation.engine import device as devices


def image_tensor(image: Image.Image, vae: Any) -> torch.Tensor:
    """(1, 3, height, width) in -1–1, in the autoencoder's dtype and on its device. image: RGB."""
    flat = devices.to_device(torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8), vae.device)
    pixels = flat.view(1, image.height, image.width, 3).permute(0, 3, 1, 2).float().div(255)
    return (2.0 * pixels - 1.0).to(vae.dtype)


def mask_tensor(mask: Image.Image, device: torch.device) -> torch.Tensor:
    """(1, 1, height, width), float32, 1 where it is repainted and 0 elsewhere. mask: L, white where it is repainted."""
    flat = devices.to_device(torch.frombuffer(bytearray(mask.tobytes()), dtype=torch.uint8), device)
    return (flat.view(1, 1, mask.height, mask.width) >= 128).float()


def sample_latents(vae: Any, pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Scaled latents, (1, channels, height/8, width/8), float32; drawn at random where the autoencoder is variational."""
    encoded = vae.encode(pixels)
    latents = _sample(encoded.latent_dist, generator) if hasattr(encoded, "latent_dist") else encoded.latents
    scaled: torch.Tensor = latents.float() * vae.config.scaling_factor
    return scaled


def mode_latents(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    """The most likely latents, not scaled, as InstructPix2Pix takes them."""
    encoded = vae.encode(pixels)
    latents: torch.Tensor = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
    return latents


def _sample(distribution: Any, generator: torch.Generator) -> torch.Tensor:
    """Same values as the `sample` of diffusers' DiagonalGaussianDistribution, without waiting for the encoder."""
    noise = torch.randn(distribution.mean.shape, generator=generator, dtype=distribution.mean.dtype)
    sampled: torch.Tensor = distribution.mean + distribution.std * devices.to_device(
        noise, distribution.mean.device
    )
    return sampled
