"""The worker process: its engine, clients of remote servers, heartbeat and live listener, started by Celery's signals.

torch is imported by `engine()` alone, when the warm-up or the first job asks for it.
"""

import logging
import os
import signal
import socket
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from generation import live
from generation.checkpoints import catalogue, hub
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.queues import JOBS, excluded_checkpoints, served
from generation.errors import WorkerLost
from generation.jobs.heartbeat import Heartbeat
from generation.live import LiveFrame, Redrawn
from generation.remote import health
from generation.remote.remote_jobs import RemoteJobs
from generation.work import Ticket, Work
from generation.worker.live_listener import LiveListener

if TYPE_CHECKING:
    from generation.engine.engine import Engine
    from generation.engine.live import LiveRenderer

logger = logging.getLogger(__name__)

CHECKPOINTS_IN_MEMORY = 3
SWITCH_SECONDS = 5e-4
"""How long a busy thread may hold the GIL while another launches GPU kernels; Python's own 5 ms are a whole step."""

_lock = threading.Lock()
_stopping = False
_consumed_at: datetime | None = None
_engine: "Engine | None" = None
_live: "LiveRenderer | None" = None
_live_listener: LiveListener | None = None
_heartbeat: Heartbeat | None = None
_remotes = RemoteJobs()
_watch: health.Prober | None = None


def name() -> str:
    """The name of this process in jobs and heartbeats: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def stopping() -> bool:
    """True once this process was asked to end: it takes no more jobs."""
    return _stopping


def shut_down() -> None:
    """Shut this process down in order, because its GPU does no more work. Its supervisor starts another."""
    global _stopping
    if not _stopping:
        _stopping = True
        os.kill(os.getpid(), signal.SIGTERM)


def consumed() -> None:
    """Note that a message came out of the queue, or a job makes progress; the heartbeat reports when.

    A heartbeat alone is not enough: a consumer may lose its broker without noticing, and then consumes nothing.
    """
    global _consumed_at
    _consumed_at = timezone.now()


def engine() -> "Engine":
    """This process's engine, started when first asked for."""
    global _engine, _live
    with _lock:
        if _engine is None:
            # Keeps compiled kernels over restarts; compiling takes minutes.
            os.environ.setdefault(
                "TORCHINDUCTOR_CACHE_DIR", str(Path(settings.ATELIER_HOME) / "cache" / "inductor")
            )
            from generation.engine import device
            from generation.engine.engine import Engine
            from generation.engine.live import LiveRenderer
            from generation.engine.residency import Residency

            limit = getattr(settings, "ATELIER_MAX_CHECKPOINTS", CHECKPOINTS_IN_MEMORY)
            _live = LiveRenderer(_give)
            chosen = device.choose(settings.DEVICE)
            if device.family(chosen) != "cpu":
                sys.setswitchinterval(SWITCH_SECONDS)
            _engine = Engine(
                Residency(chosen, limit),
                getattr(settings, "ATELIER_TORCH_THREADS", 0),
                _live,
            )
            _engine.start()
        return _engine


def redraw(frame: LiveFrame, work: Work) -> None:
    """Draw a live frame, before the engine's next step."""
    started = engine()
    assert _live, "started with the engine"
    _live.put(frame, work)
    started.wake()


def _give(redrawn: Redrawn) -> None:
    live.give(redrawn)
    if redrawn.code == WorkerLost.code:
        shut_down()


def submit(work: Work) -> Ticket:
    """Give work to its checkpoint's remote server, or to the engine."""
    remote = work.checkpoint.remote
    return _remotes.submit(work, remote) if remote else engine().submit(work)


def report(names: list[str]) -> dict[str, Any]:
    """The heartbeat's content besides the name. names: of the queues that this worker consumes."""
    if JOBS not in names:
        return {"queues": names, "device": None, "checkpoints": {}}
    device = _engine.residency.device if _engine else None
    consumed_at = _consumed_at.isoformat() if _consumed_at else None
    states = checkpoint_states()
    return {"queues": names, "device": device, "checkpoints": states, "consumed_at": consumed_at}


def checkpoint_states() -> dict[str, dict[str, str]]:
    """Status and reason of every checkpoint for this worker."""
    touched = _engine.residency.states() if _engine else {}
    excluded = excluded_checkpoints()
    return {
        checkpoint.name: touched.get(checkpoint.name) or _untouched(checkpoint, checkpoint.name in excluded)
        for checkpoint in catalogue.entries().values()
    }


def _untouched(checkpoint: Checkpoint, excluded: bool) -> dict[str, str]:
    if excluded:
        return {
            "status": "failed",
            "reason": "Too large for this worker, or left to others by ATELIER_FAMILIES.",
        }
    if checkpoint.remote:
        return health.state(checkpoint, checkpoint.remote)
    if checkpoint.name == catalogue.default().name:
        return {"status": "loading", "reason": ""}
    if hub.on_disk(checkpoint):
        return {"status": "ready", "reason": ""}
    return {"status": "failed", "reason": f"Not downloaded: {hub.how_to_fetch(checkpoint)}."}


@celeryd_after_setup.connect
def _on_setup(instance: Any, **_: Any) -> None:
    """Consume the families' queues too, before the consumer starts. instance: Celery's worker, untyped."""
    queues = instance.app.amqp.queues
    if JOBS in queues.consume_from:
        for queue in served():
            queues.select_add(queue)


@worker_ready.connect
def _on_ready(sender: Any, **_: Any) -> None:
    """sender: Celery's consumer, untyped."""
    global _heartbeat, _watch, _live_listener
    names = sorted(sender.app.amqp.queues.consume_from)
    consumed()  # the first canary may be a while away
    _heartbeat = Heartbeat(name(), lambda: report(names))
    _heartbeat.start()
    if JOBS in names:
        # Importing torch takes seconds; Celery's own heartbeat must not wait for that.
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        _watch = health.Prober()
        _watch.start()
        excluded = excluded_checkpoints()
        _live_listener = LiveListener(
            (each for each in catalogue.entries().values() if each.name not in excluded), redraw
        )
        _live_listener.start()


def _warm_up() -> None:
    """Load the default checkpoint. A worker that excludes it loads one with its first job."""
    default = catalogue.default()
    if not default.remote and default.name not in excluded_checkpoints():
        engine().warm_up(default)


@worker_shutting_down.connect
def _on_shutting_down(**_: Any) -> None:
    """Celery now waits for its running tasks, so they are asked to hand their jobs back.

    This runs inside a signal handler: taking a lock here could wait for the code that was interrupted.
    """
    global _stopping
    _stopping = True
    if _live_listener is not None:
        threading.Thread(target=_live_listener.stop, name="leave-live").start()
    threading.Thread(target=_remotes.stop, name="hand-back-remote").start()
    if _engine is not None:
        threading.Thread(target=_engine.stop, name="hand-back").start()


@worker_shutdown.connect
def _on_shutdown(**_: Any) -> None:
    if _watch is not None:
        _watch.stop()
    if _heartbeat is not None:
        _heartbeat.stop()
