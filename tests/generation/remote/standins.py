"""Stand-ins for ComfyUI, AUTOMATIC1111 and OpenAI's images API: real HTTP servers with as much of each as is spoken.

A stand-in draws a plain picture in the size asked for: its red is the seed's last byte, and of an image it keeps the
colour of the middle. `trouble` makes it misbehave where it would hand out the picture.
"""

import base64
import contextlib
import io
import json
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

WAIT_SECONDS = 60


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """length: what Content-Length says; None for a body without end, -1 for the truth."""

    body: bytes = b""
    status: int = 200
    location: str = ""
    length: int | None = -1


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status)


def painted(size: tuple[int, int], seed: int, init_image: bytes | None = None) -> bytes:
    colour = (seed % 256, 0, 0)
    if init_image is not None:
        drawn = Image.open(io.BytesIO(init_image)).convert("RGB")
        assert drawn.size == size, "the image comes in the size that is drawn"
        colour = drawn.getpixel((size[0] // 2, size[1] // 2))  # type: ignore[assignment]
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def bomb(side_px: int = 30_000) -> bytes:
    """A PNG whose header promises more pixels than are taken."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


class StandIn:
    """trouble: what goes wrong with the picture. key: what Authorization must be, "" for anything."""

    protocol = ""
    base = ""

    def __init__(self) -> None:
        self.trouble: Any = ""
        self.key = ""
        self.elsewhere = ""
        self.seen: list[Seen] = []
        self.holding = False
        self.begun, self.release, self.hung_up = (threading.Event() for _ in range(3))

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def answer(self, seen: Seen) -> Answer:
        raise NotImplementedError

    def wrap(self, picture: bytes) -> Answer:
        """A picture as this protocol sends it."""
        raise NotImplementedError

    def hand_out(self, picture: bytes) -> Answer:
        """The picture, or this stand-in's trouble with it."""
        if isinstance(self.trouble, int):
            # As careless as can be: it repeats the key.
            return as_json({"error": {"message": f"no: {self.key}", "code": "x"}}, self.trouble)
        return {
            "": lambda: self.wrap(picture),
            "malformed": lambda: Answer(b"<html>Oops</html>"),
            "no picture": lambda: self.wrap(b"this is text"),
            "damaged": lambda: self.wrap(picture[: len(picture) // 2]),
            "bomb": lambda: self.wrap(bomb()),
            "declared": lambda: Answer(b"x" * 1000, length=10**9),
            "endless": lambda: Answer(b"", length=None),
            "redirect": lambda: Answer(b"", 302, self.elsewhere),
        }[self.trouble]()

    def hold(self, connection: socket.socket) -> None:
        """Take long, until it is released or the other side hangs up."""
        self.begun.set()
        if not self.holding:
            return
        connection.settimeout(0.05)
        while not self.release.is_set():
            with contextlib.suppress(TimeoutError):
                try:
                    gone = not connection.recv(1)
                except ConnectionError:
                    gone = True
                if gone:
                    self.hung_up.set()
                    return
        connection.settimeout(None)

    def slow(self, seen: Seen) -> bool:
        """Whether this request is the one that takes long."""
        return False

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Its URL."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                authorization = self.headers.get("authorization", "")
                seen = Seen(self.command, parts.path, parse_qs(parts.query), authorization, body)
                stand_in.seen.append(seen)
                if stand_in.key and authorization != stand_in.key:
                    return self.send(as_json({"error": f"wrong key {authorization}"}, 401))
                if stand_in.slow(seen):
                    stand_in.hold(self.connection)
                    if stand_in.hung_up.is_set():
                        return None
                if stand_in.trouble == "hang up":
                    return None
                return self.send(stand_in.answer(seen))

            do_GET = do_POST = handle_any

            def send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                if answer.location:
                    self.send_header("Location", answer.location)
                if answer.length is not None:
                    self.send_header(
                        "Content-Length", str(len(answer.body) if answer.length < 0 else answer.length)
                    )
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(answer.body)
                    while answer.length is None:
                        self.wfile.write(bytes(65536))
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{self.base}"
        finally:
            self.release.set()
            server.shutdown()
            thread.join()
            server.server_close()


class Automatic1111(StandIn):
    protocol = "automatic1111"
    task = ""

    def slow(self, seen: Seen) -> bool:
        if seen.path.endswith("2img"):
            self.task = seen.json["force_task_id"]
            return True
        return False

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/sdapi/v1/progress":
            return as_json({"progress": 0.5, "eta_relative": 1.0, "state": {}, "current_task": self.task})
        if seen.path == "/sdapi/v1/interrupt":
            self.release.set()
            return as_json({})
        assert seen.path in ("/sdapi/v1/txt2img", "/sdapi/v1/img2img"), seen.path
        body = seen.json
        init_image = base64.b64decode(body["init_images"][0]) if seen.path.endswith("img2img") else None
        return self.hand_out(painted((body["width"], body["height"]), body["seed"], init_image))

    def wrap(self, picture: bytes) -> Answer:
        return as_json({"images": [base64.b64encode(picture).decode()], "parameters": {}, "info": "{}"})


class OpenAI(StandIn):
    protocol = "openai"
    base = "/v1"
    by_url = ""

    def slow(self, seen: Seen) -> bool:
        return seen.method == "POST"

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/v1/models":
            return as_json({"object": "list", "data": []})
        if seen.path == "/files/picture.png":
            return Answer(painted((64, 64), 7))
        init_image = None
        if seen.path == "/v1/images/generations":
            size = seen.json["size"]
        else:
            assert seen.path == "/v1/images/edits", seen.path
            fields = multipart(seen.body)
            size, init_image = fields["size"].decode(), fields["image"]
        width, height = map(int, size.split("x"))
        return self.hand_out(painted((width, height), 0, init_image))

    def wrap(self, picture: bytes) -> Answer:
        found = {"url": self.by_url} if self.by_url else {"b64_json": base64.b64encode(picture).decode()}
        return as_json({"created": 1, "data": [found]})


class ComfyUI(StandIn):
    """A prompt runs until it is released, if it is held; then history has it. forgets: it was restarted."""

    protocol = "comfyui"
    forgets = fails = False

    def __init__(self) -> None:
        super().__init__()
        self.prompts: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, bytes] = {}
        self.pending: list[str] = []

    def answer(self, seen: Seen) -> Answer:
        if seen.path.startswith("/history/"):
            return self._history(seen.path.removeprefix("/history/"))
        return {
            "/system_stats": lambda: as_json({"system": {}}),
            "/upload/image": lambda: self._upload(seen),
            "/prompt": lambda: self._prompt(seen.json),
            "/queue": lambda: self._queue(seen),
            "/interrupt": lambda: self._interrupt(seen.json["prompt_id"]),
            "/view": lambda: self._view(seen.query["filename"][0]),
        }[seen.path]()

    def wrap(self, picture: bytes) -> Answer:
        return Answer(picture)

    def _upload(self, seen: Seen) -> Answer:
        self.uploads["board.png"] = multipart(seen.body)["image"]
        return as_json({"name": "board.png", "subfolder": "", "type": "input"})

    def _prompt(self, body: dict[str, Any]) -> Answer:
        if self.trouble in (401, 500, "malformed", "redirect", "declared", "endless"):
            return self.hand_out(b"")
        self.prompts[body["prompt_id"]] = body["prompt"]
        self.begun.set()
        return as_json({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    @property
    def _running(self) -> bool:
        return self.holding and not self.release.is_set()

    def _queue(self, seen: Seen) -> Answer:
        rows = [[number, prompt_id, {}, {}, []] for number, prompt_id in enumerate(self.prompts)]
        if seen.method == "POST" or self.forgets or not self._running:
            rows = []
        return as_json({"queue_running": rows, "queue_pending": []})

    def _interrupt(self, prompt_id: str) -> Answer:
        assert prompt_id in self.prompts
        self.release.set()
        return Answer()

    def _history(self, prompt_id: str) -> Answer:
        if self._running or self.forgets:
            return as_json({})
        images = [{"filename": f"{prompt_id}.png", "subfolder": "", "type": "output"}]
        preview = [{"filename": "rough.png", "subfolder": "", "type": "temp"}]
        status = {"status_str": "error" if self.fails else "success", "completed": not self.fails}
        outputs = {"8": {"images": preview}, "9": {"images": images}}
        return as_json({prompt_id: {"prompt": [], "outputs": outputs, "status": status}})

    def _view(self, filename: str) -> Answer:
        nodes = self.prompts[filename.removesuffix(".png")]
        width, height = nodes["size"]["inputs"]["width"], nodes["size"]["inputs"]["height"]
        init_image = self.uploads[nodes["board"]["inputs"]["image"]] if "board" in nodes else None
        return self.hand_out(painted((width, height), nodes["sampler"]["inputs"]["seed"], init_image))


def multipart(body: bytes) -> dict[str, bytes]:
    """The fields of a form by name."""
    boundary = body.partition(b"\r\n")[0]
    fields = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.split(b'name="')[1].split(b'"')[0].decode()
        fields[name] = content.removesuffix(b"\r\n")
    return fields


STAND_INS: dict[str, type[StandIn]] = {each.protocol: each for each in (ComfyUI, Automatic1111, OpenAI)}
