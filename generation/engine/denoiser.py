"""Denoises pictures that share a UNet, each at a step of its own, in one call of the UNet.

A picture takes one to three rows of the UNet's batch: one without guidance, two with it (prompt, negative prompt), three
where the init image guides as well (prompt and image, image, neither). Pictures of different kinds, samplers, steps
and guidance scales share a call. The result is what the stock pipeline of diffusers makes of the same seed;
tests/generation/test_engine_golden.py compares both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from generation.engine import device as devices
from generation.engine import schedulers
from generation.engine.graphs import UNetForward
from generation.engine.inpaint_blend import InpaintBlend
from generation.engine.schedulers import Schedule, Step


@dataclass(eq=False, kw_only=True)
class Sample:
    """One picture between noise and finished latents.

    latents, pred_original_sample (of the last step): (1, channels, height/8, width/8), float32.
    prompt_embeds: (rows, tokens, width), the UNet's dtype. image_latents: (rows, more channels, height/8, width/8), what
    is concatenated to the latents, or None. added_cond_kwargs: SDXL's, rows first.
    sentence: unit vector of what is drawn, (width,), where the finished picture's colours need it. step: how many steps are
    made.
    """

    schedule: Schedule
    generator: torch.Generator
    latents: torch.Tensor
    prompt_embeds: torch.Tensor
    image_latents: torch.Tensor | None = None
    added_cond_kwargs: Mapping[str, torch.Tensor] = field(default_factory=dict)
    guidance_scale: float = 0.0
    image_guidance_scale: float = 0.0
    inpaint_blend: InpaintBlend | None = None
    sentence: NDArray[np.float32] | None = None
    step: int = 0
    pred_original_sample: torch.Tensor = field(init=False)
    _noise: torch.Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.pred_original_sample = torch.zeros_like(self.latents)

    @property
    def rows(self) -> int:
        """How many rows of the UNet's batch it takes, 1–3."""
        return len(self.prompt_embeds)

    @property
    def steps(self) -> int:
        return len(self.schedule)

    @property
    def done(self) -> bool:
        return self.step == self.steps

    def noise(self) -> torch.Tensor:
        """What the sampler adds in this step, (1, channels, height/8, width/8), on the CPU.

        Drawn once for each step: a step that is tried again gets the same.
        """
        if self._noise is None:
            shape = (1, *self.latents.shape[1:])
            adds = self.schedule.adds_noise(self.step)
            self._noise = torch.randn(shape, generator=self.generator) if adds else torch.zeros(shape)
        return self._noise

    def advance(self, latents: torch.Tensor, pred_original_sample: torch.Tensor) -> None:
        """Take over the result of a step and go on to the next."""
        self.latents, self.pred_original_sample, self._noise = latents, pred_original_sample, None
        self.step += 1


class Denoiser:
    """Advances pictures that share a UNet and a size by one step each. forward: calls the UNet."""

    def __init__(self, forward: UNetForward) -> None:
        self.forward = forward
        self._batch: Batch | None = None

    def step(self, samples: Sequence[Sample]) -> None:
        """One step for all of them, in one call of the UNet. When it raises, no picture has changed."""
        # 1. The batch and each picture's coefficients
        batch = self._batch_of(samples)
        rows = torch.stack([sample.schedule.coefficients[sample.step] for sample in samples])
        coefficients = schedulers.columns(devices.to_device(rows, batch.device))

        # 2. The UNet's prediction, with guidance
        latents = torch.cat([sample.latents for sample in samples])
        model_input, timesteps = batch.model_input(latents, coefficients)
        noise_pred = self.forward(model_input, timesteps, batch.prompt_embeds, batch.added_cond_kwargs)
        noise_pred = batch.guide(noise_pred.float())

        # 3. The scheduler's step
        last_pred = torch.cat([sample.pred_original_sample for sample in samples])
        noise = _noise(samples, latents.device)
        latents, pred = schedulers.advance(coefficients, latents, noise_pred, last_pred, noise)

        # 4. Inpainting: what is outside the mask
        # All of them before any picture changes: what runs out of memory here is tried again.
        parts = [
            _blended(sample, part)
            for sample, part in zip(samples, torch.chunk(latents, len(samples)), strict=True)
        ]

        # 5. Every picture on to its next step
        for sample, part, own_pred in zip(samples, parts, torch.chunk(pred, len(samples)), strict=True):
            sample.advance(part, own_pred)

    def prepare(self, sample: Sample) -> None:
        """Prepare the UNet for batches of any number of pictures like this one."""
        batch = Batch([sample])
        coefficients = schedulers.columns(sample.schedule.coefficients[:1].to(batch.device))
        model_input, timesteps = batch.model_input(sample.latents, coefficients)
        added = {name: tensor[:1] for name, tensor in batch.added_cond_kwargs.items()}
        self.forward.prepare(model_input[:1], timesteps[:1], batch.prompt_embeds[:1], added)

    def _batch_of(self, samples: Sequence[Sample]) -> "Batch":
        """Kept from step to step: it changes only when a picture begins or ends."""
        if self._batch is None or self._batch.samples != list(samples):
            self._batch = Batch(samples)
        return self._batch


class Batch:
    """Pictures that share a step, and what does not change from step to step.

    prompt_embeds, image_latents, added_cond_kwargs: those of all pictures, row by row.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)
        self.prompt_embeds = torch.cat([sample.prompt_embeds for sample in samples])
        self.added_cond_kwargs = {
            name: torch.cat([sample.added_cond_kwargs[name] for sample in samples])
            for name in samples[0].added_cond_kwargs
        }
        image_latents = [sample.image_latents for sample in samples if sample.image_latents is not None]
        self.image_latents = torch.cat(image_latents) if image_latents else None
        counts = [sample.rows for sample in samples]
        self._picture_of_row = devices.to_device(torch.repeat_interleave(torch.tensor(counts)), self.device)
        self._has_guidance = max(counts) > 1
        rows = devices.to_device(torch.tensor(list(_guidance_rows(counts))), self.device)
        self._prompt_rows, self._image_rows, self._uncond_rows = rows.unbind(1)
        scales = torch.tensor([[sample.guidance_scale, sample.image_guidance_scale] for sample in samples])
        scales = devices.to_device(scales, self.device).view(-1, 2, 1, 1, 1)
        self._guidance_scale, self._image_guidance_scale = scales.unbind(1)

    @property
    def device(self) -> torch.device:
        return self.prompt_embeds.device

    def model_input(
        self, latents: torch.Tensor, step: Step[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The UNet's input, (rows, channels, height/8, width/8) in its dtype, and timesteps, (rows,), float32.

        latents: (pictures, channels, height/8, width/8). step: each picture's coefficients.
        """
        scaled = latents * step.input_scale
        model_input = scaled[self._picture_of_row].to(self.prompt_embeds.dtype)
        if self.image_latents is not None:
            model_input = torch.cat([model_input, self.image_latents], 1)
        return model_input, step.timestep.flatten()[self._picture_of_row]

    def guide(self, noise_pred: torch.Tensor) -> torch.Tensor:
        """Classifier-free guidance: one prediction a picture from those of its rows.

        A picture of one row keeps its own, as all three terms are the same row.
        """
        if not self._has_guidance:
            return noise_pred
        prompt, image = noise_pred[self._prompt_rows], noise_pred[self._image_rows]
        uncond = noise_pred[self._uncond_rows]
        by_prompt = self._guidance_scale * (prompt - image)
        return uncond + by_prompt + self._image_guidance_scale * (image - uncond)


def _guidance_rows(counts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """For each picture its rows with prompt and image, with the image only, and with neither.

    counts: rows of each picture; with fewer than three some of these are the same row.
    """
    first = 0
    for count in counts:
        yield first, first + min(1, count - 1), first + count - 1
        first += count


def _noise(samples: Sequence[Sample], device: torch.device) -> torch.Tensor | None:
    """The noise of this step, each picture's from its own generator; None if no sampler adds any."""
    if not any(sample.schedule.adds_noise(sample.step) for sample in samples):
        return None
    return devices.to_device(torch.cat([sample.noise() for sample in samples]), device)


def _blended(sample: Sample, latents: torch.Tensor) -> torch.Tensor:
    """What the next step begins with: the latents, with what is outside an inpainting mask put back."""
    if sample.inpaint_blend is None:
        return latents
    return sample.inpaint_blend.apply(latents, sample.schedule.levels_after[sample.step])
