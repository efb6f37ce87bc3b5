"""Messages that each keep the rules and cost much, from one socket or many of one person, while others draw on."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
from websockets import CloseCode
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from boards.elements import store
from boards.wire.protocol import Close
from tests.attacks.bench import LONG, MB, Bench, Seen
from tests.factories import body, element

SECONDS = 1.5 * LONG
SOCKETS = 20
PER_SECOND = 110.0
"""A little less often than a socket may talk at all."""
Messages = Callable[[], Iterator[str]]


def pushes(*elements: dict[str, object], refs: Iterator[int]) -> Iterator[str]:
    text = json.dumps(elements)
    return (f'{{"type":"push","id":"p{number}","elements":{text}}}' for number in refs)


def wrong() -> Iterator[str]:
    """As many as a push may have, none of which can come in."""
    return pushes(*[body("x", width="wide")] * 500, refs=count())


def empty() -> Iterator[str]:
    return pushes(*[{}] * 500, refs=count())


def one_newer() -> Iterator[str]:
    """The same elements again and again, each time as newer versions."""
    for number in count(1):
        elements = [body(f"e{n}", version=number, index=None) for n in range(500)]
        yield from pushes(*elements, refs=iter([number]))


def long_lines() -> Iterator[str]:
    points = [[float(n), n * 0.5] for n in range(5_000)]
    for number in count(1):
        yield from pushes(body("line", type="freedraw", points=points, version=number), refs=iter([number]))


def presence() -> Iterator[str]:
    for number in count():
        selected = [f"{n}" for n in range(200)]
        yield json.dumps({"type": "presence", "pointer": {"x": number, "y": 0}, "selected": selected})


class Flooder:
    """One socket that says as much as it may. codes: how it was closed; 1000: it went by itself."""

    def __init__(self, bench: Bench, key: str) -> None:
        self._bench, self._key = bench, key
        self.said: Counter[str] = Counter()
        self.code = 0

    def run(self, messages: Iterator[str]) -> None:
        with connect(self._bench.socket_url(), max_size=None, close_timeout=0.1) as opened:
            opened.send(json.dumps({"type": "hello", "protocol": 1, "token": self._key}))
            reading = threading.Thread(target=self._read, args=(opened,))
            reading.start()
            began = time.monotonic()
            with suppress(ConnectionClosed):
                for number, message in enumerate(messages):
                    if number / PER_SECOND > SECONDS or time.monotonic() - began > 2 * SECONDS:
                        break
                    opened.send(message)
                    self.said["sent"] += 1
                    time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        reading.join()
        self.code = opened.close_code or 0

    def _read(self, opened: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            for frame in opened:
                for kind in ("ack", "error"):
                    self.said[kind] += str(frame).count(f'"type":"{kind}"')


def flood(bench: Bench, messages: Messages, sockets: int) -> tuple[Seen, Counter[str], Counter[int]]:
    """So many sockets of one person say it while bob draws: what was seen, said and answered."""
    key = bench.key(bench.alice)
    flooders = [Flooder(bench, key) for _ in range(sockets)]
    with bench.under_attack() as seen, ThreadPoolExecutor(sockets) as attackers:
        list(attackers.map(lambda flooder: flooder.run(messages()), flooders))
    said = sum((flooder.said for flooder in flooders), Counter[str]())
    codes = Counter(flooder.code for flooder in flooders)
    print(messages.__name__, dict(said), dict(codes))
    return seen, said, codes


@pytest.mark.parametrize("messages", [wrong, empty])
def test_a_flood_of_wrong_elements_ends_its_sockets(bench: Bench, messages: Messages) -> None:
    seen, _, codes = flood(bench, messages, SOCKETS)
    # Who still sends when the connection is dropped may not have read why.
    assert codes.keys() <= {Close.RATE_LIMIT, Close.BAD_MESSAGE, CloseCode.ABNORMAL_CLOSURE}
    seen.assert_others_draw_on()
    seen.assert_memory_within(150 * MB)


@pytest.mark.parametrize("messages", [one_newer, long_lines, presence])
def test_a_flood_over_many_sockets_of_one_person_stops_nobody_else(bench: Bench, messages: Messages) -> None:
    seen, said, _ = flood(bench, messages, SOCKETS)
    assert said["ack"] or messages is presence, "what is right is taken"
    seen.assert_others_draw_on()
    seen.assert_memory_within(150 * MB)


def test_a_crowd_of_sockets_that_return_stops_nobody_else(bench: Bench) -> None:
    """Each says which clock it has seen, one of long ago, and reads nothing."""
    for at in range(0, 10_000, 1_000):
        elements = [element(f"e{n}", customData={"n": "x" * 200}) for n in range(at, at + 1_000)]
        store.apply(bench.board.pk, elements)
    hello = {"type": "hello", "protocol": 1, "token": bench.key(bench.alice), "clock": 1, "deflate": True}

    def come(_: int) -> int:
        came, until = 0, time.monotonic() + SECONDS
        while time.monotonic() < until:
            with connect(bench.socket_url(), max_size=None, close_timeout=0.01) as opened:
                opened.send(json.dumps(hello))
                assert isinstance(opened.recv(30), bytes), "a large welcome is deflated"
                opened.socket.shutdown(socket.SHUT_RDWR)
            came += 1
        return came

    with bench.under_attack() as seen, ThreadPoolExecutor(8) as people:
        print("came", sum(people.map(come, range(8))))
    seen.assert_others_draw_on()
    seen.assert_memory_within(150 * MB)
