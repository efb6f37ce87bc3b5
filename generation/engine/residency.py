"""Which checkpoints are in memory: the last few used. Everything here happens on the engine's thread."""

import gc
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from generation.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.previews import Previewer
from generation.errors import GenerationError
from generation.pipelines.loading import Loaded, load

logger = logging.getLogger(__name__)

Load = Callable[[Checkpoint, str], Loaded]


@dataclass(frozen=True)
class Resident:
    weights: Loaded
    previewer: Previewer


class Residency:
    """limit: how many checkpoints are kept at once; the one not used for longest goes first."""

    def __init__(self, device: str, limit: int, load: Load = load) -> None:
        self.device, self._limit, self._load = device, limit, load
        self._loaded: OrderedDict[str, Resident] = OrderedDict()
        self._failed: dict[str, str] = {}
        self._loading = ""

    def get(self, checkpoint: Checkpoint) -> Resident:
        """The weights, loaded if need be. Raises CheckpointUnavailable and whatever loading raises."""
        known = self._loaded.get(checkpoint.name)
        # A catalogue entry may have been changed since.
        if known is None or known.weights.checkpoint != checkpoint:
            self._loaded.pop(checkpoint.name, None)
            self._make_room(self._limit - 1)
            loaded = self._fetch(checkpoint)
            self._loaded[checkpoint.name] = known = Resident(loaded, Previewer(loaded.vae))
        self._loaded.move_to_end(checkpoint.name)
        return known

    def release(self, keep: int = 0) -> None:
        """Drop all but the `keep` checkpoints used last."""
        self._make_room(keep)

    def states(self) -> dict[str, dict[str, str]]:
        """Status and reason of what was touched so far; read by other threads."""
        states = {
            name: {"status": "failed", "reason": reason} for name, reason in self._failed.copy().items()
        }
        states |= {name: {"status": "ready", "reason": ""} for name in self._loaded.copy()}
        if loading := self._loading:
            states[loading] = {"status": "loading", "reason": ""}
        return states

    def _fetch(self, checkpoint: Checkpoint) -> Loaded:
        started, self._loading = monotonic(), checkpoint.name
        try:
            loaded = self._load(checkpoint, self.device)
        except GenerationError as error:
            self._failed[checkpoint.name] = error.message
            raise
        finally:
            self._loading = ""
        self._failed.pop(checkpoint.name, None)
        logger.info("loaded %s in %.1f s on %s", checkpoint.name, monotonic() - started, self.device)
        return loaded

    def _make_room(self, keep: int) -> None:
        while len(self._loaded) > keep:
            name, _ = self._loaded.popitem(last=False)
            logger.info("dropped %s from memory", name)
        # Modules hold each other in circles; without this the memory comes back whenever Python likes.
        gc.collect()
        devices.forget(self.device)
