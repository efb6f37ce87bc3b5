"""A cache of finished drawings in Redis, which may lose them. Its size is bounded without any bookkeeping.

A drawing is stored under one of a fixed number of keys, found by the hash of its name, and overwrites what was there:
so all drawings together need no more room than those keys.
"""

import logging
import zlib
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from boards.rendering.options import RenderResult

log = logging.getLogger(__name__)

SECONDS = 15 * 60


class SizeClass(NamedTuple):
    """slots: how many drawings are held, each of at most size_max_bytes."""

    name: str
    slots: int
    size_max_bytes: int

    def key_of(self, name: str) -> str:
        return f"drawing:{self.name}:{zlib.crc32(name.encode()) % self.slots}"


SIZE_CLASSES = (
    SizeClass("s", 256, 256 * 1024),
    SizeClass("m", 32, 1024 * 1024),
    SizeClass("l", 8, 8 * 1024 * 1024),
)
"""160 MiB together. Most drawings of real boards are below 1 MiB, those of large boards at full scale below 8."""


def get(name: str) -> RenderResult | None:
    """The drawing with this name, or None where it is not held or Redis is away."""
    try:
        found = cache.get_many([each.key_of(name) for each in SIZE_CLASSES])
    except (RedisError, OSError) as error:
        log.warning("No drawing from the cache: %s", error)
        return None
    return next((RenderResult(*result) for held, *result in found.values() if held == name), None)


def put(name: str, result: RenderResult) -> None:
    """Hold the drawing for SECONDS. One that is larger than every size class is not held."""
    fitting = next((each for each in SIZE_CLASSES if len(result.data) <= each.size_max_bytes), None)
    if fitting is None:
        return
    try:
        cache.set(fitting.key_of(name), (name, result.data, result.scale, result.simplified), SECONDS)
    except (RedisError, OSError) as error:
        log.warning("A drawing was not kept: %s", error)
