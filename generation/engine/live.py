"""Frames of boards that are redrawn while somebody draws: of each board only the newest, of many boards together.

Drawn between two steps of the jobs, by the same samplers; nobody waits in a queue. Encoding the picture happens on
threads of its own.
"""

import io
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

import torch
from PIL import Image

from generation.checkpoints.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.batching import portions
from generation.engine.failure import lightened, told
from generation.engine.finishing import arriving
from generation.engine.residency import Residency, Resident
from generation.engine.sampler import Sampler
from generation.errors import GenerationError, LiveNotOffered, PipelineFailed
from generation.live import Frame, Redrawn
from generation.pipelines import drawing
from generation.pipelines.drawing import Drawing
from generation.work import Work

logger = logging.getLogger(__name__)

BOARDS_MAX = 8
"""So many boards share their steps; more would wait longer for each other than they gain."""
ACTIVE_SECONDS = 2.0
"""So long after its last frame a board counts as drawn on: jobs make shorter steps for it."""
JPEG_QUALITY = 80
THREADS = 2


@dataclass(frozen=True)
class Sketch:
    """A frame that is ready to be drawn."""

    frame: Frame
    drawing: Drawing

    @property
    def checkpoint(self) -> Checkpoint:
        return self.drawing.work.checkpoint

    @property
    def kind(self) -> str:
        return self.drawing.work.params.kind

    def goes_with(self, other: "Sketch") -> bool:
        """Whether one call of the UNet can draw both."""
        return (
            self.checkpoint == other.checkpoint
            and self.kind == other.kind
            and self.drawing.size == other.drawing.size
        )


class Live:
    """give: told what became of each frame, on a thread of this class or the engine's."""

    def __init__(self, give: Callable[[Redrawn], None]) -> None:
        self._give = give
        self._lock = threading.Lock()
        self._slots: dict[str, Sketch] = {}  # by audience; a newer frame keeps its board's place
        self._active_until = 0.0
        self._encoding = ThreadPoolExecutor(THREADS, thread_name_prefix="live")

    def put(self, frame: Frame, work: Work) -> None:
        """Take in a frame; the engine has to be woken. An older one of its board that was not drawn yet is dropped.

        Fits the init image, which is the expensive part, on the caller's thread.
        """
        sketch = Sketch(frame, drawing.drawings(work)[0])
        with self._lock:
            waiting = self._slots.get(frame.audience)
            overtaken = waiting and waiting.frame.run == frame.run and waiting.frame.seq > frame.seq
            if not overtaken:
                self._slots[frame.audience] = sketch
            self._active_until = monotonic() + ACTIVE_SECONDS

    @property
    def waiting(self) -> bool:
        return bool(self._slots)

    @property
    def active(self) -> bool:
        return monotonic() < self._active_until

    def draw(self, residency: Residency, busy: Collection[str]) -> bool:
        """Draw frames of boards that go together, at most one step's worth. False if none waits that can be drawn."""
        with self._lock:
            waiting = list(self._slots.values())
        first = next((sketch for sketch in waiting if residency.admits(sketch.checkpoint, busy)), None)
        if first is None:
            return False
        alike = [sketch for sketch in waiting if sketch.goes_with(first)][:BOARDS_MAX]
        try:
            resident = residency.get(first.checkpoint, busy)
            sampler = resident.sampler(first.kind)
            if sampler is None:
                raise LiveNotOffered(first.checkpoint.title)
        except Exception as error:
            self._fail(self._taken(alike), error)
            return True
        together = portions(alike, lambda sketch: sampler.rows(sketch.drawing), residency.tuning.rows)[0]
        self._draw(self._taken(together), residency, resident, sampler)
        self._active_until = monotonic() + ACTIVE_SECONDS
        return True

    def _taken(self, sketches: Sequence[Sketch]) -> list[Sketch]:
        """Out of their slots, each in its newest state."""
        with self._lock:
            return [
                self._slots.pop(sketch.frame.audience)
                for sketch in sketches
                if self._slots[sketch.frame.audience].goes_with(sketch)
            ]

    def _draw(
        self, sketches: Sequence[Sketch], residency: Residency, resident: Resident, sampler: Sampler
    ) -> None:
        """One that fails, fails alone."""
        failure: Exception | None = None
        try:
            latents = self._moved(sketches, resident, sampler)
            for portion in portions(
                list(zip(sketches, latents, strict=True)), lambda _: 1, residency.tuning.pictures
            ):
                self._decode(
                    [sketch for sketch, _ in portion], torch.cat([each for _, each in portion]), sampler
                )
        except Exception as error:
            failure = lightened(error)
        if failure is None:
            return
        if len(sketches) == 1:
            self._fail(sketches, failure)
            return
        if devices.is_out_of_memory(failure):
            residency.release(keep=1, busy={sketches[0].checkpoint.name})
        for sketch in sketches:
            self._draw([sketch], residency, resident, sampler)

    def _moved(self, sketches: Sequence[Sketch], resident: Resident, sampler: Sampler) -> list[torch.Tensor]:
        """The finished latents, (1, channels, height/8, width/8) each."""
        denoiser = resident.denoiser(sampler)
        samples = [sampler.begin(sketch.drawing) for sketch in sketches]
        while going := [sample for sample in samples if not sample.done]:
            denoiser.step(going)
        return [sample.latents for sample in samples]

    def _decode(self, sketches: Sequence[Sketch], latents: torch.Tensor, sampler: Sampler) -> None:
        for sketch, image in zip(sketches, arriving(*sampler.decode(latents)), strict=True):
            self._encoding.submit(self._deliver, sketch, image)

    def _deliver(self, sketch: Sketch, image: Callable[[], Image.Image | None]) -> None:
        try:
            drawn = image()
            jpeg = encoded(sketch.drawing.cut(drawn)) if drawn else b""
        # Nobody looks at what this thread raises.
        except Exception:
            logger.exception("a live picture could not be encoded")
            self._answer(sketch, code=PipelineFailed.code, message=PipelineFailed.message)
            return
        self._answer(sketch, jpeg=jpeg)

    def _fail(self, sketches: Sequence[Sketch], failure: Exception) -> None:
        for sketch in sketches:
            reason = told(failure, sketch.drawing.work)
            code = reason.code if isinstance(reason, GenerationError) else PipelineFailed.code
            self._encoding.submit(self._answer, sketch, code=code, message=str(reason))

    def _answer(self, sketch: Sketch, jpeg: bytes = b"", code: str = "", message: str = "") -> None:
        frame = sketch.frame
        self._give(Redrawn(frame.audience, frame.run, frame.seq, jpeg, code, message, frame.look))


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
