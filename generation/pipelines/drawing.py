"""From params to pictures: calls a diffusers pipeline with what the catalogue says that it takes."""

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from PIL import Image, ImageOps

from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.checkpoints.kinds import Params
from generation.checkpoints.limits import allowed
from generation.checkpoints.params import complete, parse, words
from generation.errors import PictureWithheld
from generation.images import framing
from generation.images.framing import Crop
from generation.pipelines import lines
from generation.pipelines.loading import LoadedCheckpoint
from generation.work import Work

# round, step (1 for the first one done), steps, latents
OnStep = Callable[[int, int, int, torch.Tensor], None]

_ARGUMENTS = {
    "steps": "num_inference_steps",
    "strength": "strength",
    "guidance_scale": "guidance_scale",
    "image_guidance_scale": "image_guidance_scale",
}
_PER_PICTURE = ("prompt", "negative_prompt", "image", "mask_image")
# As little as a pipeline that enlarges can be warmed up with.
SMALLEST_PX = 64


@dataclass(frozen=True)
class Drawing:
    """One picture to draw: what its pipeline is called with.

    init_image: laid into the size drawn, RGB; None for a picture without. mask: laid likewise, L, white where it is
    repainted; None where all of it is. lines: of the sketch, to lie over the picture; None where they shall not.
    size: (width, height) that is drawn.
    """

    work: Work
    seed: int
    arguments: Mapping[str, Any]
    init_image: Image.Image | None
    frame: Crop
    mask: Image.Image | None = None
    lines: Image.Image | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.frame.canvas

    @property
    def kind(self) -> Kind:
        return self.work.checkpoint.kinds[self.work.params.kind]

    def alike(self) -> Hashable:
        """Equal for pictures that one call of a stock pipeline can draw together."""
        shared = {name: value for name, value in self.arguments.items() if name not in _PER_PICTURE}
        present = [name for name in _PER_PICTURE if name in self.arguments]
        params = self.work.params
        return params.checkpoint, params.kind, self.size, *present, repr(sorted(shared.items()))

    def cut(self, picture: Image.Image) -> Image.Image:
        """What was drawn, in the place and size that was asked for."""
        sharpen = self.work.checkpoint.sharpen_percent
        if self.work.init_image is None:
            return framing.outside(picture, self.frame.result, self.kind.outside, sharpen)
        cut = framing.cut(picture, self.frame, sharpen)
        if self.mask is not None:
            return framing.patch(self.work.init_image, cut, self.mask, self.frame)
        return cut if self.lines is None else lines.over(cut, self.lines)


def drawings(work: Work) -> list[Drawing]:
    """The pictures that a job asks for. Fits the init image, which is the expensive part; needs no accelerator."""
    params, checkpoint = work.params, work.checkpoint
    kind = checkpoint.kinds[params.kind]
    frame = _frame(work, kind)
    mask = None if work.mask is None else framing.lay_mask(work.mask, frame)
    init_image = None if work.init_image is None else framing.lay(work.init_image, frame)
    if init_image is not None and kind.seen_as == "strokes":
        init_image = ImageOps.invert(init_image.convert("L")).convert("RGB")
    kept = lines.of(work.init_image, frame.result) if work.init_image and params.keep_lines else None
    arguments = _chosen(params) | dict(kind.arguments) | _place(init_image, mask, frame)
    return [Drawing(work, seed, arguments, init_image, frame, mask, kept) for seed in work.seeds]


def _frame(work: Work, kind: Kind) -> Crop:
    params, sizes = work.params, work.checkpoint.sizes
    if kind.scale > 1 and work.init_image:
        return framing.fit_enlarged(work.init_image.size, max(max(size) for size in sizes), kind.scale)
    size = (params.width_px or 0, params.height_px or 0)
    if work.mask is not None:
        return framing.fit_mask(size, sizes, work.mask)
    return framing.fit(size, sizes, work.init_image, work.checkpoint.focus)


def draw(
    work: Work, loaded: LoadedCheckpoint, on_step: OnStep, together: bool = False
) -> list[tuple[Image.Image, int]]:
    """The pictures of a job with their seeds, by its stock pipeline. Raises PictureWithheld, and whatever
    on_step raises to stop it.

    together: in one call, which is faster on a GPU. Otherwise each picture is equal, bit for bit, to the one
    that its seed gives alone.
    """
    wanted = drawings(work)
    rounds = [wanted] if together else [[drawing] for drawing in wanted]
    pipeline = loaded.pipeline(work.params.kind)
    drawn = [
        (drawing.cut(image), drawing.seed)
        for number, round_ in enumerate(rounds)
        for drawing, image in zip(round_, call(pipeline, round_, partial(on_step, number)), strict=True)
        if image is not None
    ]
    if not drawn:
        raise PictureWithheld
    return drawn


def call(
    pipeline: Any,  # any diffusers pipeline; they share no useful type
    alike: Sequence[Drawing],
    on_step: Callable[[int, int, torch.Tensor], None],
) -> list[Image.Image | None]:
    """Draw pictures that are alike in one call of their stock pipeline; None for one that was withheld.

    on_step: hears the number of the step just done, of all steps, and the latents or a better guess.
    """

    def hear(step: int, latents: torch.Tensor) -> None:
        guess = pipeline.scheduler.pred_original_sample
        on_step(step + 1, steps_of(pipeline), latents if guess is None else guess)

    def step_ended(
        pipeline: Any, step: int, timestep: int, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        hear(step, tensors["latents"])
        return {}

    # Pipelines that enlarge still have the older of the two ways to listen.
    taken = inspect.signature(pipeline.__call__).parameters
    newer = "callback_on_step_end" in taken
    listening: dict[str, Any] = (
        {"callback_on_step_end": step_ended}
        if newer
        else {"callback": lambda step, timestep, latents: hear(step, latents)}
    )
    # Lists of the same length, because not every pipeline repeats a single image for several pictures.
    repeated = {
        name: [drawing.arguments[name] for drawing in alike]
        for name in _PER_PICTURE
        if name in alike[0].arguments
    }
    # Without it some draw at a size of their own, whatever the image's is, and stretch it.
    size = {
        name: side for name, side in zip(("width", "height"), alike[0].size, strict=True) if name in taken
    }
    output = pipeline(
        **size | dict(alike[0].arguments) | repeated,
        # Drawn on the CPU, so that a seed means the same noise on every device.
        generator=[torch.Generator("cpu").manual_seed(drawing.seed) for drawing in alike],
        **listening,
    )
    flagged = getattr(output, "nsfw_content_detected", None) or [False] * len(alike)
    return [None if bad else image for image, bad in zip(output.images, flagged, strict=True)]


def steps_of(pipeline: Any) -> int:
    """How many steps the call that is running makes."""
    known = getattr(pipeline, "num_timesteps", None)
    return len(pipeline.scheduler.timesteps) if known is None else int(known)


def smallest(checkpoint: Checkpoint) -> list[Work]:
    """As little work as possible with every kind: builds the pipelines and lets libraries choose kernels."""
    works = []
    for name, kind in checkpoint.kinds.items():
        raw: dict[str, Any] = {"kind": name, "seed": 0}
        if "steps" in kind.uses:
            raw["steps"] = int(allowed("steps", kind.limits)[0])
        if "strength" in kind.uses:  # with little of it, few steps would be none
            raw["strength"] = allowed("strength", kind.limits)[1]
        params = complete(parse(raw, checkpoint), checkpoint.sizes[0])
        size = checkpoint.sizes[0] if kind.scale == 1 else (SMALLEST_PX, SMALLEST_PX)
        init_image = Image.new("RGB", size, framing.WHITE) if params.needs_image else None
        mask = Image.new("L", size, 255) if params.needs_mask else None
        works.append(Work(checkpoint, params, init_image, mask=mask))
    return works


def _place(init_image: Image.Image | None, mask: Image.Image | None, frame: Crop) -> dict[str, Any]:
    """The init image and the mask as the pipeline takes them, and the size to draw in where it does not follow from them."""
    size = {"width": frame.canvas[0], "height": frame.canvas[1]}
    if init_image is None:
        return size
    return {"image": init_image} if mask is None else {"image": init_image, "mask_image": mask} | size


def _chosen(params: Params) -> dict[str, Any]:
    """What a person chose, by the pipeline's names; nothing for what this kind leaves to the checkpoint."""
    values = {argument: getattr(params, name, None) for name, argument in _ARGUMENTS.items()}
    return words(params) | {argument: value for argument, value in values.items() if value is not None}
