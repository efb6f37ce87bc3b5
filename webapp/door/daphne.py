"""Limits of connections and request bodies on Daphne.

Daphne has no option for it and its classes no hook: Twisted reads a whole body, however large, parses it as a form on
the event loop, and only then calls the application. This relies on names that are not public API of either, so their
versions are pinned, and tests/attacks reaches each limit on a real Daphne.
"""

import time
from contextlib import ExitStack
from typing import Any

from daphne import http_protocol, server
from django.conf import settings
from twisted.internet import reactor
from twisted.web import http

from boards.errors import TooManySockets
from boards.socket.connection_limits import address_of, counted, http_holder
from http_api.problems import problem_of
from webapp.door.asgi import LINGER_BYTES, LINGER_SECONDS
from webapp.door.bodies import Body, BodyTooSlow, Refused

_HTTPChannel: Any = http.HTTPChannel  # without types
CHUNK_BYTES = 128 * 1024
"""Size of the parts in which a body is passed to the application: Daphne's 8 kB make thousands of one upload."""

call_later: Any = reactor.callLater  # exists once Daphne has chosen a reactor


def install() -> None:
    """Make a Daphne that is started in this process use Factory."""
    server.HTTPFactory = Factory


class Channel(_HTTPChannel):
    """One connection: counted until it is gone or becomes a websocket; dropped if a request's headers take too long.

    Twisted itself closes a connection that is idle between two requests.
    """

    _timer: Any = None
    _is_idle = False
    _was_refused = False
    _dropped = 0

    def connectionMade(self) -> None:
        super().connectionMade()
        self._staying = ExitStack()
        try:
            self._staying.enter_context(counted(*http_holder(getattr(self.transport.getPeer(), "host", ""))))
        except TooManySockets:
            self.transport.abortConnection()
            return
        self._expect_headers()

    def dataReceived(self, data: bytes) -> None:
        if self._was_refused:
            self._drop(data)
            return
        if self._is_idle:
            self._expect_headers()
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        self._cancel_timer()
        super().allHeadersReceived()

    def requestDone(self, request: Any) -> None:
        self._is_idle = True
        super().requestDone(request)  # goes on with the next request if that has arrived

    def connectionLost(self, reason: Any) -> None:
        self.leave()
        super().connectionLost(reason)

    def leave(self) -> None:
        """Uncount the connection: it is gone, or a websocket now."""
        self._cancel_timer()
        self._staying.close()

    def refuse(self, refused: Refused) -> None:
        """Answer, read and drop what still arrives for a moment, then close the connection."""
        answer = problem_of(refused)
        headers = dict(answer.items()) | {"Content-Length": str(len(answer.content)), "Connection": "close"}
        lines = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + answer.content)
        self.transport.loseWriteConnection()
        self._was_refused = True
        self._cancel_timer()
        self._timer = call_later(LINGER_SECONDS, self.transport.abortConnection)

    def _drop(self, data: bytes) -> None:
        self._dropped += len(data)
        if self._dropped > LINGER_BYTES:
            self.transport.pauseProducing()

    def _expect_headers(self) -> None:
        self._cancel_timer()
        self._timer = call_later(settings.SLOW_CLIENT_SECONDS, self.transport.abortConnection)

    def _cancel_timer(self) -> None:
        self._is_idle = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


class Request(http_protocol.WebRequest):
    """One request: its body is bounded while it arrives, and forms are left to Django."""

    holds_its_body = True
    """Read by webapp.door.asgi, which gets the same bytes: they are counted here, until the response is complete."""

    _body: Body | None = None
    _was_refused = False
    _timer: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False  # Django does, in a thread

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if length == 0:
            return
        method, path = self.channel._command.decode("latin-1"), self.channel._path.decode("latin-1")
        try:
            self._body = Body(method, path.partition("?")[0], self._address(), length)
        except Refused as refused:
            self._refuse(refused)
        else:
            self._check_deadline()

    def handleContentChunk(self, data: bytes) -> None:
        if self._was_refused or self._body is None:
            return
        try:
            self._body.take(len(data))
        except Refused as refused:
            self._refuse(refused)
        else:
            super().handleContentChunk(data)

    def requestReceived(self, *line: Any) -> None:
        self._cancel_timer()
        if not self._was_refused:
            super().requestReceived(*line)

    def process(self) -> Any:
        processing = super().process()
        if self.transport is None:  # it has become a websocket
            self.channel.leave()
        return processing

    def finish(self) -> None:
        self._uncount()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        self._uncount()
        super().connectionLost(reason)

    def _address(self) -> str:
        headers = [
            (name.lower(), value)
            for name, values in self.requestHeaders.getAllRawHeaders()
            for value in values
        ]
        return address_of({"client": (getattr(self.client, "host", ""), 0), "headers": headers})

    def _refuse(self, refused: Refused) -> None:
        self._was_refused = True
        self._uncount()
        self.requestHeaders.removeHeader(b"Expect")  # else Twisted would ask for the body
        self.channel.refuse(refused)

    def _check_deadline(self) -> None:
        assert self._body is not None
        left = self._body.deadline - time.monotonic()
        if left <= 0.0:
            self._refuse(BodyTooSlow())
        else:
            self._timer = call_later(left, self._check_deadline)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _uncount(self) -> None:
        self._cancel_timer()
        if self._body is not None:
            self._body.close()


class Factory(http_protocol.HTTPFactory):
    """Creates a Channel for each connection and a Request for each request."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        server.request_buffer_size = CHUNK_BYTES

    def protocol(self) -> Any:
        return http._GenericHTTPChannelProtocol(Channel())

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol
