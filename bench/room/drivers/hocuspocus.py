"""Hocuspocus: Yjs's sync protocol with the document's name before each message.

The board is one Y.Map of whole elements, cursors are awareness states. The updates are real ones, made by pycrdt
(see peers/requirements.txt) before the run.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from pycrdt import Doc, Map

from bench.room import drawing, marker
from bench.room.drivers.driver import Connection, Driver, Frame, in_parts
from bench.room.run import Spec

SYNC, AWARENESS, AUTH, SYNC_REPLY = 0, 1, 2, 4
STATE_VECTOR, STATE, UPDATE = 0, 1, 2
SCENE_OWNER = 9_999
SCENE_PART = 50


def variable_length(number: int) -> bytes:
    """lib0's varUint: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def with_length(content: bytes) -> bytes:
    return variable_length(len(content)) + content


class Hocuspocus(Driver):
    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._name = with_length(spec.board.encode())
        self._clocks: dict[int, int] = {}

    def on_open(self, connection: Connection) -> None:
        connection.send(self._frame(AUTH, 0, with_length(b"token")))

    def enter(self, connection: Connection, is_text: bool, payload: bytes) -> None:
        kind, what = payload[len(self._name)], payload[len(self._name) + 1]
        if kind == AUTH:
            nothing_known = b"\0"
            connection.send(self._frame(SYNC, STATE_VECTOR, with_length(nothing_known)))
        elif kind in (SYNC, SYNC_REPLY) and what == STATE:
            connection.ready()

    def updates(self, number: int, count: int) -> list[tuple[Frame, ...]]:
        chance = random.Random(number)
        index = drawing.indices(number + 1)[-1]
        versions = (
            drawing.element(number, version, index, marker.mark(marker.UPDATE, number, version), chance)
            for version in range(count)
        )
        return [(self._update(update),) for update in _yjs_updates(number, versions)]

    def cursor(self, connection: Connection, count: int, mark: str | None) -> tuple[Frame, ...]:
        clock = self._clocks[connection.number] = self._clocks.get(connection.number, 0) + 1
        cursor = {"x": count * 7 % 1_900 + 0.25, "y": count * 11 % 1_000 + 0.75}
        state = {"user": {"name": mark or "Happy Otter", "color": "#30bced"}, "cursor": cursor}
        body = json.dumps(state, separators=(",", ":")).encode()
        one = b"\1" + variable_length(1_000 + connection.number) + variable_length(clock) + with_length(body)
        return (self._frame(AWARENESS, None, with_length(one)),)

    def scene(self, count: int) -> Iterator[tuple[Frame, ...]]:
        chance = random.Random(7)
        shapes = (
            drawing.element(90_000 + number, 0, index, marker.mark(marker.SCENE, 0, number), chance)
            for number, index in enumerate(drawing.indices(count))
        )
        for updates in in_parts(_yjs_updates(SCENE_OWNER, shapes), SCENE_PART):
            yield tuple(self._update(update) for update in updates)

    def _update(self, update: bytes) -> Frame:
        return self._frame(SYNC, UPDATE, with_length(update))

    def _frame(self, kind: int, what: int | None, content: bytes) -> Frame:
        numbers = [kind] if what is None else [kind, what]
        return False, self._name + bytes(numbers) + content


def _yjs_updates(author: int, shapes: Iterator[dict[str, Any]]) -> list[bytes]:
    """Each shape put under its id, as the updates that this author's editor would send."""
    doc: Doc[Any] = Doc(client_id=500_000 + author)
    board: Map[Any] = doc.get("elements", type=Map)
    updates: list[bytes] = []
    watch = doc.observe(lambda event: updates.append(bytes(event.update)))
    for shape in shapes:
        board[shape["id"]] = shape
    doc.unobserve(watch)
    return updates
