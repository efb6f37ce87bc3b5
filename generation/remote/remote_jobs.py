"""Jobs that other servers draw. They do not go through the engine: they wait for a network, not for an accelerator.

As with the engine, the Celery task's thread renews the lease and notices a cancel. Beside it each job has a thread with an
event loop, which can abort an HTTP request at once.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from time import monotonic

from generation.checkpoints.remote_entry import Remote
from generation.errors import GenerationError, PipelineFailed, RemoteError, RemoteTimeout
from generation.remote import health
from generation.remote.http_client import HttpClient
from generation.remote.protocol import PROTOCOLS
from generation.remote.request import RemoteRequest, make_requests
from generation.remote.response import decode_picture
from generation.work import Drawn, HandedBack, Picture, Progress, Stopped, Ticket, Work

logger = logging.getLogger(__name__)

# How often the flag for a cancel is read: often enough to feel immediate, and it costs nothing.
STOP_POLL_SECONDS = 0.1


class RemoteJobs:
    """All remote jobs of this process. A job that fails, for any reason, does not affect the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Ticket] = set()
        self._stopping = False

    def submit(self, work: Work, remote: Remote) -> Ticket:
        """Start work on its own thread. After `stop` it is handed back at once."""
        ticket = Ticket(work)
        with self._lock:
            stopping = self._stopping
            if not stopping:
                self._open.add(ticket)
        if stopping:
            ticket.fail(HandedBack())
        else:
            threading.Thread(target=self._run, args=(ticket, remote), name="remote", daemon=True).start()
        return ticket

    def stop(self) -> None:
        """Hand back all open jobs; returns at once."""
        with self._lock:
            self._stopping = True
            for ticket in self._open:
                ticket.stop(HandedBack())

    def _run(self, ticket: Ticket, remote: Remote) -> None:
        checkpoint = ticket.work.checkpoint
        try:
            drawn = asyncio.run(_unless_stopped(ticket, _draw(ticket, remote)))
            health.record(checkpoint, remote)
            ticket.finish(drawn)
        except Stopped as reason:
            ticket.fail(reason)
        except GenerationError as error:
            details = error.details if isinstance(error, RemoteError) else ""
            logger.warning("checkpoint %s: %s %s", checkpoint.name, error.message, details)
            health.record(checkpoint, remote, error)
            ticket.fail(error)
        # An exception of this thread would be lost, and the ticket must be answered.
        except Exception:
            logger.exception("checkpoint %s failed", checkpoint.name)
            ticket.fail(PipelineFailed())
        finally:
            with self._lock:
                self._open.discard(ticket)


async def _unless_stopped(ticket: Ticket, drawing: Coroutine[None, None, Drawn]) -> Drawn:
    """The result of `drawing`. Raises Stopped once the ticket was asked to stop and the request was cancelled."""
    task = asyncio.create_task(drawing)
    while not task.done():
        await asyncio.wait({task}, timeout=STOP_POLL_SECONDS)
        if ticket.stopped and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise ticket.stopped
    return task.result()


async def _draw(ticket: Ticket, remote: Remote) -> Drawn:
    requests = make_requests(ticket.work, remote)
    pictures, begun = [], monotonic()
    async with HttpClient(remote) as client:
        for index, request in enumerate(requests):
            pictures.append(await _draw_picture(ticket, client, request, index))
            if len(pictures) < len(requests):
                ticket.add_picture(pictures[-1])
            ticket.report_progress(Progress((index + 1) * request.steps, len(requests) * request.steps))
    return Drawn(pictures, monotonic() - begun)


async def _draw_picture(ticket: Ticket, client: HttpClient, request: RemoteRequest, index: int) -> Picture:
    """One picture in the size asked for. Raises RemoteTimeout even while the server still sends bytes."""
    total = len(ticket.work.seeds) * request.steps

    def on_progress(fraction: float) -> None:
        ticket.report_progress(Progress(index * request.steps + int(fraction * request.steps), total))

    protocol = PROTOCOLS[client.remote.protocol]
    try:
        async with asyncio.timeout(client.remote.timeout_seconds):
            data = await protocol.draw(client, request, on_progress)
    except TimeoutError as error:
        raise RemoteTimeout(f"no picture in {client.remote.timeout_seconds:g} s") from error
    return Picture(request.cut(decode_picture(data)), request.seed)
