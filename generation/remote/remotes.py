"""Work for other servers, beside the engine and never in it: it waits for a network, not for an accelerator.

The Celery task's own thread keeps the lease and hears of a cancel, as with the engine; beside it one thread per
job holds the line, with an event loop that can let go of a request at once.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from time import monotonic

from generation.checkpoints.remote_entry import Remote
from generation.errors import GenerationError, PipelineFailed, RemoteError, RemoteTimeout
from generation.remote import health
from generation.remote.line import Line
from generation.remote.picture import Asked, asked, received
from generation.remote.protocol import SPEAKERS
from generation.work import Drawn, HandedBack, Picture, Progress, Stopped, Ticket, Work

logger = logging.getLogger(__name__)

# Somebody who cancels should not wait for it; a flag that is looked at ten times a second costs nothing.
STOP_SECONDS = 0.1


class Remotes:
    """All the work that this process has given to others. One that fails, for whatever reason, fails alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Ticket] = set()
        self._stopping = False

    def submit(self, work: Work, remote: Remote) -> Ticket:
        """Begin work. After `stop` it is handed back at once."""
        ticket = Ticket(work)
        with self._lock:
            stopping = self._stopping
            if not stopping:
                self._open.add(ticket)
        if stopping:
            ticket.give_up(HandedBack())
        else:
            threading.Thread(target=self._serve, args=(ticket, remote), name="remote", daemon=True).start()
        return ticket

    def stop(self) -> None:
        """Hand back what is under way; returns at once."""
        with self._lock:
            self._stopping = True
            for ticket in self._open:
                ticket.stop(HandedBack())

    def _serve(self, ticket: Ticket, remote: Remote) -> None:
        checkpoint = ticket.work.checkpoint
        try:
            drawn = asyncio.run(_unless_stopped(ticket, _drawn(ticket, remote)))
            health.heard(checkpoint, remote)
            ticket.finish(drawn)
        except Stopped as reason:
            ticket.give_up(reason)
        except GenerationError as error:
            details = error.details if isinstance(error, RemoteError) else ""
            logger.warning("checkpoint %s: %s %s", checkpoint.name, error.message, details)
            health.heard(checkpoint, remote, error)
            ticket.give_up(error)
        # Nobody looks at what this thread raises, and the ticket must have an answer.
        except Exception:
            logger.exception("checkpoint %s failed", checkpoint.name)
            ticket.give_up(PipelineFailed())
        finally:
            with self._lock:
                self._open.discard(ticket)


async def _unless_stopped(ticket: Ticket, drawing: Coroutine[None, None, Drawn]) -> Drawn:
    """What is drawn. Raises Stopped as soon as somebody asked for it and the server was told."""
    task = asyncio.create_task(drawing)
    while not task.done():
        await asyncio.wait({task}, timeout=STOP_SECONDS)
        if ticket.stopped and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise ticket.stopped
    return task.result()


async def _drawn(ticket: Ticket, remote: Remote) -> Drawn:
    wanted = asked(ticket.work, remote)
    pictures, begun = [], monotonic()
    async with Line(remote) as line:
        for number, each in enumerate(wanted):
            pictures.append(await _picture(ticket, line, each, number))
            if len(pictures) < len(wanted):
                ticket.hand(pictures[-1])
            ticket.tell(Progress((number + 1) * each.steps, len(wanted) * each.steps))
    return Drawn(pictures, monotonic() - begun)


async def _picture(ticket: Ticket, line: Line, each: Asked, number: int) -> Picture:
    """One picture in the size asked for. Raises RemoteTimeout, whatever the server sends byte by byte."""
    total = len(ticket.work.seeds) * each.steps

    def hear(fraction: float) -> None:
        ticket.tell(Progress(number * each.steps + int(fraction * each.steps), total))

    speaker = SPEAKERS[line.remote.protocol]
    try:
        async with asyncio.timeout(line.remote.timeout_seconds):
            data = await speaker.draw(line, each, hear)
    except TimeoutError as error:
        raise RemoteTimeout(f"no picture in {line.remote.timeout_seconds:g} s") from error
    return Picture(each.cut(received(data)), each.seed)
