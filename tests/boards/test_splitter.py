"""What comes from the socket: plain messages are read here, everything else is left to the server, whole."""

import os

import pytest

from boards.wire.splitter import FRAME_MAX_BYTES, FrameSplitter

TEXT, BINARY, CLOSE, PING, PONG, CONTINUED = 0x81, 0x82, 0x88, 0x89, 0x8A, 0x80


def masked(kind: int, payload: bytes) -> bytes:
    """A frame as a browser sends it."""
    size = len(payload)
    if size < 126:
        head = bytes((kind, 0x80 | size))
    elif size < 65_536:
        head = bytes((kind, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((kind, 0x80 | 127)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Ear:
    """Notes what it hears and what it leaves to the server, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.left: list[bytes] = []
        self.splitter = FrameSplitter(self.heard.append, self.left.append)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 125, 126, 127, 1_000, 65_535, 65_536, 200_000])
def test_a_message_is_unmasked_whatever_its_length(size: int) -> None:
    ear, text = Ear(), ("äb1" * size)[:size]
    ear.splitter.feed(masked(TEXT, text.encode()))
    assert ear.heard == [text] and ear.left == []


def test_it_does_not_matter_where_the_network_cuts() -> None:
    frames = [masked(TEXT, b"one"), masked(PING, b"?"), masked(TEXT, b"t" * 300), masked(TEXT, b"three")]
    stream = b"".join(frames)
    for cut in range(len(stream) + 1):
        for step in (1, 7, len(stream)):
            ear = Ear()
            ear.splitter.feed(stream[:cut])
            for at in range(cut, len(stream), step):
                ear.splitter.feed(stream[at : at + step])
            assert ear.heard == ["one", "t" * 300, "three"] and ear.left == [frames[1]], (cut, step)


@pytest.mark.parametrize(
    "frame",
    [
        masked(BINARY, b"\x00"),
        masked(CLOSE, b"\x03\xe8"),
        masked(PONG, b""),
        masked(0x01, b"first part"),
        masked(CONTINUED, b"last part"),
        masked(TEXT, b""),
        masked(TEXT, b"\xff\xfe"),
        masked(0xC1, b"compressed"),
        bytes((TEXT, 5)) + b"plain",
    ],
    ids=["binary", "close", "pong", "part", "continued", "empty", "not UTF-8", "reserved bit", "not masked"],
)
def test_all_other_frames_are_the_servers(frame: bytes) -> None:
    ear = Ear()
    ear.splitter.feed(frame + masked(TEXT, b"next"))
    assert ear.left == [frame] and ear.heard == ["next"]


def test_a_frame_that_is_too_long_and_all_behind_it_are_the_servers() -> None:
    ear = Ear()
    head = bytes((TEXT, 0xFF)) + (FRAME_MAX_BYTES + 1).to_bytes(8, "big")
    ear.splitter.feed(masked(TEXT, b"before") + head)
    ear.splitter.feed(masked(TEXT, b"behind"))
    assert ear.heard == ["before"] and b"".join(ear.left).startswith(head) and len(ear.left) == 2


def test_bytes_that_trickle_in_are_looked_at_once() -> None:
    """A megabyte byte by byte would otherwise be copied a million times."""
    ear, stream = Ear(), masked(TEXT, b"x" * 50_000)
    looked = 0
    for at in range(len(stream)):
        before = ear.splitter._partial
        ear.splitter.feed(stream[at : at + 1])
        looked += ear.splitter._partial is not before
    assert ear.heard == ["x" * 50_000] and looked < 20
