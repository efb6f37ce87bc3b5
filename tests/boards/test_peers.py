"""Two processes with the same board, as two rooms over the real Redis and Postgres."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from boards import announce
from boards.elements import store
from boards.elements.element import Element
from boards.models import Board, Role
from boards.models import Element as Row
from boards.principal import Principal
from boards.room import clock_poller, peers, saver
from boards.room.access_check import BoardReading
from boards.room.peer_channel import PeerPublisher
from boards.room.room import Room
from boards.room.scene import Entry
from boards.room.session import RoomSession
from boards.wire.peer_messages import BoardChanged, RoomTick
from tests.factories import element

pytestmark = pytest.mark.django_db(transaction=True)

UNFROZEN = BoardReading(frozen=False, pruned_clock=0)


class Page:
    """A session of a room that keeps what it is sent."""

    def __init__(self, room: Room, name: str, user: Any = None) -> None:
        self.room = room
        self.messages: list[dict[str, Any]] = []
        self.session = RoomSession(name, Principal(user), name, Role.EDIT, self._send)

    async def _send(self, event: dict[str, Any]) -> None:
        if "text" in event:
            self.messages.append(json.loads(event["text"]))

    async def join(self) -> "Page":
        await self.room.join(self.session, None, UNFROZEN, time.monotonic())
        return self

    def push(self, ref: str, *elements: Element) -> None:
        self.room.push(self.session, ref, elements, [])

    def has(self, element_id: str, **fields: Any) -> bool:
        seen: dict[str, Any] = {}
        for message in self.messages:
            seen |= {e["id"]: e for e in message.get("elements", [])}
        found = seen.get(element_id)
        return found is not None and all(found[name] == value for name, value in fields.items())

    def ack(self, ref: str) -> dict[str, Any] | None:
        return next((m for m in self.messages if m["type"] == "ack" and m["ref"] == ref), None)

    def was_told(self, kind: str) -> bool:
        return any(message["type"] == kind for message in self.messages)


async def until(done: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not done():
            await asyncio.sleep(0.01)


@pytest.fixture
async def rooms(board: Board, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Room, Room]]:
    """They know of each other, and look at Postgres often."""
    monkeypatch.setattr(clock_poller, "INTERVAL_SECONDS", 0.1)
    one, other = Room(board.pk), Room(board.pk)
    await one.open()
    await other.open()
    await until(lambda: one._peers._known_until and other._peers._known_until)
    yield one, other
    for room in (one, other):
        room.close(1001)
    await asyncio.sleep(0)


@sync_to_async
def stored(board: Board, element_id: str) -> Row | None:
    return Row.objects.filter(board=board, element_id=element_id).first()


async def test_RM13_a_stroke_goes_from_one_process_to_the_other(board: Board, rooms: Any) -> None:
    a, b = await Page(rooms[0], "a").join(), await Page(rooms[1], "b").join()
    a.push("p1", element("stroke", x=7))
    await until(lambda: b.has("stroke", x=7) and a.ack("p1"))
    await until(lambda: rooms[0].clock == rooms[1].clock == 1)


async def test_RM18_what_redis_loses_is_seen_by_the_clock(
    board: Board, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await Page(rooms[0], "a").join(), await Page(rooms[1], "b").join()
    monkeypatch.setattr(announce, "get_channel_layer", LosingLayer)
    a.push("p1", element("stroke"))
    await until(lambda: b.has("stroke"))
    assert rooms[1].clock == 1


async def test_RM18_a_gap_in_the_clock_is_read(board: Board, rooms: Any) -> None:
    a, b = await Page(rooms[0], "a").join(), await Page(rooms[1], "b").join()
    await sync_to_async(store.apply)(board.pk, [element("unheard")])
    a.push("p1", element("heard"))
    await until(lambda: b.has("unheard") and b.has("heard") and rooms[1].clock == 2)


def uncommitted_tick(*elements: Element, author: Any = None) -> RoomTick:
    """The message of a process about elements that it has not committed."""
    packed = [(msgspec.msgpack.encode(e), author.pk if author else None) for e in elements]
    return RoomTick("dead", packed, {}, [])


async def test_RM19_what_a_dead_process_told_is_committed_by_who_heard_it(
    board: Board, rooms: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "COMMIT_TIMEOUT_SECONDS", 0.2)
    b = await Page(rooms[1], "b").join()
    await announce.publish(board.pk, uncommitted_tick(element("uncommitted"), author=bob))
    await until(lambda: b.has("uncommitted"))
    await until(lambda: rooms[1].clock == 1)
    row = await stored(board, "uncommitted")
    assert row is not None and row.author_id == bob.pk


async def test_RM9_what_a_dead_process_told_is_acknowledged_only_once_it_is_stored(
    board: Board, rooms: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "COMMIT_TIMEOUT_SECONDS", 60.0)
    b = await Page(rooms[1], "b", bob).join()
    stroke = element("stroke")
    await announce.publish(board.pk, uncommitted_tick(stroke))
    await until(lambda: b.has("stroke"))
    assert await stored(board, "stroke") is None
    b.push("p1", stroke)  # its author came back here, and says it again
    await until(lambda: b.ack("p1"))
    row = await stored(board, "stroke")
    assert row is not None and row.author_id == bob.pk


async def test_RM12_what_one_process_takes_back_goes_on_the_other_too(board: Board, rooms: Any) -> None:
    a, b = await Page(rooms[0], "a").join(), await Page(rooms[1], "b").join()
    await sync_to_async(Board.objects.filter(pk=board.pk).update)(frozen=True)
    a.push("p1", element("never"))
    await until(lambda: b.was_told("resync") and a.was_told("resync"))
    ack = a.ack("p1")
    assert ack is not None and [(item["id"], item["code"]) for item in ack["refused"]] == [
        ("never", "frozen")
    ]
    for room in rooms:
        assert list(room._scene.visible()) == []
    one_who_returns = Page(rooms[1], "c")
    now = await sync_to_async(Board.objects.get)(pk=board.pk)
    await rooms[1].join(
        one_who_returns.session, 0, BoardReading(now.frozen, now.pruned_clock), time.monotonic()
    )
    one_on_the_way = Page(rooms[1], "d")  # was let in just before
    await rooms[1].join(one_on_the_way.session, 0, BoardReading(now.frozen, 0), time.monotonic())
    for page in (one_who_returns, one_on_the_way):
        await until(lambda page=page: page.messages)
        assert page.messages[0]["complete"]


async def test_RM12_a_refusal_comes_before_the_line_ends(board: Board, rooms: Any) -> None:
    a = await Page(rooms[0], "a").join()
    a.push("p1", element("box", x=1))
    await until(lambda: a.ack("p1"))
    await sync_to_async(Board.objects.filter(pk=board.pk).update)(frozen=True)
    a.push("p2", element("never"), element("box", version=2, x=2))
    await until(lambda: a.was_told("resync"))
    # A page hears nothing more on a line that it gives up.
    assert [message["type"] for message in a.messages[-3:]] == ["patch", "ack", "resync"]
    assert a.has("box", x=1), "what to go back to"


async def test_whoever_lost_their_access_on_the_way_in_is_sent_away(
    board: Board, rooms: Any, bob: Any
) -> None:
    await Page(rooms[0], "a").join()
    b, asked_at = Page(rooms[0], "b", bob), time.monotonic()
    await sync_to_async(board.memberships.filter(user=bob).delete)()
    await announce.publish(board.pk, BoardChanged())
    await until(lambda: rooms[0]._access._changed_at >= asked_at)
    await rooms[0].join(b.session, None, UNFROZEN, asked_at)
    await until(lambda: not b.session.is_open)


async def test_RM10_what_was_committed_though_its_answer_was_lost_is_not_refused(
    board: Board, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, real = await Page(rooms[0], "a").join(), saver.in_thread
    answers = iter(["lost"])

    async def in_thread(function: Any, *arguments: Any) -> Any:
        found = await real(function, *arguments)
        if next(answers, ""):
            await sync_to_async(Board.objects.filter(pk=board.pk).update)(frozen=True)
            raise OperationalError("the answer was lost")
        return found

    monkeypatch.setattr(saver, "in_thread", in_thread)
    a.push("p1", element("stroke"))
    await until(lambda: a.ack("p1"))
    ack = a.ack("p1")
    assert ack is not None and ack["refused"] == []
    assert await stored(board, "stroke") is not None


class LosingLayer:
    """A Redis that takes everything and passes on nothing."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        pass


class SlowLayer:
    """A Redis that takes its time."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.passes = asyncio.Event()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append(message)
        await self.passes.wait()


async def test_RM17_one_message_at_a_time_and_the_newest_of_each_with_the_next(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, running = SlowLayer(), []
    monkeypatch.setattr(announce, "get_channel_layer", lambda: layer)
    publisher = PeerPublisher(board.pk, lambda work: running.append(asyncio.ensure_future(work)))
    publisher.send([Entry(element("a"))], {})
    publisher.send_commit(1, {"a": (1, 1, 1)})
    await asyncio.sleep(0)
    for version in range(2, 50):
        publisher.send([Entry(element("a", version=version))], {"s1": b"%d" % version})
        await asyncio.sleep(0)
    assert len(layer.sent) == 1, "while one is on its way, nothing else is said"
    layer.passes.set()
    await asyncio.gather(*running)
    assert len(layer.sent) == 2 and layer.sent[0]["saved"] == [(1, {"a": (1, 1, 1)})]
    [(packed, _)] = layer.sent[1]["elements"]
    assert msgspec.msgpack.decode(packed, type=Element).version == 49
    assert layer.sent[1]["users"] == {"s1": b"49"}
