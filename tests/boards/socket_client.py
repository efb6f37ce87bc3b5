"""A client of the board socket for tests: the whole ASGI application, without a network."""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User
from boards.room import registry
from boards.wire.frames import live, read_live
from webapp.asgi import application

ORIGIN = "http://testserver"
WAIT_SECONDS = 30


class Client:
    def __init__(self, socket: WebsocketCommunicator) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.elements: dict[str, dict[str, Any]] = {}
        self.clock = 0
        self.frames: list[str | bytes] = []  # as they came
        self.pictures: list[tuple[int, int, bytes]] = []  # live ones: run, seq, JPEG
        self._number = 0
        self._arrived: deque[dict[str, Any]] = deque()

    async def send(self, message: Any) -> None:
        await self.socket.send_to(text_data=message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        while not self._arrived:
            frame = await self.socket.receive_from(WAIT_SECONDS)
            if isinstance(frame, bytes) and (picture := read_live(frame)):
                self._keep(picture)
                continue
            self.frames.append(frame)
            text = frame if isinstance(frame, str) else zlib.decompress(frame, -zlib.MAX_WBITS).decode()
            self._arrived.extend(json.loads(line) for line in text.split("\n"))
        message = self._arrived.popleft()
        if message["type"] == "patch":
            self.elements |= {element["id"]: element for element in message["elements"]}
        if message["type"] in {"welcome", "patch", "synced", "ack"}:
            self.clock = max(self.clock, message["clock"])
        return message

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of this type with these fields; others are read and dropped."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                message = await self.receive()
                if message["type"] == kind and all(
                    message.get(name) == value for name, value in fields.items()
                ):
                    return message

    async def until_has(self, element_id: str, **fields: Any) -> dict[str, Any]:
        """The element, once it came with these fields."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = self.elements.get(element_id)
                if found and all(found.get(name) == value for name, value in fields.items()):
                    return found
                await self.receive()

    async def until_picture(self, seq: int) -> tuple[int, int, bytes]:
        """The live picture of this number or a newer one; messages that come before it wait to be read."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := [picture for picture in self.pictures if picture[1] >= seq]):
                frame = await self.socket.receive_from(WAIT_SECONDS)
                if isinstance(frame, bytes) and (picture := read_live(frame)):
                    self._keep(picture)
                else:
                    self._arrived.append(json.loads(frame))
        return found[0]

    async def show(self, run: int, seq: int, jpeg: bytes) -> None:
        """Send a live frame; how it looks is told by ten times its number."""
        await self.socket.send_to(bytes_data=live(run, seq, 10 * seq, jpeg))

    def _keep(self, picture: tuple[int, int, int, bytes]) -> None:
        run, seq, look, jpeg = picture
        assert look in {0, 10 * seq}, "it says what it is a picture of"
        self.pictures.append((run, seq, jpeg))

    async def push(self, *elements: Any, wait: bool = True) -> dict[str, Any]:
        self._number += 1
        await self.send({"type": "push", "id": f"p{self._number}", "elements": list(elements)})
        return await self.until("ack", ref=f"p{self._number}") if wait else {}

    async def closed(self) -> int:
        """The code with which the server closes the socket; what comes before is dropped."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                message = await self.socket.receive_output(WAIT_SECONDS)
                if message["type"] == "websocket.close":
                    return int(message["code"])


@sync_to_async
def cookie(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"sessionid={session.session_key}"


async def connect(board: Any, user: User | None = None, origin: str | None = ORIGIN) -> tuple[Client, bool]:
    """A client, and whether the handshake was accepted; nothing has been said yet."""
    headers = [(b"host", b"testserver")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if user is not None:
        headers.append((b"cookie", (await cookie(user)).encode()))
    socket = WebsocketCommunicator(application, f"/ws/v1/boards/{board.pk}", headers, ["board.v1"])
    accepted, _ = await socket.connect(timeout=WAIT_SECONDS)
    return Client(socket), accepted


@asynccontextmanager
async def joined(
    board: Any, user: User | None, clock: int | None = None, **hello: Any
) -> AsyncIterator[Client]:
    """A client that was welcomed."""
    client, accepted = await connect(board, user)
    assert accepted
    await client.send({"type": "hello", "protocol": 1, "clock": clock} | hello)
    client.welcome = await client.until("welcome")
    client.elements = {element["id"]: element for element in client.welcome["elements"]}
    try:
        yield client
    finally:
        await client.socket.disconnect()


async def close_rooms() -> None:
    """Rooms belong to an event loop, and each test has its own."""
    for opening in list(registry._rooms.values()):
        if opening.done() and not opening.cancelled() and not opening.exception():
            opening.result().close(1001)
    registry._rooms.clear()
    await asyncio.sleep(0)
