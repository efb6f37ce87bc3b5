"""Every number that differs between a smoke test, two CPU cores and one GPU."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

LATENT_CHANNELS = 8
LATENT_FACTOR = 8  # pixels per latent cell and side
TOKENS = 32
TOKEN_WIDTH = 384  # all-MiniLM-L6-v2

# v-prediction with a true zero signal at the last timestep, so that flat white grounds can be learned (arXiv 2305.08891).
SCHEDULER: dict[str, object] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}


@dataclass(frozen=True)
class Recipe:
    """Sizes, budgets and rates of one training. Minutes are planned totals: the learning rates end with them."""

    side_px: int
    encoder_width: int
    decoder_width: int
    unet_channels: tuple[int, ...]
    vae_minutes: float
    vae_batch: int
    vae_crop_px: int
    vae_rate: float
    decoder_minutes: float
    unet_minutes: float
    unet_batch: int
    unet_rate: float
    ema_decay: float
    bank_size: int  # encoded samples kept
    first_samples: int  # made before the first step
    chunk: int  # samples made at a time
    steps_per_chunk: int  # optimiser steps between two chunks
    workers: int  # sample-making processes; 0 makes them between the steps
    judge_minutes: float
    judge_batch: int
    drawings_per_set: int | None = None  # None: all

    @property
    def latent_side(self) -> int:
        return self.side_px // LATENT_FACTOR


CPU = Recipe(
    side_px=128, encoder_width=32, decoder_width=64, unet_channels=(64, 128, 256),
    vae_minutes=30, vae_batch=24, vae_crop_px=96, vae_rate=8e-4, decoder_minutes=12,
    unet_minutes=120, unet_batch=96, unet_rate=7e-4, ema_decay=0.9985,
    bank_size=24_000, first_samples=3_200, chunk=20, steps_per_chunk=4, workers=0, judge_minutes=6, judge_batch=128,
)  # fmt: skip
GPU = replace(
    CPU, side_px=256, encoder_width=64, vae_minutes=8, vae_batch=96, vae_crop_px=128, vae_rate=1e-3, decoder_minutes=4,
    unet_minutes=24, unet_batch=384, unet_rate=5e-4, ema_decay=0.9995,
    bank_size=65_536, first_samples=8_192, chunk=64, steps_per_chunk=1, workers=12, judge_minutes=2, judge_batch=384,
)  # fmt: skip
SMOKE = replace(
    CPU, side_px=64, encoder_width=16, decoder_width=16, unet_channels=(32, 32, 32),
    vae_minutes=0.2, vae_batch=8, vae_crop_px=32, decoder_minutes=0.1, unet_minutes=0.3, unet_batch=8,
    bank_size=64, first_samples=32, chunk=16, judge_minutes=0.1, judge_batch=16, drawings_per_set=60,
)  # fmt: skip
RECIPES = {"cpu": CPU, "gpu": GPU, "smoke": SMOKE}


@dataclass(frozen=True)
class Workplace:
    """Where the files of one training lie."""

    root: Path

    @property
    def downloads(self) -> Path:
        return self.root / "downloads"

    @property
    def drawings(self) -> Path:
        """One drawing a line: set, name, other words, weight, SVG."""
        return self.root / "drawings.jsonl"

    @property
    def attribution(self) -> Path:
        return self.root / "ATTRIBUTION.md"

    @property
    def pixels(self) -> Path:
        """uint8 (n, 4, side, side), straight alpha, one per line of `drawings`."""
        return self.root / "pixels.npy"

    @property
    def colors(self) -> Path:
        """Named colours of every drawing with their share, one JSON object per line of `drawings`."""
        return self.root / "colors.jsonl"

    @property
    def vae(self) -> Path:
        return self.root / "vae"

    @property
    def vae_state(self) -> Path:
        return self.root / "vae.pt"

    @property
    def decoder_state(self) -> Path:
        return self.root / "decoder.pt"

    @property
    def unet_state(self) -> Path:
        return self.root / "unet.pt"
