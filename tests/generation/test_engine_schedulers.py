"""The table of every sampler does what the scheduler of diffusers does, step for step."""

from typing import Any

import diffusers
import pytest
import torch

from generation.engine import schedulers
from generation.engine.schedulers import Schedule, advance, columns, make_schedule

STABLE: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim leading": ("DDIMScheduler", {"clip_sample": False, "steps_offset": 1, "set_alpha_to_one": False}),
    "ddim clipping": ("DDIMScheduler", {"clip_sample": True}),
    "ddim clipping x0": ("DDIMScheduler", {"clip_sample": True, "prediction_type": "sample"}),
    "ddim v, zero terminal snr, trailing": (
        "DDIMScheduler",
        {
            "clip_sample": False,
            "prediction_type": "v_prediction",
            "rescale_betas_zero_snr": True,
            "timestep_spacing": "trailing",
        },
    ),
    "ddim linspace": ("DDIMScheduler", {"clip_sample": False, "timestep_spacing": "linspace"}),
    "euler linspace": ("EulerDiscreteScheduler", {}),
    "euler leading": ("EulerDiscreteScheduler", {"timestep_spacing": "leading", "steps_offset": 1}),
    "euler trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "euler v": ("EulerDiscreteScheduler", {"prediction_type": "v_prediction"}),
    "euler karras": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "euler ancestral": ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "euler ancestral v": ("EulerAncestralDiscreteScheduler", {"prediction_type": "v_prediction"}),
    "lcm": ("LCMScheduler", {"clip_sample": False}),
    "lcm v": ("LCMScheduler", {"clip_sample": False, "prediction_type": "v_prediction"}),
    "dpm++ 2m": ("DPMSolverMultistepScheduler", {}),
    "dpm++ 2m karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpm++ 2m v, trailing": (
        "DPMSolverMultistepScheduler",
        {"prediction_type": "v_prediction", "timestep_spacing": "trailing"},
    ),
    "dpm++ 2m to the smallest sigma": ("DPMSolverMultistepScheduler", {"final_sigmas_type": "sigma_min"}),
}
# Fewer than 15 steps end differently with DPM++.
RUNS = [(1, 1.0), (2, 0.5), (4, 1.0), (7, 1.0), (8, 0.6), (20, 1.0), (25, 0.37)]


def made(name: str) -> Any:
    cls, options = SAMPLERS[name]
    return getattr(diffusers, cls)(**STABLE | options)


def model(latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """Stands for a UNet: a smooth answer that depends on both."""
    return torch.tanh(latents) * 0.7 + torch.sin(timestep / 300).view(-1, 1, 1, 1)


def noise(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_diffusers(
    scheduler: Any, steps: int, strength: float, init_image: torch.Tensor | None, seed: int
) -> Any:
    """What img2img does with an init image, and txt2img without one."""
    draw = noise(seed)
    scheduler.set_timesteps(steps)
    begin = steps - min(int(steps * strength), steps)
    timesteps = scheduler.timesteps[begin:]
    start = torch.randn(1, 4, 4, 4, generator=draw)
    if init_image is None:
        latents = start * scheduler.init_noise_sigma
    else:
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin)
        latents = scheduler.add_noise(init_image, start, timesteps[:1])
    for timestep in timesteps:
        seen = scheduler.scale_model_input(latents, timestep)
        extra = {"generator": draw} if type(scheduler).__name__ != "DPMSolverMultistepScheduler" else {}
        latents = scheduler.step(model(seen, timestep.float()), timestep, latents, **extra).prev_sample
    return latents


class Run:
    """One picture of the vectorised kind."""

    def __init__(self, schedule: Schedule, init_image: torch.Tensor | None, seed: int) -> None:
        self.schedule, self.draw, self.step = schedule, noise(seed), 0
        start = torch.randn(1, 4, 4, 4, generator=self.draw)
        self.latents = (
            start * schedule.init_noise_sigma
            if init_image is None
            else schedule.init_signal * init_image + schedule.init_noise * start
        )
        self.pred = torch.zeros_like(self.latents)

    @property
    def done(self) -> bool:
        return self.step == len(self.schedule)


def step(runs: list[Run]) -> None:
    """One step of pictures that are at different steps of different samplers."""
    coefficients = columns(torch.stack([run.schedule.coefficients[run.step] for run in runs]))
    latents = torch.cat([run.latents for run in runs])
    output = model(latents * coefficients.input_scale, coefficients.timestep.flatten())
    fresh = [
        torch.randn(1, 4, 4, 4, generator=run.draw)
        if run.schedule.adds_noise(run.step)
        else torch.zeros(1, 4, 4, 4)
        for run in runs
    ]
    latents, preds = advance(
        coefficients, latents, output, torch.cat([run.pred for run in runs]), torch.cat(fresh)
    )
    for number, run in enumerate(runs):
        run.latents, run.pred = latents[number : number + 1], preds[number : number + 1]
        run.step += 1


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize(("steps", "strength"), RUNS)
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_run_ends_where_diffusers_ends(name: str, steps: int, strength: float) -> None:
    init_image = torch.randn(1, 4, 4, 4, generator=noise(7)) if strength < 1 else None
    schedule = make_schedule(made(name), steps, strength)
    assert schedule is not None
    run = Run(schedule, init_image, seed=3)
    while not run.done:
        step([run])
    expected = by_diffusers(made(name), steps, strength, init_image, seed=3)
    assert distance(run.latents, expected) <= 1e-5


def test_pictures_of_different_samplers_and_steps_share_their_steps() -> None:
    """They start one after the other, so each is at a step of its own; each ends where it ends alone."""
    plans = [(name, steps, strength) for name, (steps, strength) in zip(SAMPLERS, RUNS * 3, strict=False)]
    waiting = []
    for seed, (name, steps, strength) in enumerate(plans):
        init_image = torch.randn(1, 4, 4, 4, generator=noise(50 + seed))
        schedule = make_schedule(made(name), steps, strength)
        assert schedule is not None
        waiting.append(
            (Run(schedule, init_image, seed), by_diffusers(made(name), steps, strength, init_image, seed))
        )
    going: list[tuple[Run, torch.Tensor]] = []
    while waiting or going:
        if waiting:
            going.append(waiting.pop(0))
        step([run for run, _ in going])
        for run, expected in going:
            if run.done:
                assert distance(run.latents, expected) <= 1e-5
        going = [each for each in going if not each[0].done]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("PNDMScheduler", {"skip_prk_steps": True}),
        ("HeunDiscreteScheduler", {}),
        ("DDIMScheduler", {"thresholding": True}),
        # Its first step asks what noise an answer means where there is nothing but noise.
        ("DDIMScheduler", {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}),
        ("DPMSolverMultistepScheduler", {"solver_order": 3}),
        ("DPMSolverMultistepScheduler", {"solver_type": "heun"}),
        ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
        ("DPMSolverMultistepScheduler", {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}),
        ("EulerDiscreteScheduler", {"timestep_type": "continuous", "prediction_type": "v_prediction"}),
    ],
)
def test_a_scheduler_that_is_no_straight_line_does_not_fit(name: str, options: dict[str, Any]) -> None:
    assert not schedulers.is_supported(getattr(diffusers, name)(**STABLE | options))


def test_a_subclass_with_ideas_of_its_own_does_not_fit() -> None:
    class Other(diffusers.DDIMScheduler):
        pass

    assert schedulers.is_supported(diffusers.DDIMScheduler()) and not schedulers.is_supported(Other())
