"""One socket in a room: who it is, and how bytes leave for it without holding up the others."""

import asyncio
import time
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import msgspec

from accounts.models import User
from boards import people
from boards.access import Key
from boards.models import Role
from boards.protocol import Close

BACKLOG_MAX_BYTES = 256 * 1024
"""Above this a member is skipped; what it misses is merged and sent when it has caught up."""
SLOW_MAX_SECONDS = 10.0

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Member:
    """A session on a board. All its methods are called on the room's event loop."""

    def __init__(self, session: str, key: Key, name: str, role: Role, send: Send) -> None:
        """name: how somebody without an account wants to be called."""
        self.session = session
        self.key = key
        self.role = role
        self.user = key if isinstance(key, User) else None
        self.name = self.user.display_name if self.user else name or "Guest"
        self.clock = 0  # everything up to here has been sent to this member
        self.missed: set[str] = set()  # ids of elements that were skipped while it was slow
        self.missed_users = False
        self._ended = False
        self._send = send
        self._backlog = _transport_backlog(send)
        self._blocked: asyncio.Task[None] | None = None
        self._slow_since: float | None = None

    @property
    def who(self) -> dict[str, str]:
        user_id = str(self.user.pk) if self.user else self.session
        return {"id": user_id, "name": self.name, "color": people.color_of(user_id)}

    def entry(self, presence: bytes = b"{}") -> bytes:
        """The JSON of this person in a `presence` message. presence: a JSON object."""
        who = msgspec.json.encode(self.who)
        return who if presence == b"{}" else who[:-1] + b"," + presence[1:]

    def is_slow(self) -> bool:
        """Has it not read for a while? One that stays slow for SLOW_MAX_SECONDS is closed."""
        if self._blocked is None and (self._backlog is None or self._backlog() < BACKLOG_MAX_BYTES):
            self._slow_since = None
            return False
        now = time.monotonic()
        self._slow_since = self._slow_since or now
        if now - self._slow_since > SLOW_MAX_SECONDS:
            self.close(Close.TOO_SLOW)
        return True

    def write(self, frame: bytes) -> None:
        """Send a text frame without waiting. While a server blocks in `send`, frames wait their turn."""
        self._drive({"type": "websocket.send", "text": frame.decode()})

    def close(self, code: int) -> None:
        """Send it away. Its consumer then sees the socket end."""
        self._drive({"type": "websocket.close", "code": code})
        self._ended = True

    def _drive(self, message: dict[str, Any]) -> None:
        if self._ended:
            return
        if self._blocked is not None:
            self._blocked = asyncio.ensure_future(self._after(self._blocked, message))
            return
        # Most sends finish at once: run them here instead of paying for a task each.
        coroutine: Coroutine[Any, Any, None] = _as_coroutine(self._send(message))
        try:
            waiting_for = coroutine.send(None)
        except StopIteration:
            return
        except Exception:  # the server's way to say that the socket is closed differs by server
            self._ended = True
            return
        self._blocked = asyncio.ensure_future(self._finish(coroutine, waiting_for))

    async def _finish(self, coroutine: Coroutine[Any, Any, None], waiting_for: Any) -> None:
        try:
            await _resume(coroutine, waiting_for)
        except Exception:
            self._ended = True
        self._unblock()

    async def _after(self, previous: asyncio.Task[None], message: dict[str, Any]) -> None:
        await previous
        try:
            await self._send(message)
        except Exception:
            self._ended = True
        self._unblock()

    def _unblock(self) -> None:
        if self._blocked is asyncio.current_task():
            self._blocked = None


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """Go on awaiting a coroutine that was started by hand and now waits for something."""
    while True:
        try:
            value = yield waiting_for
        except BaseException as error:
            step = partial(coroutine.throw, error)
        else:
            step = partial(coroutine.send, value)
        try:
            waiting_for = step()
        except StopIteration:
            return


def _transport_backlog(send: Any) -> Callable[[], int] | None:
    """How many bytes wait in the socket's write buffer, where the server lets us see it.

    Daphne never blocks in `send` and buffers without end (django/daphne, Twisted's dataBuffer), so its
    transport is asked directly; other servers block in `send` when their own limit is reached.
    """
    arguments = getattr(send, "args", None)  # Daphne hands out partial(handle_reply, protocol)
    transport = getattr(arguments[0], "transport", None) if arguments else None
    if transport is None or not hasattr(transport, "_tempDataLen"):
        return None
    return lambda: len(transport.dataBuffer) - transport.offset + transport._tempDataLen
