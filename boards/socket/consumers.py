"""The door between a websocket and a room: parse, ask access, call, translate errors. No rules here."""

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from accounts.errors import AtelierError
from accounts.models import NAME_MAX
from boards.errors import BadMessage, TooManySockets, Unauthenticated
from boards.room.registry import room_of
from boards.room.room import Room
from boards.room.saver import UNAVAILABLE
from boards.room.session import CLOSING_MAX_SECONDS, Member
from boards.socket import authentication
from boards.socket.authentication import Request
from boards.socket.connection_limits import REFUSED_MAX, address_of, counted, open_sockets
from boards.socket.message_handler import Conversation
from boards.wire import protocol, transport
from boards.wire.client_messages import Hello
from boards.wire.protocol import Close
from boards.wire.server_messages import ErrorMessage, encode

log = logging.getLogger(__name__)

HELLO_SECONDS = 5.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Closed(Exception):
    """Ends the socket with this code; None: it has ended already."""

    def __init__(self, code: int | None) -> None:
        self.code = code


async def board_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """One websocket, from handshake until it is gone. Its own loop: Channels' dispatch costs a thread hop a frame."""
    assert (await receive())["type"] == "websocket.connect"
    if not _origin_is_ours(scope):
        await send({"type": "websocket.close", "code": int(Close.FORBIDDEN)})  # before accept: HTTP 403
        return
    address = address_of(scope)
    with ExitStack() as counts:
        refusal = _count(address, counts)
        if refusal is not None and not _may_be_told(address, counts):
            await send({"type": "websocket.close", "code": int(Close.RATE_LIMIT)})
            return
        offered = scope.get("subprotocols") or []
        spoken = protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": spoken})
        code = await _serve(refusal, scope, receive, send)
        if code is not None:
            await _close(code, receive, send)


def _count(address: str, counts: ExitStack) -> TooManySockets | None:
    """Count a socket in until the end of `counts`; or why it may not be."""
    try:
        counts.enter_context(counted(f"address {address}", settings.SOCKETS_PER_ADDRESS_MAX))
    except TooManySockets as error:
        return error
    return None


def _may_be_told(address: str, counts: ExitStack) -> bool:
    """May it be let in to read why it is refused? A few of each address at a time."""
    try:
        counts.enter_context(counted(f"refused {address}", REFUSED_MAX))
    except TooManySockets:
        return False
    return True


async def _serve(refusal: AtelierError | None, scope: Scope, receive: Receive, send: Send) -> int | None:
    """All that is said on a socket. Returns the code to close it with; None: it has ended."""
    with ExitStack() as staying:
        try:
            if refusal is not None:
                raise refusal
            member, room = await _enter(scope, receive, send, staying)
            await _converse(member, room, receive)
        except Closed as closed:
            return closed.code
        except AtelierError as error:
            await _say(send, encode(ErrorMessage(code=error.code, message=error.message)))
            return _CLOSES.get(error.code, Close.BAD_MESSAGE)
        except UNAVAILABLE as error:
            log.warning("Socket refused, the database is away: %s", error)
            return Close.OVERLOADED
        except Exception:
            log.exception("Socket could not be served")
            return Close.INTERNAL
    return None


async def _close(code: int, receive: Receive, send: Send) -> None:
    """Close the socket and wait until it is gone. One that does not go is dropped."""
    connection = transport.of(send)
    try:
        await transport.close(send, code)
        async with asyncio.timeout(CLOSING_MAX_SECONDS):
            while (await receive())["type"] != "websocket.disconnect":
                pass
    except Exception as error:  # gone already, or silent; each server says so in its own way
        log.debug("Not closed: %s", error)
    if connection is not None:
        connection.abort()


_CLOSES: dict[str, int] = {
    "restart": Close.RESTART,
    "too_many_sockets": Close.RATE_LIMIT,
    "unauthenticated": Close.UNAUTHENTICATED,
    "forbidden": Close.FORBIDDEN,
    "scope_required": Close.FORBIDDEN,
    "not_found": Close.NOT_FOUND,
    "protocol_version": Close.PROTOCOL_VERSION,
}


async def _say(send: Send, message: bytes) -> None:
    try:
        await send({"type": "websocket.send", "text": message.decode()})
    except Exception as error:  # gone already; each server says so in its own way
        log.debug("Not said: %s", error)


# --- entering -----------------------------------------------------------------------------------------------


async def _enter(scope: Scope, receive: Receive, send: Send, staying: ExitStack) -> tuple[Member, Room]:
    """Hear `hello`, see who it is, welcome them. staying: what ends when the socket does."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            text = await _next(receive)
    except TimeoutError:
        raise Closed(Close.BAD_MESSAGE) from None
    if isinstance(text, bytes):
        raise BadMessage("The first message must be `hello`.")
    hello = protocol.parse(text)
    if not isinstance(hello, Hello):
        raise BadMessage("The first message must be `hello`.")
    if hello.protocol != protocol.VERSION:
        reload = "Reload the page: this version is no longer spoken."
        await _say(send, encode(ErrorMessage(code="protocol_version", message=reload)))
        raise Closed(Close.PROTOCOL_VERSION)
    board_id = uuid.UUID(str(scope["url_route"]["kwargs"]["board"]))
    if hello.token is None and not _has_origin(scope):
        raise Unauthenticated("Without an Origin, `hello` needs a token.")
    cookie = scope.get("cookies", {}).get(settings.SESSION_COOKIE_NAME)
    asked_at = time.monotonic()
    principal, role, pruned_clock = await authentication.ask(Request(board_id, hello.token, cookie))
    if principal.user is not None:
        most = settings.SOCKETS_PER_PERSON_MAX
        staying.enter_context(open_sockets.one_more(f"person {principal.user.pk}", most, "of yours"))
    session = "s" + secrets.token_hex(6)
    name = (hello.name or "").strip()[:NAME_MAX]
    member = Member(session, principal, name, role, send, deflate=hello.deflate)
    room = await room_of(board_id)
    staying.callback(room.leave, member)
    await room.join(member, hello.clock, pruned_clock, asked_at)
    return member, room


def _has_origin(scope: Scope) -> bool:
    return any(name == b"origin" for name, _ in scope["headers"])


def _origin_is_ours(scope: Scope) -> bool:
    """Same origin as the page, exactly. A missing Origin passes here; `_enter` then wants a token."""
    headers = dict(scope["headers"])
    if b"origin" not in headers:
        return True
    try:
        origin = urlsplit(headers[b"origin"].decode("ascii"))
        host = headers.get(b"host", b"").decode("ascii")
    except (UnicodeDecodeError, ValueError):
        return False
    if f"{origin.scheme}://{origin.netloc}" in settings.CSRF_TRUSTED_ORIGINS:
        return True
    allowed = validate_host(
        host.rsplit(":", 1)[0] if not host.endswith("]") else host, settings.ALLOWED_HOSTS
    )
    return origin.scheme == _scheme(scope, headers) and origin.netloc == host and allowed


def _scheme(scope: Scope, headers: Mapping[bytes, bytes]) -> str:
    """What the page of this socket was fetched by: a trusted proxy's word, or how it came here."""
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        forwarded = headers.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[0].strip()
        return "https" if forwarded in {"https", "wss"} else "http"
    if settings.HTTPS:
        return "https"
    return "https" if scope.get("scheme") == "wss" else "http"


# --- talking ------------------------------------------------------------------------------------------------


async def _next(receive: Receive) -> str | bytes:
    """The next frame. Raises Closed when the other side leaves."""
    event = await receive()
    if event["type"] == "websocket.disconnect":
        raise Closed(None)
    text = event.get("text")
    return str(text) if text is not None else bytes(event["bytes"])


async def _converse(member: Member, room: Room, receive: Receive) -> None:
    """Hear what the member says until the socket ends. Plain messages come straight from the wire, if there is one."""
    conversation = Conversation(member, room)
    member.listen(conversation.hear)
    try:
        while True:
            said = await _next(receive)
            if isinstance(said, str):
                conversation.hear(said)
            else:
                conversation.see(said)
            await conversation.has_room()
    finally:
        conversation.end()
