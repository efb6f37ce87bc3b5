"""Work of the rooms that may block, off the event loop, on a few threads of its own."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async

from boards import database

THREADS = 4
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="boards", initializer=database.enter_rooms)
_access = ThreadPoolExecutor(1, thread_name_prefix="boards-access", initializer=database.enter_rooms)
DRAWING_THREADS = 4
_drawing = ThreadPoolExecutor(DRAWING_THREADS, thread_name_prefix="boards-drawing")
T = TypeVar("T")


def in_thread(function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    """Run a function that uses the database. Its connection goes back to the rooms' own pool afterwards."""
    return _in(_executor, function, *arguments)


def in_access_thread(function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    """The same in a thread of its own: access is read in time, also while saves wait for a lock."""
    return _in(_access, function, *arguments)


def in_drawing_thread(function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    """The same for what may draw a scene and take seconds: no save waits behind it."""
    return _in(_drawing, function, *arguments)


def _in(executor: ThreadPoolExecutor, function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    call = database_sync_to_async(function, thread_sensitive=False, executor=executor)
    result: Awaitable[T] = call(*arguments)
    return result
