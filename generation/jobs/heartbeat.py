"""Workers say in Redis that they live and what they can do; health checks and the catalogue listen."""

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
    """Beats until it is stopped, from a thread of its own. report: what else to say, asked at every beat."""

    def __init__(self, name: str, report: Report) -> None:
        self._name, self._report = name, report
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye, so that nobody waits for the last beat to expire."""
        self._stopped.set()
        self._thread.join()
        try:
            redis_client.client().delete(PREFIX + self._name)
        except redis.RedisError:
            logger.info("Redis did not hear that worker %s left.", self._name)

    def beat(self) -> None:
        """Raises redis.RedisError, and what the report raises."""
        message = {"name": self._name, "at": timezone.now().isoformat(), **self._report()}
        redis_client.client().set(PREFIX + self._name, json.dumps(message), ex=EXPIRY_SECONDS)

    def _run(self) -> None:
        heard = True
        while True:
            try:
                self.beat()
                heard = True
            # The catalogue may be wrong for a while, too: somebody is just editing it.
            except (redis.RedisError, GenerationError) as error:
                if heard:  # once per outage
                    logger.warning("nobody hears worker %s: %s", self._name, error)
                heard = False
            if self._stopped.wait(INTERVAL_SECONDS):
                return


def alive() -> list[dict[str, Any]]:
    """The last beat of every living worker: {name, queues, device, checkpoints, at}. [] if Redis is away."""
    try:
        client = redis_client.client()
        keys = list(client.scan_iter(match=PREFIX + "*", count=100))
        beats: Any = client.mget(keys) if keys else []  # redis-py types it as maybe awaitable
    except redis.RedisError:
        return []
    # A key may expire between the two questions.
    return [json.loads(beat) for beat in beats if beat]
