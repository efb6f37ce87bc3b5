"""Sockets that are refused, silent, too many or too loud: told why, counted until they are gone, and gone in seconds."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest
from websockets import CloseCode
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from boards.room.session import CLOSING_MAX_SECONDS
from boards.socket.connection_limits import REFUSED_MAX
from boards.wire.protocol import Close
from tests.attacks.bench import LONG, MB, PER_ADDRESS, Bench

HELLO_SECONDS = 5.0
SPARE = 30
"""Files that the process itself opens meanwhile."""
KNOCKING_SECONDS = 1.0
"""A handshake takes some milliseconds of the loop: while hundreds come from one machine, others wait longer for an ack."""


@contextmanager
def knocked(bench: Bench) -> Iterator[socket.socket]:
    """A websocket of a stranger who says nothing, hears nothing, and answers no close."""
    with bench.connect(30.0) as plain:
        plain.sendall(
            f"GET /ws/v1/boards/{bench.board.pk} HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\n"
            f"Origin: {bench.address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        yield plain


def test_a_pile_of_mute_sockets_is_bounded_and_melts(any_bench: Bench) -> None:
    idle = any_bench.open_files()
    with any_bench.under_attack() as seen:
        for _ in range(LONG):
            with ExitStack() as pile:
                for _ in range(3 * PER_ADDRESS):
                    with suppress(ConnectionError):
                        pile.enter_context(knocked(any_bench))
                    time.sleep(0.01)
                any_bench.until_files_are(idle + SPARE, 3 * (HELLO_SECONDS + CLOSING_MAX_SECONDS))
    seen.assert_others_draw_on(KNOCKING_SECONDS)
    seen.assert_files_within(2 * PER_ADDRESS + REFUSED_MAX + SPARE)
    seen.assert_memory_within(100 * MB)


def refused(bench: Bench) -> int:
    """The code with which a stranger's socket is closed; 0: they were not let in."""
    try:
        with connect(bench.socket_url(), origin=bench.address) as opened:  # type: ignore[arg-type]
            opened.send(json.dumps({"type": "hello", "protocol": 1, "token": "ak_wrong"}))
            with pytest.raises(ConnectionClosed):
                opened.recv(30)
                opened.recv(30)
            return opened.close_code or 0
    except OSError:
        return 0


def test_hundreds_of_refused_sockets_are_told_and_none_stays(any_bench: Bench) -> None:
    idle = any_bench.open_files()
    with any_bench.under_attack() as seen, ThreadPoolExecutor(4) as strangers:
        codes = Counter(strangers.map(lambda _: refused(any_bench), range(500 * LONG)))
        any_bench.until_files_are(idle + SPARE, 5.0)
    assert codes == {Close.UNAUTHENTICATED: 500 * LONG}
    seen.assert_others_draw_on(KNOCKING_SECONDS)
    seen.assert_memory_within(100 * MB)


def flood(opened: ClientConnection, message: str) -> int:
    """Say it until the socket is closed; the code."""
    with pytest.raises(ConnectionClosed):
        for _ in range(1_000):
            opened.send(message)
        while True:
            opened.recv(30)
    return opened.close_code or 0


@pytest.mark.parametrize("message", [json.dumps({"type": "ping"}), "[" * 20_000], ids=["pings", "nonsense"])
def test_a_flood_of_messages_ends_its_socket(any_bench: Bench, message: str) -> None:
    key = any_bench.key(any_bench.alice)
    with any_bench.under_attack() as seen, ThreadPoolExecutor(2) as people:

        def one(_: int) -> int:
            with connect(any_bench.socket_url(), max_size=None) as opened:
                opened.send(json.dumps({"type": "hello", "protocol": 1, "token": key}))
                return flood(opened, message)

        codes = set(people.map(one, range(2 * LONG)))
    # Who still sends when the connection is dropped may not have read why; tests/boards/test_closes.py does.
    assert codes <= {Close.RATE_LIMIT, Close.BAD_MESSAGE, CloseCode.ABNORMAL_CLOSURE}
    seen.assert_others_draw_on()
    seen.assert_memory_within(150 * MB)
