"""Sends ASGI events of one socket in order, without making the caller wait."""

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

Event = dict[str, Any]
Send = Callable[[Event], Awaitable[None]]


class AsgiSender:
    """Runs each `send` at once up to its first wait; a task goes on only where the server makes it wait.

    Most sends finish without waiting, so most events cost no task. While one waits, later events queue behind it.
    """

    def __init__(self, send: Send, on_failure: Callable[[], None]) -> None:
        """on_failure: called when the server raises, each in its own way, because the socket is closed."""
        self._send = send
        self._on_failure = on_failure
        self._waiting: asyncio.Task[None] | None = None  # the last send that did not finish at once

    @property
    def is_blocked(self) -> bool:
        """True while the server makes a send wait."""
        return self._waiting is not None

    def send(self, event: Event) -> None:
        if self._waiting is not None:
            self._waiting = asyncio.ensure_future(self._send_after(self._waiting, event))
            return
        coroutine: Coroutine[Any, Any, None] = _as_coroutine(self._send(event))
        try:
            waiting_for = coroutine.send(None)
        except StopIteration:
            return
        except Exception:
            self._on_failure()
            return
        self._waiting = asyncio.ensure_future(self._finish(_resume(coroutine, waiting_for)))

    async def _send_after(self, previous: asyncio.Task[None], event: Event) -> None:
        await previous
        await self._finish(self._send(event))

    async def _finish(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except Exception:
            self._on_failure()
        if self._waiting is asyncio.current_task():
            self._waiting = None


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """Await the rest of a coroutine that was started by hand and has yielded `waiting_for`."""
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
