"""An application for the tests of boards.wire.transport: it talks to its client over the wire, and tells how it heard things."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from boards.wire import transport
from boards.wire.frames import BINARY, TEXT, frame

Message = dict[str, Any]

left_behind: asyncio.Queue[int] = asyncio.Queue()
"""The backlog right after each watched flood, for a second connection to ask: the flooded one must not read meanwhile."""


def _wrapped(send: Callable[[Message], Awaitable[None]]) -> Callable[[Message], Awaitable[None]]:
    async def wrapped(message: Message) -> None:
        await send(message)

    return wrapped


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    await receive()
    if scope["type"] == "http":  # where a browser's page comes from
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a page"})
        return
    await send({"type": "websocket.accept"})
    if scope["path"].startswith("/close/"):
        _, _, how, code = scope["path"].split("/")
        await transport.close(send if how == "reached" else _wrapped(send), int(code))
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["path"] == "/observer":
        await send({"type": "websocket.send", "text": str(await left_behind.get())})
        return
    found = transport.of(_wrapped(send) if scope["path"] == "/wrapped" else send)
    await send({"type": "websocket.send", "text": type(found).__name__})
    if found is None:
        return

    def hear(text: str) -> None:
        """What the test asks for in a plain message is done at once."""
        match text.split(" "):
            case ["flood", size, *watched]:
                found.write(frame(BINARY, b"\x00" * int(size)))
                if watched:
                    left_behind.put_nowait(found.backlog())
            case ["backlog"]:
                found.write(frame(TEXT, b"%d" % found.backlog()))
            case ["close"]:
                found.close(4408)
            case ["abort"]:
                found.abort()
            case _:
                found.write(frame(TEXT, json.dumps(["wire", text]).encode()))

    found.listen(hear)
    while (event := await receive())["type"] == "websocket.receive":
        heard = event.get("text") or f"{len(event['bytes'])} bytes"
        await send({"type": "websocket.send", "text": json.dumps(["asgi", heard])})
    await asyncio.sleep(0)
    if found.write(frame(TEXT, b"to nobody")):
        raise AssertionError("a closed wire must say so")
