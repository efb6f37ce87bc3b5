"""What goes into the engine or to a remote server, and what comes back. Imports no torch."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass

from PIL import Image

from generation.checkpoints import limits
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import Params


@dataclass(frozen=True)
class Work:
    """One job's worth of drawing. params are complete.

    init_image: RGB, or RGBA where params.keeps_size; None for kinds that need none.
    mask: L, white where init_image is to be repainted, in its shape; None for kinds that redraw all of it.
    owner: an opaque id of the person; batches are fair between owners.
    made: seeds of the pictures that an earlier attempt has finished.
    """

    checkpoint: Checkpoint
    params: Params
    init_image: Image.Image | None = None
    owner: str = ""
    made: frozenset[int] = frozenset()
    mask: Image.Image | None = None

    @property
    def seeds(self) -> list[int]:
        """The seeds of the pictures that are still to be drawn."""
        wanted = limits.seeds(self.params.seed or 0, self.params.count)
        return [seed for seed in wanted if seed not in self.made]


@dataclass(frozen=True)
class Picture:
    """A finished picture in the size that was asked for, RGB; RGBA if it is an init image like that, partly repainted."""

    image: Image.Image
    seed: int


@dataclass(frozen=True)
class Drawn:
    """The result of a job. seconds: on the accelerator, without waiting; of shared steps only its own share."""

    pictures: list[Picture]
    seconds: float


@dataclass(frozen=True)
class Progress:
    """step: how many of `steps` are done, over all pictures of a job. preview: a JPEG, or None if there is no new one."""

    step: int
    steps: int
    preview: bytes | None = None


class Stopped(Exception):
    """Why work is stopped early; not an error."""


class Cancelled(Stopped):
    """The job was cancelled."""


class HandedBack(Stopped):
    """This worker is shutting down; another one will do the job."""


class LeaseLost(Stopped):
    """Another worker has the job now."""


class Ticket:
    """Connects submitted work with its submitter: progress, finished pictures and the result, safe between threads.

    Of several progress reports only the newest is kept, of the pictures every one.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._future: Future[Drawn] = Future()
        self._changed = threading.Condition()
        self._progress: Progress | None = None
        self._reported = Progress(0, 0)
        self._pictures: list[Picture] = []
        self._stopped: Stopped | None = None

    # Called by the submitter.

    def stop(self, reason: Stopped) -> None:
        """Ask to stop before the next step. Only the first reason is kept."""
        self._stopped = self._stopped or reason

    def wait(self, seconds: float) -> Progress | None:
        """Wait for progress, a picture, or the result, at most so many seconds; returns new progress, if there is any."""
        with self._changed:
            self._changed.wait_for(lambda: self._progress or self._pictures or self._future.done(), seconds)
            progress, self._progress = self._progress, None
        return progress

    def take_pictures(self) -> list[Picture]:
        """The pictures finished since the last call, while others are not done yet."""
        with self._changed:
            pictures, self._pictures = self._pictures, []
        return pictures

    def done(self) -> bool:
        """True once there is a result or an error."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Drawn:
        """Wait for the result. Raises Stopped, GenerationError, and TimeoutError after `timeout` seconds."""
        return self._future.result(timeout)

    # Called by the engine or a remote job.

    @property
    def stopped(self) -> Stopped | None:
        """Why to stop; None if nobody asked for it."""
        return self._stopped

    def check(self) -> None:
        """Raises Stopped if `stop` was called."""
        if self._stopped:
            raise self._stopped

    def report_progress(self, progress: Progress) -> None:
        """Called on the engine's thread; never waits for the submitter."""
        with self._changed:
            self._reported = progress
            # A preview that was not read yet is still the newest one.
            unseen = self._progress.preview if self._progress else None
            self._progress = Progress(progress.step, progress.steps, progress.preview or unseen)
            self._changed.notify_all()

    def report_preview(self, preview: bytes) -> None:
        """Report a preview with the last progress: previews arrive after the step that they show. preview: a JPEG."""
        with self._changed:
            self._progress = Progress(self._reported.step, self._reported.steps, preview)
            self._changed.notify_all()

    def add_picture(self, picture: Picture) -> None:
        """One of several pictures is finished. `finish` delivers it again, with the others."""
        with self._changed:
            self._pictures.append(picture)
            self._changed.notify_all()

    def finish(self, drawn: Drawn) -> None:
        """Set the result. Call `finish` or `fail`, and only once."""
        with self._changed:
            self._future.set_result(drawn)
            self._changed.notify_all()

    def fail(self, reason: Exception) -> None:
        """Set the error that `result` raises."""
        with self._changed:
            self._future.set_exception(reason)
            self._changed.notify_all()
