"""Draws live frames: of each board only the newest, of many boards in one batch.

Drawn between two steps of the jobs, by the same samplers; there is no queue. Pictures are encoded as JPEG on threads of
their own.
"""

import io
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from generation.checkpoints.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.batching import split
from generation.engine.denoiser import Sample
from generation.engine.postprocessing import download_images
from generation.engine.residency import Residency, Resident
from generation.engine.sampler import Sampler
from generation.engine.user_errors import to_user_error, without_traceback
from generation.errors import GenerationError, LiveNotOffered, PipelineFailed
from generation.live import LiveFrame, Redrawn
from generation.pipelines import drawing
from generation.pipelines.drawing import Drawing
from generation.work import Work

logger = logging.getLogger(__name__)

BOARDS_MAX = 8
"""How many boards share their steps; more would wait longer for each other than they gain."""
ACTIVE_SECONDS = 2.0
"""How long after its last frame a board counts as drawn on; steps of jobs are kept short for it."""
JPEG_QUALITY = 80
THREADS = 2


@dataclass(frozen=True)
class PendingFrame:
    """A live frame with its init image fitted, ready to be drawn."""

    frame: LiveFrame
    drawing: Drawing

    @property
    def checkpoint(self) -> Checkpoint:
        return self.drawing.work.checkpoint

    @property
    def kind(self) -> str:
        return self.drawing.work.params.kind

    def can_share_batch(self, other: "PendingFrame") -> bool:
        """True if one call of the UNet can draw both."""
        return (
            self.checkpoint == other.checkpoint
            and self.kind == other.kind
            and self.drawing.size == other.drawing.size
        )


class LiveRenderer:
    """Holds the newest frame of each board and draws it when the engine asks.

    publish: called with the result of each frame, on a thread of this class or the engine's.
    """

    def __init__(self, publish: Callable[[Redrawn], None]) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        # By audience; a newer frame keeps its board's place in the order.
        self._slots: dict[str, PendingFrame] = {}
        self._active_until = 0.0
        self._encoding = ThreadPoolExecutor(THREADS, thread_name_prefix="live")

    def put(self, frame: LiveFrame, work: Work) -> None:
        """Take in a frame in place of its board's last one, if that is not drawn yet; call `Engine.wake` afterwards.

        Fits the init image, which is the expensive part, on the caller's thread. An older frame than that is dropped.
        """
        pending = PendingFrame(frame, drawing.drawings(work)[0])
        with self._lock:
            known = self._slots.get(frame.audience)
            is_newer = known is None or known.frame.run != frame.run or known.frame.seq <= frame.seq
            if is_newer:
                self._slots[frame.audience] = pending
            self._active_until = monotonic() + ACTIVE_SECONDS

    @property
    def waiting(self) -> bool:
        return bool(self._slots)

    @property
    def active(self) -> bool:
        return monotonic() < self._active_until

    def draw(self, residency: Residency, busy: Collection[str]) -> bool:
        """Draw frames that can share a batch, at most one step's worth. False if no frame that waits can be drawn.

        busy: names of the checkpoints in use.
        """
        with self._lock:
            waiting = list(self._slots.values())
        first = next((pending for pending in waiting if residency.admits(pending.checkpoint, busy)), None)
        if first is None:
            return False
        alike = [pending for pending in waiting if pending.can_share_batch(first)][:BOARDS_MAX]
        try:
            resident = residency.get(first.checkpoint, busy)
            sampler = resident.sampler(first.kind)
            if sampler is None:
                raise LiveNotOffered(first.checkpoint.title)
        except Exception as error:
            self._fail(self._take(alike), error)
            return True
        batch = split(alike, lambda pending: sampler.rows(pending.drawing), residency.tuning.rows)[0]
        self._draw(self._take(batch), residency, resident, sampler)
        self._active_until = monotonic() + ACTIVE_SECONDS
        return True

    def _take(self, frames: Sequence[PendingFrame]) -> list[PendingFrame]:
        """Empty the slots of these frames; returns what was in them, which may be newer, if it can share their batch."""
        with self._lock:
            return [
                self._slots.pop(pending.frame.audience)
                for pending in frames
                if self._slots[pending.frame.audience].can_share_batch(pending)
            ]

    def _draw(
        self, frames: Sequence[PendingFrame], residency: Residency, resident: Resident, sampler: Sampler
    ) -> None:
        """Draw a batch; one by one if that fails, so that only the frame that causes it fails."""
        failure: Exception | None = None
        try:
            pairs = list(zip(frames, self._denoise(frames, resident, sampler), strict=True))
            for batch in split(pairs, lambda _: 1, residency.tuning.pictures):
                self._decode(batch, sampler)
        except Exception as error:
            failure = without_traceback(error)
        if failure is None:
            return
        if len(frames) == 1:
            self._fail(frames, failure)
            return
        if devices.is_out_of_memory(failure):
            residency.release(keep=1, busy={frames[0].checkpoint.name})
        for pending in frames:
            self._draw([pending], residency, resident, sampler)

    def _denoise(self, frames: Sequence[PendingFrame], resident: Resident, sampler: Sampler) -> list[Sample]:
        """The finished pictures, not decoded."""
        denoiser = resident.denoiser(sampler)
        samples = [sampler.begin(pending.drawing) for pending in frames]
        while in_flight := [sample for sample in samples if not sample.done]:
            denoiser.step(in_flight)
        return samples

    def _decode(self, batch: Sequence[tuple[PendingFrame, Sample]], sampler: Sampler) -> None:
        latents = torch.cat([sample.latents for _, sample in batch])
        for (pending, sample), get_image in zip(
            batch, download_images(*sampler.decode(latents)), strict=True
        ):
            self._encoding.submit(self._deliver, pending, sample.sentence, get_image)

    def _deliver(
        self,
        pending: PendingFrame,
        sentence: NDArray[np.float32] | None,
        get_image: Callable[[], Image.Image | None],
    ) -> None:
        try:
            image = get_image()
            jpeg = encode_jpeg(pending.drawing.cut(image, sentence)) if image else b""
        # An exception of this thread would be lost.
        except Exception:
            logger.exception("a live picture could not be encoded")
            self._answer(pending, code=PipelineFailed.code, message=PipelineFailed.message)
            return
        self._answer(pending, jpeg=jpeg)

    def _fail(self, frames: Sequence[PendingFrame], failure: Exception) -> None:
        for pending in frames:
            error = to_user_error(failure, pending.drawing.work)
            code = error.code if isinstance(error, GenerationError) else PipelineFailed.code
            self._encoding.submit(self._answer, pending, code=code, message=str(error))

    def _answer(self, pending: PendingFrame, jpeg: bytes = b"", code: str = "", message: str = "") -> None:
        frame = pending.frame
        self._publish(Redrawn(frame.audience, frame.run, frame.seq, jpeg, code, message, frame.look))


def encode_jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
