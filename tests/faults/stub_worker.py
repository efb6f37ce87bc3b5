"""A real worker process with a stub checkpoint: `celery -A tests.faults.stub_worker worker`.

Everything is the product's own but what stands behind the accelerator's door: instead of an engine that draws with a
checkpoint, a timer that paints noise. A prompt of “poison” kills the process, as a driver's fault would.
"""

import os
import signal
import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import django
from PIL import Image

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from generation.checkpoints.catalogue import Checkpoint  # noqa: E402
from generation.jobs import lifecycle  # noqa: E402
from generation.work import Drawn, HandedBack, Picture, Progress, Ticket, Work  # noqa: E402
from generation.worker import worker_process  # noqa: E402
from webapp.celery import app  # noqa: E402

__all__ = ["app"]

SECONDS = float(os.environ.get("STUB_SECONDS", "0.3"))
SIDE_PX = 64
# A killed worker's jobs are missed after this; the heartbeat still comes every second.
lifecycle.LEASE = timedelta(seconds=float(os.environ.get("JOBS_LEASE_SECONDS", "10")))


class StubEngine:
    """What worker.engine() gives, without an accelerator."""

    def __init__(self) -> None:
        ready = {"bundled": {"status": "ready", "reason": ""}}
        self.residency = SimpleNamespace(device="stub", states=lambda: ready)
        self._stopping = False

    def submit(self, work: Work) -> Ticket:
        ticket = Ticket(work)
        if work.params.prompt == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._stopping:
            ticket.fail(HandedBack())
        else:
            ticket.report_progress(Progress(1, 2))
            threading.Timer(SECONDS / 2, self._hand, [ticket]).start()
            threading.Timer(SECONDS, self._finish, [ticket]).start()
        return ticket

    def warm_up(self, checkpoint: Checkpoint) -> None:
        """There is nothing to load."""

    def stop(self) -> None:
        self._stopping = True

    def _hand(self, ticket: Ticket) -> None:
        """All but the last picture come in before it."""
        for seed in ticket.work.seeds[:-1]:
            ticket.add_picture(Picture(noise(seed), seed))

    def _finish(self, ticket: Ticket) -> None:
        reason = ticket.stopped or (HandedBack() if self._stopping else None)
        if reason:
            ticket.fail(reason)
            return
        pictures = [Picture(noise(seed), seed) for seed in ticket.work.seeds]
        ticket.finish(Drawn(pictures, SECONDS))


def noise(seed: int) -> Image.Image:
    """The same picture for the same seed, another one for another."""
    import random

    return Image.frombytes("RGB", (SIDE_PX, SIDE_PX), random.Random(seed).randbytes(3 * SIDE_PX**2))


stub: Any = StubEngine()
worker_process._engine = stub
