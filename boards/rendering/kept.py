"""Drawings kept for a while, for those who ask again and for the next one who asks. Redis may lose them."""

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SECONDS = 15 * 60
SIZE_MAX_BYTES = 1024 * 1024


def get(name: str) -> bytes | None:
    try:
        data: bytes | None = cache.get(f"drawing:{name}")
    except (RedisError, OSError) as error:
        log.warning("No drawing from the cache: %s", error)
        return None
    return data


def put(name: str, data: bytes) -> None:
    if len(data) > SIZE_MAX_BYTES:
        return
    try:
        cache.set(f"drawing:{name}", data, SECONDS)
    except (RedisError, OSError) as error:
        log.warning("A drawing was not kept: %s", error)
