"""Answers that nobody reads on: their connections are gone in seconds, whatever they are made of."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from boards.elements import store
from boards.files import board_files
from tests.attacks.bench import SAMPLE_SECONDS, STALLED_SECONDS, Bench
from tests.attacks.test_drawings import noise
from tests.factories import element
from webapp.embedded.home import PROJECT

READERS = 2


@contextmanager
def stopped_reading(bench: Bench, path: str, key: str) -> Iterator[socket.socket]:
    """A connection on which a large answer has begun. Its segments and buffers are small: the server's are small too."""
    with socket.socket() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(bench.host)
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        )
        head = connection.recv(500)
        assert head.startswith(b"HTTP/1.1 200"), head
        yield connection


def largest_static_file() -> str:
    folder = PROJECT / "frontend" / "dist"
    largest = max(
        (path for path in folder.rglob("*.js") if path.is_file()), key=lambda path: path.stat().st_size
    )
    return f"/static/board/{largest.relative_to(folder)}"


@pytest.mark.parametrize("what", ["static file", "picture", "scene"])
def test_who_stops_reading_is_sent_away(any_bench: Bench, what: str) -> None:
    bench = any_bench
    file = board_files.add_upload(bench.board, bench.alice, noise(random.Random(7)), "photo")
    shown: dict[str, Any] = {"type": "image", "fileId": file.file_id, "status": "saved", "scale": [1, 1]}
    store.apply(bench.board.pk, [element(**shown)])
    path = {
        "static file": largest_static_file(),
        "picture": board_files.url_of(file),
        "scene": f"/api/v1/boards/{bench.board.pk}/scene",
    }[what]
    key = bench.key(bench.alice)

    def still_there() -> set[int]:
        peers = {each.raddr.port for each in bench.process.net_connections("tcp") if each.raddr}
        return peers & {connection.getsockname()[1] for connection in connections}

    with ExitStack() as resources:
        began = time.monotonic()
        connections = [resources.enter_context(stopped_reading(bench, path, key)) for _ in range(READERS)]
        while still_there():
            assert time.monotonic() - began < STALLED_SECONDS + 10
            time.sleep(SAMPLE_SECONDS)
        assert time.monotonic() - began > STALLED_SECONDS / 2, "who is slow has time to read on"
