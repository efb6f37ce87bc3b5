"""Decoding happens in a process of its own, with limits that end it and leave everybody else alone."""

import io
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psutil
import pytest
from PIL import Image

from generation.errors import DecoderBusy, SnapshotInvalid
from generation.images import decoder
from generation.images.decoder import LIMITS
from generation.images.header import IMAGE_MAX_BYTES
from tests.generation.test_image_header import encoded


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    decoder.decoders.end_all()
    yield
    decoder.decoders.end_all()


def decoders() -> list[psutil.Process]:
    """Those of this process, dead ones that nobody has reaped included."""
    children = psutil.Process().children()
    return [
        each
        for each in children
        if each.status() == psutil.STATUS_ZOMBIE or decoder.PROGRAM in each.cmdline()
    ]


def test_no_pixel_is_decoded_in_the_process_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", None)
    data, format_name, size = decoder.clean(encoded("JPEG", exif=Image.Exif()), IMAGE_MAX_BYTES)
    assert (format_name, size) == ("JPEG", (60, 40)) and data


def test_a_decoder_knows_no_secret_and_writes_no_file() -> None:
    decoder.clean(encoded("PNG"), IMAGE_MAX_BYTES)
    [program] = decoders()
    assert not {"DATABASE_URL", "SECRET_KEY", "PATH"} & set(program.environ())
    assert program.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert program.nice() > os.getpriority(os.PRIO_PROCESS, 0)


def test_many_at_once_share_a_few_decoders() -> None:
    with ThreadPoolExecutor(12) as people:
        sizes = list(
            people.map(lambda n: decoder.clean(encoded("PNG", (n, 9)), IMAGE_MAX_BYTES)[2], range(1, 25))
        )
    assert sizes == [(n, 9) for n in range(1, 25)]
    assert 1 <= len(decoders()) <= LIMITS.processes <= 2


@pytest.mark.parametrize(
    "limit", [{"memory_max_bytes": 60 * 2**20}, {"cpu_seconds": 0.05}, {"clock_seconds": 1.05}], ids=str
)
def test_what_takes_too_much_is_refused_and_the_next_picture_is_read(
    limit: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = io.BytesIO()
    Image.new("RGB", (16_383, 1_464), "red").save(large, "WEBP", lossless=True)
    with monkeypatch.context() as patch:
        patch.setattr(decoder.decoders, "limits", replace(LIMITS, **limit))
        with pytest.raises(SnapshotInvalid):
            decoder.snapshot(large.getvalue(), 1536)
        decoder.decoders.end_all()
    assert decoder.snapshot(encoded("PNG"), 1536)[1] == (60, 40)


def test_a_decoder_that_nobody_asks_ends_and_leaves_no_zombie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder.decoders, "limits", replace(LIMITS, idle_seconds=1.0))
    decoder.clean(encoded("PNG"), IMAGE_MAX_BYTES)
    [program] = decoders()
    program.wait(10)
    deadline = time.monotonic() + 10
    while decoders() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert not decoders()
    assert decoder.clean(encoded("PNG"), IMAGE_MAX_BYTES)[2] == (60, 40)


def test_whoever_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder.decoders, "limits", replace(LIMITS, wait_seconds=0.01))
    monkeypatch.setattr(decoder.decoders, "_free", threading.Semaphore(0))
    with pytest.raises(DecoderBusy) as caught:
        decoder.clean(encoded("PNG"), IMAGE_MAX_BYTES)
    assert caught.value.retryable and caught.value.status == 503
