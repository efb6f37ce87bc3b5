"""Small files that unpack to many pixels: decoded a few at a time, beside the web process, while others draw on."""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil
from PIL import Image

from tests.attacks.bench import LONG, MB, Bench

UPLOADS = 24
CHILD_MAX_BYTES = 600 * MB


def unpacks_to_24_megapixels() -> bytes:
    """A WebP of one colour, less than 1 KB: 96 MB once it is decoded."""
    buffer = io.BytesIO()
    Image.new("RGB", (16_383, 1_464), "red").save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def peak_bytes(process: psutil.Process) -> int:
    """The most memory that it ever held."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def test_pictures_of_many_pixels_stop_nobody(bench: Bench) -> None:
    data, key = unpacks_to_24_megapixels(), bench.key(bench.alice)
    assert len(data) < 1_024

    def upload(number: int) -> int:
        file = {"file": ("x.webp", data, "image/webp")}
        return client.post("/files", data={"file_id": f"bomb-{number}"}, files=file).status_code

    with (
        httpx2.Client(
            base_url=f"{bench.address}/api/v1/boards/{bench.board.pk}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=120,
        ) as client,
        bench.under_attack() as seen,
        ThreadPoolExecutor(UPLOADS) as attackers,
    ):
        answers = Counter(attackers.map(upload, range(UPLOADS * LONG)))
    print(
        dict(answers),
        "decoder at most",
        [peak_bytes(child) // MB for child in bench.process.children()],
        "MB",
    )
    assert set(answers) == {201, 429} and answers[201] > 0
    seen.assert_others_draw_on()
    seen.assert_memory_within(100 * MB)
    assert all(peak_bytes(child) < CHILD_MAX_BYTES for child in bench.process.children(recursive=True))
