"""Cuts finished pictures to the size asked for, on threads of its own, so that the accelerator need not wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from PIL import Image

from generation.engine import device as devices
from generation.engine.undertaking import Waiting
from generation.work import Picture

# Cutting and enlarging a picture takes 5–30 ms of one core and lets go of Python's lock.
THREADS = 2


class Finishing:
    """Storing a picture is for whoever waits for the ticket; there are never more pictures here than tickets wait."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="finishing")

    def hand_over(self, picture: Waiting, image: Callable[[], Image.Image | None]) -> None:
        """image: gives what was drawn, or None for what is withheld; called on another thread."""
        self._threads.submit(self._deliver, picture, image)

    def run(self, function: Callable[[], None]) -> None:
        """On one of these threads, which may wait for the accelerator."""
        self._threads.submit(function)

    def stop(self) -> None:
        """Returns when all that was handed over is delivered."""
        self._threads.shutdown()

    def _deliver(self, picture: Waiting, image: Callable[[], Image.Image | None]) -> None:
        try:
            drawn = image()
            made = Picture(picture.drawing.cut(drawn), picture.drawing.seed) if drawn else None
            picture.undertaking.deliver(picture.place, made)
        # Nobody looks at what this thread raises, and the ticket must have an answer.
        except Exception as error:
            picture.undertaking.fail(error)


def arriving(shown: torch.Tensor, withheld: torch.Tensor | None) -> list[Callable[[], Image.Image | None]]:
    """The pictures of a call, on their way from the device: each waits for its own, and gives None if it is withheld.

    shown, withheld: what a Sampler decoded.
    """
    pixels = devices.bring_back(shown.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous())
    flags = None if withheld is None else devices.bring_back(withheld)

    def image(number: int) -> Image.Image | None:
        if flags is not None and flags()[number]:
            return None
        own = pixels()[number]
        return Image.frombytes("RGB", (own.shape[1], own.shape[0]), own.numpy().tobytes())

    return [partial(image, number) for number in range(len(shown))]
