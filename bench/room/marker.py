"""Markers: a short text that a sender puts into its messages, found again in raw frames.

Nobody decodes a frame: so no product is charged for a slow decoder on this side. Plain ASCII without quotes or
backslashes, it looks the same in JSON, in a Yjs update and in a binary attachment.
"""

import re
from collections.abc import Iterator

UPDATE, CURSOR, SCENE = "u", "c", "s"
_PATTERN = re.compile(rb"@([ucs])(\d{4})\.(\d{6})@")


def mark(kind: str, sender: int, number: int) -> str:
    """kind: UPDATE, CURSOR or SCENE. sender < 10,000; number counts from 0."""
    return f"@{kind}{sender:04d}.{number:06d}@"


def find(payload: bytes) -> Iterator[tuple[str, int, int]]:
    """(kind, sender, number) of every marker in the content."""
    if b"@" in payload:
        for kind, sender, number in _PATTERN.findall(payload):
            yield kind.decode(), int(sender), int(number)
