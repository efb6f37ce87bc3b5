"""One socket in a room: who it is, what it has been sent, and how bytes leave for it without holding up the others."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable

from boards.models import Role
from boards.principal import Principal
from boards.sharing import people
from boards.wire import server_messages, transport
from boards.wire.asgi_sender import AsgiSender, Send
from boards.wire.client_messages import Presence
from boards.wire.frames import Packet
from boards.wire.protocol import Close
from boards.wire.rate_limits import BYTES_OUT_BURST, BYTES_OUT_PER_SECOND, TokenBucket
from boards.wire.server_messages import Person, Refusal

BACKLOG_MAX_BYTES = 256 * 1024
"""Above this a member is skipped; what it misses is merged and sent when it has caught up."""
SLOW_MAX_SECONDS = 10.0
CLOSING_MAX_SECONDS = 5.0
"""So long a socket may take to say goodbye before it is dropped with whatever still waits for it."""


class Member:
    """A session on a board. All its methods are called on the room's event loop."""

    def __init__(
        self,
        session: str,
        principal: Principal,
        name: str,
        role: Role,
        send: Send,
        *,
        deflate: bool = False,
    ) -> None:
        """name: how somebody without an account wants to be called. deflate: it reads binary frames."""
        self.session = session
        self.principal = principal
        self.role = role
        self.user = principal.user
        self.name = self.user.display_name if self.user else name or "Guest"
        self.deflate = deflate
        self.clock = 0  # everything up to here has been sent to this member
        self.missed: set[str] = set()  # ids of elements that were skipped while it was slow
        self.missed_users: set[str] = set()  # likewise of sessions
        self.acks: list[tuple[str, list[Refusal]]] = []  # (ref, refused) to go with the next tick
        self._who = server_messages.encode(self.who)
        self._waiting: deque[Packet] = deque()  # a scene on its way, a piece at a time
        self._clock_then = 0  # the clock once all of that was sent
        self._picture: Packet | None = None  # the newest live picture, for when there is room
        self._ended = False
        self._sent_away = False
        self._wire = transport.of(send)
        self._asgi = AsgiSender(send, self.end)
        self._slow_since: float | None = None
        self._out = TokenBucket(BYTES_OUT_PER_SECOND, BYTES_OUT_BURST)

    @property
    def has_ended(self) -> bool:
        """It was sent away, or the socket is gone: what it still says does not count."""
        return self._ended

    @property
    def was_sent_away(self) -> bool:
        """What it said before does not count either."""
        return self._sent_away

    @property
    def who(self) -> Person:
        user_id = str(self.user.pk) if self.user else self.session
        return Person(user_id, self.name, people.color_of(user_id))

    def entry(self, presence: Presence | None = None) -> bytes:
        """The JSON of this person in a `presence` message."""
        return self._who if presence is None else server_messages.with_presence(self._who, presence)

    # --- what leaves ------------------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """Is there something that it was not sent yet?"""
        return bool(self.missed or self.missed_users or self._waiting or self._picture)

    def takes_more(self, now: float) -> bool:
        """Send on what waits, and tell whether there is room for news. now: monotonic seconds.

        Whoever leaves no room for SLOW_MAX_SECONDS is closed.
        """
        while self._has_room(now):
            if self._waiting:
                self.send(self._waiting.popleft())
                if not self._waiting:
                    self.clock = self._clock_then
            elif self._picture:
                picture, self._picture = self._picture, None
                self.send(picture)
            else:
                return True
        return False

    def feed(self, packets: Iterable[Packet], clock: int) -> None:
        """Send these in order, as fast as they are taken. clock: what it knows when it has them all."""
        self._waiting.extend(packets)
        self._clock_then = clock
        self.takes_more(time.monotonic())

    def show(self, picture: Packet | None) -> None:
        """Send a live picture when there is room for it, unless a newer one comes before. None: none any more."""
        self._picture = picture
        self.takes_more(time.monotonic())

    def send(self, *packets: Packet) -> None:
        """Send without waiting. While a server blocks in `send`, frames wait their turn."""
        if self._ended or not packets:
            return
        if self._wire is not None:
            data = packets[0].wire if len(packets) == 1 else b"".join([packet.wire for packet in packets])
            self._out.spend(len(data))
            self._ended = not self._wire.write(data)
            return
        for packet in packets:
            for event in packet.events:
                if not self._ended:
                    self._asgi.send(event)

    def listen(self, hear: Callable[[str], None]) -> None:
        """Have plain messages come straight to `hear`, where the server allows it."""
        if self._wire is not None:
            self._wire.listen(hear)

    def pause(self) -> None:
        """Let what it still says wait on its side, where the server allows it."""
        if self._wire is not None:
            self._wire.pause_reading()

    def resume(self) -> None:
        if self._wire is not None and not self._ended:
            self._wire.resume_reading()

    def write(self, message: bytes) -> None:
        """Send one JSON message."""
        self.send(Packet.of(message))

    def close(self, code: int, *, is_flood: bool = False) -> None:
        """Send it away. Its consumer then sees the socket end. is_flood: what it still says is not even read."""
        if not self._ended:
            self._begin_close(code, is_flood=is_flood)
        self._ended = self._sent_away = True

    def end(self) -> None:
        """The socket is gone: write nothing more."""
        self._ended = True

    def _begin_close(self, code: int, *, is_flood: bool) -> None:
        if self._wire is None:
            self._asgi.send({"type": "websocket.close", "code": int(code)})
            return
        self._wire.close(code)
        if is_flood:
            self._wire.pause_reading()
        asyncio.get_running_loop().call_later(CLOSING_MAX_SECONDS, self._wire.abort)

    def _is_blocked(self) -> bool:
        return self._asgi.is_blocked if self._wire is None else self._wire.backlog() >= BACKLOG_MAX_BYTES

    def _has_room(self, now: float) -> bool:
        if not self._is_blocked():
            self._slow_since = None
            return not self._out.is_overdrawn(now)
        self._slow_since = self._slow_since or now
        if now - self._slow_since > SLOW_MAX_SECONDS:
            self.close(Close.TOO_SLOW)
        return False
