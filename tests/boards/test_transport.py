"""The servers let us reach their transports: one test each under the pinned version, on a real socket.

When one of these fails after an update, boards.wire.transport has to learn the server's new inside. Until then the
room goes on through ASGI, at twice the cost and, on Daphne, without knowing who does not read.
"""

import json
import socket as socketlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from boards.wire.protocol import Close
from boards.wire.transport import FALLBACK_CLOSE_CODE
from tests.e2e.atelier import PROJECT, free_port
from tests.e2e.browser import chromium
from webapp.embedded import web

BIG = 300_000


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a small application on the server, started as `make run` does."""
    port = free_port()
    command = [*web.command(request.param, "127.0.0.1", port)[:-1], "tests.boards.wire_app:application"]
    log: Path = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=output)
        try:
            address = f"ws://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while True:
                try:
                    with connect(address):
                        break
                except OSError:
                    assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            yield address
        finally:
            process.terminate()
            process.wait(30)
    assert "wire_app" not in log.read_text(), log.read_text()


@pytest.fixture
def socket(server: str) -> Iterator[ClientConnection]:
    with connect(server, max_size=None) as opened:
        assert str(opened.recv(10)).endswith("Transport"), "the server's transport is out of reach"
        yield opened


def test_a_wrapped_send_has_no_wire(server: str) -> None:
    with connect(f"{server}/wrapped") as opened:
        assert opened.recv(10) == "NoneType"


def test_messages_go_in_and_out_over_the_wire(socket: ClientConnection) -> None:
    for text in ("hello", "ä" * 70, "x" * BIG):
        socket.send(text)
        assert json.loads(socket.recv(10)) == ["wire", text]


def test_what_is_not_plain_comes_through_the_server_in_between(socket: ClientConnection) -> None:
    socket.send("first")
    socket.send(b"\x00" * 7)
    socket.send(["in ", "parts"])
    pong = socket.ping()
    socket.send("last")
    assert pong.wait(10)
    heard = [tuple(json.loads(socket.recv(10))) for _ in range(4)]
    assert sorted(heard) == [("asgi", "7 bytes"), ("asgi", "in parts"), ("wire", "first"), ("wire", "last")]


def test_large_frames_arrive_whole_and_in_order(socket: ClientConnection) -> None:
    size = 20_000_000  # more than the kernel takes at once
    socket.send(f"flood {size}")
    socket.send("after it")
    assert len(socket.recv(30)) == size and json.loads(socket.recv(10)) == ["wire", "after it"]


@pytest.fixture
def idle_reader(server: str) -> Iterator[ClientConnection]:
    """A client that reads nothing from its socket until its first message, the greeting, is asked for.

    Its kernel takes little on its behalf (a fixed receive buffer), so that what a test sends stays with the server.
    """
    url = urlsplit(server)
    with socketlib.socket() as plain:
        plain.setsockopt(socketlib.SOL_SOCKET, socketlib.SO_RCVBUF, 65_536)
        plain.connect((url.hostname, url.port))
        with connect(server, sock=plain, max_size=None, max_queue=(1, 0)) as opened:
            yield opened


def test_the_backlog_is_what_the_other_side_does_not_read(server: str, idle_reader: ClientConnection) -> None:
    size = 50_000_000
    with connect(f"{server}/observer") as observer:
        idle_reader.send("backlog")
        idle_reader.send(f"flood {size} watched")
        assert int(observer.recv(30)) > 1_000_000
    assert str(idle_reader.recv(10)).endswith("Transport")
    assert int(idle_reader.recv(10)) < 1_000
    assert len(idle_reader.recv(30)) == size
    idle_reader.send("backlog")
    assert int(idle_reader.recv(10)) < 1_000


def test_a_close_over_the_wire_has_its_code(socket: ClientConnection) -> None:
    socket.send("close")
    with pytest.raises(ConnectionClosed):
        socket.recv(10)
    assert socket.close_code == 4408


@pytest.mark.parametrize("code", Close)
def test_every_close_code_arrives(server: str, code: Close) -> None:
    with connect(f"{server}/close/reached/{int(code)}") as opened, pytest.raises(ConnectionClosed):
        opened.recv(10)
    assert opened.close_code == code


@pytest.mark.parametrize("code", Close)
def test_without_the_wire_a_code_that_the_server_refuses_still_closes(server: str, code: Close) -> None:
    with connect(f"{server}/close/wrapped/{int(code)}") as opened, pytest.raises(ConnectionClosed):
        opened.recv(10)
    assert opened.close_code in ({code} if code >= 3000 else {code, FALLBACK_CLOSE_CODE})


def test_every_close_code_is_seen_by_a_browser(server: str) -> None:
    see = """urls => Promise.all(urls.map(url => new Promise(resolve => {
        new WebSocket(url).onclose = event => resolve(event.code);
    })))"""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http{server.removeprefix('ws')}")
        seen = page.evaluate(see, [f"{server}/close/reached/{int(code)}" for code in Close])
    assert seen == [int(code) for code in Close]


def test_a_connection_can_be_dropped_whatever_waits(socket: ClientConnection) -> None:
    socket.send("flood 20000000")
    socket.send("abort")
    with pytest.raises(ConnectionClosed):
        while True:
            socket.recv(10)
    assert socket.close_code == 1006


def test_what_is_no_text_ends_the_socket(socket: ClientConnection) -> None:
    socket.send(b"\xff\xfe", text=True)
    with pytest.raises(ConnectionClosed):
        socket.recv(10)
    assert socket.close_code in {1006, 1007}  # Autobahn drops, the standard has a code
