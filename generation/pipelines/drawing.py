"""From params to pictures: calls a diffusers pipeline with what the catalogue says that it takes."""

from collections.abc import Callable
from typing import Any

import torch
from PIL import Image

from generation import framing
from generation.catalogue import Checkpoint
from generation.errors import PictureWithheld
from generation.framing import Frame
from generation.limits import SEED_MAX, allowed
from generation.params import Params, complete, parse
from generation.pipelines.loading import Loaded
from generation.work import Work

# round, step (1 for the first one done), steps, latents
OnStep = Callable[[int, int, int, torch.Tensor], None]

_ARGUMENTS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "steps": "num_inference_steps",
    "strength": "strength",
    "guidance_scale": "guidance_scale",
    "image_guidance_scale": "image_guidance_scale",
}
_PER_PICTURE = ("prompt", "negative_prompt", "image")


def draw(
    work: Work, loaded: Loaded, on_step: OnStep, together: bool = False
) -> list[tuple[Image.Image, int]]:
    """The pictures of a job with their seeds. Raises PictureWithheld, and whatever on_step raises to stop it.

    together: in one call, which is faster on a GPU. Otherwise each picture is equal, bit for bit, to the one
    that its seed gives alone; a CPU loses nothing by it.
    """
    params, checkpoint = work.params, work.checkpoint
    kind = checkpoint.kinds[params.kind]
    size = (params.width_px or 0, params.height_px or 0)
    frame = framing.fit(size, checkpoint.sizes, work.board, checkpoint.focus)
    arguments = _chosen(params) | dict(kind.arguments) | _place(work.board, frame)
    pictures = [
        picture
        for number, seeds in enumerate(rounds(params, together))
        for picture in _call(loaded.pipeline(params.kind), arguments, seeds, number, on_step)
    ]
    if not pictures:
        raise PictureWithheld
    sharpen = checkpoint.sharpen_percent
    if work.board is None:
        return [(framing.outside(image, size, kind.outside, sharpen), seed) for image, seed in pictures]
    return [(framing.cut(image, frame, sharpen), seed) for image, seed in pictures]


def rounds(params: Params, together: bool) -> list[list[int]]:
    """The seeds of each call of the pipeline."""
    first = params.seed or 0
    seeds = [(first + number) % (SEED_MAX + 1) for number in range(params.count)]
    return [seeds] if together else [[seed] for seed in seeds]


def warm_up(checkpoint: Checkpoint, loaded: Loaded) -> None:
    """Draw as little as possible with every kind: builds the pipelines and lets libraries choose kernels."""
    for name, kind in checkpoint.kinds.items():
        raw: dict[str, Any] = {"kind": name, "seed": 0}
        if "steps" in kind.uses:
            raw["steps"] = int(allowed("steps", kind.limits)[0])
        if "strength" in kind.uses:  # with little of it, few steps would be none
            raw["strength"] = allowed("strength", kind.limits)[1]
        params = complete(parse(raw, checkpoint), checkpoint.sizes[0])
        board = Image.new("RGB", checkpoint.sizes[0], framing.WHITE) if params.needs_board else None
        draw(Work(checkpoint, params, board), loaded, lambda *step: None)


def _place(board: Image.Image | None, frame: Frame) -> dict[str, Any]:
    """The board as the pipeline takes it, or the size to draw in where there is none."""
    if board is None:
        return {"width": frame.canvas[0], "height": frame.canvas[1]}
    return {"image": framing.lay(board, frame)}


def _chosen(params: Params) -> dict[str, Any]:
    """What a person chose, by the pipeline's names; nothing for what this kind leaves to the checkpoint."""
    values = {argument: getattr(params, name, None) for name, argument in _ARGUMENTS.items()}
    return {argument: value for argument, value in values.items() if value is not None}


def _call(
    pipeline: Any,  # any diffusers pipeline; they share no useful type
    arguments: dict[str, Any],
    seeds: list[int],
    round_number: int,
    on_step: OnStep,
) -> list[tuple[Image.Image, int]]:
    def step_ended(
        pipeline: Any, step: int, timestep: int, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        guess = pipeline.scheduler.guess
        on_step(
            round_number, step + 1, pipeline.num_timesteps, tensors["latents"] if guess is None else guess
        )
        return {}

    # Lists of the same length, because not every pipeline repeats a single board for several pictures.
    repeated = {name: [arguments[name]] * len(seeds) for name in _PER_PICTURE if name in arguments}
    output = pipeline(
        **arguments | repeated,
        # Drawn on the CPU, so that a seed means the same noise on every device.
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        callback_on_step_end=step_ended,
    )
    flagged = getattr(output, "nsfw_content_detected", None) or [False] * len(seeds)
    return [(image, seed) for image, seed, bad in zip(output.images, seeds, flagged, strict=True) if not bad]
