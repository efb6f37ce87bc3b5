"""Splits a client's byte stream into websocket frames and decodes the simple ones: final, masked text frames. Pure.

The servers' general frame parsers, and the task they wake for each frame, cost three times what a room does with a
message. All other frames (fragments, binary, control, malformed) are passed on to the server as they are.
"""

from collections.abc import Callable

from boards.wire.frames import TEXT

FRAME_MAX_BYTES = 1024 * 1024
"""After the header of a larger frame everything goes to the server, whose own limit closes the socket."""
_MASKED = 0x80


class FrameSplitter:
    """on_text is called with the text of each simple frame, on_other with the bytes of every other whole frame.

    The calls come in the order of the frames.
    """

    def __init__(self, on_text: Callable[[str], None], on_other: Callable[[bytes], None]) -> None:
        self._on_text = on_text
        self._on_other = on_other
        self._partial = bytearray()  # the beginning of a frame that has not arrived whole
        self._needed = 0  # length of `_partial` from which on it is worth parsing again
        self._gave_up = False

    def feed(self, data: bytes) -> None:
        """Take in the next bytes of the stream."""
        if self._gave_up:
            self._on_other(data)
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
                self._on_other(data[at:])
                return
            stop = at + head + size
            if head == 0 or stop > len(data):
                self._partial += data[at:]
                self._needed = head + size or len(data) - at + 1
                return
            text = _read(data, at, head, size)
            if text is not None:
                self._on_text(text)
            else:
                self._on_other(data[at:stop])
            at = stop


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Number of bytes of the frame's header, mask included, and of its payload. (0, 0) while the header is incomplete."""
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
    """The text of a simple frame. None for every other frame."""
    if data[at] != TEXT or not data[at + 1] & _MASKED or size == 0:
        return None
    start = at + head
    mask = data[start - 4 : start] * (size // 4 + 1)
    masked = int.from_bytes(data[start : start + size], "little")
    plain = masked ^ int.from_bytes(mask[:size], "little")
    try:
        return plain.to_bytes(size, "little").decode()
    except UnicodeDecodeError:
        return None  # the server answers this by closing the socket
