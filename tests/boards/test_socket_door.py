"""The socket's door: who is let in, what is said to malformed messages, when the socket ends."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts import api_keys
from boards import announce
from boards.models import Element, Role
from boards.sharing import links
from boards.socket import consumers
from boards.wire import rate_limits
from boards.wire.peer_messages import BoardChanged
from boards.wire.protocol import Close
from tests.boards.socket_client import connect, joined
from tests.factories import body, open_link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rooms_end")]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://testserver.evil.example",
        "http://testserver:81",
        "null",
        "ftp://testserver",
        "https://testserver",
        "http://teſtserver",
        "",
    ],
)
async def test_a_foreign_origin_is_refused_before_accepting(board, alice, origin):
    _, accepted = await connect(board, alice, origin=origin)
    assert not accepted


@pytest.mark.parametrize(
    ("https", "behind_proxy", "forwarded", "origin"),
    [
        (False, False, None, "http://testserver"),
        (False, False, b"https", "http://testserver"),
        (True, False, None, "https://testserver"),
        (True, True, b"https", "https://testserver"),
        (False, True, b"wss", "https://testserver"),
        (False, True, b"http", "http://testserver"),
        (False, True, None, "http://testserver"),
    ],
)
def test_the_origin_has_the_scheme_of_the_page(settings, https, behind_proxy, forwarded, origin):
    settings.HTTPS = https
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind_proxy else None
    headers = [(b"host", b"testserver")] + ([(b"x-forwarded-proto", forwarded)] if forwarded else [])
    other = origin.replace("https", "ftp").replace("http:", "https:").replace("ftp", "http")
    for said, is_ours in ((origin, True), (other, False)):
        scope = {"type": "websocket", "headers": [*headers, (b"origin", said.encode())]}
        assert consumers._origin_is_ours(scope) is is_ours


async def test_without_an_origin_a_cookie_does_not_count(board, alice):
    client, accepted = await connect(board, alice, origin=None)
    assert accepted
    await client.send({"type": "hello", "protocol": 1})
    assert (await client.until("error"))["code"] == "unauthenticated"
    assert await client.closed() == Close.UNAUTHENTICATED


async def test_an_api_key_lets_a_program_in(board, bob):
    key = await sync_to_async(api_keys.create)(bob)
    client, _ = await connect(board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": key})
    assert (await client.until("welcome"))["you"]["role"] == "edit"
    await client.socket.disconnect()


async def test_a_share_link_lets_a_program_in_under_a_name(board, alice):
    link = await sync_to_async(links.create)(board, alice, Role.VIEW)
    client, _ = await connect(board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": link.token, "name": "Robot"})
    you = (await client.until("welcome"))["you"]
    assert you["role"] == "view" and you["name"] == "Robot"
    await client.socket.disconnect()


async def test_an_expired_share_link_lets_nobody_in(board, alice):
    past = timezone.now() - timedelta(seconds=1)
    link = await sync_to_async(links.create)(board, alice, Role.EDIT, expires_at=past)
    client, _ = await connect(board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": link.token})
    assert await client.closed() == Close.UNAUTHENTICATED


@pytest.mark.parametrize("token", ["", "ak_wrong", "x" * 200])
async def test_a_wrong_token_is_refused(board, token):
    client, _ = await connect(board, None)
    await client.send({"type": "hello", "protocol": 1, "token": token})
    assert await client.closed() == Close.UNAUTHENTICATED


async def test_a_stranger_sees_no_board(board, mallory):
    client, _ = await connect(board, mallory)
    await client.send({"type": "hello", "protocol": 1})
    assert await client.closed() == Close.NOT_FOUND


async def test_another_protocol_version_is_told_to_reload(board, alice):
    client, _ = await connect(board, alice)
    await client.send({"type": "hello", "protocol": 2})
    assert (await client.until("error"))["code"] == "protocol_version"
    assert await client.closed() == Close.PROTOCOL_VERSION


async def test_hello_comes_first(board, alice):
    client, _ = await connect(board, alice)
    await client.send({"type": "ping"})
    assert await client.closed() == Close.BAD_MESSAGE


BAD = [
    " ",
    "{",
    "[]",
    "7",
    "null",
    '"hello"',
    "\ufeff{}",
    '{"type":"unknown"}',
    '{"type":"push"}',
    '{"type":"push","id":"p","elements":{}}',
    '{"type":"push","id":"p","elements":[NaN]}',
    '{"type":"presence","pointer":{"x":1e999,"y":0}}',
    '{"type":"presence","pointer":[1,2]}',
    '{"type":"hello","protocol":1}',
    '{"type":"cancel","id":"c"}',
    "[" * 50_000,
    '{"type":"ping"}x',
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40])
async def test_a_bad_message_is_answered_and_the_socket_lives(board, alice, text):
    async with joined(board, alice) as a:
        await a.send(text)
        assert (await a.until("error"))["code"] == "bad_message"
        assert (await a.push(body("fine")))["refused"] == []


async def test_an_oversized_message_is_refused_with_its_id_and_the_socket_lives(board, alice):
    async with joined(board, alice) as a:
        await a.send({"type": "push", "id": "big", "elements": [body(type="text", text="x" * 300_000)]})
        error = await a.until("error")
        assert error["code"] == "too_big" and error["ref"] == "big"
        await a.send({"type": "push", "id": "many", "elements": [body() for _ in range(501)]})
        assert (await a.until("error"))["code"] == "too_big"
        assert (await a.push(body("fine")))["refused"] == []
        assert await sync_to_async(Element.objects.count)() == 1


async def test_many_bad_messages_end_the_socket(board, alice):
    async with joined(board, alice) as a:
        for _ in range(10):
            await a.send("{")
        assert await a.closed() == Close.BAD_MESSAGE


async def test_a_flood_is_slowed_then_ended(board, alice, monkeypatch):
    monkeypatch.setattr(rate_limits, "MESSAGES_PER_SECOND", 1.0)  # a flood on any machine
    async with joined(board, alice) as a:
        for _ in range(400):
            await a.send('{"type":"ping"}')
        error = await a.until("error")
        assert error["code"] == "rate_limited" and error["retry_after_seconds"] > 0
        assert await a.closed() == Close.RATE_LIMIT


async def test_ending_a_link_closes_the_sockets_that_came_by_it(board, alice, mallory):
    link = await sync_to_async(links.create)(board, alice, Role.EDIT)
    await sync_to_async(open_link)(link.token, mallory)
    async with joined(board, mallory) as m:
        await sync_to_async(links.revoke, thread_sensitive=True)(link)
        assert await m.closed() == Close.FORBIDDEN


async def test_a_program_whose_key_was_revoked_is_sent_away_at_the_next_look(board, bob):
    key = await sync_to_async(api_keys.create)(bob)
    client, _ = await connect(board, None, origin=None)
    await client.send({"type": "hello", "protocol": 1, "token": key})
    await client.until("welcome")
    await sync_to_async(bob.api_keys.update)(revoked_at=timezone.now())
    await announce.publish(board.pk, BoardChanged())
    assert await client.closed() == Close.FORBIDDEN


async def test_whoever_was_sent_away_is_not_heard_any_more(board, alice, mallory):
    link = await sync_to_async(links.create)(board, alice, Role.EDIT)
    await sync_to_async(open_link)(link.token, mallory)
    async with joined(board, alice) as a:
        async with joined(board, mallory) as m:
            await sync_to_async(links.revoke, thread_sensitive=True)(link)
            assert await m.closed() == Close.FORBIDDEN
            await m.push(body("sneaked in"), wait=False)  # the line is there until the other side hangs up
        await a.push(body("fine"))
        assert [row.element_id async for row in Element.objects.filter(board=board)] == ["fine"]


async def test_a_role_that_was_lowered_counts_for_the_next_message(board, alice, bob):
    async with joined(board, bob) as b:
        await sync_to_async(board.memberships.filter(user=bob).update)(role=Role.VIEW)
        await announce.publish(board.pk, BoardChanged())
        while (await b.until("board"))["role"] != "view":
            pass
        await b.send({"type": "push", "id": "p", "elements": [body()]})
        assert (await b.until("error"))["code"] == "forbidden"


async def test_a_trashed_board_sends_everybody_away(board, alice):
    async with joined(board, alice) as a:
        await sync_to_async(type(board).objects.filter(pk=board.pk).update)(deleted_at=timezone.now())
        await announce.publish(board.pk, BoardChanged())
        assert await a.closed() == Close.NOT_FOUND


async def test_cancel_of_an_unknown_job_is_not_found(board, alice):
    async with joined(board, alice) as a:
        await a.send({"type": "cancel", "id": "c1", "job": "not-a-job"})
        assert (await a.until("error"))["code"] == "not_found"


async def test_a_job_asked_for_over_the_socket_is_shown_to_everybody_and_can_be_cancelled(
    board, alice, bob, published
):
    async with joined(board, alice) as a, joined(board, bob) as b:
        region = {"x": 0, "y": 0, "width": 100, "height": 100}
        params = {"kind": "txt2img", "prompt": "a cat"}
        await a.send({"type": "generate", "id": "g1", "params": params, "region": region})
        job = (await b.until("job"))["job"]
        assert job["status"] == "queued" and job["created_by"]["name"] == "Alice" and published == [job["id"]]
        async with joined(board, bob) as late:
            assert [shown["id"] for shown in late.welcome["jobs"]] == [job["id"]]
        await b.send({"type": "cancel", "id": "c1", "job": job["id"]})
        assert (await b.until("error"))["code"] == "forbidden"
        await a.send({"type": "cancel", "id": "c2", "job": job["id"]})
        while (await b.until("job"))["job"]["status"] != "cancelled":
            pass


async def test_progress_reaches_everybody_and_those_who_come_later(board, alice, bob, published):
    from generation.jobs.events import announce_progress

    async with joined(board, alice) as a:
        region = {"x": 0, "y": 0, "width": 100, "height": 100}
        params = {"kind": "txt2img", "prompt": "a cat"}
        await a.send({"type": "generate", "id": "g1", "params": params, "region": region})
        job = (await a.until("job"))["job"]
        await sync_to_async(announce_progress)(announce.group(board.pk), job["id"], 3, 12, b"\xff\xd8jpeg")
        progress = await a.until("progress")
        assert (progress["job"], progress["step"], progress["steps"]) == (job["id"], 3, 12)
        assert progress["preview_url"].startswith("data:image/jpeg;base64,")
        async with joined(board, bob) as b:
            (shown,) = b.welcome["jobs"]
            assert shown["step"] == 3 and shown["preview_url"] == progress["preview_url"]
