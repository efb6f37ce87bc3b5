"""What a room sends its sessions, in which form, and when."""

import json
import secrets
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from boards.elements.store import Snapshot
from boards.elements.tombstones import Pruned
from boards.models import Role
from boards.principal import NOBODY
from boards.room import fanout
from boards.room.fanout import CROWD, Fanout, LocalChanges
from boards.room.scene import Entry, MergeResult, Scene
from boards.room.session import BACKLOG_MAX_BYTES, SLOW_MAX_SECONDS, RoomSession
from boards.wire import protocol
from boards.wire.frames import CLOSE, DEFLATE_MIN_BYTES, Packet, frame, live
from boards.wire.protocol import Close
from boards.wire.rate_limits import BYTES_OUT_BURST, BYTES_OUT_PER_SECOND
from tests.factories import element


class Wire:
    """A stub at the transport's door: notes what is written; `waiting`: bytes that the other side did not read."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting = 0
        self.aborted = False

    def write(self, data: bytes) -> bool:
        self.written.append(data)
        return True

    def backlog(self) -> int:
        return self.waiting

    def listen(self, hear: Callable[[str], None]) -> None:
        raise AssertionError("nobody speaks here")

    def close(self, code: int) -> None:
        self.written.append(frame(CLOSE, int(code).to_bytes(2, "big")))

    def pause_reading(self) -> None:
        raise AssertionError("nobody speaks here")

    def resume_reading(self) -> None:
        raise AssertionError("nobody speaks here")

    def abort(self) -> None:
        self.aborted = True

    def frames(self) -> list[tuple[int, bytes]]:
        found, data = [], b"".join(self.written)
        while data:
            size, head = data[1], 2
            if size >= 126:
                head = 4 if size == 126 else 10
                size = int.from_bytes(data[2:head], "big")
            found.append((data[0], data[head : head + size]))
            data = data[head + size :]
        return found

    def messages(self) -> list[dict[str, Any]]:
        texts = [
            zlib.decompress(payload, -zlib.MAX_WBITS) if kind == 0x82 else payload
            for kind, payload in self.frames()
            if kind in (0x81, 0x82)
        ]
        return [json.loads(line) for text in texts for line in text.split(b"\n")]

    def elements(self) -> list[str]:
        return [e["id"] for message in self.messages() for e in message.get("elements", [])]


class Stage:
    """A scene with its fan-out, and sessions whose wires are stubs."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.news: list[LocalChanges] = []
        self.fanout = Fanout(self.scene, self.news.append)

    def session(self, session_id: str, *, deflate: bool = False) -> tuple[RoomSession, Wire]:
        async def send(message: dict[str, Any]) -> None:
            raise AssertionError("not while there is a wire")

        session, wire = RoomSession(session_id, NOBODY, "Robot", Role.EDIT, send, deflate=deflate), Wire()
        session._wire = wire
        self.fanout.sessions[session_id] = session
        return session, wire

    def push(self, *ids: str, by: str = "", **fields: Any) -> None:
        for element_id in ids:
            entry = Entry(element(element_id, **fields))
            assert self.scene.merge(entry) is MergeResult.TAKEN
            self.fanout.element(entry, skip_session=by)


@pytest.fixture
async def stage() -> Any:
    stage = Stage()
    yield stage
    stage.fanout.stop()


async def test_those_who_deflate_get_one_frame_authors_too(stage: Stage) -> None:
    _, author = stage.session("author", deflate=True)
    _, other = stage.session("other", deflate=True)
    _, plain = stage.session("plain")
    stage.push(*(f"e{n}" for n in range(20)), by="author")
    stage.fanout.presence("author", b'{"id":"u1","name":"Ana"}')
    stage.fanout.tick()
    assert author.written == other.written and len(other.frames()) == 1
    assert other.messages() == plain.messages() and [kind for kind, _ in plain.frames()] == [0x81, 0x81]
    assert {message["type"] for message in other.messages()} == {"presence", "patch"}


async def test_who_does_not_deflate_gets_no_echo(stage: Stage) -> None:
    _, author = stage.session("author")
    stage.push("mine", by="author")
    stage.push("theirs")
    stage.fanout.tick()
    assert author.elements() == ["theirs"]


async def test_a_little_is_text_for_everybody(stage: Stage) -> None:
    _, wire = stage.session("s1", deflate=True)
    stage.fanout.presence("s2", b'{"id":"u2"}')
    stage.fanout.tick()
    ((kind, payload),) = wire.frames()
    assert kind == 0x81 and len(payload) < DEFLATE_MIN_BYTES


async def test_RM14_an_ack_follows_what_it_acknowledges_and_tells_no_later_clock(stage: Stage) -> None:
    session, wire = stage.session("s1")
    stage.push("theirs")
    stage.scene.advance(7)
    stage.fanout.acknowledge(session, "p1", [])
    stage.fanout.tick()
    assert [message["type"] for message in wire.messages()] == ["patch", "ack"]
    assert [message["clock"] for message in wire.messages()] == [7, 7]


async def test_who_does_not_read_is_skipped_and_then_gets_the_newest_once(stage: Stage) -> None:
    session, wire = stage.session("s1")
    wire.waiting = BACKLOG_MAX_BYTES
    for version in range(1, 50):
        stage.push("box", version=version)
        stage.fanout.presence("s2", b'{"n":%d}' % version)
        stage.scene.advance(stage.scene.clock + 1)
        stage.fanout.tick()
    stage.fanout.presence("s2", None)
    stage.fanout.acknowledge(session, "p1", [])
    stage.fanout.tick()
    assert [message["type"] for message in wire.messages()] == ["ack"], "only what is his alone"
    assert wire.messages()[0]["clock"] == 0, "nothing after the first clock was sent"
    wire.written.clear()
    wire.waiting = 0
    stage.fanout.tick()
    presence, patch = wire.messages()
    assert presence["users"] == {"s2": None}
    assert [e["version"] for e in patch["elements"]] == [49] and patch["clock"] == 49
    assert not session.is_behind and session.clock == 49


async def test_L11_who_does_not_read_gets_the_newest_live_picture_in_the_end(stage: Stage) -> None:
    session, wire = stage.session("s1")
    _, quick = stage.session("s2")
    wire.waiting = BACKLOG_MAX_BYTES
    for seq in range(1, 6):
        stage.fanout.show(Packet.live(1, seq, 0, b"jpeg"))
    assert len(quick.frames()) == 5 and wire.frames() == [] and session.is_behind
    wire.waiting = 0
    stage.fanout.tick()
    assert wire.frames() == [(0x82, live(1, 5, 0, b"jpeg"))] and not session.is_behind
    wire.waiting = BACKLOG_MAX_BYTES
    stage.fanout.show(Packet.live(1, 6, 0, b"jpeg"))
    stage.fanout.show(None)
    wire.waiting = 0
    stage.fanout.tick()
    assert len(wire.frames()) == 1, "it is over: nothing comes late"


async def test_RM14_what_was_missed_comes_in_pieces_and_the_last_one_tells_the_clock(stage: Stage) -> None:
    session, wire = stage.session("s1", deflate=True)
    stage.scene.advance(3)
    stage.fanout.tick()
    wire.waiting = BACKLOG_MAX_BYTES
    text = "x" * 10_000
    stage.push(*(f"e{n}" for n in range(60)), type="text", text=text)
    stage.scene.advance(4)
    stage.fanout.tick()
    wire.waiting = 0
    stage.fanout.tick()
    patches = wire.messages()
    assert len(patches) == 3 and sorted(wire.elements()) == sorted(f"e{n}" for n in range(60))
    assert [patch["clock"] for patch in patches] == [3, 3, 4]
    assert all(len(json.dumps(patch)) < protocol.FRAME_BYTES_MAX * 1.2 for patch in patches)
    assert session.clock == 4


@pytest.mark.parametrize("deflate", [False, True])
async def test_what_changes_much_at_once_leaves_as_there_is_room(stage: Stage, deflate: bool) -> None:
    session, wire = stage.session("s1", deflate=deflate)
    _, quick = stage.session("s2", deflate=deflate)

    def write(data: bytes) -> bool:
        wire.written.append(data)
        wire.waiting = BACKLOG_MAX_BYTES
        return True

    wire.write = write  # type: ignore[method-assign]
    texts = [secrets.token_hex(10_000) for _ in range(60)]  # as after going back to a version
    for number, text in enumerate(texts):
        stage.push(f"e{number}", type="text", text=text)
    stage.scene.advance(4)
    stage.fanout.tick()
    assert len(quick.elements()) == 60 and session.is_behind and session.clock == 0
    assert len(b"".join(wire.written)) < protocol.FRAME_BYTES_MAX * 1.1
    while session.is_behind:
        wire.waiting = 0
        stage.fanout.tick()
    assert wire.written == quick.written and session.clock == 4


async def test_a_scene_on_its_way_waits_for_room(stage: Stage) -> None:
    from boards.wire.frames import Packet

    session, wire = stage.session("s1")

    def write(data: bytes) -> bool:
        wire.written.append(data)
        wire.waiting += len(data)
        return True

    wire.write = write  # type: ignore[method-assign]
    piece = Packet.of(json.dumps({"elements": [], "pad": "x" * 200_000}).encode())
    session.feed([piece] * 5, clock=9)
    assert len(wire.written) == 2 and session.is_behind and session.clock == 0
    stage.push("meanwhile")
    for _ in range(5):
        wire.waiting = 0
        stage.fanout.tick()
    assert len(wire.messages()) == 6 and wire.elements() == ["meanwhile"]
    assert not session.is_behind and session.clock == 0 == stage.scene.clock


async def test_who_does_not_read_for_ten_seconds_is_closed_and_then_dropped(stage: Stage) -> None:
    session, wire = stage.session("s1")
    wire.waiting = BACKLOG_MAX_BYTES
    now = time.monotonic()
    assert not session.takes_more(now) and not session.takes_more(now + SLOW_MAX_SECONDS)
    assert wire.frames() == []
    assert not session.takes_more(now + SLOW_MAX_SECONDS + 0.1)
    assert wire.frames() == [(0x88, int(Close.TOO_SLOW).to_bytes(2, "big"))]
    session.write(b"{}")
    assert len(wire.frames()) == 1, "nothing follows a close"


async def test_who_reads_again_in_time_starts_anew(stage: Stage) -> None:
    session, wire = stage.session("s1")
    now = time.monotonic()
    for second in (0, 9, 18, 27):
        wire.waiting = BACKLOG_MAX_BYTES
        assert not session.takes_more(now + second)
        wire.waiting = 0
        assert session.takes_more(now + second + 0.5)
    assert wire.frames() == []


async def test_who_was_sent_too_much_gets_it_later_and_merged(stage: Stage) -> None:
    session, wire = stage.session("s1")
    session._out.spend(BYTES_OUT_BURST + 60 * BYTES_OUT_PER_SECOND)
    for version in (1, 2):
        stage.push("box", version=version)
        stage.fanout.tick()
    assert wire.written == [] and list(session.missed) == ["box"]
    assert session.takes_more(time.monotonic() + 60.1)
    assert not wire.aborted and wire.frames() == []


async def test_in_a_crowd_pointers_go_out_less_often_and_strokes_do_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CROWD_PRESENCE_SECONDS", 60.0)
    _, wire = stage.session("s0")
    for number in range(CROWD + 1):
        stage.fanout.presence(f"s{number}", b"{}")
    stage.fanout.tick()
    stage.fanout.presence("s1", b'{"x":1}')
    stage.push("stroke")
    stage.fanout.tick()
    assert [message["type"] for message in wire.messages()] == ["presence", "patch"]
    stage.fanout._presence_due -= 60.0
    stage.fanout.tick()
    assert wire.messages()[-1]["users"] == {"s1": {"x": 1}}


async def test_the_others_hear_only_of_what_began_here(stage: Stage) -> None:
    stage.push("ours")
    stage.scene.merge(theirs := Entry(element("theirs")))
    stage.fanout.element(theirs, remote=True)
    stage.fanout.presence("s1", b"{}")
    stage.fanout.presence("s2", b"{}", remote=True)
    stage.fanout.tick()
    ((entries, presence),) = stage.news
    assert [e.element.id for e in entries] == ["ours"] and presence == {"s1": b"{}"}


async def test_RM12_a_slow_member_survives_that_what_it_missed_is_taken_back(stage: Stage) -> None:
    session, wire = stage.session("s1")
    wire.waiting = BACKLOG_MAX_BYTES
    stage.push("refused")
    stage.fanout.tick()
    assert wire.written == [] and list(session.missed) == ["refused"]
    stage.scene.load(Snapshot(0, [], 0), Pruned(0, {}))
    stage.fanout.forget()
    wire.waiting = 0
    stage.push("kept")
    stage.fanout.tick()
    assert wire.elements() == ["kept"]


async def test_without_a_wire_all_goes_through_the_server(stage: Stage) -> None:
    events: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        events.append(message)

    stage.fanout.sessions["s1"] = RoomSession("s1", NOBODY, "Robot", Role.EDIT, send, deflate=True)
    stage.push("one")
    stage.fanout.tick()
    stage.push(*(f"e{n}" for n in range(20)))
    stage.fanout.tick()
    assert [set(event) for event in events] == [{"type", "text"}, {"type", "bytes"}]
