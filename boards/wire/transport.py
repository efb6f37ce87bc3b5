"""Direct access to the TCP transport of a websocket: write frames, see the send backlog, receive text messages.

This relies on private attributes of Daphne and uvicorn. Their versions are pinned, and a test checks for each that
its transport is found. On any other server everything goes through ASGI.
Reasons and figures: docs/decisions/0006-servers-of-the-room.md.
"""

from collections.abc import Callable
from typing import Any, Protocol

from boards.wire.splitter import FrameSplitter

FALLBACK_CLOSE_CODE = 1000
"""Sent where a server refuses to send one of ours; every server accepts it."""


class Transport(Protocol):
    """The transport of one websocket. Data are whole websocket frames."""

    def write(self, data: bytes) -> bool:
        """Send, or buffer until it can be sent. Returns False when the socket is closed or closing."""

    def backlog(self) -> int:
        """Number of bytes that are buffered because the peer does not read them."""

    def listen(self, on_text: Callable[[str], None]) -> None:
        """Call this with each unfragmented text message from now on; all other frames still come through ASGI."""

    def close(self, code: int) -> None:
        """Start the closing handshake, after all buffered data. A peer that never answers has to be aborted."""

    def pause_reading(self) -> None:
        """Stop receiving, so that TCP makes the peer wait."""

    def resume_reading(self) -> None:
        """Receive again after `pause_reading`."""

    def abort(self) -> None:
        """Drop the connection and all buffered data."""


def of(send: Any) -> Transport | None:
    """The transport behind an ASGI `send`. None for an unknown server, and with TLS or compression in between."""
    for known in (_DaphneTransport, _UvicornTransport):
        transport = known.behind(send)
        if transport is not None:
            return transport
    return None


async def close(send: Any, code: int) -> None:
    """Close the socket with this code, on any server. Raises the server's own error when the socket is gone."""
    if (found := of(send)) is not None:
        found.close(code)
        return
    try:
        await send({"type": "websocket.close", "code": int(code)})
    except Exception:
        if not 1000 < code < 3000:
            raise
        await send({"type": "websocket.close", "code": FALLBACK_CLOSE_CODE})


class _DaphneTransport:
    """Twisted's TCP transport below Autobahn's protocol.

    Twisted buffers each write and sends it from its event loop, which costs an epoll registration each time. The
    kernel mostly has room, so `write` tries the socket first and leaves to Twisted what was not sent.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._send = protocol.transport.getHandle().send

    @classmethod
    def behind(cls, send: Any) -> "_DaphneTransport | None":
        arguments = getattr(send, "args", ())  # Daphne hands out partial(handle_reply, protocol)
        protocol = arguments[0] if arguments else None
        transport = getattr(protocol, "transport", None)
        reachable = (
            hasattr(transport, "_tempDataLen")
            and hasattr(transport, "dataBuffer")
            and getattr(transport, "connected", False)  # else its socket is gone
            and hasattr(protocol, "dataReceived")
            and hasattr(protocol, "STATE_OPEN")
            and hasattr(protocol, "closeHandshakeTimeout")
            and getattr(protocol, "_perMessageCompress", None) is None
        )
        return cls(protocol) if reachable else None

    def write(self, data: bytes) -> bool:
        protocol, transport = self._protocol, self._transport
        if protocol.state != protocol.STATE_OPEN or not transport.connected:
            return False
        if not (transport._tempDataLen or transport.dataBuffer):
            try:
                sent = self._send(data)
            except OSError:  # the kernel has no room, or Twisted is about to notice the end
                sent = 0
            if sent == len(data):
                return True
            data = data[sent:]
        transport.write(data)
        return True

    def backlog(self) -> int:
        transport = self._transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def listen(self, on_text: Callable[[str], None]) -> None:
        self._protocol.dataReceived = FrameSplitter(on_text, self._protocol.dataReceived).feed

    def close(self, code: int) -> None:
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            protocol.closeHandshakeTimeout = 0  # its one second is too short for slow readers
            # Not sendClose, which refuses 1011 and 1012, and enums that are ints.
            protocol.sendCloseFrame(code=int(code))

    def pause_reading(self) -> None:
        self._transport.pauseProducing()

    def resume_reading(self) -> None:
        self._transport.resumeProducing()

    def abort(self) -> None:
        self._transport.abortConnection()


class _UvicornTransport:
    """asyncio's or uvloop's transport below uvicorn's `websockets-sansio` protocol."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.backlog = self._transport.get_write_buffer_size

    @classmethod
    def behind(cls, send: Any) -> "_UvicornTransport | None":
        protocol = getattr(send, "__self__", None)  # a bound method of the protocol
        transport = getattr(protocol, "transport", None)
        reachable = (
            hasattr(transport, "get_write_buffer_size")
            and hasattr(transport, "set_protocol")
            and hasattr(protocol, "close_sent")
            and hasattr(protocol, "close_timer")
            and hasattr(protocol, "data_received")
            and getattr(getattr(protocol, "conn", None), "extensions", None) == []
        )
        return cls(protocol) if reachable else None

    def write(self, data: bytes) -> bool:
        if self._protocol.close_sent or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def listen(self, on_text: Callable[[str], None]) -> None:
        self._protocol.data_received = FrameSplitter(on_text, self._protocol.data_received).feed
        self._transport.set_protocol(self._protocol)  # uvloop remembers the method, not its name

    def close(self, code: int) -> None:
        """What uvicorn's own `send` does, without waiting until a slow peer has read."""
        protocol = self._protocol
        if protocol.close_sent or self._transport.is_closing():
            return
        protocol.conn.send_close(int(code))
        self._transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        protocol.close_timer = protocol.loop.call_later(protocol.close_timeout, self._transport.abort)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def abort(self) -> None:
        self._transport.abort()
