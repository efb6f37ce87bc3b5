"""Limits of connections on uvicorn: the class for its option `--http`. Bodies are bounded by webapp.door.asgi."""

import asyncio
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

from boards.errors import TooManySockets
from boards.socket.connection_limits import counted, http_holder


class Connection(H11Protocol):
    """One connection: counted until it is gone or becomes a websocket; dropped if a request's headers take too long.

    uvicorn itself closes a connection that is idle after a response.
    """

    _timer: asyncio.TimerHandle | None = None
    _has_left = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._staying = ExitStack()
        try:
            self._staying.enter_context(counted(*http_holder(self.client[0] if self.client else "")))
        except TooManySockets:
            transport.abort()
            return
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._cancel_timer()
        elif self._timer is None and not self._has_left and (before is None or before.response_complete):
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._leave()
        super().handle_websocket_upgrade(event)

    def _leave(self) -> None:
        self._has_left = True
        self._cancel_timer()
        self._staying.close()

    def _expect_headers(self) -> None:
        self._timer = self.loop.call_later(settings.SLOW_CLIENT_SECONDS, self.transport.abort)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
