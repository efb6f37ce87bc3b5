"""What one member says, message after message: bounded, parsed, checked and handed to the room."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from accounts.errors import AtelierError, RateLimited
from boards import access, principal, scopes
from boards.access import Act
from boards.database.threads import in_drawing_thread, in_thread
from boards.elements.element import Element, parse
from boards.elements.reconcile import takes_incoming
from boards.errors import (
    BadMessage,
    BoardFrozen,
    ElementRefused,
    Forbidden,
    Unauthenticated,
)
from boards.jobs import board_jobs
from boards.jobs.board_jobs import Destination
from boards.principal import Principal, Revocation
from boards.room import live_slot
from boards.room.room import Room
from boards.room.saver import UNAVAILABLE
from boards.room.session import Member
from boards.socket.fair_queue import PORTION_SECONDS, Work, desk
from boards.wire import protocol
from boards.wire.client_messages import (
    Cancel,
    ClientMessage,
    Generate,
    LiveStart,
    LiveStop,
    Ping,
    Presence,
    Push,
)
from boards.wire.frames import read_live
from boards.wire.protocol import Close
from boards.wire.rate_limits import InboundLimits
from boards.wire.server_messages import ErrorMessage, Pong, Refusal, encode
from generation.jobs import submission

log = logging.getLogger(__name__)

STRIKES_MAX = 10
"""So many malformed or too frequent messages on one socket, and it is closed."""
WRONG_MIN = 50
"""A push of which so many elements and more than half are malformed counts as a malformed message."""
WAITING_MAX = 8
"""So many messages of one socket may wait for the database."""
SMALL_BYTES = 16 * 1024
SMALL_ELEMENTS = 25
"""What is larger is not handled at once: see boards.socket.fair_queue."""
AT_DESK_MAX_BYTES = 512 * 1024
"""When so much of one socket waits there, no more is read from it."""
LEFT_MAX = 20
"""A page that is closed leaves a few messages there. Where more of one person wait, those of an ended socket go."""

Errand = Callable[[Any, Member, Room], None]
Run = Callable[..., Awaitable[None]]
Request = Generate | Cancel | LiveStart


class Conversation:
    """`hear` never waits: it is called from where the socket is read. What needs the database waits in tasks."""

    def __init__(self, member: Member, room: Room) -> None:
        self._member = member
        self._room = room
        self._inbound = InboundLimits()
        self._strikes = 0
        self._ended = False
        self._turn = asyncio.Lock()  # what needs the database is done one by one, in order
        self._waiting: set[asyncio.Task[None]] = set()
        self._line = desk.line_of(member.principal, member.session)
        self._at_desk = 0  # messages that wait there, and are handled in order
        self._at_desk_bytes = 0
        self._is_dropped = False
        self._room_at_desk = asyncio.Event()
        self._room_at_desk.set()

    def hear(self, text: str) -> None:
        if self._has_ended():
            return
        began = time.monotonic()
        try:
            self._inbound.take_message(len(text))
            if self._at_desk or len(text) > SMALL_BYTES or self._line.is_overdrawn():
                self._hear_later(text)
                return
            message = protocol.parse(text)
            if isinstance(message, Push) and len(message.elements) > SMALL_ELEMENTS:
                self._hear_later(text)
                return
            for _ in self._handle(message):
                pass
        except AtelierError as error:
            self._refuse(error, protocol.ref_of(text))
        except Exception:
            log.exception("A message of %s could not be handled", self._member.session)
            self._close(Close.INTERNAL)
        self._line.charge(time.monotonic() - began)

    async def has_room(self) -> None:
        """Wait until so little of it is at the desk that it may say more."""
        await self._room_at_desk.wait()

    def see(self, data: bytes) -> None:
        """A binary frame: how the frame that is redrawn live looks now."""
        if self._has_ended():
            return
        try:
            self._inbound.take_message(len(data))
            self._inbound.take_live_image()
            scopes.check(self._member.principal, scopes.BINARY)
            frame = read_live(data)
            if frame is None:
                raise BadMessage("A binary frame must be a live one: 07, run, seq, look, JPEG.")
            self._room.live.see(self._member, *frame)
        except AtelierError as error:
            self._refuse(error, None)
        except Exception:
            log.exception("A live frame of %s could not be handled", self._member.session)
            self._close(Close.INTERNAL)

    def end(self) -> None:
        """The socket is gone: what still arrives is not heard. What was said and asked for is done."""
        self._ended = True
        self._is_dropped = len(self._line.works) > LEFT_MAX

    def _has_ended(self) -> bool:
        """Whoever was sent away may go on talking until the connection is dropped, with the role they had."""
        return self._ended or self._member.has_ended

    def _handle(self, message: ClientMessage) -> Work:
        """Raises AtelierError."""
        member, room = self._member, self._room
        scopes.check(member.principal, scopes.door_of(message))
        match message:
            case Presence():  # nearly all there is
                room.set_presence(member, message)
            case Push():
                yield from self._push(message)
            case Ping():
                member.write(encode(Pong(id=message.id)))
            case Generate():
                access.allows(member.role, Act.EDIT, frozen=room.frozen)
                self._later(in_drawing_thread, _ask, message)
            case Cancel():
                self._later(in_thread, _cancel, message)
            case LiveStart():
                access.allows(member.role, Act.EDIT, frozen=room.frozen)
                self._later(in_thread, _switch_on, message)
            case LiveStop():
                access.allows(member.role, Act.EDIT)
                room.live.stop(member, message.frame)
            case _:
                raise BadMessage("`hello` was already sent.")

    def _push(self, push: Push) -> Work:
        """Check its elements, a portion at a time, then merge them. Raises AtelierError."""
        member, room = self._member, self._room
        self._inbound.take_elements(len(push.elements))
        elements, refused = yield from _check(push)
        wrong = len(refused)
        self._inbound.charge_malformed(wrong)
        try:
            access.allows(member.role, Act.EDIT, frozen=room.frozen)
        except (BoardFrozen, Forbidden) as error:
            elements = room.sift(elements, refused, error)
            if not elements:
                raise
        room.push(member, push.id, elements, refused)
        if wrong >= WRONG_MIN and wrong > len(push.elements) / 2:
            raise BadMessage(f"{wrong} elements of a push are malformed; its answer says which.")

    def _refuse(self, error: AtelierError, ref: str | None) -> None:
        """ref: the id of the message that is refused."""
        again = error.retry_after_seconds
        answer = ErrorMessage(code=error.code, message=error.message, ref=ref, retry_after_seconds=again)
        self._member.write(encode(answer))
        self._strikes += isinstance(error, BadMessage | RateLimited)
        if self._strikes >= STRIKES_MAX:
            code = Close.RATE_LIMIT if isinstance(error, RateLimited) else Close.BAD_MESSAGE
            self._close(code, is_flood=True)

    def _close(self, code: Close, *, is_flood: bool = False) -> None:
        self._ended = True
        self._member.close(code, is_flood=is_flood)

    # --- what takes long --------------------------------------------------------------------------------

    def _hear_later(self, text: str) -> None:
        self._at_desk += 1
        self._at_desk_bytes += len(text)
        if self._at_desk_bytes > AT_DESK_MAX_BYTES and self._room_at_desk.is_set():
            self._room_at_desk.clear()
            self._member.pause()
        desk.put(self._line, self._hear_in_parts(text))

    def _hear_in_parts(self, text: str) -> Work:
        try:
            if not (self._member.was_sent_away or self._is_dropped):
                yield from self._handle(protocol.parse(text))
        except AtelierError as error:
            self._refuse(error, protocol.ref_of(text))
        except Exception:
            log.exception("A message of %s could not be handled", self._member.session)
            self._close(Close.INTERNAL)
        self._at_desk -= 1
        self._at_desk_bytes -= len(text)
        if not self._room_at_desk.is_set() and self._at_desk_bytes <= AT_DESK_MAX_BYTES / 2:
            self._room_at_desk.set()
            self._member.resume()

    # --- what needs the database ------------------------------------------------------------------------

    def _later(self, run: Run, errand: Errand, message: Request) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise RateLimited("Wait for the answers to what you asked before.", 1.0)
        task = asyncio.ensure_future(self._answer(run, errand, message))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _answer(self, run: Run, errand: Errand, message: Request) -> None:
        try:
            async with self._turn:
                await run(errand, message, self._member, self._room)
        except AtelierError as error:
            self._refuse(error, message.id)
        except UNAVAILABLE as error:
            log.warning("A message is not answered, the database is away: %s", error)
            self._close(Close.OVERLOADED)
        except Exception:
            log.exception("A message of %s could not be handled", self._member.session)
            self._close(Close.INTERNAL)


Checked = tuple[list[Element], list[Refusal]]


def _check(push: Push) -> Generator[None, None, Checked]:
    """The elements that may come in, the newest of each id, and why the others may not. Done a portion at a time."""
    elements: dict[str, Element] = {}
    refused: list[Refusal] = []
    began = time.monotonic()
    for raw in push.elements:
        if time.monotonic() - began > PORTION_SECONDS:
            yield
            began = time.monotonic()
        try:
            element = parse(raw)
        except ElementRefused as error:
            refused.append(Refusal(protocol.ref_of(bytes(raw)) or "", error.code, error.message))
            continue
        known = elements.get(element.id)
        if known is None or takes_incoming(known.rank, element.rank):
            elements[element.id] = element
    return list(elements.values()), refused


def _ask(message: Generate, member: Member, room: Room) -> None:
    asking = _renewed(member)
    board, _ = access.find(asking, room.board_id, Act.EDIT)
    key = f"socket:{member.session}:{message.id}"
    board_jobs.ask(
        board,
        principal.person(asking),
        submission.Request(message.params, idempotency_key=key),
        Destination(message.region, message.frame or "", message.placement),
        waits=False,  # the few threads that draw for sockets are everybody's
    )


def _cancel(message: Cancel, member: Member, room: Room) -> None:
    submission.cancel(board_jobs.find(_renewed(member), message.job, Act.MANAGE))


def _switch_on(message: LiveStart, member: Member, room: Room) -> None:
    live_slot.switch_on(room.board_id, _renewed(member), member.session, member.who, message)


def _renewed(member: Member) -> Principal:
    """Who asks, as the database has them now: the room looks only now and then. Raises Unauthenticated."""
    principal.person(member.principal)
    (now,) = principal.refresh([member.principal])
    if isinstance(now, Revocation):
        raise Unauthenticated("Your session, key or link is no longer valid.")
    return now
