"""A simulated client: a websocket that counts the frames it receives and can pass them to a listener."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.room.drivers.driver import Driver, Frame

Listen = Callable[[bool, bytes], None]

BEAT_MAX_BYTES = 4
FRAME_MAX_BYTES = 64 * 2**20
SMALL_BUFFER_BYTES = 8_192
"""Receive buffer of clients that will stop reading, so that the server notices soon."""
ENTER_SECONDS = 60.0


class NotLetIn(Exception):
    """The server refused a client, or its socket closed before it was on the board."""


class Client(WSListener):
    def __init__(self, driver: Driver, number: int) -> None:
        self.number = number
        self.bytes = 0
        self.frames = 0
        self.closed: str | None = None
        """Why the socket closed: its close code, or `dropped`. None while it is open."""
        self.listen: Listen | None = self._enter
        self._driver = driver
        self._entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leaving = False

    async def connect(self, *, small_buffer: bool = False) -> None:
        """Open the socket. Raises OSError, TimeoutError."""
        await ws_connect(
            lambda: self,
            self._driver.address(self.number),
            extra_headers=self._driver.headers(self.number),
            websocket_handshake_timeout=ENTER_SECONDS,
            max_frame_size=FRAME_MAX_BYTES,
            socket_factory=_small_socket if small_buffer else None,
        )

    async def enter(self, *, small_buffer: bool = False) -> None:
        """Open the socket and wait until it is on the board. Raises NotLetIn, OSError, TimeoutError."""
        await self.connect(small_buffer=small_buffer)
        await asyncio.wait_for(asyncio.shield(self._entered), ENTER_SECONDS)

    def send(self, *frames: Frame) -> None:
        for is_text, payload in frames:
            self._transport.send(WSMsgType.TEXT if is_text else WSMsgType.BINARY, payload)

    def stop_reading(self) -> None:
        self._transport.underlying_transport.pause_reading()

    def read_again(self) -> None:
        if self.closed is None:
            self._transport.underlying_transport.resume_reading()

    def leave(self) -> None:
        self._leaving = True
        if self.closed is None:
            self._transport.disconnect()

    # --- for the driver ------------------------------------------------------------------------------------

    def ready(self) -> None:
        if not self._entered.done():
            self._entered.set_result(None)
            if self.listen == self._enter:
                self.listen = None  # from now on it only counts

    def fail(self, reason: str) -> None:
        if not self._entered.done():
            self._entered.set_exception(NotLetIn(f"Client {self.number} was not let in: {reason}"))

    def _enter(self, is_text: bool, payload: bytes) -> None:
        self._driver.enter(self, is_text, payload)

    # --- for picows ----------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._driver.on_open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._end(str(frame.get_close_code()))
            transport.disconnect()
            return
        self.frames += 1
        self.bytes += frame.payload_size
        if frame.payload_size <= BEAT_MAX_BYTES:
            self._driver.beat(self, frame.get_payload_as_bytes())
        if self.listen is not None:
            self.listen(kind == WSMsgType.TEXT, frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._end("dropped")

    def _end(self, why: str) -> None:
        if self.closed is None and not self._leaving:
            self.closed = why
        self.fail(f"its socket ended ({why})")


def _small_socket(parsed_url: Any) -> socket.socket:
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    small.setblocking(False)
    return small
