"""How many sockets one person or address holds open in this process, and where a socket comes from."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings

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
    """Where a socket comes from: the peer, or what the trusted proxies say of it.

    The rightmost address that no trusted proxy has: what is left of it the client may have made up.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if address in settings.TRUSTED_PROXIES:
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",") if hop.strip()]
        address = next((hop for hop in reversed(hops) if hop not in settings.TRUSTED_PROXIES), address)
    return holder_of(address)


def holder_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64, which is what one household or server gets."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address  # a unix socket
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))
    return str(ip)
