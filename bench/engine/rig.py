"""An engine with weights that are loaded already, and the work given to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PIL import Image, ImageDraw

from generation.checkpoints.params import complete, parse
from generation.engine.engine import Engine, LiveFrames
from generation.engine.residency import Residency
from generation.pipelines.loading import LoadedCheckpoint
from generation.work import Drawn, Ticket, Work

WAIT_SECONDS = 600


class Rig:
    def __init__(self, loaded: LoadedCheckpoint, engine: Engine) -> None:
        self.loaded, self.engine = loaded, engine

    def work(self, owner: str = "", **raw: Any) -> Work:
        checkpoint = self.loaded.checkpoint
        size = checkpoint.sizes[0]
        params = complete(parse({"prompt": "a red house", "seed": 1} | raw, checkpoint), size)
        return Work(checkpoint, params, sketch(size) if params.needs_image else None, owner)

    def ask(self, owner: str = "", **raw: Any) -> Ticket:
        return self.engine.submit(self.work(owner, **raw))

    def all(self, works: Sequence[Work]) -> list[Drawn]:
        """Submit all at once; returns when the last one is done."""
        tickets = [self.engine.submit(work) for work in works]
        return [ticket.result(WAIT_SECONDS) for ticket in tickets]


@contextmanager
def rig(
    loaded: LoadedCheckpoint, device: str, threads: int = 0, live: LiveFrames | None = None, **tuning: Any
) -> Iterator[Rig]:
    """A started engine after its warm-up. tuning: fields of `Tuning` that differ from the device's own."""
    residency = Residency(device, 1, lambda checkpoint, where: loaded, lambda where: None)
    residency.tuning = replace(residency.tuning, **tuning)
    engine = Engine(residency, threads, live)
    engine.start()
    engine.warm_up(loaded.checkpoint)
    made = Rig(loaded, engine)
    for kind in loaded.checkpoint.kinds:
        made.ask(kind=kind, steps=4).result(WAIT_SECONDS)
    try:
        yield made
    finally:
        engine.stop()
        engine.join(WAIT_SECONDS)


def sketch(size: tuple[int, int]) -> Image.Image:
    width, height = size
    board = Image.new("RGB", size, "white")
    lines = ImageDraw.Draw(board)
    lines.rectangle((width * 0.25, height * 0.5, width * 0.75, height * 0.9), outline="black", width=3)
    lines.line(
        [(width * 0.2, height * 0.5), (width * 0.5, height * 0.15), (width * 0.8, height * 0.5)], "black", 3
    )
    return board
