"""The door between a websocket and a room: parse, ask access, call, translate errors. No rules here."""

import asyncio
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.auth import get_user
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http.request import validate_host
from django.utils.module_loading import import_string

from accounts import api_keys
from accounts.models import NAME_MAX, User
from boards import access, jobs, links, protocol
from boards.access import Act
from boards.element import Element, parse
from boards.errors import BadMessage, BoardError, ElementRefused, RateLimited, Unauthenticated
from boards.limits import TokenBucket
from boards.member import Member
from boards.protocol import Close
from boards.room import Room, room_of
from boards.saver import UNAVAILABLE
from boards.threads import in_thread
from generation import submission
from generation.errors import GenerationError

log = logging.getLogger(__name__)

HELLO_SECONDS = 5.0
MESSAGES_PER_SECOND = 120.0
MESSAGES_BURST = 240.0
ELEMENTS_PER_SECOND = 4_000.0
ELEMENTS_BURST = 25_000.0
"""Room for a whole board pasted or replayed at once."""
STRIKES_MAX = 10
"""So many malformed or too frequent messages on one socket, and it is closed."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Closed(Exception):
    """Ends the socket with this code; None: it has ended already."""

    def __init__(self, code: int | None) -> None:
        self.code = code


async def board_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """One websocket, from handshake to close. Its own loop: Channels' dispatch costs a thread hop a frame."""
    assert (await receive())["type"] == "websocket.connect"
    if not _origin_is_ours(scope):
        await send({"type": "websocket.close", "code": Close.FORBIDDEN})  # before accept: HTTP 403
        return
    offered = scope.get("subprotocols") or []
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None,
        }
    )
    member: Member | None = None
    room: Room | None = None
    code: int | None = None
    try:
        member, room = await _enter(scope, receive, send)
        await _converse(member, room, receive)
    except Closed as closed:
        code = closed.code
    except BoardError as error:
        await _say(send, protocol.error(error.code, error.message))
        code = _CLOSES.get(error.code, Close.BAD_MESSAGE)
    except UNAVAILABLE as error:
        log.warning("Socket refused, the database is away: %s", error)
        code = Close.OVERLOADED
    finally:
        if member is not None and room is not None:
            room.leave(member)
    if code is not None:
        await _say(send, None, code)


_CLOSES: dict[str, int] = {
    "unauthenticated": Close.UNAUTHENTICATED,
    "forbidden": Close.FORBIDDEN,
    "not_found": Close.NOT_FOUND,
    "protocol_version": Close.PROTOCOL_VERSION,
}


async def _say(send: Send, frame: bytes | None, code: int | None = None) -> None:
    try:
        if frame is not None:
            await send({"type": "websocket.send", "text": frame.decode()})
        if code is not None:
            await send({"type": "websocket.close", "code": code})
    except Exception as error:  # gone already; each server says so in its own way
        log.debug("Not said: %s", error)


# --- entering -----------------------------------------------------------------------------------------------


async def _enter(scope: Scope, receive: Receive, send: Send) -> tuple[Member, Room]:
    try:
        text = await asyncio.wait_for(_next(receive), HELLO_SECONDS)
    except TimeoutError:
        raise Closed(Close.BAD_MESSAGE) from None
    hello = protocol.parse(text)
    if not isinstance(hello, protocol.Hello):
        raise BadMessage("The first message must be `hello`.")
    if hello.protocol != protocol.VERSION:
        await _say(
            send, protocol.error("protocol_version", "Reload the page: this version is no longer spoken.")
        )
        raise Closed(Close.PROTOCOL_VERSION)
    key = await _identify(scope, hello.token)
    board_id = uuid.UUID(str(scope["url_route"]["kwargs"]["board"]))
    _, role = await in_thread(access.find, key, board_id, Act.SEE)
    session = "s" + secrets.token_hex(6)
    member = Member(session, key, (hello.name or "").strip()[:NAME_MAX], role, send)
    room = await room_of(board_id)
    room.join(member, hello.clock)
    return member, room


async def _identify(scope: Scope, token: str | None) -> access.Key:
    """The person or link behind the token, else the person behind the session cookie. Raises Unauthenticated."""
    if token is not None:
        key = await in_thread(_key_of, token)
        if key is None:
            raise Unauthenticated("The token is not valid, or not any more.")
        return key
    if not _has_origin(scope):
        raise Unauthenticated("Without an Origin, `hello` needs a token.")
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    session: SessionBase = store(scope.get("cookies", {}).get(settings.SESSION_COOKIE_NAME))
    found = await get_user(scope | {"session": session})
    return found if isinstance(found, User) else None


def _key_of(token: str) -> access.Key:
    return api_keys.user_of(token) or links.find(token)


def _has_origin(scope: Scope) -> bool:
    return any(name == b"origin" for name, _ in scope["headers"])


def _origin_is_ours(scope: Scope) -> bool:
    """Same origin as the page, exactly. A missing Origin passes here; `_identify` then wants a token."""
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
    return origin.scheme in {"http", "https"} and origin.netloc == host and allowed


# --- talking ------------------------------------------------------------------------------------------------


async def _next(receive: Receive) -> str:
    """The next text frame. Raises Closed when the other side leaves."""
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            raise Closed(None)
        text = event.get("text")
        if text is not None:
            return str(text)
        raise BadMessage("Binary frames are not spoken here yet.")


async def _converse(member: Member, room: Room, receive: Receive) -> None:
    """Handle messages until the socket ends or it misbehaves too often."""
    messages = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST)
    elements = TokenBucket(ELEMENTS_PER_SECOND, ELEMENTS_BURST)
    strikes = 0
    while True:
        text = await _next(receive)
        try:
            if wait := messages.take():
                raise RateLimited("Too many messages.", wait)
            message = protocol.parse(text)
            if isinstance(message, protocol.Push) and (wait := elements.take(len(message.elements))):
                raise RateLimited("Too many elements at once.", wait)
            await _handle(message, member, room)
        except (BoardError, GenerationError) as error:
            again = getattr(error, "retry_after_seconds", None)
            member.write(protocol.error(error.code, error.message, protocol.ref_of(text), again))
            strikes += isinstance(error, BadMessage | RateLimited)
            if strikes >= STRIKES_MAX:
                raise Closed(
                    Close.RATE_LIMIT if isinstance(error, RateLimited) else Close.BAD_MESSAGE
                ) from None


async def _handle(message: protocol.Message, member: Member, room: Room) -> None:
    match message:
        case protocol.Push():
            access.allows(member.role, Act.EDIT, frozen=room.frozen)
            elements, refused = _check(message)
            room.push(member, message.id, elements, refused)
        case protocol.Presence():
            room.set_presence(member, message)
        case protocol.Ping():
            member.write(protocol.encode({"type": "pong", "id": message.id}))
        case protocol.Generate():
            access.allows(member.role, Act.EDIT, frozen=room.frozen)
            await in_thread(_ask, message, member, room)
        case protocol.Cancel():
            await in_thread(_cancel, message, member, room)
        case _:
            raise BadMessage("You said hello already.")


def _check(push: protocol.Push) -> tuple[list[Element], list[dict[str, str]]]:
    """The elements that may come in, the newest of each id, and why the others may not."""
    elements: dict[str, Element] = {}
    refused: list[dict[str, str]] = []
    for raw in push.elements:
        try:
            element = parse(raw)
        except ElementRefused as error:
            refused.append(
                {"id": protocol.ref_of(bytes(raw)) or "", "code": error.code, "message": error.message}
            )
            continue
        if element.id not in elements or elements[element.id].rank < element.rank:
            elements[element.id] = element
    return list(elements.values()), refused


def _ask(message: protocol.Generate, member: Member, room: Room) -> None:
    user = _person(member)
    board, _ = access.find(user, room.board_id, Act.EDIT)
    region = message.region or jobs.region_of(board, message.frame or "")
    jobs.ask(
        board,
        user,
        message.params,
        {"x": region.x, "y": region.y, "width": region.width, "height": region.height},
        frame=message.frame or "",
        where=message.placement,
        idempotency_key=f"socket:{member.session}:{message.id}",
    )


def _cancel(message: protocol.Cancel, member: Member, room: Room) -> None:
    submission.cancel(jobs.find(_person(member), message.job, Act.MANAGE))


def _person(member: Member) -> User:
    if member.user is None:
        raise Unauthenticated("Sign in, or come in as a guest, to do this.")
    return member.user
