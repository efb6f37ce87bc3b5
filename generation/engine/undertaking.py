"""One ticket on its way: its pictures come in one by one, its people hear of every step, and it ends once."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

import torch

from generation.checkpoints.catalogue import Checkpoint
from generation.engine.denoiser import Denoiser, Sample
from generation.engine.failure import succeeded, told
from generation.engine.previews import Budget, Previewer
from generation.engine.sampler import Sampler
from generation.errors import PictureWithheld
from generation.pipelines.drawing import Drawing
from generation.work import Drawn, Picture, Progress, Ticket

logger = logging.getLogger(__name__)


class Undertaking:
    """warms_up: it is drawn so that later ones find everything ready. seconds: its share of the accelerator so far.
    over: its ticket has its answer. aside: runs a function on a thread that may wait."""

    def __init__(
        self,
        ticket: Ticket,
        drawings: Sequence[Drawing],
        aside: Callable[[Callable[[], None]], object],
        warms_up: bool = False,
    ) -> None:
        self.ticket, self.drawings, self.warms_up, self._aside = ticket, drawings, warms_up, aside
        self.since = monotonic()
        self.seconds = 0.0
        self.over = False
        self._lock = threading.Lock()  # pictures come in on several threads
        self._pictures: dict[int, Picture | None] = {}
        self._steps_done = 0
        self._budget: Budget | None = None
        self._previews = True

    @property
    def owner(self) -> str:
        return self.ticket.work.owner

    @property
    def checkpoint(self) -> Checkpoint:
        return self.ticket.work.checkpoint

    @property
    def kind(self) -> str:
        return self.ticket.work.params.kind

    def hear(self, steps: int, guess: torch.Tensor, previewer: Previewer) -> None:
        """One of its pictures made one of its steps. guess: (1, channels, height, width), the best there is."""
        total = steps * len(self.drawings)
        self._steps_done = min(self._steps_done + 1, total)  # what ran out of memory may be begun again
        self.ticket.tell(Progress(self._steps_done, total))
        self._preview(guess, previewer)

    def deliver(self, place: int, picture: Picture | None) -> None:
        """A picture is there, or was withheld; with the last one the ticket is answered."""
        with self._lock:
            if self.over:
                return
            self._pictures[place] = picture
            succeeded()
            self.over = len(self._pictures) == len(self.drawings)
            if not self.over:
                if picture:
                    self.ticket.hand(picture)
                return
        shown = [made for _, made in sorted(self._pictures.items()) if made]
        if shown:
            self.ticket.finish(Drawn(shown, self.seconds))
        else:
            self.ticket.give_up(PictureWithheld())

    def give_up(self, reason: Exception) -> None:
        """Answer the ticket with a reason, unless it has its answer."""
        with self._lock:
            if self.over:
                return
            self.over = True
        self.ticket.give_up(reason)

    def fail(self, error: Exception) -> None:
        self.give_up(told(error, self.ticket.work))

    def obey(self) -> None:
        """Give up if somebody asked for it."""
        if reason := self.ticket.stopped:
            self.give_up(reason)

    def _preview(self, guess: torch.Tensor, previewer: Previewer) -> None:
        """Begin one if it is due; it is shown when it has come back from the accelerator, which nobody here waits for."""
        self._budget = self._budget or Budget()
        if not self._previews or not self._budget.allows(previewer.seconds, self.seconds):
            return
        started = monotonic()
        with self._without_previews():
            arriving = previewer.start(guess)
            self._aside(partial(self._show, arriving))
        self._budget.spend(monotonic() - started)

    def _show(self, arriving: Callable[[], bytes]) -> None:
        with self._without_previews():
            self.ticket.show(arriving())

    @contextmanager
    def _without_previews(self) -> Iterator[None]:
        """Go on without them when one fails: a picture is worth more, and fails by itself if there is something in it."""
        try:
            yield
        except Exception:
            if self._previews:
                logger.exception("%s with %s has no previews", self.kind, self.checkpoint.name)
            self._previews = False


@dataclass(eq=False)
class Waiting:
    """A picture that has not begun: which of its undertaking's."""

    undertaking: Undertaking
    place: int

    @property
    def owner(self) -> str:
        return self.undertaking.owner

    @property
    def drawing(self) -> Drawing:
        return self.undertaking.drawings[self.place]


@dataclass(eq=False)
class Going(Waiting):
    """A picture between its first and its last step."""

    sampler: Sampler
    denoiser: Denoiser
    sample: Sample
    previewer: Previewer

    @property
    def rows(self) -> int:
        return self.sample.rows
