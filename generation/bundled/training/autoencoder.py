"""Stages `vae` and `decoder`: a small autoencoder, and its decoder polished once the latents are fixed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from torch import Tensor

from .progress import Progress
from .recipe import LATENT_CHANNELS, Recipe, Workplace
from .samples import Samples, stream

SAMPLED_NOISE = 0.05  # the decoder must forgive the UNet's small errors
POLISH_NOISE = 0.12
POOL_PICTURES = 6000
STEPS_PER_CHUNK = 8
WHOLE_PICTURES_FROM = 0.6  # of the plan: crops first, whole pictures last
AVERAGE_DECAY = 0.99


def new(recipe: Recipe) -> AutoencoderTiny:
    return AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(recipe.encoder_width,) * 4,
        decoder_block_out_channels=(recipe.decoder_width,) * 4,
    )


def load(folder: Path, device: torch.device) -> AutoencoderTiny:
    """The finished autoencoder, frozen."""
    vae = AutoencoderTiny.from_pretrained(folder, torch_dtype=torch.float32)
    return vae.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


@torch.no_grad()
def encode(vae: AutoencoderTiny, pictures: Tensor) -> Tensor:
    """(n, 3, s, s) in 0..1 -> latents (n, 8, s/8, s/8), float32."""
    with torch.autocast(pictures.device.type, torch.bfloat16):
        return vae.encode((pictures * 2 - 1).contiguous(memory_format=torch.channels_last)).latents.float()


@torch.no_grad()
def decode(vae: AutoencoderTiny, latents: Tensor) -> Tensor:
    """Latents -> (n, 3, s, s) in 0..1."""
    with torch.autocast(latents.device.type, torch.bfloat16):
        return (vae.decode(latents).sample.float() / 2 + 0.5).clamp(0, 1)


def slopes(pictures: Tensor) -> Tensor:
    """Differences between neighbouring pixels, both ways, flattened: (n, many)."""
    return torch.cat([pictures.diff(dim=2).flatten(1), pictures.diff(dim=3).flatten(1)], 1)


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Pixels, colours of larger areas, and edges. No openly licensed perceptual network exists for a perceptual loss."""
    areas = sum(
        (F.l1_loss(F.avg_pool2d(made, k), F.avg_pool2d(wanted, k)) for k in (2, 4, 8)),
        torch.zeros((), device=made.device),
    )
    return (
        F.l1_loss(made, wanted)
        + 0.5 * areas
        + F.l1_loss(slopes(made), slopes(wanted))
        + 0.5 * F.mse_loss(made, wanted)
    )


class Pool:
    """Pictures to crop from; init images are among them because the UNet sees those through the encoder."""

    def __init__(self, source: Iterator[Samples], start: int) -> None:
        self.source, self.pictures, self.at = source, torch.empty(0), 0
        while len(self.pictures) < start:
            self.refresh()

    def refresh(self) -> None:
        fresh = next(self.source)
        init_images = max(1, len(fresh.words) // 4)
        pictures = (torch.cat([fresh.picture, fresh.init_image[:init_images]]) * 255).round().to(torch.uint8)
        if len(self.pictures) < POOL_PICTURES:
            self.pictures = torch.cat([self.pictures.to(torch.uint8), pictures])
        else:
            self.pictures[self.at : self.at + len(pictures)] = pictures
            self.at = (self.at + len(pictures)) % (POOL_PICTURES - len(pictures))

    def draw(self, count: int, crop_px: int | None, device: torch.device) -> Tensor:
        """(count, 3, s, s) in -1..1; `crop_px` cuts one random square out of all of them."""
        pictures = self.pictures[torch.randint(len(self.pictures), (count,))]
        if crop_px is not None:
            top, left = (random.randrange(0, pictures.shape[-1] - crop_px + 1, 8) for _ in range(2))
            pictures = pictures[..., top : top + crop_px, left : left + crop_px]
        return (pictures.to(device).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def train(
    recipe: Recipe, place: Workplace, device: torch.device, minutes: float | None, decoder_only: bool
) -> None:
    """Train everything, or only the decoder when a UNet already relies on the latents. Resumes; writes `vae/`."""
    vae = (
        load(place.vae, device).requires_grad_(True)
        if decoder_only
        else new(recipe).to(device, memory_format=torch.channels_last)
    ).train()
    progress = Progress(
        vae, list(vae.decoder.parameters() if decoder_only else vae.parameters()), place.decoder_state if decoder_only else place.vae_state,
        rate=recipe.vae_rate, weight_decay=1e-4, average_decay=AVERAGE_DECAY, warm_up_steps=50,
        planned_minutes=recipe.decoder_minutes if decoder_only else recipe.vae_minutes, minutes=minutes,
    )  # fmt: skip
    pool = Pool(stream(recipe, place), min(recipe.first_samples, 1024))
    noise = POLISH_NOISE if decoder_only else SAMPLED_NOISE
    while progress.running:
        if progress.step % STEPS_PER_CHUNK == 0:
            pool.refresh()
        whole = progress.clock.fraction > WHOLE_PICTURES_FROM
        count = (
            max(1, recipe.vae_batch * recipe.vae_crop_px**2 // recipe.side_px**2)
            if whole
            else recipe.vae_batch
        )
        wanted = pool.draw(count, None if whole else recipe.vae_crop_px, device)
        with torch.autocast(device.type, torch.bfloat16):
            latents = vae.encode(wanted).latents
            if decoder_only:
                latents = latents.detach()
            made = vae.decode(latents + noise * torch.randn_like(latents)).sample
        made, latents = made.float(), latents.float()
        loss = distance(made, wanted)
        if not decoder_only:  # unit latents, so that no scaling factor has to be carried along
            loss = loss + 0.05 * (
                (latents.std((0, 2, 3)) - 1).pow(2).mean() + latents.mean((0, 2, 3)).pow(2).mean()
            )
        progress.learn(loss)
        if progress.step % 50 == 0 or not progress.running:
            psnr = -10 * math.log10(F.mse_loss(made, wanted).item() / 4)
            print(
                f"{'decoder' if decoder_only else 'vae'} {progress.step} {progress.clock.spent:.2f} min loss {loss.item():.4f} psnr {psnr:.2f} dB",
                flush=True,
            )
    progress.save()
    progress.average.save_pretrained(place.vae)
