"""Pictures and exports that cost much: bounded for whoever asks, and nobody else waits for them."""

import io
import json
import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from PIL import Image

from boards.elements import store
from boards.files import board_files
from boards.models import Board
from generation.images import storage
from generation.images.header import SVG_MIME_TYPE
from tests.attacks.bench import LONG, MB, Bench
from tests.factories import body, element


def scribbles(board: Board, count: int) -> None:
    """Closed lines of 4,000 random points, hachured as densely as the door lets in."""
    dice = random.Random(7)
    hatched = {"fillStyle": "hachure", "backgroundColor": "#ffc9c9", "strokeWidth": 1}
    ends = {"startBinding": None, "endBinding": None, "startArrowhead": None, "endArrowhead": None}
    for _ in range(count):
        points = [[dice.random() * 1000, dice.random() * 1000] for _ in range(3_999)]
        closed = body(type="line", points=[*points, points[0]], width=1000, height=1000, **ends | hatched)
        # As it would stand in a database that is older than the door's budget, which fills it solidly.
        (stored,) = store.apply(
            board.pk, [element(**{key: value for key, value in closed.items() if key != "id"})]
        ).elements
        raw = json.dumps(closed | {"id": stored.id, "index": stored.index})
        board.elements.filter(element_id=stored.id).update(body=raw)


def blurred(bench: Bench) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000"><filter id="f"><feTurbulence numOctaves="8" '
        'baseFrequency="0.1"/><feGaussianBlur stdDeviation="200"/></filter><rect width="4000" height="4000" filter="url(#f)"/></svg>'
    )
    # As it came before pictures were cleaned, which takes the filter away.
    image = storage.store_bytes(svg.encode(), "files", (4000, 4000), SVG_MIME_TYPE, "svg")
    file = board_files.add_from_document(bench.board, bench.alice, image, "blurred")
    shown = {"type": "image", "fileId": file.file_id, "status": "saved", "scale": [1, 1], "crop": None}
    store.apply(bench.board.pk, [element(**shown | {"x": 0, "y": 0, "width": 4000, "height": 4000})])


def database_answers(bench: Bench, ended: threading.Event) -> list[bool]:
    """Whether /ready finds the database, again and again until the end. (No worker runs here.)"""
    seen = []
    while not ended.is_set():
        checks = httpx2.get(f"{bench.address}/ready", timeout=30).json()["checks"]
        seen.append(bool(checks["database"]["ok"]))
        time.sleep(0.2)
    return seen


def ask(bench: Bench, path: str, key: str) -> tuple[int, str]:
    answer = httpx2.get(
        f"{bench.address}/api/v1/boards/{bench.board.pk}/{path}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=120,
    )
    kind = answer.headers["content-type"]
    return answer.status_code, answer.json()["code"] if kind.endswith("json") else kind


def test_many_costly_renders_of_one_person_stop_nobody(bench: Bench) -> None:
    scribbles(bench.board, 30 if LONG > 1 else 3)
    blurred(bench)
    key, ended = bench.key(bench.alice), threading.Event()
    with ThreadPoolExecutor(20) as threads, bench.under_attack() as seen:
        ready = threads.submit(database_answers, bench, ended)
        asked = [
            threads.submit(ask, bench, f"render.{kind}?scale={1 + n / 100}", key)
            for n in range(7 * LONG)
            for kind in ("png", "svg")
        ]
        answers = Counter(each.result() for each in asked)
        ended.set()
    print(answers)
    assert all(ready.result())
    seen.assert_others_draw_on()
    assert set(answers) <= {
        (200, "image/png"),
        (200, "image/svg+xml"),
        (429, "rate_limited"),
        (422, "render_failed"),
    }
    assert answers[(429, "rate_limited")], "who asks for more than may wait is told so"


def unread(bench: Bench, path: str, key: str) -> socket.socket:
    """Ask, and never read the answer."""
    connection = bench.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    request = (
        f"GET /api/v1/boards/{bench.board.pk}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{bench.host[1]}\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    )
    connection.sendall(request.encode())
    return connection


def begun(connection: socket.socket) -> bytes:
    """The first bytes of an answer, as they wait to be read; none while it has not begun."""
    try:
        return connection.recv(12, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("path", ["scene", "export.zip"])
def test_unread_exports_of_a_large_board_stay_out_of_memory(any_bench: Bench, path: str) -> None:
    bench = any_bench
    dice = random.Random(7)
    for number in range(8):
        file = board_files.add_upload(bench.board, bench.alice, noise(dice), f"photo{number}")
        shown: dict[str, Any] = {"type": "image", "fileId": file.file_id, "status": "saved", "scale": [1, 1]}
        store.apply(bench.board.pk, [element(**shown, customData={"note": "x" * 4_000})])
    keys = [bench.key(person) for person in (bench.alice, bench.bob)]
    bench.board.open_role = "view"
    bench.board.save(update_fields=["open_role"])
    connections: list[socket.socket] = []
    with bench.under_attack() as seen:
        for _ in range(8 * LONG):
            connections += [unread(bench, path, key) for key in keys]
        time.sleep(3)
        heads = Counter(map(begun, connections))
    assert heads[b"HTTP/1.1 200"] >= len(keys), heads
    assert set(heads) <= {b"HTTP/1.1 200", b"HTTP/1.1 429", b""}, "the others wait, or are told to"
    for connection in connections:
        connection.close()
    seen.assert_others_draw_on()
    seen.assert_memory_within(120 * MB)


def noise(dice: random.Random) -> bytes:
    """A picture of about 7 MB that does not deflate."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (1_500, 1_600), dice.randbytes(1_500 * 1_600 * 3)).save(
        buffer, "PNG", compress_level=0
    )
    return buffer.getvalue()
