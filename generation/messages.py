"""The messages to an audience about jobs and live pictures, as they travel through the channel layer.

An audience is the name of a channel-layer group. boards.wire.peer_messages reads them beside its own.
"""

from typing import Any

import msgspec
from msgspec import Struct


class LayerMessage(Struct, frozen=True, tag_field="type"):
    """A message between processes. Receivers ignore fields and types that they do not know."""


class JobChanged(LayerMessage, frozen=True, tag="job.changed"):
    """The job's status changed, or it has a new image. Receivers read the job from the database."""

    job: str


class JobProgress(LayerMessage, frozen=True, tag="job.progress"):
    """How far a running job is. preview: a JPEG of the unfinished image, None when there is no new one."""

    job: str
    step: int
    steps: int
    preview: bytes | None


class LiveRedrawn(LayerMessage, frozen=True, tag="live.redrawn"):
    """What became of a live frame: see generation.live.Redrawn, which names the fields."""

    run: int
    seq: int
    jpeg: bytes
    code: str
    message: str
    look: int


def as_layer_event(message: LayerMessage) -> dict[str, Any]:
    """The dict with a `type` that a channel layer sends. Byte strings stay byte strings."""
    event: dict[str, Any] = msgspec.to_builtins(message, builtin_types=(bytes,))
    return event
