"""Live frames through the engine, from JPEG to JPEG; without Redis and sockets."""

import io
import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

import torch
from PIL import Image

from bench.engine.measures import Row, p95
from bench.engine.rig import Rig, rig, sketch
from bench.engine.stock import Draw
from generation.engine import live as engine_live
from generation.live import LiveFrame, Redrawn
from generation.pipelines.loading import LoadedCheckpoint
from generation.work import Cancelled, Work

BOARDS = 8
WAIT_SECONDS = 120.0


class Timed(engine_live.LiveRenderer):
    """Records how long each batch kept the accelerator busy, in seconds."""

    def __init__(self, answers: "queue.Queue[Redrawn]") -> None:
        super().__init__(answers.put)
        self.seconds: list[float] = []

    def _draw(self, *arguments: object) -> None:
        began = monotonic()
        super()._draw(*arguments)  # type: ignore[arg-type]
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds.append(monotonic() - began)


class Boards:
    """Boards that are drawn on: each sends its next frame as soon as it has the picture of the last one."""

    def __init__(self, engine: Rig, live: Timed, answers: "queue.Queue[Redrawn]", work: Work) -> None:
        self.engine, self._live, self._answers, self.work = engine, live, answers, work
        buffer = io.BytesIO()
        sketch(work.checkpoint.sizes[0]).save(buffer, "JPEG", quality=60)
        self._jpeg = buffer.getvalue()
        self._seq = 0

    def drawn(self, boards: int, frames: int) -> tuple[list[float], float]:
        """Milliseconds of each of so many frames of all boards together, and frames a second."""
        began = monotonic()
        sent = {f"board {number}": self._send(f"board {number}") for number in range(boards)}
        milliseconds: list[float] = []
        while len(milliseconds) < frames:
            answer = self._answers.get(timeout=WAIT_SECONDS)
            if not answer.jpeg:
                raise RuntimeError(f"a live frame failed: {answer.code} {answer.message}")
            milliseconds.append((monotonic() - sent[answer.audience]) * 1000)
            sent[answer.audience] = self._send(answer.audience)
        rate = frames / (monotonic() - began)
        for _ in sent:  # those on their way
            self._answers.get(timeout=WAIT_SECONDS)
        return milliseconds, rate

    def _send(self, audience: str) -> float:
        """Submit a frame as a worker's listener does; returns when, by `monotonic`."""
        self._seq += 1
        sent = monotonic()
        work = replace(self.work, init_image=Image.open(io.BytesIO(self._jpeg)).convert("RGB"))
        self._live.put(LiveFrame(audience, 1, self._seq, {}, self._jpeg), work)
        self.engine.engine.wake()
        return sent

    def host_share(self, frames: int) -> list[float]:
        """Milliseconds of each frame of one board during which the accelerator did not work on it."""
        found = []
        for _ in range(frames):
            self._live.seconds.clear()
            [milliseconds], _ = self.drawn(1, 1)
            found.append(milliseconds - self._live.seconds[0] * 1000)
        return found


@contextmanager
def boards(loaded: LoadedCheckpoint, device: str, threads: int = 0, **raw: object) -> Iterator[Boards]:
    answers: queue.Queue[Redrawn] = queue.Queue()
    live = Timed(answers)
    with rig(loaded, device, threads, live=live) as engine:
        made = Boards(engine, live, answers, engine.work(**raw))
        made.drawn(BOARDS, 2 * BOARDS)  # whatever the first ones have to prepare
        yield made


def fps(drawing: Boards, b0: Draw, b1: Draw, rounds: int, frames: int) -> list[Row]:
    """Frames a second beside one stock picture after the other."""
    one, many, stock, competent = [], [], [], []
    for _ in range(rounds):
        one.append(drawing.drawn(1, frames)[1])
        many.append(drawing.drawn(BOARDS, 2 * frames)[1])
        for draw, rates in ((b0, stock), (b1, competent)):
            began = monotonic()
            for _ in range(frames):
                draw([drawing.work])
            rates.append(frames / (monotonic() - began))
    return [
        Row("", "live, 1 board", "fps", one),
        Row("", f"live, {BOARDS} boards together", "fps", many),
        Row("", "live, stock (B0)", "fps", stock),
        Row("", "live, stock, competent (B1)", "fps", competent),
        Row("R1", "live, 1 board ÷ stock (B0)", "×", _ratios(one, stock), "≥ 9"),
        Row("R2", f"live, {BOARDS} boards ÷ stock (B0)", "×", _ratios(many, stock), "≥ 15"),
        Row("R3", "live, 1 board ÷ stock, competent (B1)", "×", _ratios(one, competent), "≥ 4"),
    ]


def host_share(drawing: Boards, frames: int) -> list[Row]:
    found = drawing.host_share(frames)
    return [Row("R11", "live, host share of a frame, without Redis", "ms", found, "≤ 5 ms")]


def beside_jobs(drawing: Boards, frames: int, **raw: object) -> list[Row]:
    """How much longer frames take while the queue of jobs is never empty."""
    unloaded, _ = drawing.drawn(1, frames)
    tickets = [
        drawing.engine.ask(f"person {seed % 4}", seed=seed, **raw | {"steps": 50}) for seed in range(16)
    ]
    drawing.drawn(1, 2)  # the first steps of the jobs
    loaded, _ = drawing.drawn(1, frames)
    for ticket in tickets:
        ticket.stop(Cancelled())
    while not all(ticket.done() for ticket in tickets):
        tickets[-1].wait(1)
    return [
        Row("", "live frame, no jobs", "ms", unloaded),
        Row("", "live frame, jobs waiting", "ms", loaded),
        Row("R12", "live p95, jobs waiting ÷ none", "×", [p95(loaded) / p95(unloaded)], "≤ 2"),
    ]


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]
