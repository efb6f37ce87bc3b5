"""How many sockets and other connections one user or address may hold open in this process, and their address."""

import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from accounts import address
from boards.errors import TooManySockets


class OpenSockets:
    """Counts the open sockets of this process by holder: a user, an address, or all of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @contextmanager
    def one_more(self, holder: str, most: int, whose: str) -> Iterator[None]:
        """Count one more within this context. most: 0 is no limit. whose: for the error. Raises TooManySockets."""
        if most and self._counts[holder] >= most:
            raise TooManySockets(f"There are {most} open connections {whose} already: close some of them.")
        self._counts[holder] += 1
        try:
            yield
        finally:
            self._counts[holder] -= 1
            if not self._counts[holder]:
                del self._counts[holder]


open_sockets = OpenSockets()

RESERVED_FILES = 256
"""Of the process's open files: for Postgres, Redis, and what is read and written."""
REFUSED_MAX = 100
"""So many sockets of an address beyond its limit may be open for the moment in which they are sent their refusal."""


@contextmanager
def counted(holder: str, most: int) -> Iterator[None]:
    """Count a connection to this process within this context. Raises TooManySockets: too many of this holder, or of all."""
    with (
        open_sockets.one_more("all", all_max(), "to this server"),
        open_sockets.one_more(holder, most, "from your address"),
    ):
        yield


def all_max() -> int:
    """How many connections this process may have: each takes a file, and another one while a download is read to it."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (files - RESERVED_FILES) // 2)


def http_holder(peer: str) -> tuple[str, int]:
    """The holder of an HTTP connection from this peer, and how many it may have; 0 (no limit) for a trusted proxy."""
    most = 0 if peer in settings.TRUSTED_PROXIES else settings.CONNECTIONS_PER_ADDRESS_MAX
    return f"http {address.network_of(peer)}", most


def address_of(scope: Mapping[str, Any]) -> str:
    """The client's address, behind trusted proxies too: see accounts.address."""
    client = scope.get("client")
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return address.of(str(client[0]) if client else "", forwarded)
