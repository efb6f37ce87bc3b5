"""What the server sends over the socket is what boards.wire.server_messages declares: these types, these fields."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from asgiref.sync import sync_to_async

from boards import announce
from boards.files import board_files
from boards.jobs.board_jobs import JobDescription
from boards.models import Board
from boards.room import registry
from boards.wire.peer_messages import BoardChanged
from boards.wire.protocol import Close
from boards.wire.server_messages import ServerMessage
from generation.jobs.events import announce_progress
from tests.boards.socket_client import Client, joined
from tests.factories import body, png
from webapp.management.commands.schemas import DOCUMENTS

ROOT = Path(__file__).resolve().parents[2]
CLOSING = (ROOT / "frontend/src/socket/closing.ts").read_text()
Message = dict[str, Any]
TYPES = {str(each.__struct_config__.tag) for each in get_args(ServerMessage)}


def check(message: Message) -> None:
    """The message decodes as the struct of its type, and has no field that the struct does not declare.

    Elements have more fields than the server looks at; the decoder saw those that WireElement declares.
    """
    decoded = msgspec.to_builtins(msgspec.convert(message, ServerMessage))
    assert decoded | {"elements": []} == message | {"elements": []}
    if message["type"] == "job":
        job = msgspec.convert(message["job"], JobDescription)
        assert job.keys() == JobDescription.__required_keys__


async def listen(client: Client, heard: list[Message], *types: str) -> None:
    """Read on until each of these types came."""
    wanted = set(types)
    while wanted:
        heard.append(await client.receive())
        wanted.discard(heard[-1]["type"])


async def talk(board: Board, user: Any, a: Client, b: Client, heard: list[Message]) -> None:
    """Have the server say everything that it can say."""
    await listen(b, heard, "patch", "synced")
    await a.push(body("frame", type="frame", name=None))
    await a.send({"type": "presence", "pointer": {"x": 1, "y": 2}, "button": "up", "selected": ["one"]})
    await listen(b, heard, "patch", "presence")
    await b.send({"type": "ping", "id": "p"})
    await b.push(body("bad", x=1e9), wait=False)
    await b.send({"type": "cancel", "id": "c", "job": "none"})
    await listen(b, heard, "pong", "ack", "error")
    await a.send({"type": "live.start", "id": "l", "params": {"prompt": "a cat"}, "frame": "frame"})
    await listen(b, heard, "live")
    await a.send({"type": "live.stop"})
    await listen(b, heard, "live")
    await a.send({"type": "generate", "id": "g", "params": {"kind": "txt2img", "prompt": "a cat"}})
    await listen(b, heard, "job")
    await sync_to_async(announce_progress)(announce.group(board.pk), heard[-1]["job"]["id"], 3, 12, b"jpeg")
    await sync_to_async(board_files.add_upload)(board, user, png())
    await announce.publish(board.pk, BoardChanged())
    await listen(b, heard, "progress", "file", "board")
    (await registry.room_of(board.pk))._resync()
    await listen(b, heard, "resync")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end", "published")
async def test_what_is_sent_is_what_is_declared(board: Board, alice: Any, bob: Any) -> None:
    heard: list[Message] = []
    points = [[0.123456789 + n, 0.987654321] for n in range(5_000)]
    async with joined(board, alice) as a:
        for name in ("one", "two"):  # so much that the next scene comes in pieces
            await a.push(body(name, type="freedraw", points=points))
        async with joined(board, bob) as b:
            heard += [a.welcome, b.welcome]
            await talk(board, alice, a, b, heard)
    for message in heard:
        check(message)
    assert {message["type"] for message in heard} == TYPES


def test_the_page_and_the_server_know_the_same_close_codes() -> None:
    for_good = {int(code) for code in re.findall(r"^  (4\d{3}):", CLOSING, re.MULTILINE)}
    assert {code for code in Close if code >= 4400 and not code.comes_back} == for_good


@pytest.mark.parametrize("path", ["docs/asyncapi.json", "docs/websocket.md"])
def test_what_is_written_from_the_structs_is_fresh(path: str) -> None:
    """`make lint` tells it of frontend/src/room/messages.ts, which is written from the first of these."""
    assert (ROOT / path).read_text() == DOCUMENTS[path]()
