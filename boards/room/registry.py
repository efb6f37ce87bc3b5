"""The rooms that are open in this process, by board."""

import asyncio
import uuid

from boards.room.room import Room

_rooms: dict[uuid.UUID, "asyncio.Future[Room]"] = {}


async def room_of(board_id: uuid.UUID) -> Room:
    """The board's room in this process, opened if none is. Raises BoardGone."""
    _forget_closed()
    if board_id not in _rooms:
        _rooms[board_id] = asyncio.ensure_future(_open(board_id))
    return await asyncio.shield(_rooms[board_id])


def _forget_closed() -> None:
    for board_id, opening in list(_rooms.items()):
        if opening.done() and (opening.exception() is not None or opening.result().closed):
            del _rooms[board_id]


async def _open(board_id: uuid.UUID) -> Room:
    room = Room(board_id)
    await room.open()
    return room
