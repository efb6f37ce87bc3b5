"""Live frames in the engine: the newest of each board, many boards together, between the steps of jobs.

The engine is turned by hand, as in test_engine_steps. Rules: docs/live.md.
"""

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from PIL import Image, ImageChops, ImageDraw, ImageStat

from generation import live as slot
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine.denoiser import Sample
from generation.engine.engine import Engine
from generation.engine.live import BOARDS_MAX, LiveRenderer, encode_jpeg
from generation.engine.residency import Residency
from generation.errors import CheckpointUnavailable, LiveNotOffered
from generation.live import LiveFrame, Redrawn
from generation.pipelines import drawing
from generation.pipelines.loading import load
from generation.work import Work
from generation.worker.live_listener import work_of

WAIT_SECONDS = 60
PIX2PIX = {"pix2pix": "StableDiffusionInstructPix2PixPipeline"}
IMG2IMG = {"img2img": "StableDiffusionImg2ImgPipeline"}
XL = {"img2img": "StableDiffusionXLImg2ImgPipeline"}


class Answers:
    """What became of the frames; encoding happens on other threads."""

    def __init__(self) -> None:
        self.all: list[Redrawn] = []
        self._came = threading.Condition()

    def give(self, redrawn: Redrawn) -> None:
        with self._came:
            self.all.append(redrawn)
            self._came.notify_all()

    def until(self, count: int) -> list[Redrawn]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.all) >= count, WAIT_SECONDS)
            return sorted(self.all, key=lambda redrawn: (redrawn.audience, redrawn.seq))


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def by_hand(answers: Answers) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(load: Any = load, limit: int = 2) -> Engine:
        made.append(
            Engine(Residency("cpu", limit, load, lambda device: None), live=LiveRenderer(answers.give))
        )
        return made[-1]

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield make
    for engine in made:
        engine._postprocessor.stop()


@pytest.fixture
def turbo(tiny_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    return tiny_checkpoint("sd-turbo", IMG2IMG, live={"kind": "img2img", "steps": 2, "strength": 0.5})


def sketch(colour: str = "red") -> bytes:
    board = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(board).rectangle((20, 20, 60, 50), fill=colour, outline="black")
    buffer = io.BytesIO()
    board.save(buffer, "JPEG")
    return buffer.getvalue()


def put(
    engine: Engine, checkpoint: Checkpoint, seq: int = 1, board: str = "a", colour: str = "red", **raw: Any
) -> LiveFrame:
    params = slot.settle({"checkpoint": checkpoint.name, "prompt": "a house", "seed": 5} | raw)
    frame = LiveFrame(board, 1, seq, params, sketch(colour))
    live: Any = engine._live
    live.put(frame, work_of(frame))
    return frame


def picture(redrawn: Redrawn) -> Image.Image:
    assert redrawn.jpeg.startswith(b"\xff\xd8"), redrawn
    return Image.open(io.BytesIO(redrawn.jpeg))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean over pixels and colours, 0–255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


@pytest.mark.parametrize(
    ("family", "kinds", "live"),
    [
        ("sd-turbo", IMG2IMG, {"kind": "img2img", "steps": 2, "strength": 0.5}),
        ("pix2pix", PIX2PIX, {"kind": "pix2pix", "steps": 4}),
        ("sdxl", XL, {"kind": "img2img", "steps": 2, "strength": 0.5}),
    ],
    ids=["sd-turbo", "pix2pix", "sdxl-turbo"],
)
def test_L6_a_frame_becomes_the_picture_that_a_job_with_its_params_would_make(
    by_hand: Any,
    answers: Answers,
    tiny_checkpoint: Any,
    family: str,
    kinds: dict[str, str],
    live: dict[str, Any],
) -> None:
    checkpoint = tiny_checkpoint(family, kinds, live=live)
    engine = by_hand()
    frame = put(engine, checkpoint)
    engine.turn()
    [redrawn] = answers.until(1)
    work: Work = work_of(frame)
    [(stock, seed)] = drawing.draw(work, load(checkpoint, "cpu"), lambda *_: None)
    assert seed == 5 and picture(redrawn).size == stock.size == (96, 64)
    assert difference(picture(redrawn), Image.open(io.BytesIO(encode_jpeg(stock)))) < 1
    put(engine, checkpoint, 2)
    engine.turn()
    assert answers.until(2)[1].jpeg == redrawn.jpeg, "the same sketch and seed, the same picture"


def test_L4_of_a_board_only_the_newest_frame_is_drawn(
    by_hand: Any, answers: Answers, turbo: Checkpoint, steps: list[int]
) -> None:
    engine = by_hand()
    for seq in (1, 2, 4, 3):
        put(engine, turbo, seq)
    engine.turn()
    assert [redrawn.seq for redrawn in answers.until(1)] == [4]
    engine.turn()
    assert steps == [1], "img2img with a strength of a half makes one of its two steps"


def test_L7_boards_share_their_steps_and_each_gets_its_own_picture(
    by_hand: Any, answers: Answers, turbo: Checkpoint, steps: list[int]
) -> None:
    engine = by_hand()
    engine.residency.get(turbo)
    put(engine, turbo, board="a", colour="red")
    put(engine, turbo, board="b", colour="blue", prompt="a boat")
    put(engine, turbo, board="c", colour="red")
    engine.turn()
    one, other, same = answers.until(3)
    assert steps == [3]
    assert difference(picture(one), picture(same)) < 1 < difference(picture(one), picture(other))


def test_L7_more_boards_than_fit_into_one_step_are_drawn_in_the_next_turn(
    by_hand: Any, answers: Answers, turbo: Checkpoint, steps: list[int]
) -> None:
    engine = by_hand()
    for number in range(BOARDS_MAX + 1):
        put(engine, turbo, board=f"board {number}")
    engine.turn()
    put(engine, turbo, 2, board="board 0")
    engine.turn()
    assert len(answers.until(BOARDS_MAX + 2)) == BOARDS_MAX + 2 and len(steps) > 1
    assert sum(steps) == BOARDS_MAX + 2 and max(steps) <= BOARDS_MAX


def test_L6_jobs_make_a_step_between_two_live_frames(
    by_hand: Any, answers: Answers, turbo: Checkpoint, steps: list[int]
) -> None:
    engine = by_hand()
    params = {"kind": "img2img", "seed": 1, "steps": 8, "strength": 0.5}
    ticket = engine.submit(
        Work(turbo, complete(parse(params, turbo), (64, 64)), Image.new("RGB", (64, 64), "white"))
    )
    engine.turn()
    for seq in range(1, 4):
        put(engine, turbo, seq)
        engine.turn()
    assert len(steps) == 4 + 3
    assert ticket.result(WAIT_SECONDS).pictures and len(answers.until(3)) == 3


def test_L8_a_frame_that_fails_fails_alone_and_is_answered(
    by_hand: Any, answers: Answers, turbo: Checkpoint, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    engine = by_hand()
    sampler: Any = engine.residency.get(turbo).sampler("img2img")
    begin = sampler.begin

    def picky(drawing: Any) -> Sample:
        if drawing.arguments["prompt"] == "a poison":
            raise ValueError("no such prompt")
        made: Sample = begin(drawing)
        return made

    monkeypatch.setattr(sampler, "begin", picky)
    put(engine, turbo, board="a", prompt="a poison")
    put(engine, turbo, board="b")
    engine.turn()
    bad, good = answers.until(2)
    assert (bad.code, bad.jpeg) == ("pipeline_failed", b"") and bad.message
    assert picture(good).size == (96, 64)
    assert not engine._live.waiting, "it is not tried again and again"


def test_L8_a_checkpoint_that_cannot_be_loaded_is_told_to_everybody_who_asked(
    by_hand: Any, answers: Answers, turbo: Checkpoint
) -> None:
    def absent(checkpoint: Checkpoint, device: str) -> Any:
        raise CheckpointUnavailable("Not downloaded.")

    engine = by_hand(absent)
    put(engine, turbo, board="a")
    put(engine, turbo, board="b")
    engine.turn()
    assert [(each.code, each.message) for each in answers.until(2)] == [
        ("checkpoint_unavailable", "Not downloaded.")
    ] * 2


def test_L11_a_picture_that_may_not_be_shown_comes_back_empty(
    by_hand: Any, answers: Answers, turbo: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = by_hand()
    sampler: Any = engine.residency.get(turbo).sampler("img2img")
    decode = sampler.decode
    monkeypatch.setattr(sampler, "decode", lambda latents: (decode(latents)[0], torch.tensor([True])))
    put(engine, turbo)
    engine.turn()
    [redrawn] = answers.until(1)
    assert (redrawn.jpeg, redrawn.code) == (b"", "")


def test_L6_a_frame_waits_while_its_checkpoint_has_no_room_beside_the_jobs(
    by_hand: Any, answers: Answers, turbo: Checkpoint
) -> None:
    engine = by_hand(limit=1)
    put(engine, turbo)
    live: Any = engine._live
    assert live.draw(engine.residency, {"another"}) is False and live.waiting
    assert live.draw(engine.residency, set()) is True and not live.waiting
    assert answers.until(1)


def test_L12_a_running_engine_is_woken_by_a_frame_and_sleeps_again(
    answers: Answers, turbo: Checkpoint
) -> None:
    residency = Residency("cpu", 2, load, lambda device: None)
    engine = Engine(residency, threads=1, live=LiveRenderer(answers.give))
    turns: list[int] = []
    turn = engine.turn

    def counting() -> None:
        turns.append(1)
        turn()

    engine.turn = counting  # type: ignore[method-assign]
    engine.start()
    for seq in (1, 2):
        put(engine, turbo, seq)
        engine.wake()
        answers.until(seq)
    engine.stop()
    engine.join(30)
    assert len(turns) <= 4, "it turned once for each frame, not round and round"


def test_L3_a_tiny_checkpoint_without_a_live_entry_is_refused(tiny_checkpoint: Any) -> None:
    plain = tiny_checkpoint("sd", {"txt2img": "StableDiffusionPipeline"})
    assert plain.live is None
    with pytest.raises(LiveNotOffered):
        slot.settle({"checkpoint": plain.name, "prompt": "a house"})
