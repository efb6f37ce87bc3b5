"""Whether each remote checkpoint works: failed, with a reason, until its entry is edited or its server answers.

Kept in the cache that all workers share, so that a worker that has not tried yet does not report as ready what another
one knows to be broken.
"""

import asyncio
import logging
import threading

from django.core.cache import cache
from redis import RedisError

from generation.checkpoints import catalogue, queues
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.remote_entry import Remote
from generation.errors import GenerationError, PictureWithheld, RemoteBusy, RemoteError, RemoteTimeout
from generation.remote.http_client import HttpClient
from generation.remote.protocol import PROTOCOLS

logger = logging.getLogger(__name__)

PREFIX = "remote-checkpoint:"
PROBE_SECONDS = 30
PROBE_TIMEOUT_SECONDS = 15.0
# Errors of a server that works: it has much to do, or refuses some pictures.
_NOT_FAILURES = (RemoteBusy, PictureWithheld)


def state(checkpoint: Checkpoint, remote: Remote) -> dict[str, str]:
    """Status and reason; `loading` until the server was asked for the first time. Raises RedisError."""
    known = cache.get(PREFIX + checkpoint.name)
    if not known or known["fingerprint"] != remote.fingerprint():
        return {"status": "loading", "reason": ""}
    return {"status": known["status"], "reason": known["reason"]}


def record(checkpoint: Checkpoint, remote: Remote, error: Exception | None = None) -> None:
    """Record the outcome of a request; error: None for success. Everybody can read the reason, so it holds no address and
    nothing that the server sent."""
    if isinstance(error, _NOT_FAILURES):
        return
    reason = error.message if isinstance(error, GenerationError) else ""
    status = "failed" if error else "ready"
    known = {"fingerprint": remote.fingerprint(), "status": status, "reason": reason}
    try:
        cache.set(PREFIX + checkpoint.name, known, timeout=None)
    except RedisError as redis_error:
        logger.warning("could not record that %s is %s: %s", checkpoint.name, status, redis_error)


def probe(checkpoint: Checkpoint, remote: Remote) -> RemoteError | None:
    """Check and record whether its server is reachable and accepts the key; returns the error if not."""
    try:
        asyncio.run(_probe(remote))
    except RemoteError as error:
        logger.warning("checkpoint %s does not answer: %s %s", checkpoint.name, error.message, error.details)
        record(checkpoint, remote, error)
        return error
    record(checkpoint, remote)
    return None


async def _probe(remote: Remote) -> None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS), HttpClient(remote) as client:
            await PROTOCOLS[remote.protocol].probe(client)
    except TimeoutError as error:
        raise RemoteTimeout("the probe took too long") from error


def probe_all() -> None:
    """Probe checkpoints that failed, were edited, or were never probed. Raises RedisError, CatalogueInvalid."""
    excluded = queues.excluded_checkpoints()
    for checkpoint in catalogue.entries().values():
        remote = checkpoint.remote
        if remote and checkpoint.name not in excluded and state(checkpoint, remote)["status"] != "ready":
            probe(checkpoint, remote)


class Prober:
    """Calls `probe_all` every PROBE_SECONDS on a thread of its own, until it is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="remote-prober", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while True:
            try:
                probe_all()
            except (RedisError, GenerationError) as error:
                logger.warning("remote checkpoints were not probed: %s", error)
            if self._stopped.wait(PROBE_SECONDS):
                return
