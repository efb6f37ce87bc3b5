"""The checkpoints in memory: the last few used. Called on the engine's thread, unless a docstring says otherwise."""

import gc
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from time import monotonic
from typing import Any

from generation.checkpoints import hub
from generation.checkpoints.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.conditioning import PromptEncoder
from generation.engine.denoiser import Denoiser
from generation.engine.device import Tuning
from generation.engine.graphs import CudaCapture, EagerUNet, GraphedUNet, UNetForward
from generation.engine.pipeline_traits import is_supported
from generation.engine.previews import Previewer
from generation.engine.sampler import Sampler
from generation.engine.vae_decoding import BUCKETS, CompiledDecoder, EagerDecoder, VaeDecoder
from generation.engine.watchdog import DOWNLOADING_SECONDS, LOADING_SECONDS, watching
from generation.errors import GenerationError
from generation.pipelines.loading import LoadedCheckpoint, load

logger = logging.getLogger(__name__)

Load = Callable[[Checkpoint, str], LoadedCheckpoint]

# Memory that drawing takes besides the weights, as a share of them.
HEADROOM = 0.3


class Resident:
    """A checkpoint in memory, with the samplers, denoisers and caches that belong to it.

    may_capture: returns True if a CUDA graph may be captured now, which stops all steps for seconds.
    """

    def __init__(
        self, weights: LoadedCheckpoint, tuning: Tuning, may_capture: Callable[[], bool] = lambda: True
    ) -> None:
        self.weights, self._tuning, self._may_capture = weights, tuning, may_capture
        self.previewer = Previewer(weights.vae)
        self._prompt_encoder: PromptEncoder | None = None
        self._samplers: dict[str, Sampler | None] = {}
        self._denoisers: dict[int, Denoiser] = {}
        self._vae_dtype = getattr(weights.vae, "dtype", None)
        eager = EagerDecoder(weights.vae, BUCKETS if tuning.graphs else ())
        self._decoder: VaeDecoder = CompiledDecoder(eager) if tuning.compiled else eager

    def sampler(self, kind: str) -> Sampler | None:
        """Draws this kind step by step; None if only its stock pipeline can."""
        if kind not in self._samplers:
            pipeline = self.weights.pipeline(kind)
            supported = is_supported(pipeline, self.weights.checkpoint.kinds[kind])
            self._samplers[kind] = self._make_sampler(pipeline) if supported else None
        return self._samplers[kind]

    def _make_sampler(self, pipeline: Any) -> Sampler:
        """With the prompt encoder and the decoder that all kinds of the checkpoint share."""
        if self._prompt_encoder is None:
            self._prompt_encoder = PromptEncoder(pipeline)
        return Sampler(pipeline, self._prompt_encoder, self._decoder)

    def denoiser(self, sampler: Sampler) -> Denoiser:
        """The denoiser of a sampler's UNet: kinds that share a UNet share their steps."""
        unet = sampler.pipeline.unet
        if id(unet) not in self._denoisers:
            self._denoisers[id(unet)] = Denoiser(self._forward(unet))
        return self._denoisers[id(unet)]

    def restore_vae_dtype(self) -> None:
        """Give the autoencoder its loaded dtype again, which stock pipelines expect: samplers upcast SDXL's."""
        if self._vae_dtype and self.weights.vae.dtype != self._vae_dtype:
            self.weights.vae.to(self._vae_dtype)

    @property
    def captures(self) -> int:
        """How many CUDA graphs were captured so far."""
        return sum(denoiser.forward.captures for denoiser in self._denoisers.values())

    def drop_graphs(self) -> None:
        """Release memory that only makes drawing faster."""
        for denoiser in self._denoisers.values():
            denoiser.forward.drop_graphs()

    def _forward(self, unet: Any) -> UNetForward:
        eager = EagerUNet(unet)
        if not self._tuning.graphs:
            return eager
        return GraphedUNet(eager, CudaCapture(), may_capture=lambda: self._may_capture())


class Residency:
    """A cache of loaded checkpoints, least recently used first out.

    limit: how many are kept at once; fewer if the next one would not fit into the free memory.
    """

    def __init__(
        self,
        device: str,
        limit: int,
        load: Load = load,
        free_bytes: Callable[[str], int | None] = devices.free_bytes,
        reserved_bytes: Callable[[str], int | None] = devices.reserved_bytes,
    ) -> None:
        self.device, self._limit, self._load = device, limit, load
        self._free_bytes, self._reserved_bytes = free_bytes, reserved_bytes
        self.tuning = devices.tuning(device)
        self._loaded: OrderedDict[str, Resident] = OrderedDict()
        self._failed: dict[str, str] = {}
        self._measured: dict[str, int] = {}
        self._loading = ""
        # Names of checkpoints that are being drawn with: dropping those frees nothing.
        self.in_use: Callable[[], Collection[str]] = tuple
        # Names of checkpoints whose warm-up has not ended; called on any thread.
        self.warming_up: Callable[[], Collection[str]] = tuple
        # False while somebody draws live, for whom a capture is a stop of seconds.
        self.may_capture: Callable[[], bool] = lambda: True
        self.watchdog = watching(device)

    def get(self, checkpoint: Checkpoint, busy: Collection[str] = ()) -> Resident:
        """The checkpoint, loaded if necessary. Raises CheckpointUnavailable and whatever loading raises.

        busy: names of checkpoints that are being drawn with; dropping those would free nothing.
        """
        known = self.known(checkpoint)
        if known is None:  # not loaded, or its catalogue entry has changed since
            if checkpoint.name in self._loaded:
                self._drop([checkpoint.name])
            self._make_room(self._limit - 1, busy)
            self._make_room_for(checkpoint, busy)
            loaded = self._load_measured(checkpoint)
            known = Resident(loaded, self.tuning, lambda: self.may_capture())
            known.previewer.prepare()
            self._loaded[checkpoint.name] = known
        self._loaded.move_to_end(checkpoint.name)
        return known

    def known(self, checkpoint: Checkpoint) -> Resident | None:
        """The checkpoint if it is in memory."""
        resident = self._loaded.get(checkpoint.name)
        return resident if resident and resident.weights.checkpoint == checkpoint else None

    def admits(self, checkpoint: Checkpoint, busy: Collection[str]) -> bool:
        """True if it is in memory, or the limit leaves a place for it beside those in use (busy: their names)."""
        return checkpoint.name in self._loaded or len({*busy, checkpoint.name}) <= self._limit

    def release(self, keep: int = 0, busy: Collection[str] = ()) -> None:
        """Drop all CUDA graphs and, of the checkpoints not in use, all but the `keep` used last.

        busy: names of checkpoints that will be used in a moment.
        """
        for resident in self._loaded.values():
            resident.drop_graphs()
        self._make_room(keep, {*busy, *self.in_use()})

    def states(self) -> dict[str, dict[str, str]]:
        """Status and reason of every checkpoint that was used so far, by name. May be called on any thread."""
        states = {
            name: {"status": "failed", "reason": reason} for name, reason in self._failed.copy().items()
        }
        warming = self.warming_up()
        for name in self._loaded.copy():
            states[name] = {"status": "loading" if name in warming else "ready", "reason": ""}
        if loading := self._loading:
            states[loading] = {"status": "loading", "reason": ""}
        return states

    def _load_measured(self, checkpoint: Checkpoint) -> LoadedCheckpoint:
        """Load, and remember how much memory that took or why it failed."""
        started, self._loading = monotonic(), checkpoint.name
        before = self._reserved_bytes(self.device)
        may_download = checkpoint.repo and not hub.offline()
        try:
            with self.watchdog.extended(DOWNLOADING_SECONDS if may_download else LOADING_SECONDS):
                loaded = self._load(checkpoint, self.device)
        except GenerationError as error:
            self._failed[checkpoint.name] = error.message
            logger.warning("%s is not ready: %s", checkpoint.name, error.message)
            raise
        finally:
            self._loading = ""
        if before is not None:
            self._measured[checkpoint.name] = (self._reserved_bytes(self.device) or 0) - before
        self._failed.pop(checkpoint.name, None)
        logger.info("loaded %s in %.1f s on %s", checkpoint.name, monotonic() - started, self.device)
        return loaded

    def _make_room_for(self, checkpoint: Checkpoint, busy: Collection[str]) -> None:
        """Drop others until it should fit, judged by the memory it took last time, or by the size of its files."""
        widened = checkpoint.variant == "fp16" and checkpoint.dtype_on(self.device) == "float32"
        estimate = checkpoint.size_bytes * (2 if widened else 1)
        needed = self._measured.get(checkpoint.name, estimate) * (1 + HEADROOM)
        while (free := self._free_bytes(self.device)) is not None and free < needed:
            before = len(self._loaded)
            self._make_room(before - 1, busy)
            if len(self._loaded) == before:
                return  # nothing left to drop; loading may still succeed

    def _make_room(self, keep: int, busy: Collection[str] = ()) -> None:
        idle = [name for name in self._loaded if name not in busy]
        self._drop(idle[: max(0, len(self._loaded) - max(0, keep))])

    def _drop(self, names: Sequence[str]) -> None:
        """Drop checkpoints, and release the memory that torch holds without using it."""
        for name in names:
            before = self._reserved_bytes(self.device)
            self._loaded.pop(name).drop_graphs()
            _release_unused(self.device)
            after = self._reserved_bytes(self.device)
            if before is not None and after is not None:  # with its graphs, and whatever else came with use
                self._measured[name] = max(self._measured.get(name, 0), before - after)
            logger.info("dropped %s from memory", name)
        if not names:
            _release_unused(self.device)


def _release_unused(device: str) -> None:
    # Modules hold each other in circles, so that only the garbage collector frees them.
    gc.collect()
    devices.empty_cache(device)
