"""Answers at their reader's speed, on Daphne: it puts whatever it is given into a buffer without an end.

uvicorn waits by itself. Like boards/wire.py this rests on what Daphne hands out as `send`, so its version is pinned,
and a test with a reader who does not read fails if that changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

Message = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Send], Awaitable[None]]


class Paced:
    """An ASGI application whose answers go out no faster than they are read."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        request = _behind(send)
        if request is None or scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        reader = _Reader(request)
        try:
            await self._application(scope, receive, reader.sending(send))
        except asyncio.CancelledError:
            reader.abort()
            raise
        reader.abort_unfinished()


def _behind(send: Any) -> Any:
    """Daphne's request behind an ASGI `send`, which is partial(handle_reply, request); None on other servers."""
    arguments = getattr(send, "args", ())
    request = arguments[0] if arguments else None
    return request if hasattr(request, "registerProducer") and hasattr(request, "channel") else None


@implementer(IPushProducer)
class _Reader:
    """Whether the one who reads an answer has room for more of it. Twisted tells."""

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
        """The application left an answer half sent: its reader must not wait for the rest."""
        if self._begun and not self._ended:
            self.abort()

    def abort(self) -> None:
        self._end()
        if self._request.channel is not None:
            self._request.channel.abortConnection()

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
