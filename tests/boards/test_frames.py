"""The bytes that leave: websocket frames, and batches deflated once for everybody."""

import zlib

import pytest

from boards.wire.frames import (
    BINARY,
    DEFLATE_MAX_BYTES,
    DEFLATE_MIN_BYTES,
    DEFLATED_END,
    TEXT,
    Packet,
    deflate,
    frame,
    live,
    read_live,
    segment,
)


def inflate(data: bytes) -> bytes:
    """As a browser's DecompressionStream: one whole stream, and nothing behind it."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = stream.decompress(data)
    assert stream.eof and not stream.unused_data
    return plain


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_says_how_long_it_is_and_is_not_masked(size: int, head: bytes) -> None:
    assert frame(TEXT, b"x" * size) == head + b"x" * size


def test_a_deflated_batch_is_one_binary_frame_of_json_lines() -> None:
    messages = [b'{"a":"%s"}' % (b"x" * DEFLATE_MIN_BYTES), b'{"b":2}']
    ((kind, payload),) = Packet.deflated(*messages).frames
    assert kind == BINARY and inflate(payload) == b"\n".join(messages)


def test_what_is_short_stays_text() -> None:
    packet = Packet.deflated(b'{"a":1}', b'{"b":2}')
    assert packet.frames == ((TEXT, b'{"a":1}'), (TEXT, b'{"b":2}'))


def test_what_is_long_is_not_joined() -> None:
    long = b"y" * (DEFLATE_MAX_BYTES // 2 + 1)
    assert [inflate(payload) for _, payload in Packet.deflated(long, long).frames] == [long, long]


def test_segments_join_to_one_stream() -> None:
    pieces = [b'{"head":1,"elements":[', b'{"id":"a"},' * 500 + b'{"id":"b"}', b"]}"]
    assert inflate(b"".join(map(segment, pieces)) + DEFLATED_END) == b"".join(pieces)


def test_the_wire_and_the_events_of_a_packet_say_the_same() -> None:
    packet = Packet((TEXT, '{"ü":1}'.encode()), (BINARY, deflate(b"two")))
    assert packet.wire == frame(*packet.frames[0]) + frame(*packet.frames[1])
    assert [event.get("text") for event in packet.events] == ['{"ü":1}', None]
    assert inflate(packet.events[1]["bytes"]) == b"two"


def test_a_live_picture_is_never_taken_for_a_deflated_batch() -> None:
    picture = live(2**24 - 1, 2**32 - 1, 7, b"jpeg")
    assert read_live(picture) == (2**24 - 1, 2**32 - 1, 7, b"jpeg")
    with pytest.raises(zlib.error, match="invalid block type"):
        zlib.decompress(picture, -zlib.MAX_WBITS)
    for level in range(10):
        for text in (b"", b"a", b"{}" * 5000, bytes(range(256)) * 40):
            assert read_live(deflate(text, level)) is None
    assert read_live(picture[:11]) is None
