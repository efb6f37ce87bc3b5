"""One socket in a room: its identity, what it has been sent, and sending without holding up the other sockets."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto

from boards.models import Role
from boards.principal import Principal
from boards.room.scene import Entry
from boards.sharing import people
from boards.wire import server_messages, transport
from boards.wire.asgi_sender import AsgiSender, Send
from boards.wire.client_messages import Presence
from boards.wire.frames import Packet
from boards.wire.protocol import Close
from boards.wire.rate_limits import BYTES_OUT_BURST, BYTES_OUT_PER_SECOND, TokenBucket
from boards.wire.server_messages import Person, Refusal

BACKLOG_MAX_BYTES = 256 * 1024
"""With more than this unread, a session is skipped; what it misses is merged, and sent when it has caught up."""
SLOW_MAX_SECONDS = 10.0
"""A session that has no room for so long is closed."""
CLOSING_MAX_SECONDS = 5.0
"""For so long a closing handshake may take; then the connection is dropped with whatever still waits for it."""


class SessionState(Enum):
    OPEN = auto()
    DISCONNECTED = auto()
    """The socket is gone. What was received before still counts."""
    REMOVED = auto()
    """The server closed the socket. Nothing received from it counts any more, nor what was received before and waits."""


class RoomSession:
    """All its methods are called on the room's event loop. clock: everything up to it was sent to this session."""

    def __init__(
        self,
        session_id: str,
        principal: Principal,
        name: str,
        role: Role,
        send: Send,
        *,
        deflate: bool = False,
    ) -> None:
        """name: chosen by a person without an account. send: of ASGI. deflate: the client reads binary frames."""
        self.id = session_id
        self.principal = principal
        self.role = role
        self.user = principal.user
        self.name = self.user.display_name if self.user else name or "Guest"
        self.deflate = deflate
        self.state = SessionState.OPEN
        self.clock = 0
        self.missed: dict[str, Entry] = {}  # by element id, the newest that was not sent while it was slow
        self.missed_presence: set[str] = set()  # session ids, likewise
        self.acks: list[tuple[str, list[Refusal]]] = []  # (ref, refused) to go with the next tick
        self._who = server_messages.encode(self.who)
        self._waiting: deque[Packet] = deque()  # packets of a scene that are sent as there is room
        self._clock_when_fed = 0  # the clock once all of them are sent
        self._picture: Packet | None = None  # the newest live picture, to be sent when there is room
        self._wire = transport.of(send)
        self._asgi = AsgiSender(send, self.disconnect)
        self._slow_since: float | None = None
        self._out = TokenBucket(BYTES_OUT_PER_SECOND, BYTES_OUT_BURST)

    @property
    def is_open(self) -> bool:
        return self.state is SessionState.OPEN

    @property
    def who(self) -> Person:
        user_id = str(self.user.pk) if self.user else self.id
        return Person(user_id, self.name, people.color_of(user_id))

    def entry(self, presence: Presence | None = None) -> bytes:
        """The JSON of this session in a `presence` message."""
        return self._who if presence is None else server_messages.with_presence(self._who, presence)

    # --- sending ----------------------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """True if something waits to be sent to it, or was skipped."""
        return bool(self.missed or self.missed_presence or self._waiting or self._picture)

    def takes_more(self, now: float) -> bool:
        """Send what waits, as far as there is room. Returns True if there is room for more. now: monotonic seconds.

        A session without room for SLOW_MAX_SECONDS is closed.
        """
        while self._has_room(now):
            if self._waiting:
                self.send(self._waiting.popleft())
                if not self._waiting:
                    self.clock = self._clock_when_fed
            elif self._picture:
                picture, self._picture = self._picture, None
                self.send(picture)
            else:
                return True
        return False

    def feed(self, packets: Iterable[Packet], clock: int) -> None:
        """Send these in order, as there is room. clock: the session's, once it has them all."""
        self._waiting.extend(packets)
        self._clock_when_fed = clock
        self.takes_more(time.monotonic())

    def show(self, picture: Packet | None) -> None:
        """Send a live picture when there is room, unless a newer one comes before. None: no picture any more."""
        self._picture = picture
        self.takes_more(time.monotonic())

    def send(self, *packets: Packet) -> None:
        """Send now, without waiting: what the socket cannot take yet is buffered."""
        if not packets or self.state is not SessionState.OPEN:
            return
        if self._wire is None:
            self._send_events(packets)
            return
        data = packets[0].wire if len(packets) == 1 else b"".join([packet.wire for packet in packets])
        self._out.spend(len(data))
        if not self._wire.write(data):
            self.disconnect()

    def write(self, message: bytes) -> None:
        """Send one JSON message."""
        self.send(Packet.of(message))

    def _send_events(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            for event in packet.events:
                if self.state is SessionState.OPEN:
                    self._asgi.send(event)

    def _has_room(self, now: float) -> bool:
        if not self._is_blocked():
            self._slow_since = None
            return not self._out.is_overdrawn(now)
        self._slow_since = self._slow_since or now
        if now - self._slow_since > SLOW_MAX_SECONDS:
            self.close(Close.TOO_SLOW)
        return False

    def _is_blocked(self) -> bool:
        return self._asgi.is_blocked if self._wire is None else self._wire.backlog() >= BACKLOG_MAX_BYTES

    # --- receiving --------------------------------------------------------------------------------------

    def listen(self, receive: Callable[[str], None]) -> None:
        """Pass plain text messages straight from the transport to `receive`, where the server allows it."""
        if self._wire is not None:
            self._wire.listen(receive)

    def pause(self) -> None:
        """Stop reading from the socket, where the server allows it: what comes waits with its sender."""
        if self._wire is not None:
            self._wire.pause_reading()

    def resume(self) -> None:
        if self._wire is not None and self.state is SessionState.OPEN:
            self._wire.resume_reading()

    # --- ending -----------------------------------------------------------------------------------------

    def close(self, code: int, *, is_flood: bool = False) -> None:
        """Close the socket and count nothing more of it. Its consumer then sees it end. is_flood: stop reading too."""
        if self.state is SessionState.OPEN:
            self._begin_close(code, is_flood=is_flood)
        self.state = SessionState.REMOVED

    def disconnect(self) -> None:
        """The socket is gone: send nothing more."""
        if self.state is SessionState.OPEN:
            self.state = SessionState.DISCONNECTED

    def _begin_close(self, code: int, *, is_flood: bool) -> None:
        if self._wire is None:
            self._asgi.send({"type": "websocket.close", "code": int(code)})
            return
        self._wire.close(code)
        if is_flood:
            self._wire.pause_reading()
        asyncio.get_running_loop().call_later(CLOSING_MAX_SECONDS, self._wire.abort)
