"""One websocket from handshake to end: authenticates it, joins it to the room of its board, passes on its messages.

Translates errors into close codes. Messages are handled by boards.socket.message_handler.
"""

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
from boards.database.retry import UNAVAILABLE
from boards.errors import BadMessage, TooManySockets, Unauthenticated
from boards.room.registry import room_of
from boards.room.room import Room
from boards.room.session import CLOSING_MAX_SECONDS, RoomSession
from boards.socket import authentication
from boards.socket.authentication import AdmissionRequest
from boards.socket.connection_limits import REFUSED_MAX, address_of, counted, open_sockets
from boards.socket.message_handler import MessageHandler
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
    """The socket is to be closed with this code; None: it is closed already."""

    def __init__(self, code: int | None) -> None:
        self.code = code


async def board_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application for one websocket. Its own loop: Channels' dispatch costs a thread hop for each message."""
    assert (await receive())["type"] == "websocket.connect"
    if not _origin_is_ours(scope):
        await send({"type": "websocket.close", "code": int(Close.FORBIDDEN)})  # before accept: HTTP 403
        return
    address = address_of(scope)
    with ExitStack() as counts:
        refusal = _count(address, counts)
        if refusal is not None and not _may_read_refusal(address, counts):
            await send({"type": "websocket.close", "code": int(Close.RATE_LIMIT)})
            return
        offered = scope.get("subprotocols") or []
        spoken = protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": spoken})
        code = await _serve(refusal, scope, receive, send)
        if code is not None:
            await _close(code, receive, send)


def _count(address: str, counts: ExitStack) -> TooManySockets | None:
    """Count the socket until `counts` closes. Returns the error if there are too many."""
    try:
        counts.enter_context(counted(f"address {address}", settings.SOCKETS_PER_ADDRESS_MAX))
    except TooManySockets as error:
        return error
    return None


def _may_read_refusal(address: str, counts: ExitStack) -> bool:
    """True if it may be accepted only to be sent its refusal: a few of each address at a time."""
    try:
        counts.enter_context(counted(f"refused {address}", REFUSED_MAX))
    except TooManySockets:
        return False
    return True


async def _serve(refusal: AtelierError | None, scope: Scope, receive: Receive, send: Send) -> int | None:
    """Serve an accepted socket until it ends. Returns the code to close it with; None if it is closed.

    refusal: sent as an error instead of serving the socket; None: it is served.
    """
    with ExitStack() as resources:
        try:
            if refusal is not None:
                raise refusal
            session, room = await _enter(scope, receive, send, resources)
            await _receive_messages(session, room, receive)
        except Closed as closed:
            return closed.code
        except AtelierError as error:
            await _send_text(send, encode(ErrorMessage(code=error.code, message=error.message)))
            return _CLOSES.get(error.code, Close.BAD_MESSAGE)
        except UNAVAILABLE as error:
            log.warning("Socket refused, the database is away: %s", error)
            return Close.OVERLOADED
        except Exception:
            log.exception("Socket could not be served")
            return Close.INTERNAL
    return None


async def _close(code: int, receive: Receive, send: Send) -> None:
    """Close the socket and wait until it is gone. One that does not answer is dropped."""
    connection = transport.of(send)
    try:
        await transport.close(send, code)
        async with asyncio.timeout(CLOSING_MAX_SECONDS):
            while (await receive())["type"] != "websocket.disconnect":
                pass
    except Exception as error:  # gone already, or silent; each server raises its own error
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


async def _send_text(send: Send, message: bytes) -> None:
    try:
        await send({"type": "websocket.send", "text": message.decode()})
    except Exception as error:  # gone already; each server raises its own error
        log.debug("Not sent: %s", error)


# --- entering -----------------------------------------------------------------------------------------------


async def _enter(
    scope: Scope, receive: Receive, send: Send, resources: ExitStack
) -> tuple[RoomSession, Room]:
    """Receive `hello`, authenticate, join the room. resources: closed when the socket ends."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            text = await _next_message(receive)
    except TimeoutError:
        raise Closed(Close.BAD_MESSAGE) from None
    if isinstance(text, bytes):
        raise BadMessage("The first message must be `hello`.")
    hello = protocol.parse(text)
    if not isinstance(hello, Hello):
        raise BadMessage("The first message must be `hello`.")
    if hello.protocol != protocol.VERSION:
        reload = "Reload the page: this version is no longer spoken."
        await _send_text(send, encode(ErrorMessage(code="protocol_version", message=reload)))
        raise Closed(Close.PROTOCOL_VERSION)
    board_id = uuid.UUID(str(scope["url_route"]["kwargs"]["board"]))
    if hello.token is None and not _has_origin(scope):
        raise Unauthenticated("Without an Origin, `hello` needs a token.")
    cookie = scope.get("cookies", {}).get(settings.SESSION_COOKIE_NAME)
    asked_at = time.monotonic()
    principal, role, board = await authentication.authenticate(
        AdmissionRequest(board_id, hello.token, cookie)
    )
    if principal.user is not None:
        most = settings.SOCKETS_PER_PERSON_MAX
        resources.enter_context(open_sockets.one_more(f"person {principal.user.pk}", most, "of yours"))
    session_id = "s" + secrets.token_hex(6)
    name = (hello.name or "").strip()[:NAME_MAX]
    session = RoomSession(session_id, principal, name, role, send, deflate=hello.deflate)
    room = await room_of(board_id)
    resources.callback(room.leave, session)
    await room.join(session, hello.clock, board, asked_at)
    return session, room


def _has_origin(scope: Scope) -> bool:
    return any(name == b"origin" for name, _ in scope["headers"])


def _origin_is_ours(scope: Scope) -> bool:
    """True if it is exactly that of the page, or missing: then `_enter` requires a token."""
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
    """The scheme of the page of this socket: as a trusted proxy says, or as the socket came here."""
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        forwarded = headers.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[0].strip()
        return "https" if forwarded in {"https", "wss"} else "http"
    if settings.HTTPS:
        return "https"
    return "https" if scope.get("scheme") == "wss" else "http"


# --- messages -----------------------------------------------------------------------------------------------


async def _next_message(receive: Receive) -> str | bytes:
    """The next message. Raises Closed when the client has gone."""
    event = await receive()
    if event["type"] == "websocket.disconnect":
        raise Closed(None)
    text = event.get("text")
    return str(text) if text is not None else bytes(event["bytes"])


async def _receive_messages(session: RoomSession, room: Room, receive: Receive) -> None:
    """Handle the session's messages until the socket ends. Plain ones come straight from the wire, if there is one."""
    handler = MessageHandler(session, room)
    session.listen(handler.receive)
    try:
        while True:
            message = await _next_message(receive)
            if isinstance(message, str):
                handler.receive(message)
            else:
                handler.receive_binary(message)
            await handler.wait_until_taking_more()
    finally:
        handler.end()
