"""Live frames on their way: what may be asked for, the slot in Redis, and a worker's line to it. Rules: docs/live.md."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from PIL import Image

from generation import live, redis_client
from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.errors import (
    CatalogueInvalid,
    CheckpointUnavailable,
    LiveNotOffered,
    ParamsInvalid,
    SnapshotInvalid,
)
from generation.live import LiveFrame, Redrawn
from generation.work import Work
from generation.worker.live_listener import LiveListener, work_of

WAIT_SECONDS = 30
CAT = {"prompt": "a cat", "checkpoint": "bundled", "seed": 7}


def jpeg(width: int = 64, height: int = 48, form: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, form)
    return buffer.getvalue()


def frame(seq: int = 1, audience: str = "board.1", run: int = 1, **fields: Any) -> LiveFrame:
    return LiveFrame(
        audience, run, seq, fields.get("params") or live.settle(CAT), fields.get("jpeg") or jpeg()
    )


@pytest.fixture(autouse=True)
def empty_slots(settings: Any) -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


# --- what may be asked for --------------------------------------------------------------------------------------


def test_L2_the_params_are_those_of_a_careful_job_and_a_frame_is_drawn_fast() -> None:
    settled = live.settle(CAT | {"kind": "pix2pix", "guidance_scale": 4.0})
    checkpoint = catalogue.get("bundled")
    assert (settled["kind"], settled["steps"], settled["seed"]) == ("pix2pix", 8, 7)
    params: Any = live.params_of(frame(params=settled), checkpoint, (300, 200))
    assert (params.steps, params.guidance_scale, params.seed) == (4, 4.0, 7)
    assert (params.width_px, params.height_px) == (300, 200)


def test_L2_switches_that_change_the_look_are_kept() -> None:
    settled = live.settle(CAT | {"keep_lines": False, "tidy_colours": False})
    assert (settled["keep_lines"], settled["tidy_colours"]) == (False, False)
    assert live.settle(CAT)["tidy_colours"] is True


def test_L2_a_seed_is_drawn_once_and_another_kind_is_drawn_as_the_live_one() -> None:
    settled = live.settle({"kind": "txt2img", "prompt": "a cat", "steps": 30})
    assert settled["kind"] == "pix2pix" and settled["prompt"] == "a cat"
    assert isinstance(settled["seed"], int)
    assert live.settle(settled) == settled, "it can be asked for again as it is"


def test_L2_wrong_params_are_refused_before_anything_is_drawn() -> None:
    with pytest.raises(ParamsInvalid):
        live.settle(CAT | {"prompt": 5})
    with pytest.raises(LiveNotOffered) as refused:
        live.settle({"checkpoint": "stable-diffusion-1.5", "prompt": "a cat"})
    assert refused.value.code == "live_not_offered" and "Stable Diffusion 1.5" in refused.value.message


@pytest.mark.parametrize(
    "live_kind",
    [
        {"kind": "upscale"},
        {"kind": "txt2img", "steps": 999},
        {"kind": "txt2img", "strength": 0.5},
        {"kind": "txt2img", "speed": 1},
    ],
)
def test_L3_an_impossible_live_entry_is_told_with_its_place(
    tiny_checkpoint: Any, live_kind: dict[str, Any]
) -> None:
    with pytest.raises(CatalogueInvalid, match="live"):
        tiny_checkpoint("sd", {"txt2img": "StableDiffusionPipeline"}, live=live_kind)


def test_L3_each_checkpoint_says_by_data_whether_it_redraws_live() -> None:
    offered = {name: each.live.kind for name, each in catalogue.entries().items() if each.live}
    assert offered == {"bundled": "pix2pix", "sd-turbo": "img2img", "sdxl-turbo": "img2img"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_empty"),
        (b"<svg/>", "image_format"),
        (jpeg(form="PNG"), "image_format"),
        (jpeg(513, 8), "image_too_many_pixels"),
        (jpeg() + b"\0" * live.JPEG_MAX_BYTES, "image_too_large"),
        (b"\xff\xd8\xff\xe0", "image_broken"),
    ],
    ids=["nothing", "svg", "png", "wide", "heavy", "header only"],
)
def test_L5_only_a_small_jpeg_passes_and_nothing_is_decoded_for_that(data: bytes, code: str) -> None:
    with pytest.raises(SnapshotInvalid) as refused:
        live.check(data)
    assert refused.value.code == code


def test_L5_a_jpeg_that_breaks_off_is_told_so() -> None:
    with pytest.raises(SnapshotInvalid) as refused:
        work_of(frame(jpeg=jpeg(256, 256)[:-200]))
    assert refused.value.code == "image_broken"


def test_L6_a_checkpoint_that_is_not_on_this_disk_is_refused_rather_than_downloaded() -> None:
    with pytest.raises(CheckpointUnavailable, match="sd-turbo"):
        work_of(frame(params=live.settle(CAT | {"checkpoint": "sd-turbo"})))


# --- the slot ---------------------------------------------------------------------------------------------------


def offer(*frames: LiveFrame) -> list[int]:
    return [live.offer(each, catalogue.get("bundled")) for each in frames]


def test_L4_of_each_board_only_the_newest_frame_waits_and_one_worker_gets_it() -> None:
    assert offer(frame(1), frame(2), frame(1, audience="board.2")) == [0, 0, 0], "nobody listens"
    taken = live.take("board.1")
    assert taken and taken.seq == 2
    assert live.take("board.1") is None
    other = live.take("board.2")
    assert other and other.audience == "board.2"


def test_L4_a_frame_that_nobody_takes_is_forgotten(settings: Any) -> None:
    offer(frame())
    server: Any = redis.Redis.from_url(settings.REDIS_URL)
    [key] = server.keys("atelier:live:*")
    assert 0 < server.ttl(key) <= live.FRAME_KEPT_SECONDS


def test_L10_the_last_picture_waits_for_those_who_come_later() -> None:
    live.give(Redrawn("board.1", 1, 3, b"\xff\xd8picture"))
    live.give(Redrawn("board.1", 1, 4, b"", "generation_failed", "no"))
    last = live.last_picture("board.1")
    assert last and (last.seq, last.jpeg) == (3, b"\xff\xd8picture")
    assert live.last_picture("board.2") is None


# --- a worker's line --------------------------------------------------------------------------------------------


class Drawn:
    """Stands for the engine: notes what it is asked for."""

    def __init__(self) -> None:
        self.frames: list[tuple[LiveFrame, Work]] = []
        self._came = threading.Condition()

    def draw(self, frame: LiveFrame, work: Work) -> None:
        with self._came:
            self.frames.append((frame, work))
            self._came.notify_all()

    def until(self, count: int) -> list[tuple[LiveFrame, Work]]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.frames) >= count, WAIT_SECONDS)
            return self.frames


@contextmanager
def listening(line: LiveListener, bundled: Checkpoint) -> Iterator[None]:
    line.start()
    until_listeners(1, bundled)
    yield
    line.stop()
    until_listeners(0, bundled)


def until_listeners(count: int, checkpoint: Checkpoint) -> None:
    """Redis knows how many there are; nothing else does."""
    waiting = threading.Event()
    for _ in range(1000):
        known: Any = redis_client.live_client().pubsub_numsub(live.channel(checkpoint))
        if known[0][1] == count:
            return
        waiting.wait(0.02)
    raise AssertionError(f"not {count} listeners")


def test_L4_a_worker_hears_of_a_frame_and_prepares_it(bundled: Checkpoint) -> None:
    drawn = Drawn()
    line = LiveListener([bundled, catalogue.get("stable-diffusion-1.5")], drawn.draw)
    with listening(line, bundled):
        assert offer(frame(5)) == [1]
        [(taken, work)] = drawn.until(1)
    assert taken.seq == 5 and work.checkpoint == bundled and work.params.steps == 4
    assert work.init_image and work.init_image.size == (64, 48) and work.owner == "board.1"


def test_L8_what_cannot_be_prepared_is_answered(bundled: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Redrawn] = []
    answered = threading.Event()

    def give(redrawn: Redrawn) -> None:
        answers.append(redrawn)
        answered.set()

    monkeypatch.setattr(live, "give", give)
    with listening(LiveListener([bundled], Drawn().draw), bundled):
        offer(frame(6, jpeg=jpeg(256, 256)[:-200]))
        assert answered.wait(WAIT_SECONDS)
    assert [(each.seq, each.code) for each in answers] == [(6, "image_broken")]


def test_L9_a_worker_that_has_to_go_is_not_counted_on(bundled: Checkpoint) -> None:
    drawn = Drawn()
    with listening(LiveListener([bundled], drawn.draw), bundled):
        assert offer(frame(7)) == [1]
        drawn.until(1)
    assert offer(frame(8)) == [0]
    taken = live.take("board.1")
    assert taken and taken.seq == 8 and len(drawn.frames) == 1
