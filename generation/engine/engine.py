"""The one thread of this process that calls torch.

Everything else submits work and waits: pipelines and their schedulers hold state that two callers would
ruin, and compiled graphs belong to the thread that made them.
"""

import logging
import queue
import threading
from time import monotonic

import torch

from generation.catalogue import Checkpoint
from generation.engine import device as devices
from generation.engine.previews import Budget, Previewer
from generation.engine.residency import Residency
from generation.errors import GenerationError, OutOfMemory, PipelineFailed
from generation.pipelines import drawing
from generation.work import Drawn, HandedBack, Picture, Progress, Stopped, Ticket, Work

logger = logging.getLogger(__name__)


class Engine:
    """Draws one ticket after the other. A ticket that fails, for whatever reason, fails alone."""

    def __init__(self, residency: Residency, threads: int = 0) -> None:
        self.residency = residency
        self._threads = threads
        self._waiting: queue.Queue[Ticket | Checkpoint | None] = queue.Queue()
        self._current: Ticket | None = None
        self._lock = threading.Lock()  # nothing is put behind the None that ends the thread
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Work) -> Ticket:
        """Queue work. After `stop` it is handed back at once."""
        ticket = Ticket(work)
        with self._lock:
            if self._stopping:
                ticket.give_up(HandedBack())
            else:
                self._waiting.put(ticket)
        return ticket

    def warm_up(self, checkpoint: Checkpoint) -> None:
        """Load a checkpoint as soon as the thread is free, so that the first person does not wait for it."""
        self._waiting.put(checkpoint)

    def stop(self) -> None:
        """Hand back what is running and waiting. Returns at once; `join` waits for the thread."""
        with self._lock:
            self._stopping = True
            self._waiting.put(None)
        if current := self._current:
            current.stop(HandedBack())

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def _serve(self) -> None:
        devices.prepare(self.residency.device, self._threads)
        with torch.inference_mode():
            while True:
                item = self._waiting.get()
                if isinstance(item, Ticket):
                    self._attend(item)
                elif item is None:
                    return
                else:
                    self._warm_up(item)

    def _attend(self, ticket: Ticket) -> None:
        self._current = ticket
        try:
            if self._stopping:
                ticket.stop(HandedBack())
            ticket.finish(self._draw(ticket))
        except (Stopped, GenerationError) as reason:
            ticket.give_up(reason)
        # The engine must outlive anything that a pipeline, a driver or a damaged file can raise.
        except Exception as error:
            ticket.give_up(self._judge(error, ticket.work))
        finally:
            self._current = None

    def _judge(self, error: Exception, work: Work) -> GenerationError:
        """The error for people. The exception is let go: its frames hold every tensor of the work."""
        if devices.is_out_of_memory(error):
            logger.warning("out of memory drawing %s with %s", work.params.kind, work.checkpoint.name)
            error.__traceback__ = None
            self.residency.release(keep=1)
            return OutOfMemory()
        logger.exception("%s with %s failed", work.params.kind, work.checkpoint.name, exc_info=error)
        return PipelineFailed()

    def _draw(self, ticket: Ticket) -> Drawn:
        ticket.check()
        started = monotonic()
        work, together = ticket.work, devices.family(self.residency.device) != "cpu"
        resident = self.residency.get(work.checkpoint)
        ticket.check()  # loading may have taken a minute
        steps = Steps(ticket, resident.previewer, len(drawing.rounds(work.params, together)))
        pictures = drawing.draw(work, resident.weights, steps, together)
        return Drawn([Picture(image, seed) for image, seed in pictures], monotonic() - started)

    def _warm_up(self, checkpoint: Checkpoint) -> None:
        try:
            drawing.warm_up(checkpoint, self.residency.get(checkpoint).weights)
        except GenerationError as error:
            logger.error("%s is not ready: %s", checkpoint.name, error.message)
        except Exception:
            logger.exception("%s could not be warmed up", checkpoint.name)


class Steps:
    """Hears of every step of one ticket: passes on progress, previews now and then, stops when asked."""

    def __init__(self, ticket: Ticket, previewer: Previewer, rounds: int) -> None:
        self._ticket, self._previewer, self._rounds = ticket, previewer, rounds
        self._budget = Budget()

    def __call__(self, round_number: int, step: int, steps: int, latents: torch.Tensor) -> None:
        """step: 1 for the first one done. latents: (batch, channels, height, width), the best guess."""
        self._ticket.check()
        done = round_number * steps + step
        self._ticket.tell(Progress(done, steps * self._rounds, self._preview(latents)))

    def _preview(self, latents: torch.Tensor) -> bytes | None:
        if not self._budget.allows():
            return None
        started = monotonic()
        preview = self._previewer.jpeg(latents)
        self._budget.spend(monotonic() - started)
        return preview
