"""ASGI middleware that bounds the body of each request, on any server."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from boards.socket.connection_limits import address_of
from http_api.problems import problem_of
from webapp.door import pacing
from webapp.door.bodies import Body, BodyTooSlow, Refused

LINGER_SECONDS = 2.0
LINGER_BYTES = 8 * 2**20
"""After a refusal, so much more of the body is read and dropped, for so long: a client that still sends when the connection
is closed does not get to read the answer."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BoundedBodies:
    """ASGI application that passes bodies on while they are within the limits, and else answers by itself."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"")
        length = int(declared) if declared.isdigit() else None
        request = pacing.daphne_request(send)
        try:
            body = Body(
                scope["method"],
                scope["path"],
                address_of(scope),
                length,
                is_held=not getattr(request, "holds_its_body", False),
            )
        except Refused as refused:
            await _refuse(refused, receive, send)
            return
        has_all = False

        async def bounded() -> Mapping[str, Any]:
            nonlocal has_all
            if has_all:
                return await receive()
            try:
                async with asyncio.timeout(max(0.0, body.deadline - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            body.take(len(message.get("body", b"")))
            has_all = not message.get("more_body", False)
            await asyncio.sleep(0)  # a body that came at once must not keep the event loop until it is stored
            return message

        try:
            await self._application(scope, bounded, send)
        except Refused as refused:
            body.close()
            await _refuse(refused, receive, send)
        finally:
            body.close()


async def _refuse(refused: Refused, receive: Receive, send: Send) -> None:
    answer = problem_of(refused)
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    headers += [(b"content-length", b"%d" % len(answer.content)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            dropped = 0
            while dropped < LINGER_BYTES:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body", False):
                    break
    await send({"type": "http.response.body"})
