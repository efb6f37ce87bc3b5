"""Handles the messages of one socket: limits their rate, parses them, checks access and calls the room."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, assert_never

from accounts.errors import AtelierError, RateLimited
from boards import access, principal, scopes
from boards.access import Act
from boards.database.retry import UNAVAILABLE
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
from boards.room.session import RoomSession, SessionState
from boards.socket.fair_queue import PORTION_SECONDS, Work, fair_queue
from boards.wire import protocol
from boards.wire.client_messages import (
    Cancel,
    ClientMessage,
    Generate,
    Hello,
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
"""After so many malformed or too frequent messages a socket is closed."""
WRONG_MIN = 50
"""A push of which so many elements and more than half are malformed counts as a malformed message."""
WAITING_MAX = 8
"""So many messages of one socket may wait for the database."""
SMALL_BYTES = 16 * 1024
SMALL_ELEMENTS = 25
"""What is larger is not handled at once: see boards.socket.fair_queue."""
QUEUED_MAX_BYTES = 512 * 1024
"""With more than this of one socket in the fair queue, no more is read from it."""
LEFT_MAX = 20
"""A page that is closed leaves a few messages in the queue. Of a user with more, those of a closed socket are dropped."""

DatabaseMessage = Generate | Cancel | LiveStart
"""Messages that are answered from the database."""
Call = Callable[[Any, RoomSession, Room], None]
RunInThread = Callable[..., Awaitable[None]]


class MessageHandler:
    """`receive` and `receive_binary` never wait: they are called where the socket is read.

    A small message is handled at once, a larger one in the fair queue, and what needs the database in a task.
    """

    def __init__(self, session: RoomSession, room: Room) -> None:
        self._session = session
        self._room = room
        self._inbound = InboundLimits()
        self._strikes = 0
        self._turn = asyncio.Lock()  # what needs the database is done one by one, in order
        self._waiting: set[asyncio.Task[None]] = set()
        self._queue = fair_queue.queue_of(session.principal, session.id)
        self._queued = 0  # messages of this socket in it; they are handled in order
        self._queued_bytes = 0
        self._drops_queued = False
        self._takes_more = asyncio.Event()
        self._takes_more.set()

    def receive(self, text: str) -> None:
        """Handle a text message, at once or later."""
        if not self._session.is_open:
            return
        began = time.monotonic()
        message: ClientMessage | None = None
        try:
            self._inbound.take_message(len(text))
            if self._queued or len(text) > SMALL_BYTES or self._queue.is_overdrawn():
                self._put_in_queue(text)
                return
            message = protocol.parse(text)
            if isinstance(message, Push) and len(message.elements) > SMALL_ELEMENTS:
                self._put_in_queue(text)
                return
            for _ in self._handle(message):
                pass
        except AtelierError as error:
            self._refuse(error, _ref_of(message, text))
        except Exception:
            log.exception("A message of %s could not be handled", self._session.id)
            self._session.close(Close.INTERNAL)
        self._queue.charge(time.monotonic() - began)

    async def wait_until_taking_more(self) -> None:
        """Return when so little of this socket is queued that more may be read from it."""
        await self._takes_more.wait()

    def receive_binary(self, data: bytes) -> None:
        """Handle a binary message: how the frame that is redrawn live looks now."""
        if not self._session.is_open:
            return
        try:
            self._inbound.take_message(len(data))
            self._inbound.take_live_image()
            scopes.check(self._session.principal, scopes.BINARY)
            frame = read_live(data)
            if frame is None:
                raise BadMessage("A binary frame must be a live one: 07, run, seq, look, JPEG.")
            self._room.live.receive_frame(self._session, *frame)
        except AtelierError as error:
            self._refuse(error, None)
        except Exception:
            log.exception("A live frame of %s could not be handled", self._session.id)
            self._session.close(Close.INTERNAL)

    def end(self) -> None:
        """The socket is gone. What was received before is still handled, unless too much of it is queued."""
        self._session.disconnect()
        self._drops_queued = len(self._queue.works) > LEFT_MAX

    def _handle(self, message: ClientMessage) -> Work:
        """Do what the message asks for, in parts. Raises AtelierError."""
        session, room = self._session, self._room
        scopes.check(session.principal, scopes.door_of(message))
        match message:
            case Presence():  # nearly all there is
                room.set_presence(session, message)
            case Push():
                yield from self._push(message)
            case Ping():
                session.write(encode(Pong(id=message.id)))
            case Generate():
                access.allows(session.role, Act.EDIT, frozen=room.frozen)
                self._later(in_drawing_thread, _generate, message)
            case Cancel():
                self._later(in_thread, _cancel, message)
            case LiveStart():
                access.allows(session.role, Act.EDIT, frozen=room.frozen)
                self._later(in_thread, _switch_on, message)
            case LiveStop():
                access.allows(session.role, Act.EDIT)
                room.live.stop(session, message.frame)
            case Hello():
                raise BadMessage("`hello` was already sent.")
            case _:
                assert_never(message)

    def _push(self, push: Push) -> Work:
        """Check its elements, a portion at a time, then merge them. Raises AtelierError."""
        session, room = self._session, self._room
        self._inbound.take_elements(len(push.elements))
        elements, refused = yield from _check(push)
        malformed = len(refused)
        self._inbound.charge_malformed(malformed)
        try:
            access.allows(session.role, Act.EDIT, frozen=room.frozen)
        except (BoardFrozen, Forbidden) as error:
            elements = room.split_already_stored(elements, refused, error)
            if not elements:
                raise
        room.push(session, push.id, elements, refused)
        if malformed >= WRONG_MIN and malformed > len(push.elements) / 2:
            raise BadMessage(f"{malformed} elements of a push are malformed; its answer says which.")

    def _refuse(self, error: AtelierError, ref: str | None) -> None:
        """Answer with an error. ref: the id of the message, if it has one."""
        again = error.retry_after_seconds
        answer = ErrorMessage(code=error.code, message=error.message, ref=ref, retry_after_seconds=again)
        self._session.write(encode(answer))
        self._strikes += isinstance(error, BadMessage | RateLimited)
        if self._strikes >= STRIKES_MAX:
            code = Close.RATE_LIMIT if isinstance(error, RateLimited) else Close.BAD_MESSAGE
            self._session.close(code, is_flood=True)

    # --- what takes long --------------------------------------------------------------------------------

    def _put_in_queue(self, text: str) -> None:
        self._queued += 1
        self._queued_bytes += len(text)
        if self._queued_bytes > QUEUED_MAX_BYTES and self._takes_more.is_set():
            self._takes_more.clear()
            self._session.pause()
        fair_queue.put(self._queue, self._handle_queued(text))

    def _handle_queued(self, text: str) -> Work:
        message: ClientMessage | None = None
        try:
            if not (self._session.state is SessionState.REMOVED or self._drops_queued):
                message = protocol.parse(text)
                yield from self._handle(message)
        except AtelierError as error:
            self._refuse(error, _ref_of(message, text))
        except Exception:
            log.exception("A message of %s could not be handled", self._session.id)
            self._session.close(Close.INTERNAL)
        self._queued -= 1
        self._queued_bytes -= len(text)
        if not self._takes_more.is_set() and self._queued_bytes <= QUEUED_MAX_BYTES / 2:
            self._takes_more.set()
            self._session.resume()

    # --- what needs the database ------------------------------------------------------------------------

    def _later(self, run: RunInThread, call: Call, message: DatabaseMessage) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise RateLimited("Wait for the answers to what you asked before.", 1.0)
        task = asyncio.ensure_future(self._answer(run, call, message))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _answer(self, run: RunInThread, call: Call, message: DatabaseMessage) -> None:
        try:
            async with self._turn:
                await run(call, message, self._session, self._room)
        except AtelierError as error:
            self._refuse(error, message.id)
        except UNAVAILABLE as error:
            log.warning("A message is not answered, the database is away: %s", error)
            self._session.close(Close.OVERLOADED)
        except Exception:
            log.exception("A message of %s could not be handled", self._session.id)
            self._session.close(Close.INTERNAL)


def _ref_of(message: ClientMessage | None, text: str) -> str | None:
    """The id to answer a message with. It is read from the text where that was refused before it was parsed."""
    if message is None:
        return protocol.ref_of(text)
    ref = getattr(message, "id", None)
    return ref if isinstance(ref, str) else None


Checked = tuple[list[Element], list[Refusal]]


def _check(push: Push) -> Generator[None, None, Checked]:
    """Returns the elements that may come in, the newest of each id, and the refusals of the others.

    Yields after each portion.
    """
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


def _generate(message: Generate, session: RoomSession, room: Room) -> None:
    asking = _renewed(session)
    board, _ = access.find(asking, room.board_id, Act.EDIT)
    key = f"socket:{session.id}:{message.id}"
    board_jobs.ask(
        board,
        principal.person(asking),
        submission.Request(message.params, idempotency_key=key),
        Destination(message.region, message.frame or "", message.placement, view=message.view),
        waits=False,  # all sockets share the few threads that draw
    )


def _cancel(message: Cancel, session: RoomSession, room: Room) -> None:
    submission.cancel(board_jobs.find(_renewed(session), message.job, Act.MANAGE))


def _switch_on(message: LiveStart, session: RoomSession, room: Room) -> None:
    live_slot.switch_on(room.board_id, _renewed(session), session.id, session.who, message)


def _renewed(session: RoomSession) -> Principal:
    """The session's principal as the database has it now: the room reads it only now and then. Raises Unauthenticated."""
    principal.person(session.principal)
    (now,) = principal.refresh([session.principal])
    if isinstance(now, Revocation):
        raise Unauthenticated("Your session, key or link is no longer valid.")
    return now
