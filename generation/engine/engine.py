"""The one thread of this process that calls torch.

Everything else submits work and waits: models and schedulers hold state that two callers would ruin, and compiled
graphs belong to the thread that made them. The thread's loop: live frames, begin what fits, one step for the pictures
of one UNet and size, decode what has finished. There is no timer: what is pending when a step ends may begin. A kind
that cannot be drawn step by step runs as its stock pipeline, and other pictures make their steps between its steps.
"""

import logging
import threading
from collections.abc import Collection
from time import monotonic
from typing import Protocol

import torch

from generation.checkpoints.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.batching import next_to_begin
from generation.engine.postprocessing import Postprocessor
from generation.engine.request import Pending, Request
from generation.engine.residency import Residency, Resident
from generation.engine.step_loop import StepLoop
from generation.engine.stock import StockRunner
from generation.engine.user_errors import to_user_error
from generation.pipelines import drawing
from generation.work import HandedBack, Ticket, Work

logger = logging.getLogger(__name__)

# A picture whose checkpoint does not fit beside those in use is overtaken by younger ones for this long at most.
OVERTAKEN_SECONDS_MAX = 5.0


class LiveFrames(Protocol):
    """The live frames that wait, as the engine needs them; its methods are called on the engine's thread."""

    @property
    def active(self) -> bool:
        """True while somebody draws live; steps of jobs are kept short then."""
        ...

    @property
    def waiting(self) -> bool:
        """True if there is a frame to draw."""
        ...

    def draw(self, residency: Residency, busy: Collection[str]) -> bool:
        """Draw the newest frames that wait; False if there are none. busy: names of checkpoints in use."""
        ...


class Engine:
    """Draws many tickets at once. A ticket that fails, for any reason, does not affect the others."""

    def __init__(self, residency: Residency, threads: int = 0, live: LiveFrames | None = None) -> None:
        """threads: of the CPU, for torch; 0 for the default."""
        self.residency = residency
        self._threads, self._live = threads, live
        # Shared with other threads, under the condition's lock.
        self._changed = threading.Condition()
        self._arrived: list[Request] = []
        self._open: list[Request] = []
        self._woken = self._stopping = False
        # The engine thread's own.
        self._pending: list[Pending] = []
        self._postprocessor = Postprocessor()
        self.watchdog = residency.watchdog
        self._step_loop = StepLoop(residency, self._postprocessor)
        self._stock = StockRunner(residency, self._postprocessor, self.turn)
        residency.in_use, residency.warming_up = self._busy, self._warming_up
        residency.may_capture = lambda: self._live is None or not self._live.active
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # --- called on any thread -------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self.watchdog.start()

    def submit(self, work: Work) -> Ticket:
        """Queue work; its init image is fitted on the caller's thread. After `stop` it is handed back at once."""
        ticket = Ticket(work)
        self.submit_ticket(ticket)
        return ticket

    def submit_ticket(self, ticket: Ticket, is_warm_up: bool = False) -> None:
        """Queue a ticket that exists already, as `submit` does."""
        try:
            drawings = drawing.drawings(ticket.work)
        # A damaged image raises more than Pillow's own errors.
        except Exception as error:
            ticket.fail(to_user_error(error, ticket.work))
            return
        request = Request(ticket, drawings, self._postprocessor.run, is_warm_up)
        with self._changed:
            if not self._stopping:
                self._arrived.append(request)
                self._open.append(request)
                self._changed.notify()
                return
        request.end(HandedBack())

    def warm_up(self, checkpoint: Checkpoint) -> None:
        """Load a checkpoint and draw as little as possible with each kind, so that the first job is not slow."""
        for work in drawing.smallest(checkpoint):
            self.submit_ticket(Ticket(work), is_warm_up=True)

    def wake(self) -> None:
        """A live frame waits, which was not submitted here."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def stop(self) -> None:
        """Hand back what is pending and in flight. Returns at once; `join` waits for the thread."""
        with self._changed:
            self._stopping = True
            for request in self._open:
                request.ticket.stop(HandedBack())
            self._changed.notify()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended. timeout: seconds, None for no limit."""
        self._thread.join(timeout)

    def _warming_up(self) -> set[str]:
        with self._changed:
            return {each.checkpoint.name for each in self._open if each.is_warm_up and not each.ended}

    # --- called on the engine's thread ----------------------------------------------------------------------

    def _run(self) -> None:
        devices.prepare(self.residency.device, self._threads)
        with torch.inference_mode():
            while self._wait_for_work():
                try:
                    self.turn()
                # The engine must survive anything that a driver, or a mistake in it, raises.
                except Exception as error:
                    for picture in self._step_loop.in_flight:
                        picture.request.fail(error)
                    self._drop_ended()
        self._postprocessor.stop()
        self.watchdog.stop()

    def _wait_for_work(self) -> bool:
        """Returns as soon as there is something to do; False once the engine was stopped and nothing is left."""
        with self._changed:
            live = self._live is not None and self._live.waiting
            busy = bool(self._step_loop.in_flight or self._pending or live)
            if not busy:
                self.watchdog.rest()
                self._changed.wait_for(lambda: self._arrived or self._woken or self._stopping)
            self._woken = False
            self.watchdog.beat()
            return busy or bool(self._arrived) or not self._stopping

    def turn(self) -> None:
        """One turn of the loop: everything that happens between two steps, and one step. Tests call it without a thread."""
        self.watchdog.beat()
        self._accept_arrived()
        self._draw_live()
        self._begin()
        self._step_loop.step(self._rows_max())

    def _accept_arrived(self) -> None:
        """Make what was submitted pending, and end what was stopped."""
        with self._changed:
            arrived, self._arrived = self._arrived, []
            self._open = [request for request in self._open if not request.ended]
        for request in arrived:
            self._pending += [Pending(request, index) for index in range(len(request.drawings))]
        for picture in (*self._pending, *self._step_loop.in_flight):
            picture.request.end_if_stopped()
        self._drop_ended()

    def _drop_ended(self) -> None:
        self._pending = [picture for picture in self._pending if not picture.request.ended]
        self._step_loop.drop_ended()

    def _draw_live(self) -> None:
        if self._live is None:
            return
        try:
            self._live.draw(self.residency, self._busy())
        # Another frame follows soon; an error here must not fail anybody's picture.
        except Exception:
            logger.exception("a live frame could not be drawn")

    def _rows_max(self) -> int:
        tuning = self.residency.tuning
        return tuning.rows_beside_live if self._live and self._live.active else tuning.rows

    # --- what begins ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin pending pictures, in fair order, as long as there is room in the step."""
        while picture := next_to_begin(self._admitted(), self._step_loop.rows, self._rows_max()):
            out_of_memory = False
            try:
                if not self._try_to_begin(picture):
                    return
            except Exception as error:
                picture.request.fail(error)
                self._drop_ended()
                out_of_memory = devices.is_out_of_memory(error)
            # Outside the except block: until there the error keeps tensors alive.
            if out_of_memory:
                self.residency.release(keep=1, busy={picture.request.checkpoint.name})

    def _try_to_begin(self, picture: Pending) -> bool:
        """False if there is no room for it yet. Raises whatever loading and encoding raise."""
        request = picture.request
        resident = self.residency.get(request.checkpoint, self._busy())
        sampler = resident.sampler(request.kind)
        if sampler is None:
            self._draw_by_stock(picture, resident)
            return True
        rows = sampler.rows(picture.drawing)
        if not self._step_loop.has_room(rows, self._rows_max()):
            return False
        request.ticket.check()  # loading may have taken a minute
        self._step_loop.begin(picture, resident, sampler)
        self._pending.remove(picture)
        return True

    def _draw_by_stock(self, first: Pending, resident: Resident) -> None:
        """Draw a picture, and pending ones that are alike if the device gains by it and the pipeline takes batches."""
        batch_max = self.residency.tuning.pictures if first.drawing.kind.batches else 1
        alike = [picture for picture in self._pending if picture.drawing.alike() == first.drawing.alike()]
        alike.sort(key=lambda picture: picture is not first)  # stable: the others by age
        batch = alike[:batch_max]
        self._pending = [picture for picture in self._pending if picture not in batch]
        self._stock.draw(batch, resident)

    def _admitted(self) -> list[Pending]:
        """The pending pictures that could begin now, as far as memory goes; the oldest first."""
        busy, admitted = self._busy(), []
        for picture in self._pending:
            waited = monotonic() - picture.request.submitted_at
            if self._fits(picture, busy):
                admitted.append(picture)
            elif not self._stock.running and waited > OVERTAKEN_SECONDS_MAX:
                break  # nothing younger may begin before it any more
        return admitted

    def _fits(self, picture: Pending, busy: set[str]) -> bool:
        request = picture.request
        if not self._stock.running:
            return self.residency.admits(request.checkpoint, busy)
        # Between the steps of a stock pipeline nothing is loaded and no other stock pipeline begun.
        resident = self.residency.known(request.checkpoint)
        return resident is not None and resident.sampler(request.kind) is not None

    def _busy(self) -> set[str]:
        """Names of the checkpoints in use."""
        return self._step_loop.checkpoints | ({self._stock.checkpoint} if self._stock.running else set())
