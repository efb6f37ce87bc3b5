"""Drawing together: what one pushes, the others get, and Postgres keeps."""

import json
import zlib
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from boards.elements import store
from boards.models import Element
from boards.wire import protocol
from boards.wire.peer_messages import BoardChanged, ClockMoved
from tests.boards.socket_client import joined
from tests.factories import body, element

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rooms_end")]


async def stored(board: Any, element_id: str) -> dict[str, Any]:
    row = await sync_to_async(Element.objects.get)(board=board, element_id=element_id)
    found: dict[str, Any] = json.loads(row.body)
    return found


async def test_RM7_a_push_reaches_the_others_and_is_acknowledged_after_the_commit(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        stroke = body("stroke", x=5)
        ack = await a.push(stroke)
        assert ack["refused"] == [] and ack["clock"] == 1
        assert (await stored(board, "stroke"))["x"] == 5
        assert await b.until_has("stroke") == stroke


async def test_the_sender_gets_no_echo(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("mine"))
        await b.push(body("theirs"))
        await a.until_has("theirs")
        assert "mine" not in a.elements


async def test_RM16_a_newcomer_gets_the_scene_without_tombstones(board, alice, bob):
    async with joined(board, alice) as a:
        await a.push(body("kept"), body("gone"))
        await a.push(body("gone", version=2, isDeleted=True))
        async with joined(board, bob) as b:
            assert b.welcome["complete"] and set(b.elements) == {"kept"}
            assert b.welcome["clock"] == 2


async def test_RM15_one_who_returns_gets_what_changed_tombstones_included(board, alice, bob):
    async with joined(board, alice) as a:
        await a.push(body("old"), body("gone"))
        seen = a.clock
        await a.push(body("gone", version=2, isDeleted=True), body("new"))
        async with joined(board, bob, clock=seen) as b:
            assert not b.welcome["complete"]
            assert set(b.elements) == {"gone", "new"} and b.elements["gone"]["isDeleted"]


async def test_RM16_a_clock_from_the_future_means_start_over(board, alice):
    async with joined(board, alice, clock=99) as a:
        assert a.welcome["complete"]


async def test_the_scene_outlives_the_room(board, alice, bob):
    await sync_to_async(store.apply)(board.pk, [element("before")])
    async with joined(board, bob) as b:
        assert set(b.elements) == {"before"}


async def test_RM1_a_replayed_push_is_acknowledged_and_changes_nothing(board, alice):
    async with joined(board, alice) as a:
        stroke = body("stroke")
        await a.push(stroke)
        again = await a.push(stroke)
        assert again["refused"] == [] and again["clock"] == 1


async def test_RM1_of_two_versions_the_higher_stays(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("box", version=3, x=3))
        await b.push(body("box", version=2, x=2))
        assert (await stored(board, "box"))["x"] == 3


async def test_RM3_a_taken_index_is_replaced_for_everybody(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("first", index="a5"))
        await b.push(body("second", index="a5"))
        for client in (a, b):  # its own author too: the server's version is the newer one
            moved = await client.until_has("second")
            assert moved["index"] > "a5" and moved["version"] == 2
        assert (await stored(board, "second"))["index"] == a.elements["second"]["index"]


@pytest.mark.parametrize("index", ["b", "zz", "a00", "A", "ü", "", None, 7, "a" * 300])
async def test_RM3_a_bad_index_never_leaves_the_server(board, alice, bob, index):
    async with joined(board, alice) as a, joined(board, bob) as b:
        ack = await a.push(body("box", index=index))
        if ack["refused"]:
            assert ack["refused"][0]["id"] == "box"
        else:
            from boards.elements.reconcile import is_index

            assert is_index((await b.until_has("box"))["index"])


async def test_missing_group_ids_are_mended(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        bare = body("bare")
        del bare["groupIds"]
        await a.push(bare)
        assert (await b.until_has("bare"))["groupIds"] == []


async def test_what_had_to_be_mended_reaches_everybody_its_author_too_as_a_version_of_its_own(
    board, alice, bob
):
    async with joined(board, alice) as a, joined(board, bob) as b:
        drawn = body("box", link="javascript:alert(1)", fillStyle="constructor", customData={"atelier": 5})
        ack = await a.push(drawn)
        assert ack["refused"] == []
        for client in (a, b):
            mended = await client.until_has("box", version=2)
            assert (mended["link"], mended["fillStyle"], mended["customData"]) == (None, "solid", {})
            assert mended["versionNonce"] >= 2**31
        again = await a.push(drawn)
        assert again["clock"] == ack["clock"], "repeating a push changes nothing"


async def test_RM10_a_refused_element_does_not_hold_up_the_others(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        ack = await a.push(body("good"), body("bad", x=1e9), body("frame", type="iframe"))
        assert {item["id"] for item in ack["refused"]} == {"bad", "frame"}
        assert {item["code"] for item in ack["refused"]} == {"bad_element"}
        await b.until_has("good")
        assert await sync_to_async(Element.objects.count)() == 1


async def test_a_viewer_may_not_push_and_stays(board, alice, carol):
    async with joined(board, carol) as c:
        await c.send({"type": "push", "id": "p1", "elements": [body("no")]})
        error = await c.until("error")
        assert error["code"] == "forbidden" and error["ref"] == "p1"
        await c.send({"type": "ping", "id": 1})
        assert (await c.until("pong"))["id"] == 1
    assert not await sync_to_async(Element.objects.exists)()


async def test_presence_reaches_the_others_and_leaving_is_told(board, alice, bob):
    async with joined(board, alice) as a:
        async with joined(board, bob) as b:
            session = b.welcome["session"]
            await b.send({"type": "presence", "pointer": {"x": 1, "y": 2, "tool": "pointer"}, "button": "up"})
            while True:
                users = (await a.until("presence"))["users"]
                if (users.get(session) or {}).get("pointer"):
                    break
            assert users[session]["name"] == "Bob" and users[session]["pointer"]["x"] == 1
        while users.get(session, "here") is not None:
            users = (await a.until("presence"))["users"]


async def test_a_large_scene_comes_in_parts(board, alice, bob):
    points = [[float(i), float(i)] for i in range(4000)]
    strokes = [
        element(f"long-{n}", type="freedraw", points=points, pressures=[], simulatePressure=True)
        for n in range(12)
    ]
    await sync_to_async(store.apply)(board.pk, strokes)
    async with joined(board, bob) as b:
        assert b.welcome["more"]
        await b.until("synced")
        assert len(b.elements) == 12 and b.clock == 1


async def test_RM18_what_is_written_past_the_room_arrives(board, alice, bob):
    from boards import announce

    async with joined(board, bob) as b:
        change = await sync_to_async(store.apply)(board.pk, [element("placed")])
        await announce.publish(board.pk, ClockMoved(change.clock))
        await b.until_has("placed")
        assert b.clock == change.clock


async def test_one_who_opens_a_frozen_board_is_told_at_once(board, alice, bob):
    async with joined(board, alice) as a:
        assert a.welcome["frozen"] is False
    await sync_to_async(type(board).objects.filter(pk=board.pk).update)(frozen=True)
    async with joined(board, bob) as b:
        assert b.welcome["frozen"] is True


async def test_a_frozen_board_refuses_and_keeps_the_socket(board, alice):
    from boards import announce

    async with joined(board, alice) as a:
        await sync_to_async(type(board).objects.filter(pk=board.pk).update)(frozen=True)
        await announce.publish(board.pk, BoardChanged())
        while not (await a.until("board")).get("frozen"):
            pass
        await a.send({"type": "push", "id": "p1", "elements": [body("no")]})
        assert (await a.until("error"))["code"] == "frozen"


async def test_RM3_a_rekeyed_element_comes_back_before_the_ack_and_otherwise_unchanged(board, alice):
    async with joined(board, alice) as a:
        await a.push(body("first", index="a5"))
        second = body("second", index="a5")
        await a.push(second, wait=False)
        message = await a.receive()
        while message["type"] in {"presence", "board"}:
            message = await a.receive()
        assert message["type"] == "patch", (
            "its author must know the server's version before it is acknowledged"
        )
        moved = a.elements["second"]
        given = {"index", "version", "versionNonce"}
        assert {k: v for k, v in moved.items() if k not in given} == {
            k: v for k, v in second.items() if k not in given
        }
        await a.until("ack", ref="p2")


async def test_RM14_an_acks_clock_never_runs_ahead_of_what_was_sent(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        for number in range(20):
            await b.push(body(f"theirs-{number}"), wait=False)
            ack = await a.push(body(f"mine-{number}"))
            async with joined(board, alice, clock=ack["clock"]) as again:
                seen = set(a.elements) | set(again.elements) | {f"mine-{n}" for n in range(number + 1)}
                stored_ids = {
                    row
                    async for row in Element.objects.filter(board=board, clock__lte=ack["clock"]).values_list(
                        "element_id", flat=True
                    )
                }
                assert stored_ids <= seen


async def test_RM12_what_the_store_refuses_is_taken_back_from_everybody(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob) as b:
        await a.push(body("kept"))
        # Frozen in the database, and nobody told the room yet.
        await sync_to_async(type(board).objects.filter(pk=board.pk).update)(frozen=True)
        ack = await a.push(body("refused"))
        assert [(item["id"], item["code"]) for item in ack["refused"]] == [("refused", "frozen")]
        await b.until("resync")
        async with joined(board, bob, clock=b.clock) as again:
            assert again.welcome["complete"] and set(again.elements) == {"kept"}


@pytest.mark.parametrize("ending", ["frozen", "forbidden"])
async def test_RM10_what_got_through_before_the_board_was_closed_to_its_author_is_not_refused(
    board, bob, ending
):
    from boards import announce

    async with joined(board, bob) as b:
        await b.push(stroke := body("stored"))
        change = {"frozen": True} if ending == "frozen" else {}
        await sync_to_async(type(board).objects.filter(pk=board.pk).update)(**change, title="Changed")
        if ending == "forbidden":
            await sync_to_async(board.memberships.filter(user=bob).update)(role="view")
        await announce.publish(board.pk, BoardChanged())
        await b.until("board", title="Changed")
        # As after a line that was lost before the ack.
        again = await b.push(stroke, body("new"))
        assert [(item["id"], item["code"]) for item in again["refused"]] == [("new", ending)]
        await b.send({"type": "push", "id": "p9", "elements": [body("new")]})
        assert (await b.until("error", ref="p9"))["code"] == ending
    assert await sync_to_async(Element.objects.count)() == 1


def strokes(count: int, points: int = 4_000) -> list[Any]:
    line = [[float(i), float(i % 7)] for i in range(points)]
    return [
        element(f"long-{n}", type="freedraw", points=line, pressures=[], simulatePressure=True)
        for n in range(count)
    ]


async def test_one_who_deflates_gets_the_scene_in_binary_pieces_of_a_bearable_size(board, alice, bob):
    await sync_to_async(store.apply)(board.pk, strokes(12))
    async with joined(board, bob, deflate=True) as b:
        assert b.welcome["more"] and b.welcome["complete"]
        await b.until("synced")
        assert len(b.elements) == 12 and b.clock == 1
        binary = [frame for frame in b.frames if isinstance(frame, bytes)]
        assert len(binary) > 1
        assert all(len(zlib.decompress(f, -15)) <= protocol.FRAME_BYTES_MAX + 2_000 for f in binary)


async def test_one_who_deflates_gets_large_ticks_deflated_and_small_ones_as_text(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob, deflate=True) as b:
        large = body("large", type="text", text="word " * 1_000)
        await a.push(large)
        assert await b.until_has("large") == large and isinstance(b.frames[-1], bytes)
        await a.push(body("small"))
        await b.until_has("small")
        assert isinstance(b.frames[-1], str)


async def test_a_body_with_line_feeds_between_its_fields_does_not_break_a_deflated_frame(board, alice, bob):
    async with joined(board, alice) as a, joined(board, bob, deflate=True) as b:
        spread = body("spread", type="text", text="word\n" * 1_000)
        message = {"type": "push", "id": "p1", "elements": [spread]}
        await a.send(json.dumps(message, indent=2))
        assert await b.until_has("spread") == spread and isinstance(b.frames[-1], bytes)
        async with joined(board, alice, deflate=True) as again:
            assert again.elements["spread"] == spread and isinstance(again.frames[-1], bytes)


async def test_one_who_deflates_may_see_its_own_elements_unchanged(board, alice, bob):
    async with joined(board, alice, deflate=True) as a, joined(board, bob) as b:
        mine = body("mine", type="text", text="word " * 1_000)
        await a.push(mine)
        await b.push(body("theirs"))
        await a.until_has("theirs")
        assert a.elements["mine"] == mine


async def test_newcomers_get_what_changed_since_the_scene_was_packed(board, alice, bob, carol):
    await sync_to_async(store.apply)(board.pk, [*strokes(12), element("moved"), element("gone")])
    for deflate in (True, False):
        async with joined(board, alice, deflate=deflate) as a, joined(board, bob, deflate=deflate) as b:
            await a.until("synced")
            await b.until("synced")
            version = max(e["version"] for e in b.elements.values()) + 1
            await a.push(
                body("moved", version=version, x=version), body("gone", version=version, isDeleted=True)
            )
            async with joined(board, carol, deflate=deflate) as c:
                await c.until("synced")
                assert c.elements["moved"]["x"] == version and c.clock == b.clock + 1
                assert c.elements.get("gone", {"isDeleted": True})["isDeleted"]
