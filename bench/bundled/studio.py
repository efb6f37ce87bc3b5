"""The engine with one checkpoint, and the time and memory that loading takes."""

import resource
import sys
from time import monotonic
from typing import Any

import psutil
from django.conf import settings
from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.limits import allowed
from generation.checkpoints.params import complete, parse
from generation.engine import device
from generation.engine.engine import Engine
from generation.engine.residency import Residency
from generation.images import framing
from generation.pipelines.loading import LoadedCheckpoint, load
from generation.work import Work

MEBIBYTE = 1024 * 1024
DRAFT_STEPS = 4


class Studio:
    """load_seconds: for reading the weights, without importing libraries. base_bytes: memory of the process before that."""

    def __init__(self, name: str) -> None:
        self.checkpoint = catalogue.get(name)
        self.load_seconds = 0.0
        self.base_bytes = 0
        self._device = device.choose(settings.DEVICE)
        self._engine = Engine(Residency(self._device, 1, self._load), settings.ATELIER_TORCH_THREADS)

    def open(self) -> None:
        """Load and warm up, as a worker does when it starts."""
        self._engine.start()
        self._engine.warm_up(self.checkpoint)

    def close(self) -> None:
        self._engine.stop()
        self._engine.join()

    def picture(
        self, init_image: Image.Image, prompt: str, seed: int, **chosen: Any
    ) -> tuple[Image.Image, float]:
        """The picture that a job with the checkpoint's defaults makes, and its seconds in the engine."""
        raw = {"prompt": prompt, "seed": seed, **chosen}
        size = framing.default_size(init_image.size, self.checkpoint.sizes)
        params = complete(parse(raw, self.checkpoint), size)
        work = Work(self.checkpoint, params, init_image if params.needs_image else None)
        drawn = self._engine.submit(work).result()
        return drawn.pictures[0].image, drawn.seconds

    @property
    def title(self) -> str:
        """The device and how many threads a worker uses on it, for people."""
        if self._device != "cpu":
            return device.title(self._device)
        return f"cpu ({settings.ATELIER_TORCH_THREADS or device.default_threads()} threads)"

    @property
    def draft(self) -> dict[str, int]:
        """The params of a live redraw: as few steps as the checkpoint allows, but no fewer than four."""
        kind = self.checkpoint.kinds[self.checkpoint.default_kind]
        low, high = allowed("steps", kind.limits)
        return {"steps": int(min(max(DRAFT_STEPS, low), high))} if "steps" in kind.uses else {}

    @property
    def memory_mebibytes(self) -> float:
        """Peak memory of the process, above what it held before the weights."""
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return (peak - self.base_bytes) / MEBIBYTE

    def _load(self, checkpoint: catalogue.Checkpoint, where: str) -> LoadedCheckpoint:
        self.base_bytes = psutil.Process().memory_info().rss
        began = monotonic()
        loaded = load(checkpoint, where)
        self.load_seconds = monotonic() - began
        return loaded
