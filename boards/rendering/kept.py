"""Drawings kept for a while, for those who ask again and for the next one who asks. Redis may lose them.

A drawing's name says in which place of its size it is kept, whatever was there before: so all together never need more
than the places do, without anybody counting.
"""

import logging
import zlib
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from boards.rendering.view import Drawn

log = logging.getLogger(__name__)

SECONDS = 15 * 60


class Shelf(NamedTuple):
    """places: how many drawings fit, each up to so many bytes."""

    name: str
    places: int
    size_max_bytes: int

    def place_of(self, name: str) -> str:
        return f"drawing:{self.name}:{zlib.crc32(name.encode()) % self.places}"


SHELVES = (Shelf("s", 256, 256 * 1024), Shelf("m", 32, 1024 * 1024), Shelf("l", 8, 8 * 1024 * 1024))
"""160 MiB together. Most drawings of real boards are below 1 MiB, those of large boards at full scale below 8."""


def get(name: str) -> Drawn | None:
    try:
        found = cache.get_many([shelf.place_of(name) for shelf in SHELVES])
    except (RedisError, OSError) as error:
        log.warning("No drawing from the cache: %s", error)
        return None
    return next((Drawn(*drawn) for kept, *drawn in found.values() if kept == name), None)


def put(name: str, drawn: Drawn) -> None:
    shelf = next((shelf for shelf in SHELVES if len(drawn.data) <= shelf.size_max_bytes), None)
    if shelf is None:
        return
    try:
        cache.set(shelf.place_of(name), (name, drawn.data, drawn.scale, drawn.simplified), SECONDS)
    except (RedisError, OSError) as error:
        log.warning("A drawing was not kept: %s", error)
