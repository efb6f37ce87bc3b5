"""Live redraw: carries live frames to a worker and pictures back. Only the newest counts; nothing is queued or stored.

Redis keeps one frame for each audience until a worker takes it. Its picture is sent to the audience's channel group.
Rules L1… in docs/live.md.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from generation import redis_client
from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.kinds import Params
from generation.checkpoints.params import as_json, complete, parse
from generation.errors import LiveNotOffered, SnapshotInvalid
from generation.images.header import read_header
from generation.messages import LiveRedrawn, as_layer_event

logger = logging.getLogger(__name__)

SIDE_MAX_PX = 512
JPEG_MAX_BYTES = 110 * 1024
# An older frame is not worth drawing any more.
FRAME_KEPT_SECONDS = 10
# For people who open the board later; renewed by `keep_picture` as long as the board is live.
PICTURE_KEPT_SECONDS = 45

_FRAMES = "atelier:live:frame:"
_PICTURES = "atelier:live:picture:"


class LiveFrame(msgspec.Struct, frozen=True, array_like=True):
    """A region of a board as it looks now. run: identifies one live session. seq: grows within a run.

    look: 32 bits by which browsers recognise the state of the region; opaque here.
    """

    audience: str
    run: int
    seq: int
    params: dict[str, Any]
    jpeg: bytes
    look: int = 0


class Redrawn(msgspec.Struct, frozen=True, array_like=True):
    """The result of a live frame. jpeg: empty if the picture was withheld or failed; code and message say why it failed."""

    audience: str
    run: int
    seq: int
    jpeg: bytes = b""
    code: str = ""
    message: str = ""
    look: int = 0


# --- params and checks ------------------------------------------------------------------------------------


def settle(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a full job for the same picture: with a seed, in the checkpoint's live kind.

    Raises CheckpointUnknown, ParamsInvalid, LiveNotOffered.
    """
    checkpoint = catalogue.get(raw.get("checkpoint"))
    asked = parse(raw, checkpoint)
    if checkpoint.live is None:
        raise LiveNotOffered(checkpoint.title)
    kept = [
        "seed",
        "prompt",
        "style",
        "keep_lines",
        "tidy_colours",
        *checkpoint.kinds[checkpoint.live.kind].uses,
    ]
    chosen = {name: value for name in kept if (value := getattr(asked, name, None)) is not None}
    params = parse({"kind": checkpoint.live.kind, "checkpoint": checkpoint.name, **chosen}, checkpoint)
    return as_json(replace(complete(params, checkpoint.sizes[0]), width_px=None, height_px=None))


def params_of(frame: LiveFrame, checkpoint: Checkpoint, size: tuple[int, int]) -> Params:
    """The params that a frame is drawn with. size: (width, height) of its picture, px. Raises ParamsInvalid, LiveNotOffered."""
    if checkpoint.live is None:
        raise LiveNotOffered(checkpoint.title)
    params = complete(parse(frame.params | dict(checkpoint.live.params), checkpoint), size)
    return replace(params, width_px=size[0], height_px=size[1])


def check(jpeg: bytes) -> None:
    """Check a frame's size and header, without decoding it. Raises SnapshotInvalid."""
    if len(jpeg) > JPEG_MAX_BYTES:
        raise SnapshotInvalid(
            "image_too_large", f"A live frame has {len(jpeg)} bytes; {JPEG_MAX_BYTES} are allowed."
        )
    header = read_header(jpeg)
    if header.format != "JPEG":
        raise SnapshotInvalid("image_format", f"A live frame is a {header.format}; send JPEG.")
    if max(header.width_px, header.height_px) > SIDE_MAX_PX:
        raise SnapshotInvalid(
            "image_too_many_pixels",
            f"A live frame is {header.width_px} × {header.height_px} px; {SIDE_MAX_PX} a side are allowed.",
        )


def channel(checkpoint: Checkpoint) -> str:
    """The Redis channel on which workers with this checkpoint's family learn of frames."""
    return f"atelier:live:{checkpoint.family}"


# --- called by the web processes -----------------------------------------------------------------------------------------


def offer(frame: LiveFrame, checkpoint: Checkpoint) -> int:
    """Put a frame into its audience's slot; returns how many workers were notified, 0 if none is there.

    Raises redis.RedisError.
    """
    pipeline = redis_client.live_client().pipeline(transaction=False)
    pipeline.set(_FRAMES + frame.audience, msgspec.msgpack.encode(frame), ex=FRAME_KEPT_SECONDS)
    pipeline.publish(channel(checkpoint), frame.audience)
    _, notified = pipeline.execute()
    return int(notified)


def last_picture(audience: str) -> Redrawn | None:
    """The newest picture, for people who open the board later. Raises redis.RedisError."""
    packed: Any = redis_client.live_client().get(_PICTURES + audience)
    return msgspec.msgpack.decode(packed, type=Redrawn) if packed else None


def keep_picture(audience: str) -> None:
    """Keep the newest picture for another PICTURE_KEPT_SECONDS. Raises redis.RedisError."""
    redis_client.live_client().expire(_PICTURES + audience, PICTURE_KEPT_SECONDS)


# --- called by the workers -------------------------------------------------------------------------------------


def take(audience: str) -> LiveFrame | None:
    """Take the newest frame of an audience out of its slot; None if another worker took it. Raises redis.RedisError."""
    # redis-py types it as possibly awaitable
    packed: Any = redis_client.live_client().getdel(_FRAMES + audience)
    return msgspec.msgpack.decode(packed, type=LiveFrame) if packed else None


def give(redrawn: Redrawn) -> None:
    """Send a result to its audience. Errors are logged only: another picture follows soon."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        if redrawn.jpeg:
            packed = msgspec.msgpack.encode(redrawn)
            redis_client.live_client().set(_PICTURES + redrawn.audience, packed, ex=PICTURE_KEPT_SECONDS)
        _, *fields = msgspec.structs.astuple(redrawn)
        async_to_sync(layer.group_send)(redrawn.audience, as_layer_event(LiveRedrawn(*fields)))
    except (redis.RedisError, OSError) as error:
        logger.warning("A live picture was lost: %s", error)
