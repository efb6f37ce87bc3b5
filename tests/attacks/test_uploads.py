"""Bodies that are too large, too slow or too many: refused with a reason, while others draw on."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from tests.attacks.bench import LONG, MB, SLOW_CLIENT_SECONDS, Bench
from webapp.door import bodies

BOUNDARY = "atelier"
NOWHERE = "/api/v1/boards/00000000-0000-0000-0000-000000000000"


class Answer:
    """What the server said before it closed the connection."""

    def __init__(self, said: bytes) -> None:
        head, _, self.body = said.partition(b"\r\n\r\n")
        self.head = head.decode().lower()
        self.status = int(self.head.split(" ")[1]) if self.head else 0

    def assert_is_problem(self, status: int, code: str) -> None:
        assert self.status == status, self.head
        assert "content-type: application/problem+json" in self.head
        assert json.loads(self.body)["code"] == code


def upload(bench: Bench, path: str, size: int, *, chunked: bool = False, block: int = MB) -> Answer:
    """POST so many bytes as a multipart form, whatever the server says meanwhile."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n".encode()
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(head) + size}"
    said = bytearray()
    with bench.connect() as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n".encode()
        )
        part = b"x" * block
        with suppress(OSError):
            connection.sendall(b"%x\r\n%s\r\n" % (len(head), head) if chunked else head)
            for _ in range(size // block):
                connection.sendall(b"%x\r\n%s\r\n" % (block, part) if chunked else part)
            connection.sendall(b"0\r\n\r\n" if chunked else b"")
        with suppress(OSError):
            while heard := connection.recv(65_536):
                said += heard
    return Answer(bytes(said))


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_huge_upload_stops_nobody(any_bench: Bench, chunked: bool) -> None:
    with any_bench.under_attack() as seen:
        for path in ["/live", f"{NOWHERE}/import"] * LONG:
            upload(any_bench, path, 1024 * MB, chunked=chunked).assert_is_problem(413, "too_big")
    seen.assert_others_draw_on()
    seen.assert_memory_within(150 * MB)


def test_many_large_uploads_stop_nobody(any_bench: Bench) -> None:
    """Each of a size that a member may send; what is too much at once is told to come again."""
    with any_bench.under_attack() as seen, ThreadPoolExecutor(8) as senders:
        answers = list(
            senders.map(lambda _: upload(any_bench, f"{NOWHERE}/import", 60 * MB), range(8 * LONG))
        )
    assert {answer.status for answer in answers} <= {401, 403, 503}, [answer.head for answer in answers]
    seen.assert_others_draw_on()
    seen.assert_memory_within(bodies.HELD_BY_ADDRESS_MAX_BYTES + 100 * MB)


@contextmanager
def half_an_import(bench: Bench, size: int) -> Iterator[None]:
    """While it lasts an import of so many bytes and one more is on its way, and that one does not come."""
    with bench.connect() as connection:
        connection.sendall(
            f"POST {NOWHERE}/import HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {size + 1}\r\n\r\n".encode()
        )
        part = b"x" * MB
        for _ in range(size // MB):
            connection.sendall(part)
        yield


def test_every_byte_of_an_upload_counts_once(any_bench: Bench) -> None:
    """Three of the largest imports from one address are less than it may have under way: a school behind one router."""
    size = bodies.HELD_BY_ADDRESS_MAX_BYTES // 4 + MB // 2
    with half_an_import(any_bench, 64 * MB), half_an_import(any_bench, 64 * MB):
        answer = upload(any_bench, f"{NOWHERE}/import", size, block=MB // 2)
    assert answer.status == 403, answer.head


def drip(bench: Bench, opening: bytes, drop: bytes) -> tuple[float, Answer]:
    """Send ten bytes a second after the opening, until the server ends it. Returns after how many seconds, and its answer."""
    began, said = time.monotonic(), bytearray()
    with bench.connect(0.1) as connection, suppress(ConnectionError):
        connection.sendall(opening)
        while time.monotonic() - began < 20 * SLOW_CLIENT_SECONDS:
            try:
                heard = connection.recv(65_536)
            except TimeoutError:
                connection.sendall(drop)
                continue
            said += heard
            if not heard:
                break
    return time.monotonic() - began, Answer(bytes(said))


SLOW = {
    "request line": (b"GET /", b"x"),
    "headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"x"),
    "silence": (b"", b""),
    "second request": (b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /li", b"x"),
    "body": (b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n", b"x"),
    "chunks": (
        b"POST /live HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n",
    ),
}


def test_slow_clients_are_sent_away(any_bench: Bench) -> None:
    with any_bench.under_attack() as seen, ThreadPoolExecutor(60) as clients:
        dripping = [
            (name, clients.submit(drip, any_bench, *parts)) for name, parts in SLOW.items() for _ in range(10)
        ]
        ended = [(name, *waiting.result()) for name, waiting in dripping]
    for name, seconds, answer in ended:
        assert seconds < 3 * SLOW_CLIENT_SECONDS + 3, (name, seconds)
        if name in {"body", "chunks"}:
            answer.assert_is_problem(408, "too_slow")
    seen.assert_others_draw_on()
    assert seen.files[-1] <= seen.files[0] + 5, "their connections are closed"
