"""Live redraw through the socket's door. A stub stands for the accelerator, behind a real line over Redis.

Rules: docs/live.md.
"""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import redis
from asgiref.sync import sync_to_async
from PIL import Image

from boards import announce
from boards.models import Role
from boards.room import live_slot
from boards.room.fanout import Fanout
from boards.room.live import LiveBoard
from boards.room.registry import room_of
from boards.room.scene import Scene
from boards.wire import frames, rate_limits
from boards.wire.peer_messages import BoardChanged
from generation import live, redis_client
from generation.checkpoints import catalogue
from generation.live import LiveFrame, Redrawn
from generation.work import Work
from generation.worker.live_listener import LiveListener
from tests.boards.socket_client import Client, joined
from tests.factories import body
from tests.generation.test_live import until_listeners

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rooms_end")]

PARAMS = {"prompt": "a cat", "seed": 7}


def jpeg(width: int = 64, height: int = 48) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, "JPEG")
    return buffer.getvalue()


class StubWorker:
    """Answers each frame at once, with a picture that says which frame it is of."""

    def __init__(self) -> None:
        self.drawn: list[tuple[LiveFrame, Work]] = []
        self.answer: Any = lambda frame: Redrawn(
            frame.audience, frame.run, frame.seq, b"\xff\xd8%d" % frame.seq, look=frame.look
        )
        self._line = LiveListener([catalogue.get("bundled")], self._draw)

    def start(self) -> None:
        self._line.start()
        until_listeners(1, catalogue.get("bundled"))

    def stop(self) -> None:
        self._line.stop()
        until_listeners(0, catalogue.get("bundled"))

    def _draw(self, frame: LiveFrame, work: Work) -> None:
        self.drawn.append((frame, work))
        if answer := self.answer(frame):
            live.give(answer)


@pytest.fixture(autouse=True)
def empty_slots(settings: Any) -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


@pytest.fixture
def worker() -> Iterator[StubWorker]:
    stub = StubWorker()
    stub.start()
    yield stub
    stub.stop()


async def switch_on(client: Client, frame: str = "frame", **params: Any) -> dict[str, Any]:
    """Draw a frame and have it redrawn; the state that everybody is told."""
    if frame not in client.elements:
        await client.push(body(frame, type="frame", name=None))
    await client.send({"type": "live.start", "id": "l1", "params": PARAMS | params, "frame": frame})
    state: dict[str, Any] = (await client.until("live"))["live"]
    return state


async def refused(client: Client) -> str:
    return str((await client.until("error"))["code"])


async def test_L1_everybody_is_told_whose_frame_is_live_and_sees_the_pictures(
    board, alice, bob, carol, worker
):
    async with joined(board, alice) as a, joined(board, bob) as b, joined(board, carol, deflate=True) as c:
        state = await switch_on(a)
        assert state["frame"] == "frame" and state["host"]["name"] == "Alice"
        assert state["host"]["session"] == a.welcome["session"]
        assert state["params"]["seed"] == 7 and state["params"]["steps"] == 8
        for client in (b, c):
            assert (await client.until("live"))["live"] == state
        await a.show(state["run"], 1, jpeg())
        for client in (a, b, c):
            assert await client.until_picture(1) == (state["run"], 1, b"\xff\xd81")
        [(frame, work)] = worker.drawn
        assert frame.audience == announce.group(board.pk) and work.params.prompt == "a cat"


@pytest.mark.parametrize("who", ["carol", "mallory"])
async def test_L5_who_may_not_edit_switches_nothing_on_and_sends_no_frames(
    board, alice, carol, mallory, who, worker
):
    person = {"carol": carol, "mallory": mallory}[who]
    if who == "mallory":
        board.open_role = Role.COMMENT
        await sync_to_async(board.save)()
    async with joined(board, alice) as a, joined(board, person) as m:
        state = await switch_on(a)
        await m.send({"type": "live.start", "id": "l1", "params": PARAMS, "frame": "frame"})
        assert await refused(m) == "forbidden"
        await m.show(state["run"], 9, jpeg())
        assert await refused(m) == "forbidden"
        await m.send({"type": "live.stop", "id": "l2"})
        assert await refused(m) == "forbidden"
        await a.show(state["run"], 1, jpeg())
        assert (await a.until_picture(1))[1] == 1, "it goes on"
        assert [frame.seq for frame, _ in worker.drawn] == [1]


async def test_L5_who_has_no_account_switches_nothing_on(board, alice):
    board.open_role = Role.EDIT
    await sync_to_async(board.save)()
    async with joined(board, alice) as a, joined(board, None) as m:
        await a.push(body("frame", type="frame", name=None))
        await m.send({"type": "live.start", "id": "l1", "params": PARAMS, "frame": "frame"})
        assert await refused(m) == "unauthenticated"


async def test_L5_frames_of_another_member_or_another_run_are_dropped(board, alice, bob, worker):
    async with joined(board, alice) as a, joined(board, bob) as b:
        state = await switch_on(a)
        await b.show(state["run"], 1, jpeg())
        await a.show(state["run"] ^ 1, 2, jpeg())
        await a.show(state["run"], 3, jpeg())
        await a.until_picture(3)
        assert [frame.seq for frame, _ in worker.drawn] == [3]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x07\x00\x00", "bad_message"),
        (b"\x06" + b"\0" * 40, "bad_message"),
        (b"GIF", "image_format"),
        (jpeg(1024, 8), "image_too_many_pixels"),
        (jpeg() + b"\0" * live.JPEG_MAX_BYTES, "image_too_large"),
    ],
    ids=["half a head", "another kind", "no JPEG", "wide", "heavy"],
)
async def test_L5_a_bad_frame_is_answered_and_the_socket_lives(board, alice, worker, data, code):
    async with joined(board, alice) as a:
        state = await switch_on(a)
        whole = data if code == "bad_message" else frames.live(state["run"], 1, 0, data)
        await a.socket.send_to(bytes_data=whole)
        assert await refused(a) == code
        await a.show(state["run"], 2, jpeg())
        await a.until_picture(2)


async def test_L5_a_flood_of_frames_is_slowed_and_then_ended(board, alice, worker, monkeypatch):
    monkeypatch.setattr(rate_limits, "LIVE_PER_SECOND", 0.1)  # a flood on any machine
    async with joined(board, alice) as a:
        state = await switch_on(a)
        for seq in range(1, 60):
            await a.show(state["run"], seq, jpeg())
        error = await a.until("error")
        assert error["code"] == "rate_limited" and error["retry_after_seconds"] > 0
        assert await a.closed() == 4429


async def test_L1_a_second_frame_of_a_board_has_to_wait(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await switch_on(a)
        await b.until("live")
        await b.send({"type": "live.start", "id": "l9", "params": PARAMS, "frame": "frame"})
        error = await b.until("error")
        assert (error["code"], error["ref"]) == ("live_taken", "l9") and "Alice" in error["message"]
        await b.send({"type": "live.stop"})
        over = await a.until("live", live=None)
        assert (over["reason"], over["by"]) == ("stopped", "Bob")
        await b.until("live", live=None)
        assert (await switch_on(b))["host"]["name"] == "Bob"


async def test_L2_the_host_changes_the_words_without_beginning_anew(board, alice, worker):
    async with joined(board, alice) as a:
        before = await switch_on(a)
        after = await switch_on(a, prompt="a dog")
        assert after["run"] == before["run"] and after["params"]["prompt"] == "a dog"
        await a.show(after["run"], 1, jpeg())
        await a.until_picture(1)
        assert worker.drawn[0][1].params.prompt == "a dog"


@pytest.mark.parametrize(
    ("params", "frame", "code"),
    [
        ({"prompt": 7}, "frame", "params_invalid"),
        ({"checkpoint": "instruct-pix2pix"}, "frame", "live_not_offered"),
        ({"checkpoint": "nonsense"}, "frame", "checkpoint_unknown"),
        ({}, "no such frame", "no_region"),
    ],
)
async def test_L3_what_cannot_be_drawn_live_is_refused_with_a_reason(board, alice, params, frame, code):
    async with joined(board, alice) as a:
        await a.push(body("frame", type="frame", name=None))
        await a.send({"type": "live.start", "id": "l1", "params": PARAMS | params, "frame": frame})
        error = await a.until("error")
        assert (error["code"], error["ref"]) == (code, "l1")


async def test_L4_a_picture_that_comes_late_or_of_another_run_is_dropped(board, alice, worker):
    worker.answer = lambda frame: None
    async with joined(board, alice) as a:
        state = await switch_on(a)
        group, run = announce.group(board.pk), state["run"]
        for given in (
            Redrawn(group, run, 5, b"5"),
            Redrawn(group, run, 4, b"4"),
            Redrawn(group, run ^ 1, 6, b"6"),
        ):
            await sync_to_async(live.give)(given)
        await sync_to_async(live.give)(Redrawn(group, run, 7, b"7"))
        await a.until_picture(7)
        assert [picture[1] for picture in a.pictures] == [5, 7]


async def test_L9_the_host_leaves_and_everybody_is_told(board, alice, bob):
    async with joined(board, bob) as b:
        async with joined(board, alice) as a:
            await switch_on(a)
        over = await b.until("live", live=None)
        assert over["reason"] == "host_left"
        assert await sync_to_async(live_slot.read)(board.pk) is None


async def test_L9_without_a_worker_everybody_is_told_at_once(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        state = await switch_on(a)
        await a.show(state["run"], 1, jpeg())
        for client in (a, b):
            assert (await client.until("live", live=None))["reason"] == "no_worker"


async def test_L9_a_worker_that_does_not_answer_is_not_waited_for_for_ever(board, alice, worker, monkeypatch):
    monkeypatch.setattr("boards.room.live.ANSWER_SECONDS", 0.2)
    worker.answer = lambda frame: None
    async with joined(board, alice) as a:
        state = await switch_on(a)
        await a.show(state["run"], 1, jpeg())
        assert (await a.until("live", live=None))["reason"] == "no_answer"


async def test_L8_a_frame_that_cannot_be_drawn_ends_it_with_the_reason(board, alice, worker):
    worker.answer = lambda frame: Redrawn(
        frame.audience, frame.run, frame.seq, b"", "out_of_memory", "Too large."
    )
    async with joined(board, alice) as a:
        state = await switch_on(a)
        await a.show(state["run"], 1, jpeg())
        over = await a.until("live", live=None)
        assert (over["reason"], over["message"]) == ("failed", "Too large.")


async def test_L10_who_comes_later_gets_how_it_stands_and_the_last_picture(board, alice, bob, worker):
    async with joined(board, alice) as a:
        state = await switch_on(a)
        await a.show(state["run"], 3, jpeg())
        await a.until_picture(3)
        async with joined(board, bob) as b:
            assert b.welcome["live"] == state
            assert await b.until_picture(3) == (state["run"], 3, b"\xff\xd83")
        await a.send({"type": "live.stop"})
        await a.until("live", live=None)
        async with joined(board, bob) as b:
            assert b.welcome["live"] is None


async def test_L10_a_process_that_opens_the_board_later_finds_it_in_redis(board, alice, worker):
    async with joined(board, alice) as a:
        state = await switch_on(a)
        await a.show(state["run"], 4, jpeg())
        await a.until_picture(4)
        other = elsewhere(board)
        await other.refresh()
        assert msgspec.to_builtins(other.described) == state
        assert other.picture and other.picture.frames[0][1] == frames.live(state["run"], 4, 40, b"\xff\xd84")


async def test_L9_the_slot_of_a_process_that_died_frees_itself(board, alice, worker, settings):
    async with joined(board, alice) as a:
        await switch_on(a)
        other = elsewhere(board)
        await other.refresh()
        assert other.described
        redis.Redis.from_url(settings.REDIS_URL).flushdb()  # as its expiry does
        await other.renew()
        assert other.described is None


async def test_L9_a_redis_that_forgot_the_slot_is_told_again_by_who_holds_it(board, alice, settings):
    async with joined(board, alice) as a:
        state = await switch_on(a)
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
        await (await room_of(board.pk)).live.renew()
        held = await sync_to_async(live_slot.read)(board.pk)
        assert held and held.run == state["run"]


async def test_L5_a_frozen_board_is_not_redrawn(board, alice, worker):
    async with joined(board, alice) as a:
        state = await switch_on(a)
        board.frozen = True
        await sync_to_async(board.save)()
        await announce.publish(board.pk, BoardChanged())
        over = await a.until("live", live=None)
        assert over["reason"] == "refused" and "froze" in over["message"]
        await a.show(state["run"], 1, jpeg())
        assert await refused(a) == "frozen"
        await a.send({"type": "live.start", "id": "l2", "params": PARAMS, "frame": "frame"})
        assert await refused(a) == "frozen"


async def test_L5_a_host_who_may_no_longer_edit_is_stopped(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await switch_on(b)
        await a.until("live")
        await sync_to_async(board.memberships.filter(user=bob).update)(role=Role.VIEW)
        await announce.publish(board.pk, BoardChanged())
        assert (await a.until("live", live=None))["reason"] == "refused"


async def test_L9_a_redis_that_is_away_refuses_to_begin(board, alice, monkeypatch):
    async with joined(board, alice) as a:
        await a.push(body("frame", type="frame", name=None))
        away = redis_client._connected("unix:///nowhere/redis.sock", live=True)
        monkeypatch.setattr(redis_client, "live_client", lambda: away)
        await a.send({"type": "live.start", "id": "l1", "params": PARAMS, "frame": "frame"})
        error = await a.until("error")
        assert (error["code"], error["ref"]) == ("live_unavailable", "l1")


def elsewhere(board: Any) -> LiveBoard:
    """The same board in another process: without members."""
    return LiveBoard(board.pk, Fanout(Scene(), lambda news: None), asyncio.ensure_future, lambda: False)
