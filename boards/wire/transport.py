"""The transport of a socket, where the server lets us reach it: frames go straight into it, it says how much of
them still waits, and plain messages come straight from it.

This rests on attributes that the servers do not promise, so their versions are pinned and each has a test
that its sockets are reachable. Where they are not, all goes through ASGI as on any server.
Reasons and figures: docs/decisions/0006-servers-of-the-room.md.
"""

from collections.abc import Callable
from typing import Any, Protocol

from boards.wire.splitter import Splitter

LAST_TO_BE_TRIED = 1000
"""What a server lets through when it refuses a code of ours."""


class Wire(Protocol):
    """A transport to write whole websocket frames to."""

    def write(self, data: bytes) -> bool:
        """Send, or keep until it can be sent. False: the socket is closed or closing."""

    def backlog(self) -> int:
        """Bytes that the other side has not made room for."""

    def listen(self, hear: Callable[[str], None]) -> None:
        """From now on call this with each plain text message; the others still come through ASGI."""

    def close(self, code: int) -> None:
        """Begin the closing handshake, behind whatever waits. Who never answers is to be aborted."""

    def stop_reading(self) -> None:
        """Let what still comes wait with its sender."""

    def read_on(self) -> None:
        """It need not wait any longer."""

    def abort(self) -> None:
        """Drop the connection with whatever waits."""


def of(send: Any) -> Wire | None:
    """The transport behind an ASGI `send`, or None: an unknown server, TLS or compression in between."""
    for known in (_DaphneWire, _UvicornWire):
        wire = known.behind(send)
        if wire is not None:
            return wire
    return None


async def close(send: Any, code: int) -> None:
    """Close the socket with this code, on any server. Raises whatever the server throws when it is gone."""
    if (found := of(send)) is not None:
        found.close(code)
        return
    try:
        await send({"type": "websocket.close", "code": int(code)})
    except Exception:
        if not 1000 < code < 3000:
            raise
        await send({"type": "websocket.close", "code": LAST_TO_BE_TRIED})


class _DaphneWire:
    """Twisted's TCP transport below Autobahn's protocol.

    Twisted sends from its loop: buffer, ask epoll, send, forget epoll, for each write. Mostly the kernel has
    room at once, so we ask it first and leave to Twisted what did not go out.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._send = protocol.transport.getHandle().send

    @classmethod
    def behind(cls, send: Any) -> "_DaphneWire | None":
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
            except OSError:  # the kernel has no room, or Twisted is about to hear of the end
                sent = 0
            if sent == len(data):
                return True
            data = data[sent:]
        transport.write(data)
        return True

    def backlog(self) -> int:
        transport = self._transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def listen(self, hear: Callable[[str], None]) -> None:
        self._protocol.dataReceived = Splitter(hear, self._protocol.dataReceived).feed

    def close(self, code: int) -> None:
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            protocol.closeHandshakeTimeout = 0  # a second is too short for who reads slowly
            # Not sendClose, which refuses 1011 and 1012, and whatever is not exactly an int.
            protocol.sendCloseFrame(code=int(code))

    def stop_reading(self) -> None:
        self._transport.pauseProducing()

    def read_on(self) -> None:
        self._transport.resumeProducing()

    def abort(self) -> None:
        self._transport.abortConnection()


class _UvicornWire:
    """asyncio's or uvloop's transport below uvicorn's `websockets-sansio` protocol."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.backlog = self._transport.get_write_buffer_size

    @classmethod
    def behind(cls, send: Any) -> "_UvicornWire | None":
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

    def listen(self, hear: Callable[[str], None]) -> None:
        self._protocol.data_received = Splitter(hear, self._protocol.data_received).feed
        self._transport.set_protocol(self._protocol)  # uvloop remembers the method, not its name

    def close(self, code: int) -> None:
        """As its `send` does, which would wait for who does not read."""
        protocol = self._protocol
        if protocol.close_sent or self._transport.is_closing():
            return
        protocol.conn.send_close(int(code))
        self._transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        protocol.close_timer = protocol.loop.call_later(protocol.close_timeout, self._transport.abort)

    def stop_reading(self) -> None:
        self._transport.pause_reading()

    def read_on(self) -> None:
        self._transport.resume_reading()

    def abort(self) -> None:
        self._transport.abort()
