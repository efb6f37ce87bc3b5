"""How many sockets one person or address holds open, and how an address is told behind proxies."""

from typing import Any

import pytest

from boards.errors import TooManySockets
from boards.socket.connection_limits import OpenSockets, address_of
from boards.wire.protocol import Close
from tests.boards.socket_client import connect, joined


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (peer, 5) if peer is not None else None, "headers": headers}


def test_a_socket_counts_as_long_as_it_is_open() -> None:
    sockets = OpenSockets()
    with sockets.one_more("bob", 1, "of yours"):
        with pytest.raises(TooManySockets), sockets.one_more("bob", 1, "of yours"):
            pass
        with sockets.one_more("carol", 1, "of yours"), sockets.one_more("bob", 0, "without limit"):
            pass
    with sockets.one_more("bob", 1, "of yours"):
        pass


def test_without_a_trusted_proxy_the_header_says_nothing(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert address_of(scope("203.0.113.9", "198.51.100.1")) == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (["198.51.100.1"], "198.51.100.1"),
        (["made up, 198.51.100.1"], "198.51.100.1"),
        (["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        (["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        (["10.0.0.2"], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_counts(
    settings: Any, forwarded: list[str], found: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1", "10.0.0.2"]
    assert address_of(scope("10.0.0.1", *forwarded)) == found


def test_a_household_has_one_address(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert address_of(scope("2001:db8:1:2:3::4")) == address_of(scope("2001:db8:1:2:ffff::1"))
    assert address_of(scope("::ffff:203.0.113.9")) == "203.0.113.9"
    assert address_of(scope(None)) == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_one_socket_too_many_of_a_person_is_told_why(board: Any, alice: Any, bob: Any, settings: Any):
    settings.SOCKETS_PER_PERSON_MAX = 1
    async with joined(board, alice), joined(board, bob):
        second, _ = await connect(board, alice)
        await second.send({"type": "hello", "protocol": 1})
        assert (await second.until("error"))["code"] == "too_many_sockets"
        assert await second.closed() == Close.RATE_LIMIT
    async with joined(board, alice):
        pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_one_socket_too_many_from_an_address_is_told_before_it_says_who_it_is(
    board: Any, alice: Any, mallory: Any, settings: Any
):
    settings.SOCKETS_PER_ADDRESS_MAX = 1
    async with joined(board, alice):
        stranger, _ = await connect(board, mallory)
        assert (await stranger.until("error"))["code"] == "too_many_sockets"
        assert await stranger.closed() == Close.RATE_LIMIT
