"""/live: the process answers. /ready: database, Redis, storage and workers work."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from generation.checkpoints import catalogue
from generation.jobs import heartbeat

GPU_QUEUE = "gpu"
# Four intervals of the canary task: no worker consumed the queue of jobs for so long.
CONSUMED_MAX_SECONDS = 60
KEPT_SECONDS = 3.0


def live(request: HttpRequest) -> HttpResponse:
    """Always 200."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 if all checks pass, else 503; with the result of each check."""
    checks = _latest.checks()
    ok = all(entry["ok"] for entry in checks.values())
    return JsonResponse({"ok": ok, "checks": checks}, status=200 if ok else 503)


class _Latest:
    """Caches the results for KEPT_SECONDS: the page is public, and a check writes to the storage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, dict[str, Any]] = {}
        self._at = 0.0

    def checks(self) -> dict[str, dict[str, Any]]:
        with self._lock:  # concurrent requests share one run
            if not self._found or time.monotonic() - self._at >= KEPT_SECONDS:
                self._found = {name: check() for name, check in CHECKS.items()}
                self._at = time.monotonic()
            return self._found


_latest = _Latest()


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")


def _redis() -> None:
    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()


def _storage() -> None:
    name = default_storage.save("health/probe", ContentFile(b"ok"))
    try:
        with default_storage.open(name) as file:
            if file.read() != b"ok":
                raise OSError("what was stored is not what was read")
    finally:
        default_storage.delete(name)


def _checked(probe: Callable[[], None]) -> Callable[[], dict[str, Any]]:
    def check() -> dict[str, Any]:
        try:
            probe()
        except Exception as error:  # any error of a dependency is the result
            return {"ok": False, "reason": f"{type(error).__name__}: {error}"[:300]}
        return {"ok": True}

    return check


def _workers() -> dict[str, Any]:
    """Whether jobs can run, and each queue with its workers and the age of their latest heartbeat.

    A worker that still loads the default checkpoint is not counted for the queue of jobs; one that failed to load it is,
    as it draws with others and reports the reason in each job. Besides, a canary task must have been consumed lately.
    """
    try:
        workers = heartbeat.alive()
    except (redis.RedisError, OSError) as error:
        return {"ok": False, "reason": f"{type(error).__name__}: {error}"[:300]}
    now, default = datetime.now(UTC), catalogue.default().name
    queues: dict[str, dict[str, Any]] = {}
    for worker in workers:
        loading = worker.get("checkpoints", {}).get(default, {}).get("status") == "loading"
        for queue in worker["queues"]:
            if queue == GPU_QUEUE and loading:
                continue
            age = round((now - datetime.fromisoformat(worker["at"])).total_seconds(), 1)
            best = queues.setdefault(queue, {"workers": 0, "age_seconds": age})
            best["workers"] += 1
            best["age_seconds"] = min(best["age_seconds"], age)
            if consumed_at := worker.get("consumed_at"):
                consumed = round((now - datetime.fromisoformat(consumed_at)).total_seconds(), 1)
                best["consumed_seconds"] = min(best.get("consumed_seconds", consumed), consumed)
    if GPU_QUEUE not in queues:
        return {"ok": False, "reason": "No worker is ready for the queue of jobs.", "queues": queues}
    silent_seconds = queues[GPU_QUEUE].get("consumed_seconds", 0)
    if silent_seconds > CONSUMED_MAX_SECONDS:
        reason = f"No worker has consumed the queue of jobs for {silent_seconds:.0f} s: restart its workers, look at beat."
        return {"ok": False, "reason": reason, "queues": queues}
    return {"ok": True, "queues": queues}


CHECKS: dict[str, Callable[[], dict[str, Any]]] = {
    "database": _checked(_database),
    "redis": _checked(_redis),
    "storage": _checked(_storage),
    "workers": _workers,
}
