"""Database work of the rooms, off the event loop, on a few threads of its own."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async

THREADS = 4
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="boards")
T = TypeVar("T")


def in_thread(function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    """Run a function that uses the database. Its connection goes back to the pool afterwards."""
    call = database_sync_to_async(function, thread_sensitive=False, executor=_executor)
    result: Awaitable[T] = call(*arguments)
    return result
