"""Limits of request bodies: size, pace, and the bytes of all bodies that a process holds. No I/O.

Both servers pass a body on only when it is complete, so it is bounded while it arrives: by webapp.door.daphne in
Twisted's request, by webapp.door.asgi everywhere.
"""

import re
import time
from collections import Counter

from django.conf import settings

from accounts.errors import AtelierError
from boards.exchange.document import UPLOAD_MAX_BYTES

BODY_MAX_BYTES = 2**20
"""Limit of requests without files."""
FORM_MAX_BYTES = 2**20
"""Limit of the parts of a form that are no files."""
HELD_MAX_BYTES = 512 * 2**20
HELD_BY_ADDRESS_MAX_BYTES = 256 * 2**20
SLOWEST_BYTES_PER_SECOND = 8 * 1024

_BOARD = "/api/v1/boards/[^/]+"
_LARGER = [
    (re.compile(f"{_BOARD}/import"), UPLOAD_MAX_BYTES + FORM_MAX_BYTES),
    (re.compile(f"{_BOARD}/files"), settings.FILE_MAX_BYTES + FORM_MAX_BYTES),
    # A picture and a mask.
    (re.compile(f"({_BOARD}|/api/v1)/jobs"), 2 * settings.FILE_MAX_BYTES + FORM_MAX_BYTES),
]


class Refused(AtelierError):
    """Base of the reasons why the body of a request is not read to its end."""


class BodyTooLarge(Refused):
    code = "too_big"
    status = 413


class BodyTooSlow(Refused):
    code = "too_slow"
    status = 408
    retryable = True
    message = "The body of this request came too slowly."


class TooManyUploads(Refused):
    """This process holds as many bytes of request bodies as it may."""

    code = "overloaded"
    status = 503
    retryable = True
    retry_after_seconds = 10.0
    message = "Too much is being uploaded at the moment. Try again soon."


def limit_of(method: str, path: str) -> int:
    """The largest body of this request, in bytes."""
    if method == "POST":
        for pattern, limit in _LARGER:
            if pattern.fullmatch(path):
                return limit
    return BODY_MAX_BYTES


class HeldBytes:
    """Counts the bytes of request bodies in this process, in all and by address."""

    def __init__(self) -> None:
        self.total = 0
        self._by_address: Counter[str] = Counter()

    def add(self, address: str, size: int) -> None:
        """Raises TooManyUploads."""
        if self.total + size > HELD_MAX_BYTES or self._by_address[address] + size > HELD_BY_ADDRESS_MAX_BYTES:
            raise TooManyUploads
        self.total += size
        self._by_address[address] += size

    def remove(self, address: str, size: int) -> None:
        self.total -= size
        self._by_address[address] -= size
        if not self._by_address[address]:
            del self._by_address[address]


held = HeldBytes()


class Body:
    """Accounting of the body of one request, from its headers until its response."""

    def __init__(
        self, method: str, path: str, address: str, declared: int | None, *, is_held: bool = True
    ) -> None:
        """declared: its Content-Length, if any. is_held: False if the server counts it already. Raises BodyTooLarge."""
        self._is_held = is_held
        self._limit = limit_of(method, path)
        self._address = address
        self._size = 0
        self._began = time.monotonic()
        self._refuse_above(declared or 0)

    @property
    def deadline(self) -> float:
        """When the next part must have arrived, in seconds of time.monotonic()."""
        return self._began + settings.SLOW_CLIENT_SECONDS + self._size / SLOWEST_BYTES_PER_SECOND

    def take(self, size: int) -> None:
        """Count bytes that arrived. Raises BodyTooLarge, TooManyUploads."""
        self._refuse_above(self._size + size)
        if self._is_held:
            held.add(self._address, size)
        self._size += size

    def close(self) -> None:
        """Uncount all of it. Idempotent."""
        if self._size and self._is_held:
            held.remove(self._address, self._size)
        self._size = 0

    def _refuse_above(self, size: int) -> None:
        if size > self._limit:
            raise BodyTooLarge(f"The body of this request may have at most {self._limit:,} bytes.")
