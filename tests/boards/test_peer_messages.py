"""Messages between processes: what another process sends is read as its struct, and what is newer does no harm."""

import logging
import uuid
from typing import get_args

import msgpack
import pytest

from boards.wire import peer_messages
from boards.wire.peer_messages import (
    BoardChanged,
    ClockMoved,
    FileAdded,
    LiveChanged,
    PeerMessage,
    RoomTick,
    Run,
)
from boards.wire.server_messages import Person
from generation.messages import JobChanged, JobProgress, LayerMessage, LiveRedrawn, as_layer_event

RUN = Run(7, "frame", "s1", Person("u1", "Ana", "hsl(0, 65%, 42%)"), {"kind": "img2img"})
EACH: list[LayerMessage] = [
    RoomTick(
        "me", [(b"\xff\x00", uuid.uuid4()), (b"", None)], {"s1": b"{}", "s2": None}, [(3, {"a": (1, 2, 3)})]
    ),
    ClockMoved(3),
    BoardChanged(),
    FileAdded({"f": {"url": "/x", "mime_type": "image/png", "width_px": 1, "height_px": 2}}),
    LiveChanged(7, RUN),
    LiveChanged(7, None, "stopped", by="Ana"),
    JobChanged("j"),
    JobProgress("j", 1, 2, b"\xff\xd8jpeg"),
    LiveRedrawn(7, 1, b"\xff\xd8jpeg", "", "", 0),
]


def test_every_kind_of_message_is_in_this_list() -> None:
    assert {type(each) for each in EACH} == set(get_args(PeerMessage))


@pytest.mark.parametrize("message", EACH, ids=lambda message: type(message).__name__)
def test_it_arrives_as_it_was_sent(message: LayerMessage) -> None:
    travelled = msgpack.unpackb(msgpack.packb(as_layer_event(message)))
    assert peer_messages.decode(travelled) == message


def test_what_a_newer_process_sends_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert peer_messages.decode({"type": "board.painted", "colour": "red"}) is None
    assert peer_messages.decode({"type": "clock.moved", "clock": 3, "why": "new"}) == ClockMoved(3)
    assert caplog.text == ""


def test_a_malformed_message_is_ignored_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert peer_messages.decode({"type": "clock.moved", "clock": "late"}) is None
    assert "malformed" in caplog.text
