"""How many sockets one person or address holds open in this process, and where a socket comes from."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from accounts import address
from boards.errors import TooManySockets


class OpenSockets:
    """Counts the open sockets of this process by who holds them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @contextmanager
    def one_more(self, holder: str, most: int, whose: str) -> Iterator[None]:
        """Count one in while it lasts. most: 0 is no limit. Raises TooManySockets."""
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


def address_of(scope: Mapping[str, Any]) -> str:
    """Where a socket comes from: see accounts.address."""
    client = scope.get("client")
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return address.of(str(client[0]) if client else "", forwarded)
