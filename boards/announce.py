"""What travels between processes about one board: through the channel layer, as hints.

The layer may lose any of it, and be away. A room notices by the clock, and the rows in Postgres heal it.
"""

import logging
import uuid

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from boards.wire.peer_messages import BoardChanged, ClockMoved, PeerMessage
from generation.messages import as_layer_event

log = logging.getLogger(__name__)
LOST = (RedisError, OSError, TimeoutError)
"""How a Redis that is away shows itself. Its own ConnectionError is none of Python's."""


def group(board_id: uuid.UUID | str) -> str:
    """The group of a board's rooms; also the audience of the jobs that are asked for there."""
    return f"board.{board_id}"


class _Line:
    """Whether Redis was there the last time: each outage is logged once, not once a tick."""

    is_down = False


async def publish(board_id: uuid.UUID, message: PeerMessage) -> None:
    """Tell the other processes. When Redis is away the message is lost, which rooms survive."""
    layer = get_channel_layer()
    try:
        await layer.group_send(group(board_id), as_layer_event(message))
    except LOST as error:
        if not _Line.is_down:
            log.warning("Redis is away, other processes follow by the clock: %s", error)
        _Line.is_down = True
    else:
        _Line.is_down = False


def announce(board_id: uuid.UUID, message: PeerMessage) -> None:
    """`publish` for synchronous code; call it after the commit."""
    async_to_sync(publish)(board_id, message)


def clock_moved(board_id: uuid.UUID, clock: int) -> None:
    """Elements were written past the rooms: they shall read what is new."""
    announce(board_id, ClockMoved(clock))


def board_changed(board_id: uuid.UUID) -> None:
    """Title, roles, links or frozenness changed: rooms look again at who may do what."""
    announce(board_id, BoardChanged())
