"""One ticket in the engine, and its pictures: pending before their first step, in flight until their last."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray

from generation.checkpoints.catalogue import Checkpoint
from generation.engine.denoiser import Denoiser, Sample
from generation.engine.previews import Budget, Previewer
from generation.engine.sampler import Sampler
from generation.engine.user_errors import record_success, to_user_error
from generation.errors import PictureWithheld
from generation.pipelines.drawing import Drawing
from generation.work import Drawn, Picture, Progress, Ticket

logger = logging.getLogger(__name__)


class Request:
    """Tracks one ticket: progress, previews, finished pictures, and the final result, which is given once.

    run_in_background: runs a function on a thread that may wait. is_warm_up: its pictures are not used; they prepare
    everything for later ones. accelerator_seconds: its share of the accelerator so far. ended: the ticket has its
    result. submitted_at: by `monotonic`.
    """

    def __init__(
        self,
        ticket: Ticket,
        drawings: Sequence[Drawing],
        run_in_background: Callable[[Callable[[], None]], object],
        is_warm_up: bool = False,
    ) -> None:
        self.ticket, self.drawings, self.is_warm_up = ticket, drawings, is_warm_up
        self._run_in_background = run_in_background
        self.submitted_at = monotonic()
        self.accelerator_seconds = 0.0
        self.ended = False
        self._lock = threading.Lock()  # pictures are delivered on several threads
        self._pictures: dict[int, Picture | None] = {}
        self._steps_done = 0
        self._budget: Budget | None = None
        self._has_previews = True

    @property
    def owner(self) -> str:
        return self.ticket.work.owner

    @property
    def checkpoint(self) -> Checkpoint:
        return self.ticket.work.checkpoint

    @property
    def kind(self) -> str:
        return self.ticket.work.params.kind

    def report_step(self, steps: int, pred_original_sample: torch.Tensor, previewer: Previewer) -> None:
        """One of the pictures made one of its `steps`.

        pred_original_sample: (1, channels, height/8, width/8), the best prediction of its finished latents.
        """
        total = steps * len(self.drawings)
        # A picture that ran out of memory may begin again, and its steps count twice.
        self._steps_done = min(self._steps_done + 1, total)
        self.ticket.report_progress(Progress(self._steps_done, total))
        self._preview(pred_original_sample, previewer)

    def deliver(self, index: int, picture: Picture | None) -> None:
        """Take in a finished picture, None if it is withheld; the last one ends the request."""
        with self._lock:
            if self.ended:
                return
            self._pictures[index] = picture
            record_success()
            self.ended = len(self._pictures) == len(self.drawings)
            if not self.ended:
                if picture:
                    self.ticket.add_picture(picture)
                return
        shown = [finished for _, finished in sorted(self._pictures.items()) if finished]
        if shown:
            self.ticket.finish(Drawn(shown, self.accelerator_seconds))
        else:
            self.ticket.fail(PictureWithheld())

    def end(self, reason: Exception) -> None:
        """End without pictures, for a reason that a person may see. No effect if it has ended already."""
        with self._lock:
            if self.ended:
                return
            self.ended = True
        self.ticket.fail(reason)

    def fail(self, error: Exception) -> None:
        """End with any error, translated for people."""
        self.end(to_user_error(error, self.ticket.work))

    def end_if_stopped(self) -> None:
        """End if the ticket was asked to stop."""
        if reason := self.ticket.stopped:
            self.end(reason)

    def _preview(self, latents: torch.Tensor, previewer: Previewer) -> None:
        """Start a preview if one is due; it is shown once it has arrived from the accelerator, in the background."""
        self._budget = self._budget or Budget()
        if not self._has_previews or not self._budget.allows(previewer.seconds, self.accelerator_seconds):
            return
        started = monotonic()
        with self._disable_previews_on_error():
            get_jpeg = previewer.start(latents)
            self._run_in_background(partial(self._show, get_jpeg))
        self._budget.spend(monotonic() - started)

    def _show(self, get_jpeg: Callable[[], bytes]) -> None:
        with self._disable_previews_on_error():
            self.ticket.report_preview(get_jpeg())

    @contextmanager
    def _disable_previews_on_error(self) -> Iterator[None]:
        """A failing preview must not fail the picture: if the cause is serious, the picture fails by itself."""
        try:
            yield
        except Exception:
            if self._has_previews:
                logger.exception("%s with %s has no previews", self.kind, self.checkpoint.name)
            self._has_previews = False


@dataclass(eq=False)
class Pending:
    """A picture that has not begun. index: which of its request's pictures, from 0."""

    request: Request
    index: int

    @property
    def owner(self) -> str:
        return self.request.owner

    @property
    def drawing(self) -> Drawing:
        return self.request.drawings[self.index]

    @property
    def sentence(self) -> NDArray[np.float32] | None:
        """As `Drawing.cut` takes it."""
        return None


@dataclass(eq=False)
class InFlight(Pending):
    """A picture between its first and its last step."""

    sampler: Sampler
    denoiser: Denoiser
    sample: Sample
    previewer: Previewer

    @property
    def rows(self) -> int:
        return self.sample.rows

    @property
    def sentence(self) -> NDArray[np.float32] | None:
        return self.sample.sentence
