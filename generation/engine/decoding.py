"""From latents to pixels: the autoencoder as it is, or compiled for the sizes that a worker warms up with.

For few steps the decoder is most of the work, and on a fast card a plain call waits for the CPU to launch its kernels.
Compiling takes from seconds to a minute for each shape, so it is done while a worker warms up and never while somebody
waits. How much it gains on a card has not been measured here yet.
"""

import logging
from collections.abc import Callable
from typing import Any, Protocol

import torch

logger = logging.getLogger(__name__)

Decode = Callable[[torch.Tensor], torch.Tensor]
# Batches are filled up to the next of these, so that few shapes are compiled; as many as are decoded in one call.
BUCKETS = (1, 2, 4, 8)
# Compiled calls of one decoder, over all its shapes: torch compiles no more than 8 of one function by default.
KEPT = 8
# Of the answer's norm, in half precision: fused sums round differently, a wrong kernel is far off.
DIFFERENCE_MAX = 0.05


class Decoder(Protocol):
    """latents: (pictures, channels, height/8, width/8), scaled and in the autoencoder's type. Gives pixels in -1–1."""

    def __call__(self, latents: torch.Tensor) -> torch.Tensor: ...

    def prepare(self, latents: torch.Tensor) -> None:
        """Do now what makes later calls faster, for any number of pictures like the first of these."""


class Plain:
    """The autoencoder as it is.

    buckets: batches are filled up to the next of these, where the device searches for kernels for each new shape.
    """

    def __init__(
        self, vae: Any, buckets: tuple[int, ...] = ()
    ) -> None:  # of diffusers; they share no useful type
        self._vae, self._buckets = vae, buckets

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        size = _bucket(self._buckets, len(latents)) or len(latents)
        pixels: torch.Tensor = self._vae.decode(_filled(latents, size), return_dict=False)[0]
        return pixels[: len(latents)]

    def prepare(self, latents: torch.Tensor) -> None:
        pass


def compiling(function: Decode, backend: str = "inductor") -> Decode:
    """By torch's own compiler, for the very shape of the first call.

    Otherwise all decoders together would get eight compiled calls, and the ninth would run plain unnoticed; and what the
    compiler does not understand is an error here, not a slower call.
    """
    compiled: Decode = torch.compile(  # type: ignore[call-overload]  # its overloads do not know isolate_recompiles yet
        function, dynamic=False, fullgraph=True, isolate_recompiles=True, backend=backend
    )
    return compiled


class Compiled:
    """A decoder through compiled calls, one for each shape and bucket. What was not prepared for, cannot be compiled
    or comes out differently is called as it is."""

    def __init__(
        self,
        plain: Decoder,
        compiling: Callable[[Decode], Decode] = compiling,
        buckets: tuple[int, ...] = BUCKETS,
    ) -> None:
        self._plain, self._compiling, self._buckets = plain, compiling, buckets
        self._ready: dict[tuple[Any, ...], Decode] = {}

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        pictures = len(latents)
        size = _bucket(self._buckets, pictures)
        ready = self._ready.get(_key(latents, size))
        if ready is None:
            return self._plain(latents)
        return ready(_filled(latents, size))[:pictures]

    def prepare(self, latents: torch.Tensor) -> None:
        for size in self._buckets:
            key = _key(latents, size)
            if key in self._ready or len(self._ready) >= KEPT:
                continue
            try:
                self._ready[key] = self._compiled(_filled(latents[:1], size)) or self._plain
            except torch.OutOfMemoryError:
                logger.warning("no memory to decode %s pictures at once", size)
                return  # nor more of them

    def _compiled(self, latents: torch.Tensor) -> Decode | None:
        compiled = self._compiling(self._plain)
        try:
            found = compiled(latents)
        except torch.OutOfMemoryError:
            raise
        # A compiler can fail in as many ways as it has parts, and pictures do not depend on it.
        except Exception as error:
            logger.warning("the decoder is not compiled for %s: %s", tuple(latents.shape), error)
            return None
        expected = self._plain(latents)
        difference = (found.float() - expected.float()).norm() / expected.float().norm()
        if not difference <= DIFFERENCE_MAX:
            logger.warning("the compiled decoder differs by %.3f for %s", difference, tuple(latents.shape))
            return None
        return compiled


def _bucket(buckets: tuple[int, ...], pictures: int) -> int:
    """0 where there are more pictures than any bucket holds."""
    return next((bucket for bucket in buckets if bucket >= pictures), 0)


def _key(latents: torch.Tensor, size: int) -> tuple[Any, ...]:
    return size, *latents.shape[1:], latents.dtype


def _filled(latents: torch.Tensor, size: int) -> torch.Tensor:
    """With the last picture again and again, which nobody looks at."""
    missing = size - len(latents)
    return torch.cat([latents, latents[-1:].expand(missing, -1, -1, -1)]) if missing else latents
