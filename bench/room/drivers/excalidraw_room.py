"""excalidraw-room, as the Excalidraw app speaks to it: socket.io 4 over a websocket, updates by `server-broadcast`,
cursors by `server-volatile-broadcast`, each with the body and a 12-byte IV as binary attachments.

The app encrypts the body with AES-GCM, which adds 16 bytes to it; here 16 plain bytes are added instead. It keeps
no scene, so nobody can join one.
"""

from bench.room.drivers.driver import Connection, Driver, Frame, elements
from bench.room.run import Spec

IV = bytes(range(12))
TAG = bytes(16)


class ExcalidrawRoom(Driver):
    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        attachments = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
        self._lasting, self._volatile = (
            (True, f'452-["{event}","{spec.board}",{attachments}]'.encode())
            for event in ("server-broadcast", "server-volatile-broadcast")
        )

    def address(self, number: int) -> str:
        return f"{self.spec.url}/socket.io/?EIO=4&transport=websocket"

    def on_open(self, connection: Connection) -> None:
        """Nothing to send: the server begins the handshake."""

    def enter(self, connection: Connection, is_text: bool, payload: bytes) -> None:
        if payload.startswith(b"0"):
            connection.send((True, b"40"))
        elif payload.startswith(b"40"):
            connection.send((True, f'42["join-room","{self.spec.board}"]'.encode()))
        elif payload.startswith((b'42["first-in-room"', b'42["room-user-change"')):
            connection.ready()

    def beat(self, connection: Connection, payload: bytes) -> None:
        if payload == b"2":
            connection.send((True, b"3"))

    def updates(self, number: int, count: int) -> list[tuple[Frame, ...]]:
        form = b'{"type":"SCENE_UPDATE","payload":{"elements":[%s]}}'
        return [(self._lasting, (False, form % body + TAG), (False, IV)) for body in elements(number, count)]

    def cursor(self, connection: Connection, count: int, mark: str | None) -> tuple[Frame, ...]:
        body = (
            f'{{"type":"MOUSE_LOCATION","payload":{{"socketId":"QkVmXXpZb3h4nYBpAAA{connection.number:03d}",'
            f'"pointer":{{"x":{count * 7 % 1_900}.25,"y":{count * 11 % 1_000}.75,"tool":"pointer"}},"button":"up",'
            f'"selectedElementIds":{{}},"username":"{mark or "Happy Otter"}"}}}}'
        )
        return self._volatile, (False, body.encode() + TAG), (False, IV)
