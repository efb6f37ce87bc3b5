"""The address of a client, over HTTP and on the websocket. All limits count by it."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def of(peer: str, forwarded: Iterable[str]) -> str:
    """The peer's network, or the client's that a trusted proxy reports.

    peer: an IP address; empty for a unix socket. forwarded: the values of X-Forwarded-For, in order. The rightmost
    address that is no trusted proxy's counts; the client can forge those to the left of it.
    """
    address = peer
    if address in settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
        address = next((hop for hop in reversed(hops) if hop not in settings.TRUSTED_PROXIES), address)
    return network_of(address)


def network_of(address: str) -> str:
    """What limits count as one address: an IPv4 address, or an IPv6 /64, which one household or server has."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address  # a unix socket
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))
    return str(ip)


def of_request(request: HttpRequest) -> str:
    """The client's address of a request."""
    return of(request.META.get("REMOTE_ADDR") or "", [request.META.get("HTTP_X_FORWARDED_FOR", "")])
