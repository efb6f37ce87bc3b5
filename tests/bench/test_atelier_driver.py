"""The generator speaks the protocol of this release: what it sends is what the server's own code takes."""

import json
import random
import zlib

import pytest

from bench.room import drawing, marker
from bench.room.drivers.atelier import Atelier
from bench.room.drivers.driver import Frame
from bench.room.run import Spec
from boards.elements.element import parse
from boards.wire import protocol
from boards.wire.client_messages import ClientMessage, Hello, Presence, Push
from boards.wire.server_messages import Ack, ErrorMessage, Refusal, encode


class Connection:
    """A client that writes down what its driver does."""

    def __init__(self) -> None:
        self.number = 1
        self.sent: list[Frame] = []
        self.is_ready = False
        self.failure = ""

    def send(self, *frames: Frame) -> None:
        self.sent += frames

    def ready(self) -> None:
        self.is_ready = True

    def fail(self, reason: str) -> None:
        self.failure = reason


@pytest.fixture
def driver() -> Atelier:
    return Atelier(
        Spec(system="atelier-daphne", mode="sync", n=2, driver="atelier", url="", board="", tokens=["a", "b"])
    )


def parsed(frame: Frame) -> ClientMessage:
    is_text, payload = frame
    assert is_text
    return protocol.parse(payload.decode())


def test_hello_carries_the_token_and_asks_for_deflate(driver: Atelier) -> None:
    connection = Connection()
    driver.on_open(connection)
    hello = parsed(connection.sent[0])
    assert isinstance(hello, Hello)
    assert (hello.protocol, hello.token, hello.deflate) == (protocol.VERSION, "b", True)


def test_who_will_stall_asks_for_no_deflate() -> None:
    spec = Spec(system="", mode="stall", n=3, driver="", url="", board="", tokens=["a", "b"], stalled=2)
    connection = Connection()
    Atelier(spec).on_open(connection)
    hello = parsed(connection.sent[0])
    assert isinstance(hello, Hello)
    assert not hello.deflate


def test_updates_are_pushes_of_growing_versions(driver: Atelier) -> None:
    pushes = [parsed(frame) for (frame,) in driver.updates(3, 5)]
    bodies = [parse(push.elements[0]) for push in pushes if isinstance(push, Push)]
    assert [body.version for body in bodies] == [1, 2, 3, 4, 5]
    assert len({body.id for body in bodies}) == 1
    assert list(marker.find(bodies[4].body)) == [(marker.UPDATE, 3, 4)]


def test_cursors_are_presence_and_carry_the_marker(driver: Atelier) -> None:
    mark = marker.mark(marker.CURSOR, 1, 9)
    (frame,) = driver.cursor(Connection(), 9, mark)
    presence = parsed(frame)
    assert isinstance(presence, Presence)
    assert presence.pointer is not None
    assert list(marker.find("".join(presence.selected or []).encode())) == [(marker.CURSOR, 1, 9)]


def test_a_scene_keeps_to_the_limits_of_a_push(driver: Atelier) -> None:
    pushes = [parsed(frame) for (frame,) in driver.scene(250)]
    bodies = [body for push in pushes if isinstance(push, Push) for body in push.elements]
    assert len({parse(body).id for body in bodies}) == 250
    assert {number for body in bodies for _, _, number in marker.find(bytes(body))} == set(range(250))


def test_acks_are_read_with_what_was_refused(driver: Atelier) -> None:
    refusal = Refusal("x", "element_refused", "no")
    acks = Ack(ref="7", clock=3, refused=[]), Ack(ref="8", clock=4, refused=[refusal])
    content = b"\n".join(map(encode, acks))
    assert list(driver.acknowledged(content)) == [(7, False), (8, True)]


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_ready_when_the_scene_has_come(driver: Atelier, packed: bool) -> None:
    def enter(message: dict[str, object]) -> bool:
        connection, text = Connection(), json.dumps(message).encode()
        driver.enter(connection, not packed, zlib.compress(text, wbits=-15) if packed else text)
        return connection.is_ready

    assert enter({"type": "welcome", "more": False})
    assert not enter({"type": "welcome", "more": True})
    assert enter({"type": "synced", "clock": 3})


def test_who_is_refused_says_why(driver: Atelier) -> None:
    connection = Connection()
    refusal = ErrorMessage(code="forbidden", message="You may not see this board.")
    driver.enter(connection, True, encode(refusal))
    assert not connection.is_ready
    assert connection.failure == "You may not see this board."


@pytest.mark.parametrize("owner", [0, 1])
def test_elements_weigh_600_bytes_and_need_no_mending(owner: int) -> None:
    index = drawing.indices(1)[0]
    body = drawing.element_json(owner, 3, index, marker.mark("u", owner, 3), random.Random(1))
    assert 550 <= len(body) <= 700
    assert parse(body).body == body
    assert parse(body).index == index
