"""Kinds that cannot be drawn step by step: their pipeline of diffusers runs its own loop, and is listened to."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

import torch
from PIL import Image

from generation.engine import device as devices
from generation.engine.failure import lightened
from generation.engine.finishing import Finishing
from generation.engine.residency import Residency, Resident
from generation.engine.undertaking import Waiting
from generation.pipelines import drawing
from generation.work import HandedBack


class Stock:
    """between: what the engine does between two steps of such a pipeline, so that nobody else stands still."""

    def __init__(self, residency: Residency, finishing: Finishing, between: Callable[[], None]) -> None:
        self._residency, self._finishing, self._between = residency, finishing, between
        self._pace = devices.Pace(residency.device)
        self.checkpoint = ""

    @property
    def running(self) -> bool:
        return bool(self.checkpoint)

    def draw(self, pictures: Sequence[Waiting], resident: Resident) -> None:
        """Pictures that are alike, in one call; in more calls if that is too much."""
        self.checkpoint = pictures[0].undertaking.checkpoint.name
        try:
            self._draw(pictures, resident)
        finally:
            self.checkpoint = ""

    def _draw(self, pictures: Sequence[Waiting], resident: Resident) -> None:
        failure: Exception | None = None
        try:
            images = self._call(pictures, resident)
        except Exception as error:
            failure = lightened(error)
        if failure is None:
            for picture, image in zip(pictures, images, strict=True):
                self._finishing.hand_over(picture, partial(_itself, image))
        elif devices.is_out_of_memory(failure) and len(pictures) > 1:
            self._residency.release(keep=1)
            half = len(pictures) // 2
            self._draw(pictures[:half], resident)
            self._draw(pictures[half:], resident)
        else:
            for picture in pictures:
                picture.undertaking.fail(failure)
            if devices.is_out_of_memory(failure):
                self._residency.release(keep=1)

    def _call(self, pictures: Sequence[Waiting], resident: Resident) -> list[Image.Image | None]:
        """Raises Stopped when nobody wants any of them, and whatever a pipeline can raise."""
        lap = monotonic()

        def spend() -> None:
            for picture in pictures:
                picture.undertaking.seconds += (monotonic() - lap) / len(pictures)

        def on_step(step: int, steps: int, guess: torch.Tensor) -> None:
            nonlocal lap
            self._pace.step()
            spend()
            for number, picture in enumerate(pictures):
                if not picture.undertaking.over:
                    picture.undertaking.hear(steps, guess[number : number + 1], resident.previewer)
            self._between()
            resident.narrow()
            _leave_if_unwanted(pictures)
            lap = monotonic()

        _leave_if_unwanted(pictures)
        pipeline = resident.weights.pipeline(pictures[0].undertaking.kind)
        resident.narrow()
        images = drawing.call(pipeline, [picture.drawing for picture in pictures], on_step)
        spend()
        return images


def _leave_if_unwanted(pictures: Sequence[Waiting]) -> None:
    for picture in pictures:
        picture.undertaking.obey()
    if all(picture.undertaking.over for picture in pictures):
        raise pictures[0].undertaking.ticket.stopped or HandedBack()


def _itself(image: Image.Image | None) -> Image.Image | None:
    return image
