"""Decodes latents to pixels: eagerly, or compiled for the sizes that a worker warms up with.

With few steps the decoder is most of the work, and on a fast card an eager call waits for the CPU to launch its kernels.
Compiling takes from seconds to a minute for each shape, so it is done while a worker warms up and never while a
person waits. How much it gains on a card has not been measured here yet.
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
COMPILED_MAX = 8
# Relative to the norm of the pixels, in half precision: fused sums round differently, a wrong kernel is far off.
DIFFERENCE_MAX = 0.05


class VaeDecoder(Protocol):
    """latents: (pictures, channels, height/8, width/8), without the scaling factor, in the autoencoder's dtype.

    Returns pixels, (pictures, 3, height, width) in -1–1.
    """

    def __call__(self, latents: torch.Tensor) -> torch.Tensor: ...

    def prepare(self, latents: torch.Tensor) -> None:
        """Do in advance what makes later calls faster, for any number of pictures like the first of these."""


class EagerDecoder:
    """Calls the autoencoder directly.

    vae: of diffusers; they share no useful type. buckets: batches are filled up to the next of these, for devices that
    search for kernels for each new shape.
    """

    def __init__(self, vae: Any, buckets: tuple[int, ...] = ()) -> None:
        self._vae, self._buckets = vae, buckets

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        size = _bucket(self._buckets, len(latents)) or len(latents)
        pixels: torch.Tensor = self._vae.decode(_filled(latents, size), return_dict=False)[0]
        return pixels[: len(latents)]

    def prepare(self, latents: torch.Tensor) -> None:
        pass


def compile_decoder(function: Decode, backend: str = "inductor") -> Decode:
    """Compile with torch's compiler, for exactly the shape of the first call.

    With torch's default options all decoders together would get eight compiled calls and the ninth would run eagerly,
    unnoticed; and what the compiler does not support would be a slower call, not an error.
    """
    compiled: Decode = torch.compile(  # type: ignore[call-overload]  # its overloads do not know isolate_recompiles yet
        function, dynamic=False, fullgraph=True, isolate_recompiles=True, backend=backend
    )
    return compiled


class CompiledDecoder:
    """Calls a compiled decoder for each shape and bucket.

    Falls back to the eager one for shapes that were not prepared, cannot be compiled or come out differently.
    """

    def __init__(
        self,
        eager: VaeDecoder,
        compile_decoder: Callable[[Decode], Decode] = compile_decoder,
        buckets: tuple[int, ...] = BUCKETS,
    ) -> None:
        self._eager, self._compile, self._buckets = eager, compile_decoder, buckets
        self._ready: dict[tuple[Any, ...], Decode] = {}

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        pictures = len(latents)
        size = _bucket(self._buckets, pictures)
        ready = self._ready.get(_key(latents, size))
        if ready is None:
            return self._eager(latents)
        return ready(_filled(latents, size))[:pictures]

    def prepare(self, latents: torch.Tensor) -> None:
        for size in self._buckets:
            key = _key(latents, size)
            if key in self._ready or len(self._ready) >= COMPILED_MAX:
                continue
            try:
                self._ready[key] = self._compile_checked(_filled(latents[:1], size)) or self._eager
            except torch.OutOfMemoryError:
                logger.warning("no memory to decode %s pictures at once", size)
                return  # smaller buckets are compiled already, larger ones need more

    def _compile_checked(self, latents: torch.Tensor) -> Decode | None:
        """Compile for this shape and compare with the eager decoder; None if that fails. Raises torch.OutOfMemoryError."""
        compiled = self._compile(self._eager)
        try:
            found = compiled(latents)
        except torch.OutOfMemoryError:
            raise
        # The compiler raises many kinds of errors, and pictures do not depend on it.
        except Exception as error:
            logger.warning("the decoder is not compiled for %s: %s", tuple(latents.shape), error)
            return None
        expected = self._eager(latents)
        difference = (found.float() - expected.float()).norm() / expected.float().norm()
        if not difference <= DIFFERENCE_MAX:
            logger.warning("the compiled decoder differs by %.3f for %s", difference, tuple(latents.shape))
            return None
        return compiled


def _bucket(buckets: tuple[int, ...], pictures: int) -> int:
    """The smallest bucket that holds so many pictures; 0 if none does."""
    return next((bucket for bucket in buckets if bucket >= pictures), 0)


def _key(latents: torch.Tensor, size: int) -> tuple[Any, ...]:
    return size, *latents.shape[1:], latents.dtype


def _filled(latents: torch.Tensor, size: int) -> torch.Tensor:
    """Fill up to `size` pictures by repeating the last one; the surplus is cut off after decoding."""
    missing = size - len(latents)
    return torch.cat([latents, latents[-1:].expand(missing, -1, -1, -1)]) if missing else latents
