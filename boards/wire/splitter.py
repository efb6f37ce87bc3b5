"""Cuts what a browser sends into websocket frames and reads the plain ones: whole, masked text. Pure.

Servers read frames in Python, in general terms, and wake a task for each: that cost three times what a room
does with a message. Whatever is not plain, in parts, or wrong, is the server's business still.
"""

from collections.abc import Callable

from boards.wire.frames import TEXT

FRAME_MAX_BYTES = 1024 * 1024
"""Above this the server's own limit answers."""
_MASKED = 0x80


class Splitter:
    """hear(text): a plain message. others(bytes): whole frames of other kinds, in order, for the server."""

    def __init__(self, hear: Callable[[str], None], others: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._others = others
        self._partial = bytearray()
        self._needed = 0  # bytes without which nothing can be said of what is there
        self._gave_up = False

    def feed(self, data: bytes) -> None:
        """What the socket brought."""
        if self._gave_up:
            self._others(data)
            return
        if self._partial:
            self._partial += data
            if len(self._partial) < self._needed:
                return
            data, self._partial = bytes(self._partial), bytearray()
        at = 0
        while at < len(data):
            head, size = _measure(data, at)
            if size > FRAME_MAX_BYTES:
                self._gave_up = True
                self._others(data[at:])
                return
            stop = at + head + size
            if head == 0 or stop > len(data):
                self._partial += data[at:]
                self._needed = head + size or len(data) - at + 1
                return
            text = _read(data, at, head, size)
            if text is not None:
                self._hear(text)
            else:
                self._others(data[at:stop])
            at = stop


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Bytes of the frame's head, mask included, and of its payload. (0, 0): the head has not arrived yet."""
    there = len(data) - at
    if there < 2:
        return 0, 0
    mask = 4 if data[at + 1] & _MASKED else 0
    size = data[at + 1] & 0x7F
    if size < 126:
        return 2 + mask, size
    length = 2 if size == 126 else 8
    if there < 2 + length:
        return 0, 0
    return 2 + length + mask, int.from_bytes(data[at + 2 : at + 2 + length])


def _read(data: bytes, at: int, head: int, size: int) -> str | None:
    """The text of a plain frame. None for every other one."""
    if data[at] != TEXT or not data[at + 1] & _MASKED or size == 0:
        return None
    start = at + head
    mask = data[start - 4 : start] * (size // 4 + 1)
    masked = int.from_bytes(data[start : start + size], "little")
    plain = masked ^ int.from_bytes(mask[:size], "little")
    try:
        return plain.to_bytes(size, "little").decode()
    except UnicodeDecodeError:
        return None  # the server closes for this
