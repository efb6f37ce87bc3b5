"""The interface of a driver: how its product encodes the handshake, updates, cursors and whole scenes.

Clock, sockets and statistics are the generator's. A frame is (is_text, payload).
"""

import random
from collections.abc import Iterable, Iterator
from typing import Protocol

from bench.room import drawing, marker
from bench.room.run import Spec

Frame = tuple[bool, bytes]


class Connection(Protocol):
    """The part of a client that its driver uses."""

    number: int
    """0 … n - 1; also the sender in markers."""

    def send(self, *frames: Frame) -> None: ...

    def ready(self) -> None:
        """The client is on the board and may begin."""
        ...

    def fail(self, reason: str) -> None:
        """The server refused the client."""
        ...


class Driver:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def address(self, number: int) -> str:
        return self.spec.url

    def headers(self, number: int) -> dict[str, str]:
        return {}

    def on_open(self, connection: Connection) -> None:
        """Called when the socket is open."""
        raise NotImplementedError

    def enter(self, connection: Connection, is_text: bool, payload: bytes) -> None:
        """Called for each frame before `connection.ready()` was called."""
        raise NotImplementedError

    def beat(self, connection: Connection, payload: bytes) -> None:
        """Called for each tiny frame, which may be a ping of the product."""

    def unpack(self, is_text: bool, payload: bytes) -> bytes:
        """The content of a frame, decompressed where needed, in which markers can be found."""
        return payload

    def acknowledged(self, payload: bytes) -> Iterable[tuple[int, bool]]:
        """(number of the update, was it refused) of each acknowledgement in an unpacked frame."""
        return ()

    def updates(self, number: int, count: int) -> list[tuple[Frame, ...]]:
        """The first `count` updates of this client, made before the run."""
        raise NotImplementedError

    def cursor(self, connection: Connection, count: int, mark: str | None) -> tuple[Frame, ...]:
        """Frames of the count-th pointer move. mark: a marker to put into it."""
        raise NotImplementedError

    def scene(self, count: int) -> Iterator[tuple[Frame, ...]]:
        """Frames that put `count` elements on the board, each with a SCENE marker."""
        raise NotImplementedError


def elements(number: int, count: int) -> list[bytes]:
    """The JSON of each version of one client's element."""
    chance = random.Random(number)
    index = drawing.indices(number + 1)[-1]
    return [
        drawing.element_json(number, version, index, marker.mark(marker.UPDATE, number, version), chance)
        for version in range(count)
    ]


def scene_elements(count: int) -> list[bytes]:
    chance = random.Random(7)
    return [
        drawing.element_json(90_000 + number, 0, index, marker.mark(marker.SCENE, 0, number), chance)
        for number, index in enumerate(drawing.indices(count))
    ]


def in_parts(items: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
