"""The beat schedule as a thread of a worker: `celery worker --with-beat`, for one machine with one such worker.

A process of its own costs 100 MB for a clock. Celery's own `--beat` forks one that nobody starts again when it dies,
and that goes on when its worker was killed; a thread lives and dies with the worker, which the supervisor watches.
"""

import logging
import os
import signal
import threading
from typing import Any

from celery import Celery, bootsteps
from celery.beat import Service
from click import Option

log = logging.getLogger(__name__)
SECONDS = 1
"""So soon it notices that it shall end."""
END_SECONDS = 5
"""For so long the worker waits for it."""


def install(app: Celery) -> None:
    """Give `celery worker` the option."""
    app.user_options["worker"].add(Option(["--with-beat"], is_flag=True, help="Keep the beat schedule too."))
    app.steps["worker"].add(BeatStep)


class BeatStep(bootsteps.StartStopStep):
    """Starts with the worker that was asked for it, and ends with it."""

    def __init__(self, worker: Any, with_beat: bool = False, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = with_beat

    def start(self, worker: Any) -> None:
        self._service = Service(worker.app, max_interval=SECONDS)
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def stop(self, worker: Any) -> None:
        # Not with wait=True: one that broke may never say that it stopped.
        self._service.stop()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        try:
            self._service.start()
        except Exception:
            log.exception("The beat schedule broke: the worker ends, and its supervisor starts another.")
            os.kill(os.getpid(), signal.SIGTERM)
