"""Listens for live frames in Redis, takes them and prepares them for the engine."""

import io
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import redis
from PIL import Image
from redis.client import PubSub

from generation import live, redis_client
from generation.checkpoints import catalogue, hub
from generation.checkpoints.catalogue import Checkpoint
from generation.errors import CheckpointUnavailable, GenerationError, PipelineFailed, SnapshotInvalid
from generation.live import LiveFrame, Redrawn
from generation.work import Work

logger = logging.getLogger(__name__)

# Decoding and scaling a frame takes 5–20 ms of a core and releases the GIL.
THREADS = 2
# After so long without a message the connection is checked.
CHECK_SECONDS = 30.0
RETRY_SECONDS = 1.0

Draw = Callable[[LiveFrame, Work], None]


class LiveListener:
    """checkpoints: those that this worker draws with. draw: called for each frame, on a thread of this class."""

    def __init__(self, checkpoints: Iterable[Checkpoint], draw: Draw) -> None:
        self._channels = sorted({live.channel(checkpoint) for checkpoint in checkpoints if checkpoint.live})
        self._draw = draw
        self._stopped = threading.Event()
        self._preparing = ThreadPoolExecutor(THREADS, thread_name_prefix="live-listener")
        self._thread = threading.Thread(target=self._run, name="live-listener", daemon=True)
        self._subscription: PubSub | None = None

    def start(self) -> None:
        if self._channels:  # Redis refuses to subscribe to nothing
            self._thread.start()

    def stop(self) -> None:
        """Take no more frames: other workers take them, or their senders learn that there is none."""
        self._stopped.set()
        if self._subscription is not None:
            with suppress(redis.RedisError):
                self._subscription.unsubscribe()  # type: ignore[no-untyped-call]  # which also ends the waiting

    def _run(self) -> None:
        reached = True
        while not self._stopped.is_set():
            try:
                self._listen()
            except redis.RedisError as error:
                if reached:  # once per outage
                    logger.warning("live frames are not received: %s", error)
                reached = False
                self._stopped.wait(RETRY_SECONDS)
            else:
                reached = True

    def _listen(self) -> None:
        """Receive messages until stopped. Raises redis.RedisError."""
        with redis_client.live_client().pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
            self._subscription = subscription
            subscription.subscribe(*self._channels)
            while not self._stopped.is_set():
                message: Any = subscription.get_message(timeout=CHECK_SECONDS)
                if message is None:
                    subscription.ping()
                elif message["type"] == "message":
                    self._preparing.submit(self._on_message, message["data"].decode())

    def _on_message(self, audience: str) -> None:
        """Take the frame that waits for this audience, unless another worker has taken it."""
        if self._stopped.is_set():
            return
        try:
            frame = live.take(audience)
        except redis.RedisError as error:
            logger.warning("a live frame was lost: %s", error)
            return
        if frame:
            self._prepare(frame)

    def _prepare(self, frame: LiveFrame) -> None:
        try:
            self._draw(frame, work_of(frame))
        # What this thread raises is lost, and the sender would wait for an answer.
        except Exception as error:
            known = error if isinstance(error, GenerationError) else PipelineFailed()
            if known is not error:
                logger.exception("a live frame could not be prepared")
            live.give(Redrawn(frame.audience, frame.run, frame.seq, b"", known.code, known.message))


def work_of(frame: LiveFrame) -> Work:
    """The work that draws a frame. Raises SnapshotInvalid, ParamsInvalid, CheckpointUnknown, CheckpointUnavailable."""
    checkpoint = catalogue.get(frame.params["checkpoint"])
    if not hub.on_disk(checkpoint):  # a job may wait for the download of gigabytes, a live frame may not
        raise CheckpointUnavailable(f"{checkpoint.title} is not downloaded: {hub.how_to_fetch(checkpoint)}.")
    live.check(frame.jpeg)
    try:
        init_image = Image.open(io.BytesIO(frame.jpeg), formats=["JPEG"]).convert("RGB")
    except (OSError, SyntaxError) as error:
        raise SnapshotInvalid("image_broken", "The picture of the frame is broken.") from error
    return Work(checkpoint, live.params_of(frame, checkpoint, init_image.size), init_image, frame.audience)
