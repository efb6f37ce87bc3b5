"""Which frame of a board is redrawn while it is drawn on, and for which session: one per board, held in Redis.

The process of the session renews it; if it dies, the slot stays taken for KEPT_SECONDS. If Redis forgets it, the
next renewal takes it again. Everything here waits for Redis, and is called off the event loop.
"""

import secrets
import uuid
from typing import Any

import msgspec
import redis

from boards import access, announce
from boards.access import Act
from boards.errors import LiveTaken, LiveUnavailable, NoRegion
from boards.models import Element
from boards.principal import Principal
from boards.wire.client_messages import LiveStart
from boards.wire.peer_messages import LiveChanged, Run
from boards.wire.server_messages import Person
from generation import live, redis_client

KEPT_SECONDS = 45
RUN_MAX = 2**24 - 1


def switch_on(
    board_id: uuid.UUID, principal: Principal, session: str, host: Person, wanted: LiveStart
) -> None:
    """Take the board's slot and announce it; with the same frame again: only change the params.

    Raises as `access.find` and `live.settle` do, NoRegion, LiveTaken, LiveUnavailable.
    """
    board, _ = access.find(principal, board_id, Act.EDIT)
    if not Element.objects.filter(board=board, element_id=wanted.frame, is_deleted=False).exists():
        raise NoRegion("Say which frame: `frame` names no element of this board.")
    params = live.settle(wanted.params)
    try:
        run = _taken(board_id, Run(secrets.randbelow(RUN_MAX) + 1, wanted.frame, session, host, params))
    except redis.RedisError as error:
        raise LiveUnavailable(
            "Live drawing cannot be switched on right now. Try again in a moment."
        ) from error
    announce_run(board_id, run)


def announce_run(board_id: uuid.UUID, run: Run) -> None:
    announce.announce(board_id, LiveChanged(run.run, run))


def read(board_id: uuid.UUID) -> Run | None:
    """Raises redis.RedisError."""
    packed: Any = redis_client.live_client().get(_key(board_id))
    return msgspec.msgpack.decode(packed, type=Run) if packed else None


def renew(board_id: uuid.UUID, run: Run) -> Run | None:
    """Hold the slot and its picture longer. Returns the run that holds it, which may be another. Raises redis.RedisError."""
    holder = read(board_id)
    if holder is not None and holder.run != run.run:
        return holder
    redis_client.live_client().set(_key(board_id), msgspec.msgpack.encode(run), ex=KEPT_SECONDS)
    live.keep_picture(announce.group(board_id))
    return run


def release(board_id: uuid.UUID, run: int) -> None:
    """Free the slot if this run still holds it. Raises redis.RedisError."""
    holder = read(board_id)
    if holder is not None and holder.run == run:
        redis_client.live_client().delete(_key(board_id))


def _taken(board_id: uuid.UUID, wanted: Run) -> Run:
    """The run that holds the slot from now on. Raises LiveTaken, redis.RedisError."""
    slot, packed = redis_client.live_client(), msgspec.msgpack.encode(wanted)
    if slot.set(_key(board_id), packed, nx=True, ex=KEPT_SECONDS):
        return wanted
    holder = read(board_id)
    if holder is not None and holder.session != wanted.session:
        raise LiveTaken(f"{holder.host.name} is redrawing a frame of this board. Only one at a time.")
    if holder is not None and holder.frame == wanted.frame:
        wanted = msgspec.structs.replace(wanted, run=holder.run)
    slot.set(_key(board_id), msgspec.msgpack.encode(wanted), ex=KEPT_SECONDS)
    return wanted


def _key(board_id: uuid.UUID) -> str:
    return f"atelier:live:on:{board_id}"
