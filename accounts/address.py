"""Where a request or a socket comes from. One rule for both: limits, locks and sign-in count by the same address."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def of(peer: str, forwarded: Iterable[str]) -> str:
    """The peer's address, or what the trusted proxies say of it. peer: empty for a unix socket.

    forwarded: the values of X-Forwarded-For, in order. The rightmost address counts that no trusted proxy has: what
    is left of it the client may have made up.
    """
    address = peer
    if address in settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
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


def of_request(request: HttpRequest) -> str:
    return of(request.META.get("REMOTE_ADDR") or "", [request.META.get("HTTP_X_FORWARDED_FOR", "")])
