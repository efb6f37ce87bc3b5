"""Inpainting with a UNet that knows no masks: what is outside the mask is put back after every step."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class InpaintBlend:
    """mask: (1, 1, height/8, width/8), 1 where it is repainted. image_latents, noise: (1, channels, height/8, width/8)."""

    mask: torch.Tensor
    image_latents: torch.Tensor
    noise: torch.Tensor

    def apply(self, latents: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """The latents inside the mask, the init image's with noise outside.

        latents: of one picture, after a step. level: (2,), how much signal and noise they hold now.
        """
        signal, noise = level.tolist()
        original = signal * self.image_latents + noise * self.noise
        return (1 - self.mask) * original + self.mask * latents
