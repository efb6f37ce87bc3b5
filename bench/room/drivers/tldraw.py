"""tldraw sync. An update is what its editor sends for a drag, x and y, and the marker in `meta`: about 150 bytes, so
this product is favoured. peers/tldraw.mjs serves /schema with the schema and one valid shape and presence.
"""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

from bench.room import marker
from bench.room.drivers.driver import Connection, Driver, Frame
from bench.room.run import Spec

SCENE_PART = 50
SCENE_PADDING = "x" * 120
"""In `meta`, so that a shape of the scene weighs about as much as an element."""


class Tldraw(Driver):
    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        with urllib.request.urlopen(spec.url.replace("ws:", "http:", 1) + "/schema") as answer:
            self._made: dict[str, Any] = json.load(answer)
        self._clocks: dict[int, int] = {}

    def address(self, number: int) -> str:
        return f"{self.spec.url}/{self.spec.board}?sessionId=session{number}"

    def on_open(self, connection: Connection) -> None:
        connect = {
            "type": "connect",
            "connectRequestId": f"request{connection.number}",
            "lastServerClock": -1,
        }
        connect |= {"protocolVersion": self._made["protocolVersion"], "schema": self._made["schema"]}
        connection.send((True, _json(connect)))

    def enter(self, connection: Connection, is_text: bool, payload: bytes) -> None:
        if payload.startswith(b'{"type":"connect"'):
            connection.ready()

    def updates(self, number: int, count: int) -> list[tuple[Frame, ...]]:
        shape_id = f"shape:bench{number}"
        shape = self._made["shape"] | {"id": shape_id, "meta": {"marker": _mark(number, 0)}}
        diffs: list[list[Any]] = [["put", shape]]
        for version in range(1, count):
            meta = {"marker": ["put", _mark(number, version)]}
            place = {"x": ["put", version * 3 + 0.25], "y": ["put", version * 2 + 0.75]}
            diffs.append(["patch", place | {"meta": ["patch", meta]}])
        return [(self._push(number, diff={shape_id: diff}),) for diff in diffs]

    def cursor(self, connection: Connection, count: int, mark: str | None) -> tuple[Frame, ...]:
        if count == 0:
            who = {
                "id": f"instance_presence:bench{connection.number}",
                "userId": f"user:bench{connection.number}",
            }
            return (self._push(connection.number, presence=["put", self._made["presence"] | who]),)
        cursor = {"x": count * 7 % 1_900 + 0.25, "y": count * 11 % 1_000 + 0.75}
        changes: dict[str, Any] = {
            "cursor": ["put", cursor | {"rotation": 0, "type": "default"}],
            "lastActivityTimestamp": ["put", 1_760_000_000_000 + count],
        }
        if mark:
            changes["chatMessage"] = ["put", mark]
        return (self._push(connection.number, presence=["patch", changes]),)

    def scene(self, count: int) -> Iterator[tuple[Frame, ...]]:
        for start in range(0, count, SCENE_PART):
            diff = {}
            for number in range(start, min(count, start + SCENE_PART)):
                meta = {"marker": marker.mark(marker.SCENE, 0, number), "padding": SCENE_PADDING}
                shape_id = f"shape:scene{number:06d}"
                diff[shape_id] = ["put", self._made["shape"] | {"id": shape_id, "meta": meta}]
            yield (self._push(0, diff=diff),)

    def _push(self, number: int, **what: Any) -> Frame:
        clock = self._clocks[number] = self._clocks.get(number, 0) + 1
        return True, _json({"type": "push", "clientClock": clock, **what})


def _mark(number: int, version: int) -> str:
    return marker.mark(marker.UPDATE, number, version)


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
