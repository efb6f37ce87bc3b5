"""Every supported sampler as one table of coefficients, so that pictures at different steps move in one tensor operation.

DDIM, Euler, Euler ancestral, LCM and DPM++ 2M are all linear. With x the latents, m the UNet's output, x0 the predicted
original sample and x0' that of the previous step, one step is

    x0    =  a·x + b·m                               (then clipped, where the scheduler clips)
    next  =  c·x + d·m + e·x0 + f·x0' + g·noise

and only a … g depend on the sampler, the step and the number of steps. They are computed in double precision from the
diffusers scheduler itself, so zero-terminal SNR, timestep spacing, offsets and Karras sigmas need no second
implementation. Schedulers that are not linear (thresholding) or remember more (PNDM, solver order 3) are not supported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, log, sqrt
from typing import Any, Generic, NamedTuple, TypeVar

import torch

NO_CLIP = inf

Value = TypeVar("Value", float, torch.Tensor)


class Step(NamedTuple, Generic[Value]):
    """The coefficients of one denoising step, in the order of a schedule's columns.

    input_scale: the latents are multiplied by it before the UNet (`scale_model_input`). clip: x0 is clamped to ± this.
    pred_from_*: what the predicted original sample (x0) is made of. next_from_*: what the next latents are made of.
    """

    timestep: Value
    input_scale: Value
    pred_from_latents: Value
    pred_from_output: Value
    clip: Value
    next_from_latents: Value
    next_from_output: Value
    next_from_pred: Value
    next_from_last_pred: Value
    next_from_noise: Value


@dataclass(frozen=True)
class Schedule:
    """All steps of one picture.

    coefficients: (steps, len(Step._fields)), float32, on the CPU; each row is a `Step`.
    init_signal, init_noise: the first latents of an init image are init_signal · its latents + init_noise · noise.
    init_noise_sigma: without an init image they are init_noise_sigma · noise.
    levels_after: (steps, 2), float32: how much signal and noise the latents hold after each step; 1 and 0 at the end.
    """

    coefficients: torch.Tensor
    init_signal: float
    init_noise: float
    init_noise_sigma: float
    levels_after: torch.Tensor

    def __len__(self) -> int:
        return len(self.coefficients)

    def adds_noise(self, step: int) -> bool:
        """True if the sampler adds fresh noise in this step."""
        return bool(self.coefficients[step, Step._fields.index("next_from_noise")])


def make_schedule(scheduler: Any, steps: int, strength: float = 1.0) -> Schedule | None:
    """The steps that a stock pipeline would make with this scheduler; None if they are not linear.

    scheduler: one of diffusers; it is not changed. strength: 0–1, the share of the steps that img2img runs.
    """
    make_steps = _SCHEDULERS.get(type(scheduler).__name__)
    if make_steps is None or not _is_linear(scheduler.config):
        return None
    fresh = type(scheduler).from_config(scheduler.config)
    fresh.set_timesteps(steps)
    timesteps = [float(timestep) for timestep in fresh.timesteps]
    if len(set(timesteps)) != len(timesteps):  # pipelines differ in which of two equal timesteps they mean
        return None
    begin = max(steps - int(steps * strength), 0)
    rows = list(make_steps(fresh, timesteps, begin))
    if not rows or not all(isfinite(value) for row in rows for value in row._replace(clip=0.0)):
        return None
    levels = [_noise_level(fresh, timesteps[step], step) for step in range(begin, len(timesteps))]
    init_signal, init_noise = levels[0]
    coefficients = torch.tensor(rows, dtype=torch.float64).float()
    levels_after = torch.tensor([*levels[1:], (1.0, 0.0)], dtype=torch.float64).float()
    return Schedule(coefficients, init_signal, init_noise, float(fresh.init_noise_sigma), levels_after)


def is_supported(scheduler: Any) -> bool:
    """True if a schedule can be made of this diffusers scheduler."""
    return make_schedule(scheduler, 4) is not None


def columns(coefficients: torch.Tensor) -> Step[torch.Tensor]:
    """Rows of schedules by name. coefficients: (pictures, len(Step._fields)); each field is (pictures, 1, 1, 1)."""
    return Step(*coefficients.T[..., None, None, None])


def advance(
    step: Step[torch.Tensor],
    latents: torch.Tensor,
    model_output: torch.Tensor,
    last_pred: torch.Tensor,
    noise: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Make one step with pictures that each have their own coefficients; returns (next latents, pred_original_sample).

    step: as `columns` returns it. All others are (pictures, channels, height, width), float32. last_pred: the
    pred_original_sample of the previous step, zeros in the first. noise: None if no picture's sampler adds any.
    """
    pred = step.pred_from_latents * latents + step.pred_from_output * model_output
    pred = torch.clamp(pred, -step.clip, step.clip)
    following = step.next_from_latents * latents + step.next_from_output * model_output
    following = following + step.next_from_pred * pred
    following = following + step.next_from_last_pred * last_pred
    if noise is not None:
        following = following + step.next_from_noise * noise
    return following, pred


def _is_linear(config: Any) -> bool:
    """False if an option makes the step non-linear, or none of the supported pipelines has it."""
    unsupported = ("thresholding", "use_flow_sigmas", "use_dynamic_shifting", "variance_type")
    return not any(config.get(name) for name in unsupported) and config.get("timestep_type") != "continuous"


def _noise_level(scheduler: Any, timestep: float, step: int) -> tuple[float, float]:
    """How much (signal, noise) the latents hold before a step."""
    if type(scheduler).__name__ in ("DDIMScheduler", "LCMScheduler"):
        alpha = float(scheduler.alphas_cumprod[int(timestep)])
        return sqrt(alpha), sqrt(1 - alpha)
    sigma = float(scheduler.sigmas[step])
    if type(scheduler).__name__ == "DPMSolverMultistepScheduler":
        return 1 / sqrt(sigma**2 + 1), sigma / sqrt(sigma**2 + 1)
    return 1.0, sigma


def _pred_coefficients(prediction_type: str, signal: float, noise: float) -> tuple[float, float]:
    """(pred_from_latents, pred_from_output) for latents of so much signal and noise."""
    if prediction_type == "sample":
        return 0.0, 1.0
    if prediction_type == "v_prediction":
        return signal, -noise
    return (1 / signal, -noise / signal) if signal else (inf, inf)


def _ddim(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step[float]]:
    config, alphas = scheduler.config, scheduler.alphas_cumprod
    stride = config.num_train_timesteps // scheduler.num_inference_steps
    for timestep in timesteps[begin:]:
        earlier = int(timestep) - stride
        alpha = float(alphas[int(timestep)])
        alpha_next = float(alphas[earlier] if earlier >= 0 else scheduler.final_alpha_cumprod)
        signal, noise = sqrt(alpha), sqrt(1 - alpha)
        pred_from_latents, pred_from_output = _pred_coefficients(config.prediction_type, signal, noise)
        # The predicted noise, from latents and output: stock DDIM derives it before clipping.
        noise_from_latents, noise_from_output = {
            "epsilon": (0.0, 1.0),
            "v_prediction": (noise, signal),
            "sample": (1 / noise, -signal / noise) if noise else (inf, inf),
        }[config.prediction_type]
        noise_next = sqrt(1 - alpha_next)
        yield Step(
            timestep=timestep,
            input_scale=1.0,
            pred_from_latents=pred_from_latents,
            pred_from_output=pred_from_output,
            clip=config.clip_sample_range if config.clip_sample else NO_CLIP,
            next_from_latents=noise_next * noise_from_latents,
            next_from_output=noise_next * noise_from_output,
            next_from_pred=sqrt(alpha_next),
            next_from_last_pred=0.0,
            next_from_noise=0.0,
        )


def _lcm(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step[float]]:
    config, alphas = scheduler.config, scheduler.alphas_cumprod
    for index in range(begin, len(timesteps)):
        timestep = timesteps[index]
        alpha = float(alphas[int(timestep)])
        pred_from_latents, pred_from_output = _pred_coefficients(
            config.prediction_type, sqrt(alpha), sqrt(1 - alpha)
        )
        scaled = timestep * config.timestep_scaling
        # c_skip and c_out of the consistency model's boundary condition.
        skip, out = 0.25 / (scaled**2 + 0.25), scaled / sqrt(scaled**2 + 0.25)
        last = index == len(timesteps) - 1
        alpha_next = 1.0 if last else float(alphas[int(timesteps[index + 1])])
        yield Step(
            timestep=timestep,
            input_scale=1.0,
            pred_from_latents=pred_from_latents,
            pred_from_output=pred_from_output,
            clip=config.clip_sample_range if config.clip_sample else NO_CLIP,
            next_from_latents=sqrt(alpha_next) * skip,
            next_from_output=0.0,
            next_from_pred=sqrt(alpha_next) * out,
            next_from_last_pred=0.0,
            next_from_noise=sqrt(1 - alpha_next),
        )


def _euler(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step[float]]:
    yield from _along_sigmas(scheduler, timesteps, begin, lambda sigma, sigma_next: (sigma_next, 0.0))


def _euler_ancestral(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step[float]]:
    def sigma_down_up(sigma: float, sigma_next: float) -> tuple[float, float]:
        """Remove more noise than needed, and add fresh noise up to sigma_next."""
        up = sqrt(sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2)
        return sqrt(sigma_next**2 - up**2), up

    yield from _along_sigmas(scheduler, timesteps, begin, sigma_down_up)


def _along_sigmas(
    scheduler: Any,
    timesteps: list[float],
    begin: int,
    sigma_down_up: Callable[[float, float], tuple[float, float]],
) -> Iterator[Step[float]]:
    """The Euler family: down to sigma_down along the gradient, then sigma_up of fresh noise."""
    prediction_type = scheduler.config.prediction_type
    sigmas = pairwise(float(sigma) for sigma in scheduler.sigmas[begin:])
    for timestep, (sigma, sigma_next) in zip(timesteps[begin:], sigmas, strict=True):
        down, up = sigma_down_up(sigma, sigma_next)
        # These latents are not scaled to unit variance: x = x0 + sigma · noise.
        pred_from_latents, pred_from_output = {
            "epsilon": (1.0, -sigma),
            "v_prediction": (1 / (sigma**2 + 1), -sigma / sqrt(sigma**2 + 1)),
        }.get(prediction_type, (0.0, 1.0))
        yield Step(
            timestep=timestep,
            input_scale=1 / sqrt(sigma**2 + 1),
            pred_from_latents=pred_from_latents,
            pred_from_output=pred_from_output,
            clip=NO_CLIP,
            next_from_latents=down / sigma,
            next_from_output=0.0,
            next_from_pred=1 - down / sigma,
            next_from_last_pred=0.0,
            next_from_noise=up,
        )


def _dpm_solver(scheduler: Any, timesteps: list[float], begin: int) -> Iterator[Step[float]]:
    """DPM++ 2M. Yields nothing for another algorithm or order."""
    config = scheduler.config
    if (config.algorithm_type, config.solver_order, config.solver_type) != ("dpmsolver++", 2, "midpoint"):
        return
    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    few = config.lower_order_final and len(timesteps) < 15
    first_order_at_end = config.euler_at_final or few or config.final_sigmas_type == "zero"
    for index in range(begin, len(timesteps)):
        sigma, sigma_next = sigmas[index], sigmas[index + 1]
        signal, signal_next = 1 / sqrt(sigma**2 + 1), 1 / sqrt(sigma_next**2 + 1)
        pred_from_latents, pred_from_output = _pred_coefficients(
            config.prediction_type, signal, sigma * signal
        )
        gain = signal_next * (1 - sigma_next / sigma)
        correction = 0.0
        if index > begin and not (first_order_at_end and index == len(timesteps) - 1):
            correction = 0.5 * gain * log(sigma / sigma_next) / log(sigmas[index - 1] / sigma)
        yield Step(
            timestep=timesteps[index],
            input_scale=1.0,
            pred_from_latents=pred_from_latents,
            pred_from_output=pred_from_output,
            clip=NO_CLIP,
            next_from_latents=(sigma_next * signal_next) / (sigma * signal),
            next_from_output=0.0,
            next_from_pred=gain + correction,
            next_from_last_pred=-correction,
            next_from_noise=0.0,
        )


_SCHEDULERS: dict[str, Callable[[Any, list[float], int], Iterator[Step[float]]]] = {
    "DDIMScheduler": _ddim,
    "EulerDiscreteScheduler": _euler,
    "EulerAncestralDiscreteScheduler": _euler_ancestral,
    "LCMScheduler": _lcm,
    "DPMSolverMultistepScheduler": _dpm_solver,
}
