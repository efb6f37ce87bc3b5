"""Crops and scales finished pictures to the size asked for, on threads of its own; the accelerator does not wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from PIL import Image

from generation.engine import device as devices
from generation.engine.request import Pending
from generation.work import Picture

# Cropping and scaling a picture takes 5–30 ms of one core and releases Python's lock.
THREADS = 2


class Postprocessor:
    """Needs no limit of its own: it never holds more pictures than there are open tickets. Does not store them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="postprocessing")

    def submit(self, picture: Pending, get_image: Callable[[], Image.Image | None]) -> None:
        """Deliver a picture to its request.

        get_image: returns what was drawn, or None if it is withheld; called on another thread, where it may wait.
        """
        self._threads.submit(self._deliver, picture, get_image)

    def run(self, function: Callable[[], None]) -> None:
        """Run a function on one of these threads, where it may wait for the accelerator."""
        self._threads.submit(function)

    def stop(self) -> None:
        """Returns when everything submitted is delivered."""
        self._threads.shutdown()

    def _deliver(self, picture: Pending, get_image: Callable[[], Image.Image | None]) -> None:
        try:
            image = get_image()
            drawing = picture.drawing
            finished = Picture(drawing.cut(image, picture.sentence), drawing.seed) if image else None
            picture.request.deliver(picture.index, finished)
        # An exception of this thread would be lost, and the ticket must be answered.
        except Exception as error:
            picture.request.fail(error)


def download_images(
    pixels: torch.Tensor, withheld: torch.Tensor | None
) -> list[Callable[[], Image.Image | None]]:
    """Start copying decoded pictures to the CPU; returns one function a picture.

    Each function waits for its picture and returns it, RGB, or None if it is withheld.
    pixels, withheld: as `Sampler.decode` returns them.
    """
    bytes_on_cpu = devices.to_cpu(pixels.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous())
    flags = None if withheld is None else devices.to_cpu(withheld)

    def image(index: int) -> Image.Image | None:
        if flags is not None and flags()[index]:
            return None
        own = bytes_on_cpu()[index]
        return Image.frombytes("RGB", (own.shape[1], own.shape[0]), own.numpy().tobytes())

    return [partial(image, index) for index in range(len(pixels))]
