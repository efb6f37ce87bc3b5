"""Every message of the socket `/ws/v1/boards/{board}`, subprotocol board.v1: parse what comes, dump what goes.

Element bodies pass through as raw JSON; boards.elements.element looks into them.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from boards.errors import BadMessage, TooBig

SUBPROTOCOL = "board.v1"
VERSION = 1
PUSH_ELEMENTS_MAX = 500
PUSH_BYTES_MAX = 256 * 1024
FRAME_BYTES_MAX = 256 * 1024
"""Longer lists of elements go out in several frames (Daphne refuses to send more than 1 MiB at once)."""


class Close(IntEnum):
    """Why a socket is closed. 1012, 4408 and 4503 mean come back; other 44xx mean do not."""

    INTERNAL = 1011
    RESTART = 1012
    BAD_MESSAGE = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    PROTOCOL_VERSION = 4406
    TOO_SLOW = 4408
    RATE_LIMIT = 4429
    OVERLOADED = 4503


Ref = Annotated[str, Meta(min_length=1, max_length=64)]
Coordinate = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Message(Struct, tag_field="type"):
    """What a client may send."""


class Hello(Message, tag="hello"):
    protocol: int
    token: Annotated[str, Meta(max_length=200)] | None = None
    clock: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None
    deflate: bool = False


class Push(Message, tag="push"):
    id: Ref
    elements: list[Raw]


class Pointer(Struct):
    x: Coordinate
    y: Coordinate
    tool: Literal["pointer", "laser"] = "pointer"


class Presence(Message, tag="presence", omit_defaults=True):
    pointer: Pointer | None = None
    button: Literal["up", "down"] | None = None
    selected: Annotated[list[Ref], Meta(max_length=200)] | None = None
    viewport: Annotated[list[Coordinate], Meta(min_length=4, max_length=4)] | None = None
    idle: Literal["active", "idle", "away"] | None = None


REGION_SIDE_MAX = 1e6


class Region(Struct):
    x: Coordinate
    y: Coordinate
    width: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]
    height: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]


class Generate(Message, tag="generate"):
    id: Ref
    params: dict[str, Any]
    frame: Ref | None = None
    region: Region | None = None
    placement: Literal["beside", "inside", "stage"] = "beside"


class Cancel(Message, tag="cancel"):
    id: Ref
    job: Annotated[str, Meta(max_length=36)]


class LiveStart(Message, tag="live.start"):
    """Redraw this frame while I draw; again for the same frame: with these params from now on."""

    id: Ref
    params: dict[str, Any]
    frame: Ref


class LiveStop(Message, tag="live.stop"):
    id: Ref | None = None
    frame: Ref | None = None


class Ping(Message, tag="ping"):
    id: str | int | None = None


_decode = msgspec.json.Decoder(
    Hello | Push | Presence | Generate | Cancel | LiveStart | LiveStop | Ping
).decode
encode = msgspec.json.encode


def parse(text: str) -> Message:
    """The message. Raises BadMessage with the reason, TooBig."""
    if len(text) > PUSH_BYTES_MAX + 1_024:
        raise TooBig(
            f"A message may have {PUSH_BYTES_MAX} bytes, this one has {len(text)}: send it in parts."
        )
    try:
        message = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(f"The message is malformed: {error}.") from None
    if isinstance(message, Push) and len(message.elements) > PUSH_ELEMENTS_MAX:
        raise TooBig(f"A push may have {PUSH_ELEMENTS_MAX} elements, this one has {len(message.elements)}.")
    return message


def ref_of(text: str | bytes) -> str | None:
    """The id of a message that could not be parsed, if it can be read, for the answer."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found[:64] if isinstance(found, str) else None


def welcome(fields: Mapping[str, Any]) -> bytes:
    """The message as far as its elements: their bodies with commas between them follow, then WELCOME_END."""
    return encode({"type": "welcome", "protocol": VERSION, **fields})[:-1] + b',"elements":['


WELCOME_END = b"]}"


def patch(clock: int, bodies: Iterable[bytes]) -> bytes:
    return b'{"type":"patch","clock":%d,"elements":[' % clock + b",".join(bodies) + b"]}"


_PRESENCE_HEAD = len(encode(Presence())) - 1  # {"type":"presence" stands first


def with_presence(who: bytes, message: Presence) -> bytes:
    """A person's JSON object, completed by what their client told of itself."""
    return who[:-1] + encode(message)[_PRESENCE_HEAD:]


def presence(users: Mapping[str, bytes | None]) -> bytes:
    """users: session → the JSON of its entry, None for one who left."""
    entries = (b'"%s":%s' % (session.encode(), entry or b"null") for session, entry in users.items())
    return b'{"type":"presence","users":{' + b",".join(entries) + b"}}"


def ack(ref: str, clock: int, refused: Sequence[Mapping[str, str]]) -> bytes:
    return encode({"type": "ack", "ref": ref, "clock": clock, "refused": refused})


def error(code: str, message: str, ref: str | None = None, retry_after_seconds: float | None = None) -> bytes:
    fields: dict[str, Any] = {"type": "error", "code": code, "message": message}
    if ref is not None:
        fields["ref"] = ref
    if retry_after_seconds is not None:
        fields["retry_after_seconds"] = retry_after_seconds
    return encode(fields)


def chunks(bodies: Sequence[bytes], limit: int = FRAME_BYTES_MAX) -> Iterable[list[bytes]]:
    """The bodies in lists of at most `limit` bytes and one element at least. One empty list for none."""
    chunk: list[bytes] = []
    size = 0
    for body in bodies:
        if chunk and size + len(body) > limit:
            yield chunk
            chunk, size = [], 0
        chunk.append(body)
        size += len(body) + 1
    yield chunk
