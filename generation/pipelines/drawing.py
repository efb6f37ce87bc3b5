"""What a diffusers pipeline is called with for one picture, and the call of stock pipelines."""

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.checkpoints.kinds import Params
from generation.checkpoints.limits import allowed
from generation.checkpoints.params import complete, parse, words
from generation.errors import PictureWithheld, WordsUnknown
from generation.images import framing
from generation.images.framing import Crop
from generation.pipelines import (
    lines,
    looks,
    natural_colours,
    outlines,
    regions,
    repainting,
    tidy_colours,
)
from generation.pipelines.loading import LoadedCheckpoint
from generation.pipelines.regions import Regions
from generation.pipelines.wished_colours import Source
from generation.work import Work

# Called with: round, step (1 after the first), steps, latents.
OnStep = Callable[[int, int, int, torch.Tensor], None]

_ARGUMENTS = {
    "steps": "num_inference_steps",
    "strength": "strength",
    "guidance_scale": "guidance_scale",
    "image_guidance_scale": "image_guidance_scale",
}
_PER_PICTURE = ("prompt", "negative_prompt", "image", "mask_image")
# The side of an init image that upscaling is warmed up with.
SMALLEST_PX = 64


@dataclass(frozen=True)
class Drawing:
    """One picture to draw. arguments: of the pipeline's call; without seed and callbacks.

    init_image: fitted to the size drawn, RGB; None for kinds without. mask: fitted likewise, L, white where it is repainted;
    None if all of it is. lines: of the sketch, laid over the picture; None for none. regions: of the sketch, in which colours
    are tidied; None for none. size: (width, height) that is drawn.
    """

    work: Work
    seed: int
    arguments: Mapping[str, Any]
    init_image: Image.Image | None
    crop: Crop
    mask: Image.Image | None = None
    lines: Image.Image | None = None
    regions: Regions | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.crop.canvas

    @property
    def kind(self) -> Kind:
        return self.work.checkpoint.kinds[self.work.params.kind]

    def alike(self) -> Hashable:
        """A key that is equal for pictures that one call of a stock pipeline can draw together."""
        shared = {name: value for name, value in self.arguments.items() if name not in _PER_PICTURE}
        present = [name for name in _PER_PICTURE if name in self.arguments]
        params = self.work.params
        return params.checkpoint, params.kind, self.size, *present, repr(sorted(shared.items()))

    @property
    def thing(self) -> str:
        """What is drawn, if natural colours are known for it and wanted; else empty."""
        wanted = self.regions is not None and natural_colours.network(self.work.checkpoint.folder)
        return natural_colours.thing(self.work.params.prompt) if wanted else ""

    def cut(self, picture: Image.Image, sentence: NDArray[np.float32] | None = None) -> Image.Image:
        """The drawn picture in the place and size that was asked for, with the unmasked part or the lines put back.

        sentence: unit vector of the thing, (width,), by the checkpoint's text encoder; None leaves natural colours out.
        """
        sharpen = self.work.checkpoint.sharpen_percent
        if self.work.init_image is None:
            return self._finished(framing.outside(picture, self.crop.result, self.kind.outside, sharpen))
        if self.work.mask is not None and self.work.params.keeps_size:
            drawn = self._finished(picture)
            return repainting.put_back(
                self.work.init_image, drawn, self.work.mask, self.crop, sharpen_percent=sharpen
            )
        cut = framing.cut(picture, self.crop, sharpen)
        if self.mask is not None:
            return framing.patch(self.work.init_image, self._finished(cut), self.mask, self.crop)
        if self.regions is not None:
            cut = tidy_colours.tidy(
                cut, self.regions, self.work.params.prompt, self._natural_colours(sentence)
            )
        return self._finished(cut)

    def _finished(self, picture: Image.Image) -> Image.Image:
        """With the lines laid over it, in the look that was asked for."""
        look = self.work.checkpoint.look(self.work.params.style)
        if look:
            return looks.finish(picture, self.lines, look, self.seed)
        return picture if self.lines is None else lines.overlay(picture, self.lines)

    def _natural_colours(self, sentence: NDArray[np.float32] | None) -> list[Source]:
        known = natural_colours.network(self.work.checkpoint.folder)
        return [] if known is None or sentence is None else [natural_colours.source(known, sentence)]


def drawings(work: Work) -> list[Drawing]:
    """The pictures of a job, one for each seed. Fits the init image, which takes the time; needs no accelerator."""
    if work.init_image is None and work.checkpoint.kinds[work.params.kind].from_outline:
        work = replace(work, init_image=_outline(work))
    params, checkpoint = work.params, work.checkpoint
    kind = checkpoint.kinds[params.kind]
    crop = _crop(work, kind)
    laid_by = repainting if params.keeps_size else framing
    mask = None if work.mask is None else laid_by.lay_mask(work.mask, crop)
    init_image = None if work.init_image is None else laid_by.lay(work.init_image, crop)
    if init_image is not None and kind.seen_as == "strokes":
        init_image = ImageOps.invert(init_image.convert("L")).convert("RGB")
    sketch = work.init_image if mask is None else None
    sketch_lines = lines.extract(sketch, crop.result) if sketch and params.keep_lines else None
    sketch_regions = regions.of(sketch, crop.result) if sketch and params.tidy_colours else None
    arguments = (
        _param_arguments(params, checkpoint) | dict(kind.arguments) | _image_arguments(init_image, mask, crop)
    )
    return [
        Drawing(work, seed, arguments, init_image, crop, mask, sketch_lines, sketch_regions)
        for seed in work.seeds
    ]


def _outline(work: Work) -> Image.Image:
    """A stock outline of what the prompt names, as large as the picture. Raises WordsUnknown."""
    known = outlines.beside(work.checkpoint.folder)
    found = None if known is None else known.find(work.params.prompt)
    if known is None or found is None:
        raise WordsUnknown
    return known.draw(found, (work.params.width_px or 0, work.params.height_px or 0))


def _crop(work: Work, kind: Kind) -> Crop:
    params, sizes = work.params, work.checkpoint.sizes
    if kind.scale > 1 and work.init_image:
        return framing.fit_enlarged(work.init_image.size, max(max(size) for size in sizes), kind.scale)
    if work.mask is not None and params.keeps_size:
        return repainting.fit(work.mask, sizes)
    size = (params.width_px or 0, params.height_px or 0)
    if work.mask is not None:
        return framing.fit_mask(size, sizes, work.mask)
    return framing.fit(size, sizes, work.init_image, work.checkpoint.focus)


def draw(
    work: Work, loaded: LoadedCheckpoint, on_step: OnStep, together: bool = False
) -> list[tuple[Image.Image, int]]:
    """Draw the pictures of a job with its stock pipeline; returns them with their seeds.

    together: in one call, which is faster on a GPU; otherwise each picture is bit for bit the one that its seed gives alone.
    Raises PictureWithheld, and whatever on_step raises to stop.
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

    on_step: called after each step with its number from 1, the number of steps, and the pred_original_sample, or the
    latents where the scheduler has none.
    """

    def report(step: int, latents: torch.Tensor) -> None:
        pred = pipeline.scheduler.pred_original_sample
        on_step(step + 1, steps_of(pipeline), latents if pred is None else pred)

    def step_ended(
        pipeline: Any, step: int, timestep: int, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        report(step, tensors["latents"])
        return {}

    # Upscaling pipelines still have only diffusers' older callback.
    taken = inspect.signature(pipeline.__call__).parameters
    callbacks: dict[str, Any] = (
        {"callback_on_step_end": step_ended}
        if "callback_on_step_end" in taken
        else {"callback": lambda step, timestep, latents: report(step, latents)}
    )
    # Lists of the same length, because not every pipeline repeats a single image for several pictures.
    repeated = {
        name: [drawing.arguments[name] for drawing in alike]
        for name in _PER_PICTURE
        if name in alike[0].arguments
    }
    # Without width and height some pipelines draw at their default size and stretch the image.
    size = {
        name: side for name, side in zip(("width", "height"), alike[0].size, strict=True) if name in taken
    }
    output = pipeline(
        **size | dict(alike[0].arguments) | repeated,
        # On the CPU, so that a seed gives the same noise on every device.
        generator=[torch.Generator("cpu").manual_seed(drawing.seed) for drawing in alike],
        **callbacks,
    )
    flagged = getattr(output, "nsfw_content_detected", None) or [False] * len(alike)
    return [None if bad else image for image, bad in zip(output.images, flagged, strict=True)]


def steps_of(pipeline: Any) -> int:
    """The number of steps of the call that is running."""
    known = getattr(pipeline, "num_timesteps", None)
    return len(pipeline.scheduler.timesteps) if known is None else int(known)


def smallest(checkpoint: Checkpoint) -> list[Work]:
    """The least work for every kind, for a warm-up: builds the pipelines and lets libraries choose kernels."""
    works = []
    for name, kind in checkpoint.kinds.items():
        raw: dict[str, Any] = {"kind": name, "seed": 0}
        if "steps" in kind.uses:
            raw["steps"] = int(allowed("steps", kind.limits)[0])
        if "strength" in kind.uses:  # with a low strength, few steps would be none
            raw["strength"] = allowed("strength", kind.limits)[1]
        params = complete(parse(raw, checkpoint), checkpoint.sizes[0])
        size = checkpoint.sizes[0] if kind.scale == 1 else (SMALLEST_PX, SMALLEST_PX)
        is_needed = params.needs_image or kind.from_outline
        init_image = Image.new("RGB", size, framing.WHITE) if is_needed else None
        mask = Image.new("L", size, 255) if params.needs_mask else None
        works.append(Work(checkpoint, params, init_image, mask=mask))
    return works


def _image_arguments(init_image: Image.Image | None, mask: Image.Image | None, crop: Crop) -> dict[str, Any]:
    """The call's arguments for init image, mask and size; no size where it follows from the init image."""
    size = {"width": crop.canvas[0], "height": crop.canvas[1]}
    if init_image is None:
        return size
    return {"image": init_image} if mask is None else {"image": init_image, "mask_image": mask} | size


def _param_arguments(params: Params, checkpoint: Checkpoint) -> dict[str, Any]:
    """The call's arguments that a person chose; those that this kind does not offer are left out."""
    values = {argument: getattr(params, name, None) for name, argument in _ARGUMENTS.items()}
    chosen = {argument: value for argument, value in values.items() if value is not None}
    return words(params, checkpoint) | chosen
