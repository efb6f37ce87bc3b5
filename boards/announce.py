"""Announces changes of a board to the rooms of all processes, through the channel layer.

The layer may lose any message, and be away: rooms notice by the clock, and read the rows in Postgres.
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
"""How a Redis that is away shows itself. Its ConnectionError does not derive from Python's."""


def group(board_id: uuid.UUID | str) -> str:
    """The channel group of a board's rooms; also the audience of the board's jobs."""
    return f"board.{board_id}"


class _Redis:
    """Whether it was away the last time: each outage is logged once, not once a tick."""

    is_down = False


async def publish(board_id: uuid.UUID, message: PeerMessage) -> None:
    """Send a message to the board's rooms. While Redis is away it is lost, which rooms survive."""
    layer = get_channel_layer()
    try:
        await layer.group_send(group(board_id), as_layer_event(message))
    except LOST as error:
        if not _Redis.is_down:
            log.warning("Redis is away, other processes follow by the clock: %s", error)
        _Redis.is_down = True
    else:
        _Redis.is_down = False


def announce(board_id: uuid.UUID, message: PeerMessage) -> None:
    """`publish` for synchronous code. Call it after the commit."""
    async_to_sync(publish)(board_id, message)


def clock_moved(board_id: uuid.UUID, clock: int) -> None:
    """Elements were written past the rooms: have them read what is new."""
    announce(board_id, ClockMoved(clock))


def board_changed(board_id: uuid.UUID) -> None:
    """Title, roles, links or frozenness changed: have the rooms read the board and the access of its sessions."""
    announce(board_id, BoardChanged())
