"""Every sampler as one table of numbers, so that pictures at different steps move in one tensor operation.

DDIM, Euler, Euler ancestral, LCM and DPM++ 2M are all linear in what they have in hand. With x the latents, m the
UNet's answer, x0 the guess at the finished latents and x0' the guess of the step before, one step is

    x0    =  a·x + b·m                               (then clipped, where the scheduler clips)
    next  =  c·x + d·m + e·x0 + f·x0' + g·noise

and only a … g depend on the sampler, the step and the number of steps. They are worked out in double precision
from the diffusers scheduler itself, which keeps its zero-terminal-SNR, spacing, offsets and Karras sigmas ours
without a second implementation. What is not linear (thresholding) or remembers more (PNDM, order 3) does not fit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, log, sqrt
from typing import Any, NamedTuple

import torch

NO_CLIP = inf


class Step(NamedTuple):
    """One row of the table. `scale` is what the UNet sees of the latents."""

    timestep: float
    scale: float
    x0_from_x: float
    x0_from_m: float
    clip: float
    from_x: float
    from_m: float
    from_x0: float
    from_before: float
    from_noise: float


@dataclass(frozen=True)
class Table:
    """The steps of one run: `numbers` is (steps, len(Step._fields)), float32, on the CPU.

    The first latents are signal · the init image's latents + noise · noise, or only noise for a picture without one.
    after: (steps, 2), the same two factors once each step is made; 1 and 0 after the last.
    """

    numbers: torch.Tensor
    signal: float
    noise: float
    pure_noise: float
    after: torch.Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def draws_noise(self, step: int) -> bool:
        return bool(self.numbers[step, Step._fields.index("from_noise")])


def table(scheduler: Any, steps: int, strength: float = 1.0) -> Table | None:
    """The run that a stock pipeline would make with this scheduler; None where it does not fit.

    scheduler: one of diffusers, which is not changed. strength: 0–1, the share of the steps that is left to do.
    """
    derive = _DERIVE.get(type(scheduler).__name__)
    if derive is None or not _plain(scheduler.config):
        return None
    fresh = type(scheduler).from_config(scheduler.config)
    fresh.set_timesteps(steps)
    timesteps = [float(timestep) for timestep in fresh.timesteps]
    if len(set(timesteps)) != len(timesteps):  # which one is meant by a repeated one depends on the pipeline
        return None
    begin = max(steps - int(steps * strength), 0)
    rows = list(derive(fresh, timesteps, begin))
    if not rows or not all(isfinite(number) for row in rows for number in row._replace(clip=0.0)):
        return None
    factors = [_noised(fresh, timesteps[step], step) for step in range(begin, len(timesteps))]
    signal, noise = factors[0]
    numbers = torch.tensor(rows, dtype=torch.float64).float()
    after = torch.tensor([*factors[1:], (1.0, 0.0)], dtype=torch.float64).float()
    return Table(numbers, signal, noise, float(fresh.init_noise_sigma), after)


def fits(scheduler: Any) -> bool:
    return table(scheduler, 4) is not None


def advance(
    numbers: torch.Tensor,
    latents: torch.Tensor,
    answer: torch.Tensor,
    before: torch.Tensor,
    noise: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of pictures that each have their own row of their own table. Returns the next latents and x0.

    numbers: (pictures, len(Step._fields)); all others (pictures, channels, height, width), float32.
    """
    column = dict(zip(Step._fields, numbers.T[..., None, None, None], strict=True))
    guess = column["x0_from_x"] * latents + column["x0_from_m"] * answer
    guess = torch.clamp(guess, -column["clip"], column["clip"])
    moved = column["from_x"] * latents + column["from_m"] * answer + column["from_x0"] * guess
    moved = moved + column["from_before"] * before
    if noise is not None:
        moved = moved + column["from_noise"] * noise
    return moved, guess


def _plain(config: Any) -> bool:
    """Nothing set that bends the straight line, or that no checkpoint for these pipelines has."""
    crooked = ("thresholding", "use_flow_sigmas", "use_dynamic_shifting", "variance_type")
    return not any(config.get(name) for name in crooked) and config.get("timestep_type") != "continuous"


def _noised(scheduler: Any, timestep: float, step: int) -> tuple[float, float]:
    """Factors of the init image's latents and of the noise before a step."""
    if type(scheduler).__name__ in ("DDIMScheduler", "LCMScheduler"):
        alpha = float(scheduler.alphas_cumprod[int(timestep)])
        return sqrt(alpha), sqrt(1 - alpha)
    sigma = float(scheduler.sigmas[step])
    if type(scheduler).__name__ == "DPMSolverMultistepScheduler":
        return 1 / sqrt(sigma**2 + 1), sigma / sqrt(sigma**2 + 1)
    return 1.0, sigma


def _guess(prediction: str, signal: float, noise: float) -> tuple[float, float]:
    """How x0 comes from latents of so much signal and noise, and from the UNet's answer."""
    if prediction == "sample":
        return 0.0, 1.0
    if prediction == "v_prediction":
        return signal, -noise
    return (1 / signal, -noise / signal) if signal else (inf, inf)


def _ddim(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step]:
    config, alphas = scheduler.config, scheduler.alphas_cumprod
    stride = config.num_train_timesteps // scheduler.num_inference_steps
    for timestep in timesteps[begin:]:
        earlier = int(timestep) - stride
        alpha = float(alphas[int(timestep)])
        alpha_next = float(alphas[earlier] if earlier >= 0 else scheduler.final_alpha_cumprod)
        signal, noise = sqrt(alpha), sqrt(1 - alpha)
        # The noise that the answer speaks of, from x, m and x0: stock DDIM takes it before clipping.
        of_x, of_m = {
            "epsilon": (0.0, 1.0),
            "v_prediction": (noise, signal),
            "sample": (1 / noise, -signal / noise) if noise else (inf, inf),
        }[config.prediction_type]
        left = sqrt(1 - alpha_next)
        yield Step(
            timestep,
            1.0,
            *_guess(config.prediction_type, signal, noise),
            config.clip_sample_range if config.clip_sample else NO_CLIP,
            left * of_x,
            left * of_m,
            sqrt(alpha_next),
            0.0,
            0.0,
        )


def _lcm(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step]:
    config, alphas = scheduler.config, scheduler.alphas_cumprod
    for index in range(begin, len(timesteps)):
        timestep = timesteps[index]
        alpha = float(alphas[int(timestep)])
        scaled = timestep * config.timestep_scaling
        skip, out = 0.25 / (scaled**2 + 0.25), scaled / sqrt(scaled**2 + 0.25)
        last = index == len(timesteps) - 1
        alpha_next = 1.0 if last else float(alphas[int(timesteps[index + 1])])
        yield Step(
            timestep,
            1.0,
            *_guess(config.prediction_type, sqrt(alpha), sqrt(1 - alpha)),
            config.clip_sample_range if config.clip_sample else NO_CLIP,
            sqrt(alpha_next) * skip,
            0.0,
            sqrt(alpha_next) * out,
            0.0,
            sqrt(1 - alpha_next),
        )


def _euler(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step]:
    yield from _along_sigmas(scheduler, timesteps, begin, lambda sigma, sigma_next: (sigma_next, 0.0))


def _ancestral(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step]:
    def split(sigma: float, sigma_next: float) -> tuple[float, float]:
        """Go down further than is needed, and up again with fresh noise."""
        up = sqrt(sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2)
        return sqrt(sigma_next**2 - up**2), up

    yield from _along_sigmas(scheduler, timesteps, begin, split)


def _along_sigmas(
    scheduler: Any,
    timesteps: list[float],
    begin: int,
    split: Callable[[float, float], tuple[float, float]],
) -> Iterator[Step]:
    prediction = scheduler.config.prediction_type
    sigmas = pairwise(float(sigma) for sigma in scheduler.sigmas[begin:])
    for timestep, (sigma, sigma_next) in zip(timesteps[begin:], sigmas, strict=True):
        down, up = split(sigma, sigma_next)
        # These latents are not scaled to unit variance: x = x0 + sigma · noise.
        x0_from_x, x0_from_m = {
            "epsilon": (1.0, -sigma),
            "v_prediction": (1 / (sigma**2 + 1), -sigma / sqrt(sigma**2 + 1)),
        }.get(prediction, (0.0, 1.0))
        kept = down / sigma
        yield Step(
            timestep,
            1 / sqrt(sigma**2 + 1),
            x0_from_x,
            x0_from_m,
            NO_CLIP,
            kept,
            0.0,
            1 - kept,
            0.0,
            up,
        )


def _dpm(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step]:
    config = scheduler.config
    if (config.algorithm_type, config.solver_order, config.solver_type) != ("dpmsolver++", 2, "midpoint"):
        return
    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    few = config.lower_order_final and len(timesteps) < 15
    first_order_at_end = config.euler_at_final or few or config.final_sigmas_type == "zero"
    for index in range(begin, len(timesteps)):
        sigma, sigma_next = sigmas[index], sigmas[index + 1]
        signal, signal_next = 1 / sqrt(sigma**2 + 1), 1 / sqrt(sigma_next**2 + 1)
        gain = signal_next * (1 - sigma_next / sigma)
        correction = 0.0
        if index > begin and not (first_order_at_end and index == len(timesteps) - 1):
            correction = 0.5 * gain * log(sigma / sigma_next) / log(sigmas[index - 1] / sigma)
        yield Step(
            timesteps[index],
            1.0,
            *_guess(config.prediction_type, signal, sigma * signal),
            NO_CLIP,
            (sigma_next * signal_next) / (sigma * signal),
            0.0,
            gain + correction,
            -correction,
            0.0,
        )


_DERIVE: dict[str, Callable[[Any, list[float], int], Iterator[Step]]] = {
    "DDIMScheduler": _ddim,
    "EulerDiscreteScheduler": _euler,
    "EulerAncestralDiscreteScheduler": _ancestral,
    "LCMScheduler": _lcm,
    "DPMSolverMultistepScheduler": _dpm,
}
