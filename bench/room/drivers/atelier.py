"""Our own protocol, docs/websocket.md, as the board page speaks it: with `deflate` unless the client stalls."""

import re
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from bench.room.drivers.driver import Connection, Driver, Frame, elements, in_parts, scene_elements
from bench.room.run import Spec

_ACK = re.compile(rb'"type":"ack","ref":"(\d+)","clock":\d+,"refused":\[(\])?')
SCENE_PART = 100


class Atelier(Driver):
    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        asks = spec.options.get("deflate", "1") == "1"
        stalled = spec.stalled if spec.mode == "stall" else 0
        self._deflating = spec.n - stalled if asks else 0
        """Clients below this number ask for deflate; stalling ones do not, so that more data is queued for them."""

    def address(self, number: int) -> str:
        return f"{self.spec.url}/ws/v1/boards/{self.spec.board}"

    def headers(self, number: int) -> dict[str, str]:
        return {"Sec-WebSocket-Protocol": "board.v1"}

    def on_open(self, connection: Connection) -> None:
        token = self.spec.tokens[connection.number]
        hello = {
            "type": "hello",
            "protocol": 1,
            "token": token,
            "deflate": connection.number < self._deflating,
        }
        connection.send((True, msgspec.json.encode(hello)))

    def enter(self, connection: Connection, is_text: bool, payload: bytes) -> None:
        for text in self.unpack(is_text, payload).split(b"\n"):
            message = msgspec.json.decode(text)
            match message["type"]:
                case "synced":
                    connection.ready()
                case "welcome" if not message["more"]:
                    connection.ready()
                case "error":
                    connection.fail(message["message"])

    def unpack(self, is_text: bool, payload: bytes) -> bytes:
        return payload if is_text else zlib.decompress(payload, -zlib.MAX_WBITS)

    def acknowledged(self, payload: bytes) -> Iterable[tuple[int, bool]]:
        return ((int(ref), not none_refused) for ref, none_refused in _ACK.findall(payload))

    def updates(self, number: int, count: int) -> list[tuple[Frame, ...]]:
        return [(_push(version, [body]),) for version, body in enumerate(elements(number, count))]

    def cursor(self, connection: Connection, count: int, mark: str | None) -> tuple[Frame, ...]:
        selected = b',"selected":["%s"]' % mark.encode() if mark else b""
        pointer = b'{"x":%d.25,"y":%d.75,"tool":"pointer"}' % (count * 7 % 1_900, count * 11 % 1_000)
        return ((True, b'{"type":"presence","pointer":%s,"button":"up"%s}' % (pointer, selected)),)

    def scene(self, count: int) -> Iterator[tuple[Frame, ...]]:
        for number, bodies in enumerate(in_parts(scene_elements(count), SCENE_PART)):
            yield (_push(number, bodies),)


def _push(number: int, bodies: list[bytes]) -> Frame:
    return True, b'{"type":"push","id":"%d","elements":[%s]}' % (number, b",".join(bodies))
