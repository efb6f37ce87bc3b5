"""Messages as they leave: deflated together or one by one, and as the bytes of websocket frames. Pure.

What goes to many sockets is built once: a Packet is made by a tick or for a scene, and keeps what it built.
"""

import zlib
from functools import cached_property
from typing import Any

TEXT = 0x81
BINARY = 0x82
CLOSE = 0x88
"""First bytes of whole, final frames (RFC 6455, 5.2). A server does not mask."""

LIVE = 0x07
"""First byte of a live picture. Its low three bits are a block type that deflate reserves: no deflated frame begins so."""
LIVE_HEAD_BYTES = 12

DEFLATE_MIN_BYTES = 1_024
"""What is shorter stays text: it fits one network packet anyway."""
DEFLATE_MAX_BYTES = 512 * 1024
"""What is longer is not joined, so that nobody must unpack much at once."""
TICK_LEVEL = 1
SCENE_LEVEL = 6
"""Of a tick's 18 kB, level 6 takes 9 % more off and twice the time; of a scene, which is kept, 15 %."""
DEFLATED_END = b"\x03\x00"
"""A final, empty block: closes a stream of segments (RFC 1951, 3.2.6)."""


def frame(kind: int, payload: bytes) -> bytes:
    """The bytes on the wire of one message from the server."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65_536:
        return bytes((kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((kind, 127)) + size.to_bytes(8, "big") + payload


def live(run: int, seq: int, look: int, jpeg: bytes) -> bytes:
    """A live picture: twelve bytes that say which, and a JPEG. run: 24 bits. seq, look: 32 bits."""
    head = bytes((LIVE,)) + run.to_bytes(3, "big") + seq.to_bytes(4, "big") + look.to_bytes(4, "big")
    return head + jpeg


def read_live(payload: bytes) -> tuple[int, int, int, bytes] | None:
    """run, seq, look and JPEG. None for whatever else it is."""
    if len(payload) < LIVE_HEAD_BYTES or payload[0] != LIVE:
        return None
    run, seq, look = (int.from_bytes(payload[at:to], "big") for at, to in ((1, 4), (4, 8), (8, 12)))
    return run, seq, look, payload[LIVE_HEAD_BYTES:]


def deflate(payload: bytes, level: int = TICK_LEVEL) -> bytes:
    """A whole raw deflate stream, as `DecompressionStream("deflate-raw")` reads it."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(payload) + stream.flush()


def on_one_line(message: bytes) -> bytes:
    """The same JSON without line feeds, which separate messages here. Bodies are kept as they came: in strings
    JSON allows none, but some write them between the fields."""
    return message.replace(b"\n", b" ")


def segment(payload: bytes, level: int = TICK_LEVEL) -> bytes:
    """A piece of a raw deflate stream that refers to nothing before it: pieces can be joined in any order."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(payload) + stream.flush(zlib.Z_FULL_FLUSH)


class Packet:
    """Frames that leave together for one or many sockets."""

    def __init__(self, *frames: tuple[int, bytes]) -> None:
        self.frames = frames

    @classmethod
    def of(cls, *messages: bytes) -> "Packet":
        """JSON messages, a text frame each."""
        return cls(*((TEXT, message) for message in messages))

    @classmethod
    def deflated(cls, *messages: bytes, level: int = TICK_LEVEL) -> "Packet":
        """One binary frame for all of them, for those who asked for it; text where it is not worth it."""
        size = sum(map(len, messages))
        if size < DEFLATE_MIN_BYTES:
            return cls.of(*messages)
        lines = [on_one_line(message) for message in messages]
        joined = [b"\n".join(lines)] if size <= DEFLATE_MAX_BYTES else lines
        return cls(*((BINARY, deflate(text, level)) for text in joined))

    @classmethod
    def live(cls, run: int, seq: int, look: int, jpeg: bytes) -> "Packet":
        return cls((BINARY, live(run, seq, look, jpeg)))

    @cached_property
    def wire(self) -> bytes:
        """All frames as they are on the wire."""
        return b"".join(frame(kind, payload) for kind, payload in self.frames)

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The same as ASGI events, for servers that frame themselves."""
        return [
            {"type": "websocket.send", "text": payload.decode()}
            if kind == TEXT
            else {"type": "websocket.send", "bytes": payload}
            for kind, payload in self.frames
        ]
