"""Bodies that are too large, too slow or too many: refused with a reason, while others draw on."""

import socket
from contextlib import suppress

import pytest

from tests.attacks.bench import LONG, MB, Bench

UPLOAD_BYTES = 256 * MB * LONG
BOUNDARY = "atelier"


def upload(bench: Bench, path: str, size: int, *, chunked: bool = False) -> bytes:
    """POST so many bytes as a multipart form, whatever the server says meanwhile. Returns what it said."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n".encode()
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(head) + size}"
    with bench.connect() as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n".encode()
        )
        block = b"x" * MB
        said = bytearray()
        with suppress(OSError):
            connection.sendall(b"%x\r\n%s\r\n" % (len(head), head) if chunked else head)
            for _ in range(size // MB):
                connection.sendall(b"%x\r\n%s\r\n" % (MB, block) if chunked else block)
            connection.sendall(b"0\r\n\r\n" if chunked else b"")
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while part := connection.recv(65_536):
                said += part
    return bytes(said)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/live", "/api/v1/boards/00000000-0000-0000-0000-000000000000/import"])
def test_a_huge_upload_stops_nobody(uvicorn_bench: Bench, path: str, chunked: bool) -> None:
    with uvicorn_bench.under_attack() as seen:
        for _ in range(4):
            upload(uvicorn_bench, path, UPLOAD_BYTES // 4, chunked=chunked)
    seen.assert_others_draw_on()
    seen.assert_memory_within(100 * MB)
