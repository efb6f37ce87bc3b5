"""Stage `unet`: one denoiser that serves InstructPix2Pix and, with half of its input, img2img.

Input channels 0-7 are the noisy latents, 8-15 the latents of the init image. With the init image at zero the same weights are an
image-to-image model, so both pipelines ship as one file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from . import autoencoder
from .progress import Progress
from .recipe import LATENT_CHANNELS, SCHEDULER, TOKEN_WIDTH, TOKENS, Recipe, Workplace
from .samples import Samples, stream
from .text import Text

DROP_WORDS = 0.1  # both drops teach the two guidance directions
DROP_INIT_IMAGE = 0.06
FROM_INIT_IMAGE = 0.06  # the init image arrives as the noisy start (img2img), not as a condition
EARLIEST_START = 400  # timestep; a weaker start would not let the picture differ from the init image
LEAST_WEIGHT = 0.4  # min-SNR alone starves the noisiest steps, where words choose colours
NOISY_TIMESTEPS = 0.7  # exponent below 1: more of the noisiest timesteps
SHOW_STEPS = 50


def new(recipe: Recipe) -> UNet2DConditionModel:
    """The untrained network. The pooled words are also added to the time embedding: colours and objects bind much sooner."""
    depth = len(recipe.unet_channels) - 1
    net = UNet2DConditionModel(
        sample_size=recipe.latent_side, in_channels=2 * LATENT_CHANNELS, out_channels=LATENT_CHANNELS,
        block_out_channels=recipe.unet_channels, layers_per_block=1,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * depth), up_block_types=(*("CrossAttnUpBlock2D",) * depth, "UpBlock2D"),
        cross_attention_dim=TOKEN_WIDTH, attention_head_dim=8, norm_num_groups=32,
        addition_embed_type="text", addition_embed_type_num_heads=8,
    )  # fmt: skip
    torch.nn.init.constant_(net.add_embedding.norm2.weight, 0.1)  # a quiet start
    return net


def for_speed(net: UNet2DConditionModel, device: torch.device) -> UNet2DConditionModel:
    """On a CPU, plain matrix attention trains 1.7 times as fast as the fused kernel at 64 tokens or fewer."""
    if device.type == "cpu":
        net.set_attn_processor(AttnProcessor())
    return net


@dataclass
class Batch:
    """Encoded samples: latents (n, 8, h, h) of picture and init image, words (n, TOKENS, TOKEN_WIDTH)."""

    picture: Tensor
    init_image: Tensor
    words: Tensor


class Bank:
    """Encoded samples on the device, the oldest replaced as new ones are made. Each is trained on some 10 to 30 times."""

    def __init__(
        self,
        recipe: Recipe,
        source: Iterator[Samples],
        vae: AutoencoderTiny,
        text: Text,
        device: torch.device,
    ) -> None:
        self.source, self.vae, self.text, self.device = source, vae, text, device
        latents = (recipe.bank_size, LATENT_CHANNELS, recipe.latent_side, recipe.latent_side)
        self.picture = torch.empty(latents, dtype=torch.half, device=device)
        self.init_image = torch.empty_like(self.picture)
        self.words = torch.empty(recipe.bank_size, TOKENS, TOKEN_WIDTH, dtype=torch.half, device=device)
        self.made = 0
        while self.made < min(recipe.first_samples, recipe.bank_size):
            self.refresh()

    def refresh(self) -> None:
        fresh: Samples = next(self.source)
        count = len(fresh.words)
        latents = autoencoder.encode(self.vae, torch.cat([fresh.picture, fresh.init_image]).to(self.device))
        rows = torch.arange(self.made, self.made + count, device=self.device) % len(self.words)
        self.picture[rows], self.init_image[rows] = latents[:count].half(), latents[count:].half()
        self.words[rows] = self.text(fresh.words).half()
        self.made += count

    def draw(self, count: int) -> Batch:
        rows = torch.randint(min(self.made, len(self.words)), (count,), device=self.device)
        return Batch(self.picture[rows].float(), self.init_image[rows].float(), self.words[rows].float())


class Objective:
    """The noisy input, the wanted velocity and the weight of every sample.

    For img2img the start is "init image + noise" at a random strength while the target is the finished picture; the noise is bent
    so that the whole way lies on the exact DDIM path between the two: noise' = noise + k (init image - picture), k = signal / noise at the start.
    """

    def __init__(self, empty_words: Tensor, device: torch.device) -> None:
        self.empty, self.device = empty_words, device
        self.signal_power = DDIMScheduler(**SCHEDULER).alphas_cumprod.to(device)

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """-> input (n, 16, h, h), timesteps (n,), words, velocity (n, 8, h, h), weights (n,)."""
        n = len(batch.picture)
        lucky = lambda chance: torch.rand(n, device=self.device) < chance  # noqa: E731
        column = lambda x: x.view(-1, 1, 1, 1)  # noqa: E731
        from_init_image = lucky(FROM_INIT_IMAGE)
        words = torch.where(lucky(DROP_WORDS).view(-1, 1, 1), self.empty, batch.words)
        shown = ~from_init_image & ~lucky(DROP_INIT_IMAGE)
        t = (1 + 998 * torch.rand(n, device=self.device) ** NOISY_TIMESTEPS).round().long()
        start = torch.maximum(t, torch.randint(EARLIEST_START, 1000, (n,), device=self.device))
        power = self.signal_power
        bend = torch.where(from_init_image & lucky(0.8), (power[start] / (1 - power[start])).sqrt(), 0.0)
        noise = torch.randn_like(batch.picture) + column(bend) * (batch.init_image - batch.picture)
        signal, spread = column(power[t].sqrt()), column((1 - power[t]).sqrt())
        noisy, velocity = signal * batch.picture + spread * noise, signal * noise - spread * batch.picture
        ratio = (power[t] / (1 - power[t])).clamp(1e-4)
        weights = (ratio.clamp(max=5) / (ratio + 1)).clamp(min=LEAST_WEIGHT)
        return torch.cat([noisy, batch.init_image * column(shown)], 1), t, words, velocity, weights


def train(
    recipe: Recipe, place: Workplace, device: torch.device, minutes: float | None, start: Path | None
) -> None:
    """Train until the plan or this call's minutes end. Resumes from `unet.pt`; `start` is an exported unet folder to begin from."""
    net = for_speed(new(recipe), device).to(device).train()
    if start is not None:
        net.load_state_dict(
            UNet2DConditionModel.from_pretrained(start, torch_dtype=torch.float32).state_dict()
        )
    progress = Progress(
        net, list(net.parameters()), place.unet_state, rate=recipe.unet_rate, weight_decay=0.01, average_decay=recipe.ema_decay,
        warm_up_steps=150, planned_minutes=recipe.unet_minutes, minutes=minutes,
    )  # fmt: skip
    text = Text(device)
    bank = Bank(recipe, stream(recipe, place), autoencoder.load(place.vae, device), text, device)
    objective, pace = Objective(text([""]), device), Pace(progress)
    while progress.running:
        if progress.step % recipe.steps_per_chunk == 0:
            bank.refresh()
        inputs, t, words, velocity, weights = objective(bank.draw(recipe.unet_batch))
        with torch.autocast(device.type, torch.bfloat16):
            guess = net(inputs, t, encoder_hidden_states=words).sample
        loss = (weights * (guess.float() - velocity).pow(2).mean((1, 2, 3))).mean()
        progress.learn(loss)
        if progress.step % SHOW_STEPS == 0:
            seen = progress.step * recipe.unet_batch
            print(
                f"unet {progress.step} {progress.clock.spent:.2f} min seen {seen} made {bank.made} loss {loss.item():.4f} {pace(recipe.unet_batch):.0f} samples/s",
                flush=True,
            )
    progress.save()


class Pace:
    """Samples a second since the last time it was asked."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.step, self.spent = progress, progress.step, progress.clock.spent

    def __call__(self, batch: int) -> float:
        steps, minutes = self.progress.step - self.step, self.progress.clock.spent - self.spent
        self.step, self.spent = self.progress.step, self.progress.clock.spent
        return steps * batch / max(1e-6, 60 * minutes)


def load(recipe: Recipe, place: Workplace, device: torch.device) -> UNet2DConditionModel:
    """The averaged weights of the last checkpoint, frozen."""
    net = new(recipe)
    net.load_state_dict(torch.load(place.unet_state, map_location="cpu", weights_only=True)["average"])
    return net.to(device).eval().requires_grad_(False)
