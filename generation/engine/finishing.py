"""Cuts finished pictures to the size asked for, on threads of its own, so that the accelerator need not wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from PIL import Image

from generation.engine.undertaking import Waiting
from generation.work import Picture

# Cutting and enlarging a picture takes 5–30 ms of one core and lets go of Python's lock.
THREADS = 2


class Finishing:
    """Storing a picture is for whoever waits for the ticket; there are never more pictures here than tickets wait."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="finishing")

    def hand_over(self, picture: Waiting, image: Callable[[], Image.Image] | None) -> None:
        """image: gives what was drawn, called on another thread; None for one that is withheld."""
        self._threads.submit(self._deliver, picture, image)

    def run(self, function: Callable[[], None]) -> None:
        """On one of these threads, which may wait for the accelerator."""
        self._threads.submit(function)

    def stop(self) -> None:
        """Returns when all that was handed over is delivered."""
        self._threads.shutdown()

    def _deliver(self, picture: Waiting, image: Callable[[], Image.Image] | None) -> None:
        try:
            made = Picture(picture.drawing.cut(image()), picture.drawing.seed) if image else None
            picture.undertaking.deliver(picture.place, made)
        # Nobody looks at what this thread raises, and the ticket must have an answer.
        except Exception as error:
            picture.undertaking.fail(error)


def from_pixels(arriving: Callable[[], torch.Tensor], number: int) -> Callable[[], Image.Image]:
    """One of several pictures that are on their way from the device: (pictures, height, width, 3), bytes."""

    def image() -> Image.Image:
        pixels = arriving()[number]
        return Image.frombytes("RGB", (pixels.shape[1], pixels.shape[0]), pixels.numpy().tobytes())

    return image
