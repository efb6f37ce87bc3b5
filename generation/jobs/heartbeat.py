"""Heartbeats of workers in Redis: that they are alive, and what they can draw with. Read by health checks and the API."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import redis
from django.utils import timezone

from generation import redis_client
from generation.errors import GenerationError

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5
# Three missed beats: gone.
EXPIRY_SECONDS = 15
PREFIX = "atelier:worker:"

Report = Callable[[], dict[str, Any]]


class Heartbeat:
    """Writes a heartbeat every INTERVAL_SECONDS from a thread of its own. report: called at each, returns its other fields."""

    def __init__(self, name: str, report: Report) -> None:
        self._name, self._report = name, report
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End, and remove the last heartbeat, which would otherwise expire later."""
        self._stopped.set()
        self._thread.join()
        try:
            redis_client.client().delete(PREFIX + self._name)
        except redis.RedisError:
            logger.info("the heartbeat of worker %s was not removed from Redis", self._name)

    def beat(self) -> None:
        """Raises redis.RedisError, and what the report raises."""
        message = {"name": self._name, "at": timezone.now().isoformat(), **self._report()}
        redis_client.client().set(PREFIX + self._name, json.dumps(message), ex=EXPIRY_SECONDS)

    def _run(self) -> None:
        reached = True
        while True:
            try:
                self.beat()
                reached = True
            # The report raises too, while the catalogue is being edited and is not valid.
            except (redis.RedisError, GenerationError) as error:
                if reached:  # once per outage
                    logger.warning("no heartbeat of worker %s: %s", self._name, error)
                reached = False
            if self._stopped.wait(INTERVAL_SECONDS):
                return


def alive() -> list[dict[str, Any]]:
    """The last heartbeat of every worker that is alive: {name, queues, device, checkpoints, at}. [] if Redis is away."""
    try:
        client = redis_client.client()
        keys = list(client.scan_iter(match=PREFIX + "*", count=100))
        beats: Any = client.mget(keys) if keys else []  # redis-py types it as maybe awaitable
    except redis.RedisError:
        return []
    # A key may expire between the two commands.
    return [json.loads(beat) for beat in beats if beat]
