"""What is known of each remote checkpoint: failed with its reason until its entry is edited or its server answers.

Kept in the cache for all workers at once, because one that has not tried yet must not call ready what another one
knows to be broken.
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
from generation.remote.line import Line
from generation.remote.protocol import SPEAKERS

logger = logging.getLogger(__name__)

PREFIX = "remote-checkpoint:"
PROBE_SECONDS = 30
PROBE_TIMEOUT_SECONDS = 15.0
# They say nothing against the server: it is much asked for, or does not draw everything.
_NO_FAULT = (RemoteBusy, PictureWithheld)


def state(checkpoint: Checkpoint, remote: Remote) -> dict[str, str]:
    """Status and reason; loading until somebody has asked the server. Raises RedisError."""
    known = cache.get(PREFIX + checkpoint.name)
    if not known or known["fingerprint"] != remote.fingerprint():
        return {"status": "loading", "reason": ""}
    return {"status": known["status"], "reason": known["reason"]}


def heard(checkpoint: Checkpoint, remote: Remote, error: Exception | None = None) -> None:
    """Remember how it went. Reasons are read by everybody, so they name no address and nothing the server said."""
    if isinstance(error, _NO_FAULT):
        return
    reason = error.message if isinstance(error, GenerationError) else ""
    status = "failed" if error else "ready"
    known = {"fingerprint": remote.fingerprint(), "status": status, "reason": reason}
    try:
        cache.set(PREFIX + checkpoint.name, known, timeout=None)
    except RedisError as gone:
        logger.warning("Redis did not hear that %s is %s: %s", checkpoint.name, status, gone)


def probe(checkpoint: Checkpoint, remote: Remote) -> RemoteError | None:
    """Ask its server whether it is there and takes the key. The reason if not."""
    try:
        asyncio.run(_probe(remote))
    except RemoteError as error:
        logger.warning("checkpoint %s does not answer: %s %s", checkpoint.name, error.message, error.details)
        heard(checkpoint, remote, error)
        return error
    heard(checkpoint, remote)
    return None


async def _probe(remote: Remote) -> None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS), Line(remote) as line:
            await SPEAKERS[remote.protocol].probe(line)
    except TimeoutError as error:
        raise RemoteTimeout("the probe took too long") from error


def probe_all() -> None:
    """Ask those that failed, were edited, or that nobody has asked yet. Raises RedisError, CatalogueInvalid."""
    excluded = queues.excluded_checkpoints()
    for checkpoint in catalogue.entries().values():
        remote = checkpoint.remote
        if remote and checkpoint.name not in excluded and state(checkpoint, remote)["status"] != "ready":
            probe(checkpoint, remote)


class Watch:
    """Probes from a thread of its own until it is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="remote-watch", daemon=True)

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
