"""The one thread of this process that calls torch.

Everything else submits work and waits: models and schedulers hold state that two callers would ruin, and compiled
graphs belong to the thread that made them. The thread turns round and round: live frames, who may begin, one step
for the pictures of one UNet and size, what has finished. There is no timer: whoever waits when a step ends is let
in. A kind that cannot be drawn step by step runs as its stock pipeline, and the others make their steps between
its steps.
"""

import logging
import threading
from collections.abc import Collection
from time import monotonic
from typing import Protocol

import torch

from generation.checkpoints.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.batching import next_in_turn
from generation.engine.failure import told
from generation.engine.finishing import Finishing
from generation.engine.residency import Residency, Resident
from generation.engine.stepping import Stepping
from generation.engine.stock import Stock
from generation.engine.undertaking import Undertaking, Waiting
from generation.pipelines import drawing
from generation.work import HandedBack, Ticket, Work

logger = logging.getLogger(__name__)

# So long younger work may go ahead of a picture whose checkpoint finds no room beside those in use.
PATIENCE_SECONDS = 5.0


class Live(Protocol):
    """Frames of boards that are redrawn while somebody draws; asked on the engine's thread before every step."""

    @property
    def active(self) -> bool:
        """Whether anybody is drawing, so that steps shall be short."""
        ...

    @property
    def waiting(self) -> bool:
        """Whether there is a frame to draw."""
        ...

    def draw(self, residency: Residency, busy: Collection[str]) -> bool:
        """Draw the newest frames that wait. busy: names of checkpoints in use. False if there were none."""
        ...


class Engine:
    """Draws many tickets at once. One that fails, for whatever reason, fails alone."""

    def __init__(self, residency: Residency, threads: int = 0, live: Live | None = None) -> None:
        self.residency = residency
        self._threads, self._live = threads, live
        # Shared with other threads, under the condition's lock.
        self._changed = threading.Condition()
        self._arrived: list[Undertaking] = []
        self._open: list[Undertaking] = []
        self._woken = self._stopping = False
        # The engine thread's own.
        self._waiting: list[Waiting] = []
        self._finishing = Finishing()
        self.watchdog = residency.watchdog
        self._stepping = Stepping(residency, self._finishing)
        self._stock = Stock(residency, self._finishing, self.turn)
        residency.in_use, residency.warming = self._busy, self._warming
        residency.may_capture = lambda: self._live is None or not self._live.active
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)

    # --- for everybody --------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self.watchdog.start()

    def submit(self, work: Work) -> Ticket:
        """Queue work; its init image is fitted here, on the caller's thread. After `stop` it is handed back at once."""
        ticket = Ticket(work)
        self.enter(ticket)
        return ticket

    def enter(self, ticket: Ticket, warms_up: bool = False) -> None:
        """Queue a ticket that somebody made already."""
        try:
            drawings = drawing.drawings(ticket.work)
        # A picture can be broken in more ways than Pillow names.
        except Exception as error:
            ticket.give_up(told(error, ticket.work))
            return
        undertaking = Undertaking(ticket, drawings, self._finishing.run, warms_up)
        with self._changed:
            if not self._stopping:
                self._arrived.append(undertaking)
                self._open.append(undertaking)
                self._changed.notify()
                return
        undertaking.give_up(HandedBack())

    def warm_up(self, checkpoint: Checkpoint) -> None:
        """Load a checkpoint and draw as little as possible with it, so that the first person does not wait."""
        for work in drawing.smallest(checkpoint):
            self.enter(Ticket(work), warms_up=True)

    def _warming(self) -> set[str]:
        with self._changed:
            return {each.checkpoint.name for each in self._open if each.warms_up and not each.over}

    def wake(self) -> None:
        """Something waits that was not submitted: a live frame."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def stop(self) -> None:
        """Hand back what is running and waiting. Returns at once; `join` waits for the thread."""
        with self._changed:
            self._stopping = True
            for undertaking in self._open:
                undertaking.ticket.stop(HandedBack())
            self._changed.notify()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    # --- the thread -----------------------------------------------------------------------------------------

    def _serve(self) -> None:
        devices.prepare(self.residency.device, self._threads)
        with torch.inference_mode():
            while self._something_to_do():
                try:
                    self.turn()
                # The engine must outlive anything that a driver, or a mistake in it, can raise.
                except Exception as error:
                    for going in self._stepping.going:
                        going.undertaking.fail(error)
                    self._drop_what_is_over()
        self._finishing.stop()
        self.watchdog.stop()

    def _something_to_do(self) -> bool:
        """Waits for it. False when there will be nothing any more."""
        with self._changed:
            live = self._live is not None and self._live.waiting
            busy = bool(self._stepping.going or self._waiting or live)
            if not busy:
                self.watchdog.rest()
                self._changed.wait_for(lambda: self._arrived or self._woken or self._stopping)
            self._woken = False
            self.watchdog.beat()
            return busy or bool(self._arrived) or not self._stopping

    def turn(self) -> None:
        """Everything that happens between two steps, and one step. Only for the thread, and tests without one."""
        self.watchdog.beat()
        self._take_in()
        self._draw_live()
        self._begin()
        self._stepping.step(self._rows_max())

    def _take_in(self) -> None:
        with self._changed:
            arrived, self._arrived = self._arrived, []
            self._open = [undertaking for undertaking in self._open if not undertaking.over]
        for undertaking in arrived:
            self._waiting += [Waiting(undertaking, place) for place in range(len(undertaking.drawings))]
        for picture in (*self._waiting, *self._stepping.going):
            picture.undertaking.obey()
        self._drop_what_is_over()

    def _drop_what_is_over(self) -> None:
        self._waiting = [picture for picture in self._waiting if not picture.undertaking.over]
        self._stepping.drop_what_is_over()

    def _draw_live(self) -> None:
        if self._live is None:
            return
        try:
            self._live.draw(self.residency, self._busy())
        # A frame is soon followed by another; it must not cost anybody a picture.
        except Exception:
            logger.exception("a live frame could not be drawn")

    def _rows_max(self) -> int:
        tuning = self.residency.tuning
        return tuning.rows_beside_live if self._live and self._live.active else tuning.rows

    # --- who begins -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Let in whoever is next as long as there is room in the step."""
        while picture := next_in_turn(self._admitted(), self._stepping.rows, self._rows_max()):
            short = False
            try:
                if not self._begun(picture):
                    return
            except Exception as error:
                picture.undertaking.fail(error)
                self._drop_what_is_over()
                short = devices.is_out_of_memory(error)
            if short:  # only now: the error held what was tried
                self.residency.release(keep=1, busy={picture.undertaking.checkpoint.name})

    def _begun(self, picture: Waiting) -> bool:
        """False if it has to wait for room. Raises whatever loading and encoding raise."""
        undertaking = picture.undertaking
        resident = self.residency.get(undertaking.checkpoint, self._busy())
        sampler = resident.sampler(undertaking.kind)
        if sampler is None:
            self._draw_by_stock(picture, resident)
            return True
        rows = sampler.rows(picture.drawing)
        if not self._stepping.has_room(rows, self._rows_max()):
            return False
        undertaking.ticket.check()  # loading may have taken a minute
        self._stepping.begin(picture, resident, sampler)
        self._waiting.remove(picture)
        return True

    def _draw_by_stock(self, first: Waiting, resident: Resident) -> None:
        """The picture, and where the device gains by it and the pipeline takes them for a batch, those that are alike."""
        at_once = self.residency.tuning.pictures if first.drawing.kind.batches else 1
        alike = [picture for picture in self._waiting if picture.drawing.alike() == first.drawing.alike()]
        alike.sort(key=lambda picture: picture is not first)  # stable: the others by age
        together = alike[:at_once]
        self._waiting = [picture for picture in self._waiting if picture not in together]
        self._stock.draw(together, resident)

    def _admitted(self) -> list[Waiting]:
        """Who could begin now, as far as memory goes."""
        busy, admitted = self._busy(), []
        for picture in self._waiting:
            if self._may_begin(picture, busy):
                admitted.append(picture)
            elif not self._stock.running and monotonic() - picture.undertaking.since > PATIENCE_SECONDS:
                break  # nobody younger keeps it from its place any longer
        return admitted

    def _may_begin(self, picture: Waiting, busy: set[str]) -> bool:
        undertaking = picture.undertaking
        if not self._stock.running:
            return self.residency.admits(undertaking.checkpoint, busy)
        # Between the steps of a stock pipeline nothing is loaded and no other stock pipeline begun.
        resident = self.residency.known(undertaking.checkpoint)
        return resident is not None and resident.sampler(undertaking.kind) is not None

    def _busy(self) -> set[str]:
        return self._stepping.checkpoints | ({self._stock.checkpoint} if self._stock.running else set())
