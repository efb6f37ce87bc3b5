"""Back-pressure: responses are sent as fast as the client reads, and dropped when it stops reading.

uvicorn has back-pressure, Daphne buffers without limit; neither drops a client that reads nothing. Like
boards/wire/transport.py this relies on what the servers pass as `send`, so their versions are pinned, and tests with a
client that does not read fail if that changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

Message = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Send], Awaitable[None]]


class Paced:
    """ASGI middleware: `send` waits for the client.

    The connection of a client that reads nothing for STALLED_SECONDS is aborted; the application gets a disconnect.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif (request := daphne_request(send)) is not None:
            client = _DaphneClient(request)
            try:
                await self._application(scope, receive, _timed(client.sending(send), client.abort))
            except asyncio.CancelledError:
                client.abort()
                raise
            client.abort_unfinished()
        elif (transport := _uvicorn_transport(send)) is not None:
            await self._application(scope, receive, _timed(send, transport.abort))
        else:
            await self._application(scope, receive, send)


def daphne_request(send: Any) -> Any:
    """Daphne's request behind an ASGI `send`, which is partial(handle_reply, request); None on other servers."""
    arguments = getattr(send, "args", ())
    request = arguments[0] if arguments else None
    return request if hasattr(request, "registerProducer") and hasattr(request, "channel") else None


def _uvicorn_transport(send: Any) -> Any:
    """The connection behind an ASGI `send`, which is a method of uvicorn's RequestResponseCycle; None elsewhere."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport if hasattr(transport, "abort") else None


def _timed(send: Send, abort: Callable[[], None]) -> Send:
    async def timed(message: Message) -> None:
        try:
            async with asyncio.timeout(settings.STALLED_SECONDS):
                await send(message)
        except TimeoutError:
            abort()

    return timed


@implementer(IPushProducer)
class _DaphneClient:
    """Knows from Twisted whether the buffer to a client has room, and lets `send` wait until it has."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._room = asyncio.Event()
        self._room.set()
        self._begun = self._ended = False

    def sending(self, send: Send) -> Send:
        async def paced(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    self._begin()
                else:
                    self._end()
            await send(message)
            await self._room.wait()

        return paced

    def abort_unfinished(self) -> None:
        """Close the connection if the application ended in the middle of a response."""
        if self._begun and not self._ended:
            self.abort()

    def abort(self) -> None:
        self._end()
        if self._request.channel is not None:
            self._request.channel.transport.abortConnection()

    def _begin(self) -> None:
        if not self._begun and self._request.channel is not None:
            self._begun = True
            self._request.registerProducer(self, True)

    def _end(self) -> None:
        if self._begun and not self._ended and self._request.channel is not None:
            self._request.unregisterProducer()
        self._ended = True
        self._room.set()

    def pauseProducing(self) -> None:
        self._room.clear()

    def resumeProducing(self) -> None:
        self._room.set()

    def stopProducing(self) -> None:  # the connection is gone
        self._room.set()
