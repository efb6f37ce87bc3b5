"""What travels between processes about one board: through the channel layer, as hints.

The layer may lose any of it. A room notices by the clock, and the rows in Postgres heal it.
"""

import logging
import uuid
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

log = logging.getLogger(__name__)
LOST = (ConnectionError, OSError, TimeoutError)


def group(board_id: uuid.UUID | str) -> str:
    """The group of a board's rooms; also the audience of the jobs that are asked for there."""
    return f"board.{board_id}"


async def publish(board_id: uuid.UUID, message: dict[str, Any]) -> None:
    """Tell the other processes. When Redis is away the message is lost, which rooms survive."""
    layer = get_channel_layer()
    try:
        await layer.group_send(group(board_id), message)
    except LOST as error:
        log.warning("Not published for board %s: %s", board_id, error)


def announce(board_id: uuid.UUID, message: dict[str, Any]) -> None:
    """`publish` for synchronous code; call it after the commit."""
    async_to_sync(publish)(board_id, message)


def clock_moved(board_id: uuid.UUID, clock: int) -> None:
    """Elements were written past the rooms: they shall read what is new."""
    announce(board_id, {"type": "clock.moved", "clock": clock})


def board_changed(board_id: uuid.UUID) -> None:
    """Title, roles, links or frozenness changed: rooms look again at who may do what."""
    announce(board_id, {"type": "board.changed"})
