"""Kinds that cannot be drawn step by step: their diffusers pipeline runs its own loop and reports every step."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

import torch
from PIL import Image

from generation.engine import device as devices
from generation.engine.postprocessing import Postprocessor
from generation.engine.request import Pending
from generation.engine.residency import Residency, Resident
from generation.engine.user_errors import without_traceback
from generation.pipelines import drawing
from generation.work import HandedBack


class StockRunner:
    """Runs stock pipelines on the engine's thread.

    between_steps: called between two steps of such a pipeline, so that other pictures go on. checkpoint: the name of
    the one that is running, empty if none is.
    """

    def __init__(
        self, residency: Residency, postprocessor: Postprocessor, between_steps: Callable[[], None]
    ) -> None:
        self._residency, self._postprocessor = residency, postprocessor
        self._between_steps = between_steps
        self._pace = devices.StepPacer(residency.device)
        self.checkpoint = ""

    @property
    def running(self) -> bool:
        return bool(self.checkpoint)

    def draw(self, pictures: Sequence[Pending], resident: Resident) -> None:
        """Draw pictures that are alike in one call; in smaller calls if memory runs out."""
        self.checkpoint = pictures[0].request.checkpoint.name
        try:
            self._draw(pictures, resident)
        finally:
            self.checkpoint = ""

    def _draw(self, pictures: Sequence[Pending], resident: Resident) -> None:
        failure: Exception | None = None
        try:
            images = self._call(pictures, resident)
        except Exception as error:
            failure = without_traceback(error)
        if failure is None:
            for picture, image in zip(pictures, images, strict=True):
                self._postprocessor.submit(picture, partial(_identity, image))
        elif devices.is_out_of_memory(failure) and len(pictures) > 1:
            self._residency.release(keep=1)
            half = len(pictures) // 2
            self._draw(pictures[:half], resident)
            self._draw(pictures[half:], resident)
        else:
            for picture in pictures:
                picture.request.fail(failure)
            if devices.is_out_of_memory(failure):
                self._residency.release(keep=1)

    def _call(self, pictures: Sequence[Pending], resident: Resident) -> list[Image.Image | None]:
        """Raises Stopped when every request has ended, and anything that a pipeline raises."""
        lap_started = monotonic()

        def add_seconds() -> None:
            for picture in pictures:
                picture.request.accelerator_seconds += (monotonic() - lap_started) / len(pictures)

        def on_step(step: int, steps: int, latents: torch.Tensor) -> None:
            nonlocal lap_started
            self._pace.step()
            add_seconds()
            for index, picture in enumerate(pictures):
                if not picture.request.ended:
                    picture.request.report_step(steps, latents[index : index + 1], resident.previewer)
            self._between_steps()
            resident.restore_vae_dtype()
            _raise_if_all_ended(pictures)
            lap_started = monotonic()

        _raise_if_all_ended(pictures)
        pipeline = resident.weights.pipeline(pictures[0].request.kind)
        resident.restore_vae_dtype()
        images = drawing.call(pipeline, [picture.drawing for picture in pictures], on_step)
        add_seconds()
        return images


def _raise_if_all_ended(pictures: Sequence[Pending]) -> None:
    """End the requests that were stopped; raises Stopped if none is left."""
    for picture in pictures:
        picture.request.end_if_stopped()
    if all(picture.request.ended for picture in pictures):
        raise pictures[0].request.ticket.stopped or HandedBack()


def _identity(image: Image.Image | None) -> Image.Image | None:
    return image
