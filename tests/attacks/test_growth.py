"""A web process that imports and draws for long does not grow with it."""

import io
import json
import random
from base64 import b64encode
from typing import Any

import httpx2
from PIL import Image

from boards.models import Board
from tests.attacks.bench import LONG, MB, Bench
from tests.factories import body

WARM_ROUNDS, ROUNDS = 10, 10 * LONG
GROWTH_MAX = 16 * MB
dice = random.Random(11)


def document() -> bytes:
    """Of 300 elements, some with text, and a photograph of a megabyte."""
    pixels = Image.frombytes("RGB", (700, 500), dice.randbytes(3 * 700 * 500))
    photograph = io.BytesIO()
    pixels.save(photograph, "PNG")
    url = f"data:image/png;base64,{b64encode(photograph.getvalue()).decode()}"
    elements = [box(number) for number in range(300)]
    elements.append(body("photo", type="image", fileId="photo", status="saved", scale=[1, 1], crop=None))
    file = {"id": "photo", "mimeType": "image/png", "dataURL": url, "created": 1}
    return json.dumps({"type": "excalidraw", "elements": elements, "files": {"photo": file}}).encode()


def box(number: int) -> dict[str, Any]:
    place = {"x": number % 25 * 60, "y": number // 25 * 60, "width": 50, "height": 50}
    if number % 3:
        return body(f"e{number}", **place)
    words = {"text": f"Number {number}", "originalText": f"Number {number}", "fontSize": 20, "fontFamily": 5}
    return body(
        f"e{number}", type="text", textAlign="left", verticalAlign="top", lineHeight=1.25, **place | words
    )


def test_imports_and_drawings_leave_nothing_behind(bench: Bench) -> None:
    files, resident = [document() for _ in range(3)], []
    with httpx2.Client(
        base_url=bench.address, headers={"Authorization": f"Bearer {bench.key(bench.alice)}"}, timeout=60
    ) as client:
        for number in range(WARM_ROUNDS + ROUNDS):
            board = Board.objects.create(title="Brought", owner=bench.alice)
            path = f"/api/v1/boards/{board.pk}"
            given = {"file": ("board.excalidraw", files[number % 3])}
            assert client.post(f"{path}/import", files=given).status_code == 200
            assert client.get(f"{path}/render.png?scale=0.5").status_code == 200
            resident.append(bench.process.memory_info().rss)
    warm, after = resident[WARM_ROUNDS], max(resident[-5:])
    print(f"\n{[each // MB for each in resident[::5]]} MB")
    assert after - warm <= GROWTH_MAX, [each // MB for each in resident[::5]]
