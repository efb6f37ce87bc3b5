"""The beat schedule as a thread of a worker: `celery worker --with-beat`, for installations with one such worker.

A process of its own costs 100 MB. Celery's own `--beat` forks one that is not restarted when it dies, and that survives
a worker that is killed; a thread ends with its worker, which the supervisor restarts.
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
"""Longest sleep of the schedule, and so the delay of its end."""
END_SECONDS = 5
"""How long the worker waits for the thread to end."""


def install(app: Celery) -> None:
    """Add the option --with-beat to `celery worker`."""
    app.user_options["worker"].add(Option(["--with-beat"], is_flag=True, help="Run the beat schedule, too."))
    app.steps["worker"].add(BeatStep)


class BeatStep(bootsteps.StartStopStep):
    """Runs the schedule while its worker runs, if that was started with --with-beat."""

    def __init__(self, worker: Any, with_beat: bool = False, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = with_beat

    def start(self, worker: Any) -> None:
        self._service = Service(worker.app, max_interval=SECONDS)
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def stop(self, worker: Any) -> None:
        # Not with wait=True: a schedule that failed may never report its end.
        self._service.stop()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        try:
            self._service.start()
        except Exception:
            log.exception("The beat schedule broke: the worker ends, and its supervisor starts another.")
            os.kill(os.getpid(), signal.SIGTERM)
