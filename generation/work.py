"""What goes into the engine and what comes back: no torch here, so that everybody may hold one."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass

from PIL import Image

from generation.checkpoints import limits
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import Params


@dataclass(frozen=True)
class Work:
    """One job's worth of drawing. params are complete; init_image is RGB, None for kinds that need none.

    mask: L, white where init_image is to be repainted, in its shape; None for kinds that redraw all of it.
    owner: who asked for it, opaque; people take turns on the accelerator.
    made: seeds of the pictures that an earlier attempt finished already.
    """

    checkpoint: Checkpoint
    params: Params
    init_image: Image.Image | None = None
    owner: str = ""
    made: frozenset[int] = frozenset()
    mask: Image.Image | None = None

    @property
    def seeds(self) -> list[int]:
        """Of the pictures that are to be drawn."""
        wanted = limits.seeds(self.params.seed or 0, self.params.count)
        return [seed for seed in wanted if seed not in self.made]


@dataclass(frozen=True)
class Picture:
    image: Image.Image
    seed: int


@dataclass(frozen=True)
class Drawn:
    """seconds: on the accelerator, without waiting; of a step shared with others only its own share."""

    pictures: list[Picture]
    seconds: float


@dataclass(frozen=True)
class Progress:
    """preview: a JPEG, or None when there is no new one."""

    step: int
    steps: int
    preview: bytes | None = None


class Stopped(Exception):
    """Not an error: somebody does not want this work any more."""


class Cancelled(Stopped):
    """The person took it back."""


class HandedBack(Stopped):
    """This worker has to go; another one shall do it."""


class LeaseLost(Stopped):
    """Somebody else has the job now."""


class Ticket:
    """Stands for work in the engine, which tells; whoever submitted it listens.

    Of the news only the newest is kept, of the pictures every one.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._future: Future[Drawn] = Future()
        self._changed = threading.Condition()
        self._progress: Progress | None = None
        self._told = Progress(0, 0)
        self._pictures: list[Picture] = []
        self._stopped: Stopped | None = None

    # For the one who submitted it.

    def stop(self, reason: Stopped) -> None:
        """Ask to stop before the next step. The first reason counts."""
        self._stopped = self._stopped or reason

    def wait(self, seconds: float) -> Progress | None:
        """Return on news, when the work is done, or after so many seconds; the news, if there is any."""
        with self._changed:
            self._changed.wait_for(lambda: self._progress or self._pictures or self._future.done(), seconds)
            progress, self._progress = self._progress, None
        return progress

    def take(self) -> list[Picture]:
        """The pictures that came in since the last call, before the others are done."""
        with self._changed:
            pictures, self._pictures = self._pictures, []
        return pictures

    def done(self) -> bool:
        return self._future.done()

    def result(self, timeout: float | None = None) -> Drawn:
        """What was drawn. Raises Stopped, GenerationError."""
        return self._future.result(timeout)

    # For the engine.

    @property
    def stopped(self) -> Stopped | None:
        """Why to stop, if somebody asked for it."""
        return self._stopped

    def check(self) -> None:
        """Raises Stopped if somebody asked for it."""
        if self._stopped:
            raise self._stopped

    def tell(self, progress: Progress) -> None:
        """Called on the engine's thread: never waits for whoever reads it."""
        with self._changed:
            self._told = progress
            # A preview that nobody has seen yet is still the newest one.
            unseen = self._progress.preview if self._progress else None
            self._progress = Progress(progress.step, progress.steps, progress.preview or unseen)
            self._changed.notify_all()

    def show(self, preview: bytes) -> None:
        """A preview of what was told already: it took a while to make, and the steps have gone on."""
        with self._changed:
            self._progress = Progress(self._told.step, self._told.steps, preview)
            self._changed.notify_all()

    def hand(self, picture: Picture) -> None:
        """One of several is there. `finish` brings it again, with the others."""
        with self._changed:
            self._pictures.append(picture)
            self._changed.notify_all()

    def finish(self, drawn: Drawn) -> None:
        with self._changed:
            self._future.set_result(drawn)
            self._changed.notify_all()

    def give_up(self, reason: Exception) -> None:
        with self._changed:
            self._future.set_exception(reason)
            self._changed.notify_all()
