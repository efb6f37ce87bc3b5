"""Every refusal and what ends a socket, over real sockets of each server: the code is what a browser's page sees."""

import itertools
import json
import socket as socketlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts import api_keys
from accounts.models import User
from boards import announce
from boards.models import Board, Role
from boards.sharing import links
from boards.wire.protocol import Close
from tests.e2e.atelier import free_port
from tests.factories import body
from tests.faults.web import running
from tests.faults.workers import environment

pytestmark = pytest.mark.django_db(transaction=True)

Server = tuple[str, int]
SOCKETS_PER_ADDRESS = 24
WAIT_SECONDS = 40.0
SERVED = "the web process under test"
"""What Postgres calls its connections."""


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(
    request: pytest.FixtureRequest, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Host and port of a web process on this test's database."""
    folder = tmp_path_factory.mktemp("web")
    settings = environment(folder / "media") | {
        "ASGI_SERVER": request.param,
        "PGAPPNAME": SERVED,
        "SOCKETS_PER_PERSON_MAX": "2",
        "SOCKETS_PER_ADDRESS_MAX": str(SOCKETS_PER_ADDRESS),
    }
    port = free_port()
    with running(port, settings, folder / "log"):
        yield "127.0.0.1", port
    assert "Traceback" not in (folder / "log").read_text()


def opened(server: Server, board: Any, **options: Any) -> ClientConnection:
    host, port = server
    options = {"origin": f"http://{host}:{port}", "max_size": None} | options
    return connect(f"ws://{host}:{port}/ws/v1/boards/{getattr(board, 'pk', board)}", **options)


def hello(token: str | None = None, version: int = 1) -> str:
    return json.dumps({"type": "hello", "protocol": version, "token": token})


def code_of(socket: ClientConnection) -> int:
    """The code with which the server closes it, once it does."""
    with pytest.raises(ConnectionClosed):
        while True:
            socket.recv(WAIT_SECONDS)
    assert socket.close_code is not None
    return socket.close_code


def said(server: Server, board: Any, *messages: str | bytes) -> int:
    """The code with which a socket ends that says this."""
    with opened(server, board) as socket:
        for message in messages:
            socket.send(message)
        return code_of(socket)


@contextmanager
def welcomed(server: Server, board: Board, key: str, **options: Any) -> Iterator[ClientConnection]:
    with opened(server, board, **options) as socket:
        socket.send(hello(key))
        while json.loads(socket.recv(WAIT_SECONDS))["type"] != "welcome":
            pass
        yield socket


def test_every_refusal_has_its_code(server: Server, board: Board, bob: User, mallory: User) -> None:
    bobs, mallorys = api_keys.create(bob), api_keys.create(mallory)
    ping = json.dumps({"type": "ping"})
    refusals: dict[str, tuple[Close, list[str | bytes]]] = {
        "silence": (Close.BAD_MESSAGE, []),
        "no JSON": (Close.BAD_MESSAGE, ["{"]),
        "bytes": (Close.BAD_MESSAGE, [b"hello"]),
        "not hello": (Close.BAD_MESSAGE, [ping]),
        "another version": (Close.PROTOCOL_VERSION, [hello(bobs, version=9)]),
        "a wrong token": (Close.UNAUTHENTICATED, [hello("ak_wrong")]),
        "a stranger": (Close.NOT_FOUND, [hello(mallorys)]),
        "nonsense": (Close.BAD_MESSAGE, [hello(bobs), *["{"] * 10]),
        "a flood": (Close.RATE_LIMIT, [hello(api_keys.create(board.owner)), *[ping] * 300]),
    }
    with ThreadPoolExecutor(len(refusals)) as people:
        asked = {
            name: people.submit(said, server, board, *messages) for name, (_, messages) in refusals.items()
        }
        assert {name: code.result() for name, code in asked.items()} == {
            name: code for name, (code, _) in refusals.items()
        }
    with pytest.raises(InvalidStatus) as refused:
        opened(server, board, origin="http://evil.example")
    assert refused.value.response.status_code == 403


def test_one_socket_too_many_is_told_and_gone(server: Server, board: Board, bob: User) -> None:
    key = api_keys.create(bob)
    with welcomed(server, board, key), welcomed(server, board, key):
        assert said(server, board, hello(key)) == Close.RATE_LIMIT
    with ExitStack() as resources:
        mute = [resources.enter_context(opened(server, board)) for _ in range(SOCKETS_PER_ADDRESS)]
        assert said(server, board) == Close.RATE_LIMIT
        for socket in mute:
            assert code_of(socket) == Close.BAD_MESSAGE, "they never said hello"
    with welcomed(server, board, key):
        pass


def test_who_may_not_be_there_any_more_is_sent_away(server: Server, board: Board, alice: User) -> None:
    link = links.create(board, alice, Role.EDIT)
    with (
        welcomed(server, board, link.token) as guest,
        welcomed(server, board, api_keys.create(alice)) as owner,
    ):
        links.revoke(link)
        assert code_of(guest) == Close.FORBIDDEN
        Board.objects.filter(pk=board.pk).update(deleted_at=board.created_at)
        announce.board_changed(board.pk)
        assert code_of(owner) == Close.NOT_FOUND
    assert said(server, board, hello(api_keys.create(alice))) == Close.NOT_FOUND


def test_who_does_not_read_is_told_once_they_do(server: Server, board: Board, bob: User) -> None:
    with socketlib.socket() as plain:
        plain.setsockopt(socketlib.SOL_SOCKET, socketlib.SO_RCVBUF, 65_536)
        plain.connect(server)
        with opened(server, board, sock=plain, max_queue=(1, 0)) as reader:
            reader.send(hello(api_keys.create(board.owner)))
            with welcomed(server, board, api_keys.create(bob)) as writer:
                draw(writer, seconds=14.0)
            assert code_of(reader) == Close.TOO_SLOW


def draw(writer: ClientConnection, seconds: float) -> None:
    """Push a quarter of a megabyte ten times a second or so, reading what is answered."""
    until = time.monotonic() + seconds
    for number in itertools.count(1):
        texts = [
            body(f"text-{at}", type="text", version=number, text=f"{number}" + "x" * 19_000)
            for at in range(12)
        ]
        writer.send(json.dumps({"type": "push", "id": f"p{number}", "elements": texts}))
        while json.loads(writer.recv(WAIT_SECONDS))["type"] != "ack":
            pass
        if time.monotonic() > until:
            return
        time.sleep(0.06)


def test_without_a_database_everybody_is_asked_to_come_back(server: Server, board: Board) -> None:
    key = api_keys.create(board.owner)
    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    with (
        psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as away,
        welcomed(server, board, key),
    ):
        away.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            # Not those of this process: other tests go on with its pools.
            ended = away.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = %s",
                [name, SERVED],
            )
            assert ended.rowcount > 0
            assert said(server, board, hello(key)) == Close.OVERLOADED
        finally:
            away.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
