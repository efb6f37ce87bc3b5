"""What the server sends over the socket, and what the page's protocol.ts knows of it: the same types and fields."""

import re
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from boards import announce
from boards.files import board_files
from boards.models import Board
from boards.room import room as rooms
from boards.wire import protocol
from tests.boards.socket_client import Client, joined
from tests.factories import body, png

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "frontend/src/room/protocol.ts").read_text()
CLOSING = (ROOT / "frontend/src/socket/closing.ts").read_text()

_field = re.compile(r"(?:readonly )?(\w+)\??:")


def known() -> dict[str, set[str]]:
    """Fields by message type, as `FromServer` has them: interfaces by name, the others in its own lines."""
    union = re.search(r"export type FromServer =(.*?);\n\n", PROTOCOL, re.DOTALL)
    assert union
    found: dict[str, set[str]] = {}
    for member in re.split(r"\n  \| ", union[1])[1:]:
        text = member
        if not member.startswith("{"):
            interface = re.search(rf"export interface {member.strip()} (\{{.*?\n\}})", PROTOCOL, re.DOTALL)
            assert interface, member
            text = re.sub(r"/\*\*.*?\*/", "", interface[1], flags=re.DOTALL)
        type_ = re.search(r'type: "([\w.]+)"', text)
        assert type_, member
        found[type_[1]] = set(_field.findall(re.sub(r"(?<=.)\{[^{}]*\}", "{}", text.strip("{} \n"))))
    return found


def sent_types() -> set[str]:
    """Every type that the code of the rooms names in a message to a member."""
    code = "".join(
        (ROOT / "boards" / f"{name}.py").read_text()
        for name in ("wire/protocol", "room/room", "room/live", "socket/message_handler")
    )
    outgoing = code[code.index("def welcome(") :]
    return set(re.findall(r"""["']?type["']?: ?["'](\w+)["']""", outgoing)) | set(
        re.findall(r'"type":"(\w+)"', outgoing)
    )


def test_the_page_knows_every_type_that_is_sent_and_no_other() -> None:
    assert sent_types() == known().keys()


def test_the_page_and_the_server_know_the_same_close_codes() -> None:
    for_good = {int(code) for code in re.findall(r"^  (4\d{3}):", CLOSING, re.MULTILINE)}
    come_back = {protocol.Close.TOO_SLOW, protocol.Close.OVERLOADED}
    assert {code for code in protocol.Close if code >= 4400} == for_good | come_back


async def gather(client: Client, seen: dict[str, set[str]], *types: str) -> None:
    """Read on until each of these types came; `seen` gets the fields of all that come."""
    while set(types) - seen.keys():
        message = await client.receive()
        seen.setdefault(message["type"], set()).update(message)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms_end")
async def test_the_page_knows_every_field_that_is_sent(board: Board, alice: Any, bob: Any) -> None:
    seen: dict[str, set[str]] = {}
    points = [[0.123456789 + n, 0.987654321] for n in range(5_000)]
    async with joined(board, alice) as a:
        seen["welcome"] = set(a.welcome)
        for name in ("one", "two"):  # so much that the next scene comes in pieces
            await a.push(body(name, type="freedraw", points=points))
        async with joined(board, bob) as b:
            await gather(b, seen, "synced", "patch")
            await b.send({"type": "ping", "id": "p"})
            await b.send({"type": "presence", "pointer": {"x": 1, "y": 2, "tool": "pointer"}})
            await b.push(body("bad", x=1e9), wait=False)
            await b.send({"type": "live.stop", "id": "x", "frame": 5})
            await gather(b, seen, "pong", "presence", "ack", "error")
            room = await rooms.room_of(board.pk)
            file = await sync_to_async(board_files.add_upload)(board, alice, png())
            await announce.publish(board.pk, {"type": "file.added", "files": board_files.describe(file)})
            await announce.publish(board.pk, {"type": "board.changed"})
            room._hear_progress({"job": "j", "step": 1, "steps": 2, "preview": None})
            room.live._over({"reason": "stopped", "by": "Ana", "message": ""})
            room._call_back()
            await gather(b, seen, "file", "board", "progress", "live", "resync")
    expected = known()
    assert seen.keys() == expected.keys() - {"job"}, "a job is described in the HTTP API"
    for type_, fields in seen.items():
        assert fields <= expected[type_], type_
