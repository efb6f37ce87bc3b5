"""The socket `/ws/v1/boards/{board}`, subprotocol board.v1: its limits, its close codes, and how a message is parsed."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Self

import msgspec

from boards.errors import BadMessage, TooBig
from boards.wire.client_messages import ClientMessage, Push

SUBPROTOCOL = "board.v1"
VERSION = 1
PUSH_ELEMENTS_MAX = 500
PUSH_BYTES_MAX = 256 * 1024
FRAME_BYTES_MAX = 256 * 1024
"""Longer lists of elements are sent in several messages (Daphne refuses to send more than 1 MiB at once)."""


class Close(IntEnum):
    """Why a socket is closed. comes_back: whether a client should connect again by itself."""

    meaning: str
    comes_back: bool

    def __new__(cls, code: int, meaning: str, comes_back: bool = False) -> Self:
        self = int.__new__(cls, code)
        self._value_ = code
        self.meaning = meaning
        self.comes_back = comes_back
        return self

    INTERNAL = 1011, "the server failed", True
    RESTART = 1012, "come back: the room or the server starts anew", True
    BAD_MESSAGE = 4400, "bad messages"
    UNAUTHENTICATED = 4401, "no or wrong token"
    FORBIDDEN = 4403, "forbidden or revoked"
    NOT_FOUND = 4404, "no such board"
    PROTOCOL_VERSION = 4406, "another protocol version"
    TOO_SLOW = 4408, "too slow", True
    RATE_LIMIT = 4429, "too many messages or sockets"
    OVERLOADED = 4503, "overloaded", True


_decode = msgspec.json.Decoder(ClientMessage).decode


def parse(text: str) -> ClientMessage:
    """Parse a text message of a client. Raises BadMessage with the reason, TooBig."""
    if len(text) > PUSH_BYTES_MAX + 1_024:
        raise TooBig(
            f"A message may have {PUSH_BYTES_MAX} bytes, this one has {len(text)}: send it in parts."
        )
    try:
        message: ClientMessage = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(f"The message is malformed: {error}.") from None
    if isinstance(message, Push) and len(message.elements) > PUSH_ELEMENTS_MAX:
        raise TooBig(f"A push may have {PUSH_ELEMENTS_MAX} elements, this one has {len(message.elements)}.")
    return message


def ref_of(text: str | bytes) -> str | None:
    """The `id` of a message that is refused before it is parsed, to answer with. None if it has none.

    Also the id of a malformed element.
    """
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found[:64] if isinstance(found, str) else None


def chunks(bodies: Sequence[bytes], limit: int = FRAME_BYTES_MAX) -> Iterable[list[bytes]]:
    """Split JSON bodies into lists of at most `limit` bytes, but at least one body. Without bodies: one empty list."""
    chunk: list[bytes] = []
    size = 0
    for body in bodies:
        if chunk and size + len(body) > limit:
            yield chunk
            chunk, size = [], 0
        chunk.append(body)
        size += len(body) + 1
    yield chunk
