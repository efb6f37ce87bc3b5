"""Whatever ends somebody's access counts within a second, in every web process, on Daphne and on uvicorn."""

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from accounts import api_keys
from accounts.models import User
from boards.models import Board, Membership, Role
from boards.sharing import links
from tests.boards.socket_client import cookie
from tests.factories import body, open_link, person
from tests.faults.conftest import free_ports
from tests.faults.web import served
from tests.faults.workers import environment

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_SECONDS = 1.0
PACE_SECONDS = 0.05
CSRF = "x" * 32


class Servers(NamedTuple):
    """`asked` hears what ends something; the sockets are with the others, one on Daphne and one on uvicorn."""

    asked: str
    sockets: dict[str, str]


@pytest.fixture
def servers(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    shared = environment(media) | {"SECRET_KEY": django_settings.SECRET_KEY}
    ports = free_ports(3)
    with (
        served(ports[0], shared, tmp_path / "asked.log") as asked,
        served(ports[1], shared, tmp_path / "daphne.log") as daphne,
    ):
        monkeypatch.setenv("ASGI_SERVER", "uvicorn")
        with served(ports[2], shared, tmp_path / "uvicorn.log") as uvicorn:
            yield Servers(asked, {"daphne": daphne, "uvicorn": uvicorn})


class Case(NamedTuple):
    """Somebody on a board; what they show; what ends it, and returns the monotonic time when it did."""

    board: Board
    user: User
    token: str | None
    end: Callable[[], Awaitable[float]]
    code: int | None
    """With which their sockets are closed; None: they stay, and what they push is refused."""


class Socket:
    """Pushes without pause and keeps when it sent the last push that was taken."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._sent: dict[str, float] = {}
        self.taken_at = 0.0
        self.refused: list[str] = []
        self.code: int | None = None
        self.closed_at = 0.0

    async def live(self) -> None:
        pushing = asyncio.ensure_future(self._push())
        try:
            async for frame in self._line:
                self._receive(json.loads(frame))
        except ConnectionClosed:
            pass
        self.closed_at, self.code = time.monotonic(), self._line.close_code
        pushing.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await pushing

    async def _push(self) -> None:
        number = 0
        while True:
            number += 1
            self._sent[str(number)] = time.monotonic()
            elements = [body("one", version=number, versionNonce=id(self) % 2**31)]
            await self._line.send(json.dumps({"type": "push", "id": str(number), "elements": elements}))
            await asyncio.sleep(PACE_SECONDS)

    def _receive(self, message: dict[str, Any]) -> None:
        if message["type"] == "ack" and not message["refused"]:
            self.taken_at = max(self.taken_at, self._sent[message["ref"]])
        elif message["type"] == "error":
            self.refused.append(message["code"])


async def enter(
    board: Board, address: str, cookie: str | None = None, token: str | None = None
) -> ClientConnection:
    """A socket that was welcomed."""
    line = await connect(
        f"ws{address[4:]}/ws/v1/boards/{board.pk}",
        origin=None if token else address,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie} if cookie else {},
    )
    await line.send(json.dumps({"type": "hello", "protocol": 1, "token": token}))
    assert json.loads(await line.recv())["type"] == "welcome"
    return line


@asynccontextmanager
async def sockets(case: Case, servers: Servers) -> AsyncIterator[dict[str, Socket]]:
    """Of the case's person, one on each server, once each had a push taken."""
    shown = None if case.token else await cookie(case.user)
    async with AsyncExitStack() as resources:
        opened = {}
        for name, address in servers.sockets.items():
            line = await enter(case.board, address, shown, case.token)
            resources.push_async_callback(line.close)
            opened[name] = Socket(line)
        living = [asyncio.ensure_future(socket.live()) for socket in opened.values()]
        async with asyncio.timeout(30):
            while not all(socket.taken_at for socket in opened.values()):
                await asyncio.sleep(PACE_SECONDS)
        yield opened
    await asyncio.gather(*living)


def now(change: Callable[[], Any]) -> Callable[[], Awaitable[float]]:
    """Written past every door: nobody is told of it."""

    def done() -> float:
        change()
        return time.monotonic()

    return sync_to_async(done)


def asks(address: str, method: str, path: str, headers: dict[str, str]) -> Callable[[], Awaitable[float]]:
    def done() -> float:
        # Redirects are not followed: the cookie that comes with one would be lost.
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        with closing(connection):
            connection.request(method, path, b"", headers)
            assert connection.getresponse().status < 400
            return time.monotonic()

    return sync_to_async(done)


def cases(servers: Servers) -> Iterator[tuple[str, Case]]:
    owner = person("owner")
    key = {"Authorization": f"Bearer {api_keys.create(owner)}"}

    def board_of(user: User | None) -> Board:
        made = Board.objects.create(owner=owner)
        if user is not None:
            Membership.objects.create(board=made, user=user, role=Role.EDIT)
        return made

    def case(name: str, end: Any, code: int | None, token: str | None = None) -> tuple[str, Case]:
        user = users[name]
        return name, Case(boards[name], user, token, end, code)

    names = ["password", "disabled", "removed", "lowered", "frozen", "key", "deleted"]
    users = {name: person(name) for name in names}
    boards = {name: board_of(user) for name, user in users.items()}

    def new_password() -> None:
        users["password"].set_password("another one altogether")
        users["password"].save()

    yield case("password", now(new_password), 4401)
    disable = User.objects.filter(pk=users["disabled"].pk)
    yield case("disabled", now(lambda: disable.update(is_active=False)), 4401)
    yield case("removed", now(Membership.objects.filter(user=users["removed"]).delete), 4403)
    lower = Membership.objects.filter(user=users["lowered"])
    yield case("lowered", now(lambda: lower.update(role=Role.VIEW)), None)
    freeze = Board.objects.filter(pk=boards["frozen"].pk)
    yield case("frozen", now(lambda: freeze.update(frozen=True)), None)
    token = api_keys.create(users["key"])
    yield case("key", now(lambda: users["key"].api_keys.update(revoked_at=timezone.now())), 4403, token)
    delete = asks(servers.asked, "DELETE", f"/api/v1/boards/{boards['deleted'].pk}", key)
    yield case("deleted", delete, 4404)

    for name in ("link revoked", "link expired", "link's token"):
        users[name], boards[name] = person(name.replace(" ", "-").replace("'", "")), board_of(None)
        link = links.create(boards[name], owner, Role.EDIT)
        if name == "link's token":
            path = f"/api/v1/boards/{boards[name].pk}/links/{link.pk}"
            yield case(name, asks(servers.asked, "DELETE", path, key), 4403, link.token)
            continue
        open_link(link.token, users[name])
        if name == "link revoked":
            path = f"/api/v1/boards/{boards[name].pk}/links/{link.pk}"
            yield case(name, asks(servers.asked, "DELETE", path, key), 4403)
        else:

            async def ran_out(link: Any = link) -> float:
                link.expires_at = timezone.now() + timedelta(seconds=0.3)
                await link.asave()
                await asyncio.sleep(0.3)
                return time.monotonic()

            yield case(name, ran_out, 4403)


async def measured(case: Case, servers: Servers) -> dict[str, tuple[float, float, int | None]]:
    """Of each server: for how long after the end pushes were taken, when the socket was closed, and the code."""
    found = {}
    async with sockets(case, servers) as opened:
        ended_at = await case.end()
        deadline = ended_at + 10 * WITHIN_SECONDS
        for name, socket in opened.items():
            while not (socket.closed_at or (case.code is None and socket.refused)):
                assert time.monotonic() < deadline, f"{name}: nothing happened"
                await asyncio.sleep(PACE_SECONDS)
        for name, socket in opened.items():
            closed = socket.closed_at - ended_at if socket.closed_at else 0.0
            found[name] = (max(0.0, socket.taken_at - ended_at), closed, socket.code)
    return found


async def test_whatever_ends_access_counts_within_a_second_in_every_process(servers: Servers) -> None:
    late = {}
    made = await sync_to_async(lambda: list(cases(servers)))()
    for name, case in made:
        for server, (taken, closed, code) in (await measured(case, servers)).items():
            print(
                f"{name:14} {server:8} last push taken {taken:5.2f} s, closed {closed:5.2f} s after, {code}"
            )
            assert code == case.code, (name, server)
            if max(taken, closed) > WITHIN_SECONDS:
                late[name, server] = taken, closed
    assert late == {}


async def test_signing_out_in_one_tab_ends_the_sockets_of_another(servers: Servers) -> None:
    user = await sync_to_async(person)("leaver")
    board = await Board.objects.acreate(owner=user)
    shown = await cookie(user)
    headers = {"Cookie": f"{shown}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
    async with AsyncExitStack() as resources:
        lines = {}
        for name, address in servers.sockets.items():
            lines[name] = await enter(board, address, shown)
            resources.push_async_callback(lines[name].close)
        ended_at = await asks(servers.asked, "POST", "/accounts/logout/", headers)()
        for name, line in lines.items():
            async with asyncio.timeout(10):
                await line.wait_closed()
            assert (line.close_code, time.monotonic() - ended_at < WITHIN_SECONDS) == (4401, True), name
