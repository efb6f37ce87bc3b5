"""Outgoing messages as websocket frames, deflated in batches where the client asked for that. Pure.

A Packet that goes to many sockets is built once and caches its bytes.
"""

import zlib
from functools import cached_property
from typing import Any

TEXT = 0x81
BINARY = 0x82
CLOSE = 0x88
"""First byte of an unfragmented frame: FIN and the opcode (RFC 6455, 5.2). Servers do not mask."""

LIVE = 0x07
"""First payload byte of a live picture. Its low three bits are a block type that deflate reserves, so no deflated batch
starts with it."""
LIVE_HEAD_BYTES = 12

DEFLATE_MIN_BYTES = 1_024
"""Shorter batches stay text: they fit one network packet anyway."""
DEFLATE_MAX_BYTES = 512 * 1024
"""Longer batches are deflated message by message, to limit what a client inflates at once."""
TICK_LEVEL = 1
SCENE_LEVEL = 6
"""zlib levels. On a tick of 18 kB level 6 saves 9 % more in twice the time; on a scene, which is cached, 15 %."""
DEFLATED_END = b"\x03\x00"
"""A final, empty block: ends a stream of segments (RFC 1951, 3.2.6)."""


def frame(opcode: int, payload: bytes) -> bytes:
    """The bytes of one unfragmented websocket frame of the server. opcode: TEXT, BINARY or CLOSE."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 65_536:
        return bytes((opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((opcode, 127)) + size.to_bytes(8, "big") + payload


def live(run: int, seq: int, look: int, jpeg: bytes) -> bytes:
    """The payload of a live picture: a header of twelve bytes, and the JPEG. run: 24 bits. seq, look: 32 bits."""
    head = bytes((LIVE,)) + run.to_bytes(3, "big") + seq.to_bytes(4, "big") + look.to_bytes(4, "big")
    return head + jpeg


def read_live(payload: bytes) -> tuple[int, int, int, bytes] | None:
    """The run, seq, look and JPEG of a binary payload. None if it is not a live picture."""
    if len(payload) < LIVE_HEAD_BYTES or payload[0] != LIVE:
        return None
    run, seq, look = (int.from_bytes(payload[at:to], "big") for at, to in ((1, 4), (4, 8), (8, 12)))
    return run, seq, look, payload[LIVE_HEAD_BYTES:]


def deflate(payload: bytes, level: int = TICK_LEVEL) -> bytes:
    """A whole raw deflate stream, as `DecompressionStream("deflate-raw")` reads it."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(payload) + stream.flush()


def on_one_line(message: bytes) -> bytes:
    """The same JSON without line feeds, which separate the messages of a batch.

    JSON strings cannot contain any, but clients may put them between the fields of an element, which is kept as it came.
    """
    return message.replace(b"\n", b" ")


def segment(payload: bytes, level: int = TICK_LEVEL) -> bytes:
    """A part of a raw deflate stream that refers to nothing before it, so that parts can be joined in any order."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(payload) + stream.flush(zlib.Z_FULL_FLUSH)


class Packet:
    """Websocket frames that are sent together, to one or many sockets."""

    def __init__(self, *frames: tuple[int, bytes]) -> None:
        """frames: (opcode, payload) each."""
        self.frames = frames

    @classmethod
    def of(cls, *messages: bytes) -> "Packet":
        """A text frame for each JSON message."""
        return cls(*((TEXT, message) for message in messages))

    @classmethod
    def deflated(cls, *messages: bytes, level: int = TICK_LEVEL) -> "Packet":
        """One binary frame with all messages, deflated; text frames below DEFLATE_MIN_BYTES."""
        size = sum(map(len, messages))
        if size < DEFLATE_MIN_BYTES:
            return cls.of(*messages)
        lines = [on_one_line(message) for message in messages]
        joined = [b"\n".join(lines)] if size <= DEFLATE_MAX_BYTES else lines
        return cls(*((BINARY, deflate(text, level)) for text in joined))

    @classmethod
    def live(cls, run: int, seq: int, look: int, jpeg: bytes) -> "Packet":
        """A binary frame with a live picture. jpeg: empty for a picture that is withheld."""
        return cls((BINARY, live(run, seq, look, jpeg)))

    @cached_property
    def wire(self) -> bytes:
        """The bytes of all frames, for a transport."""
        return b"".join(frame(opcode, payload) for opcode, payload in self.frames)

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The same as ASGI events, for servers whose transport is out of reach."""
        return [
            {"type": "websocket.send", "text": payload.decode()}
            if opcode == TEXT
            else {"type": "websocket.send", "bytes": payload}
            for opcode, payload in self.frames
        ]
