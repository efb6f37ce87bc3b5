"""Every message that the processes of one board send each other through the channel layer.

They are hints: any of them may be lost, and the database tells what is true. A process of a newer version may
send types and fields that this one does not know; they are ignored.
"""

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Struct

from boards.wire.server_messages import FileDescription, LiveEnd, Person
from generation.messages import JobChanged, JobProgress, LayerMessage, LiveRedrawn

log = logging.getLogger(__name__)

Announcement = Literal["", "yes", "ask"]


class RoomTick(LayerMessage, frozen=True, tag="room.tick"):
    """What one process received from its own sockets and committed since its last message.

    sender: a random name of the sending room. elements: (msgpack of an Element, user id of its author) each.
    users: session → JSON of its presence entry, None for one that left. saved: (clock, element id → fingerprint) of
    each commit. announce: "yes": the process has the board open; "ask": the others are to announce themselves too.
    """

    sender: str = msgspec.field(name="from")
    elements: list[tuple[bytes, UUID | None]]
    users: dict[str, bytes | None]
    saved: list[tuple[int, Mapping[str, tuple[int, int, int]]]]
    announce: Announcement = msgspec.field(default="", name="greet")


class ClockMoved(LayerMessage, frozen=True, tag="clock.moved"):
    """Elements were written past the rooms: read what is newer than your clock."""

    clock: int


class BoardChanged(LayerMessage, frozen=True, tag="board.changed"):
    """Title, roles, links, background or frozenness changed: read them again."""


class FileAdded(LayerMessage, frozen=True, tag="file.added"):
    """The board has a new file. files: file_id → its description."""

    files: Mapping[str, FileDescription]


class Run(Struct, frozen=True):
    """From switching live redraw on to switching it off. run: its number, unlike that of other runs of the board.

    session, host: whose browser sends the frames. params: of the job that would make the same picture.
    """

    run: int
    frame: str
    session: str
    host: Person
    params: dict[str, Any]


class LiveChanged(LayerMessage, frozen=True, tag="live.changed"):
    """Live redraw began, or goes on with other params (`live`); or ended (`live` is None, and why)."""

    run: int
    live: Run | None
    reason: LiveEnd | None = None
    by: str | None = None
    message: str | None = None


PeerMessage = (
    RoomTick | ClockMoved | BoardChanged | FileAdded | LiveChanged | JobChanged | JobProgress | LiveRedrawn
)
_STRUCTS: dict[object, type[PeerMessage]] = {
    struct.__struct_config__.tag: struct for struct in get_args(PeerMessage)
}


def decode(event: Mapping[str, Any]) -> PeerMessage | None:
    """The message of a channel-layer event; None for one that a newer version sent, or a malformed one.

    One struct is faster to convert to than the union, whose types msgspec would look at each time.
    """
    struct = _STRUCTS.get(event.get("type"))
    if struct is None:
        log.debug("A message of an unknown type is ignored: %s", event.get("type"))
        return None
    try:
        return msgspec.convert(event, struct)
    except msgspec.ValidationError as error:
        log.warning("A malformed message of another process is ignored: %s", error)
        return None
