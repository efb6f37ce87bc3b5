"""What lives as long as a worker process: its engine and its heartbeat, by Celery's signals.

torch is imported by `engine()` alone, when the warm-up or the first job asks for it.
"""

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings

from generation import catalogue, hub
from generation.catalogue import Checkpoint
from generation.heartbeat import Heartbeat

if TYPE_CHECKING:
    from generation.engine.engine import Engine

logger = logging.getLogger(__name__)

QUEUE = "gpu"
CHECKPOINTS_IN_MEMORY = 3

_lock = threading.Lock()
_engine: "Engine | None" = None
_heartbeat: Heartbeat | None = None


def name() -> str:
    """Who holds a job: machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def engine() -> "Engine":
    """This process's engine, started when first asked for."""
    global _engine
    with _lock:
        if _engine is None:
            from generation.engine import device
            from generation.engine.engine import Engine
            from generation.engine.residency import Residency

            limit = getattr(settings, "ATELIER_MAX_CHECKPOINTS", CHECKPOINTS_IN_MEMORY)
            _engine = Engine(
                Residency(device.choose(settings.DEVICE), limit),
                getattr(settings, "ATELIER_TORCH_THREADS", 0),
            )
            _engine.start()
        return _engine


def report(queues: list[str]) -> dict[str, Any]:
    """What the heartbeat says besides the name."""
    if QUEUE not in queues:
        return {"queues": queues, "device": None, "checkpoints": {}}
    device = _engine.residency.device if _engine else None
    return {"queues": queues, "device": device, "checkpoints": checkpoint_states()}


def checkpoint_states() -> dict[str, dict[str, str]]:
    """Status and reason of every checkpoint for this worker."""
    touched = _engine.residency.states() if _engine else {}
    warming = catalogue.default().name
    states = {}
    for checkpoint in catalogue.entries().values():
        untouched = (
            {"status": "loading", "reason": ""} if checkpoint.name == warming else _untouched(checkpoint)
        )
        states[checkpoint.name] = touched.get(checkpoint.name, untouched)
    return states


def _untouched(checkpoint: Checkpoint) -> dict[str, str]:
    if hub.on_disk(checkpoint):
        return {"status": "ready", "reason": ""}
    return {"status": "failed", "reason": f"Not downloaded: {hub.how_to_fetch(checkpoint)}."}


@worker_ready.connect
def _on_ready(sender: Any, **_: Any) -> None:
    """sender: Celery's consumer, untyped."""
    global _heartbeat
    queues = sorted(sender.app.amqp.queues.consume_from)
    _heartbeat = Heartbeat(name(), lambda: report(queues))
    _heartbeat.start()
    if QUEUE in queues:
        # Importing torch takes seconds; Celery's own heartbeat must not wait for that.
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    engine().warm_up(catalogue.default())


@worker_shutting_down.connect
def _on_shutting_down(**_: Any) -> None:
    """Celery now waits for its running tasks, so they are asked to hand their jobs back.

    This runs inside a signal handler, where taking a lock could wait for the very code that was interrupted.
    """
    if _engine is not None:
        threading.Thread(target=_engine.stop, name="hand-back").start()


@worker_shutdown.connect
def _on_shutdown(**_: Any) -> None:
    if _heartbeat is not None:
        _heartbeat.stop()
