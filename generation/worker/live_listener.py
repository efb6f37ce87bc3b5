"""A worker's line to the boards that are drawn on: hears of frames, takes and prepares them for the engine."""

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

# Decoding a frame and laying it for the model takes 5–20 ms of a core and lets go of Python's lock.
THREADS = 2
# How long the line may be silent before it is looked whether it still stands.
PATIENCE_SECONDS = 30.0
AGAIN_SECONDS = 1.0

Draw = Callable[[LiveFrame, Work], None]


class LiveLine:
    """checkpoints: that this worker draws with. draw: called on a thread of this class."""

    def __init__(self, checkpoints: Iterable[Checkpoint], draw: Draw) -> None:
        self._channels = sorted({live.channel(checkpoint) for checkpoint in checkpoints if checkpoint.live})
        self._draw = draw
        self._stopped = threading.Event()
        self._preparing = ThreadPoolExecutor(THREADS, thread_name_prefix="live-line")
        self._thread = threading.Thread(target=self._run, name="live-line", daemon=True)
        self._line: PubSub | None = None

    def start(self) -> None:
        if self._channels:  # Redis takes listening to nothing for a mistake
            self._thread.start()

    def stop(self) -> None:
        """Take no more frames: other workers shall, or people be told that there is none."""
        self._stopped.set()
        if self._line is not None:
            with suppress(redis.RedisError):
                self._line.unsubscribe()  # type: ignore[no-untyped-call]  # which also ends the waiting

    def _run(self) -> None:
        heard = True
        while not self._stopped.is_set():
            try:
                self._listen()
            except redis.RedisError as error:
                if heard:  # once per outage
                    logger.warning("no live frames are heard of: %s", error)
                heard = False
                self._stopped.wait(AGAIN_SECONDS)
            else:
                heard = True

    def _listen(self) -> None:
        """Until it is stopped. Raises redis.RedisError."""
        with redis_client.live_client().pubsub(ignore_subscribe_messages=True) as line:  # type: ignore[no-untyped-call]
            self._line = line
            line.subscribe(*self._channels)
            while not self._stopped.is_set():
                message: Any = line.get_message(timeout=PATIENCE_SECONDS)
                if message is None:
                    line.ping()
                elif message["type"] == "message":
                    self._preparing.submit(self._hear, message["data"].decode())

    def _hear(self, audience: str) -> None:
        """A frame of this audience waits, unless another worker was faster."""
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
        # Nobody looks at what this thread raises, and whoever draws must not wait for nothing.
        except Exception as error:
            known = error if isinstance(error, GenerationError) else PipelineFailed()
            if known is not error:
                logger.exception("a live frame could not be prepared")
            live.give(Redrawn(frame.audience, frame.run, frame.seq, b"", known.code, known.message))


def work_of(frame: LiveFrame) -> Work:
    """What a job for this frame would be. Raises SnapshotInvalid, ParamsInvalid, and of the checkpoint what is wrong."""
    checkpoint = catalogue.get(frame.params["checkpoint"])
    if not hub.on_disk(checkpoint):  # gigabytes: a job may wait for them, who draws may not
        raise CheckpointUnavailable(f"{checkpoint.title} is not downloaded: {hub.how_to_fetch(checkpoint)}.")
    live.check(frame.jpeg)
    try:
        init_image = Image.open(io.BytesIO(frame.jpeg), formats=["JPEG"]).convert("RGB")
    except (OSError, SyntaxError) as error:
        raise SnapshotInvalid("image_broken", "The picture of the frame is broken.") from error
    return Work(checkpoint, live.params_of(frame, checkpoint, init_image.size), init_image, frame.audience)
