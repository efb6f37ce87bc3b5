"""What a stock pipeline is called with: one person's image never goes into another's picture, and none is stretched."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine.engine import Engine
from generation.engine.residency import Residency
from generation.pipelines import drawing
from generation.work import Ticket, Work


class Recording:
    """A stub of a pipeline on a card. Newer ones take a list of pictures for several references to one picture."""

    class scheduler:
        pred_original_sample = None

    num_timesteps = 1

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self._calls = calls

    def __call__(
        self,
        image: Any = None,
        width: int = 1024,
        height: int = 1024,
        callback_on_step_end: Any = None,
        generator: Any = None,
        **others: Any,
    ) -> Any:
        self._calls.append({"boards": len(image), "size": (width, height)})
        callback_on_step_end(self, 0, 0, {"latents": torch.zeros(1, 4, 2, 2)})
        output = type("Output", (), {})()
        output.images = [Image.new("RGB", (width, height), "red") for _ in generator]
        return output


class Weights:
    """A stub of what was loaded."""

    vae = None

    def __init__(self, checkpoint: Checkpoint, calls: list[dict[str, Any]]) -> None:
        self.checkpoint, self._calls = checkpoint, calls

    def pipeline(self, kind: str) -> Recording:
        return Recording(self._calls)


@pytest.fixture
def calls() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def card(calls: list[dict[str, Any]]) -> Iterator[Engine]:
    """An engine, turned by hand, that draws as many pictures at once as one on a card."""
    residency = Residency("cpu", 2, lambda checkpoint, _: Weights(checkpoint, calls), lambda _: None)  # type: ignore[arg-type, return-value]
    residency.tuning = replace(residency.tuning, pictures=8)
    engine = Engine(residency)
    with torch.inference_mode():
        yield engine
    engine._postprocessor.stop()


def ask(engine: Engine, checkpoint: Checkpoint, owner: str) -> Ticket:
    params = complete(parse({"kind": "img2img", "seed": 1}, checkpoint), (128, 128))
    return engine.submit(Work(checkpoint, params, Image.new("RGB", (128, 128), "white"), owner))


def offering(*, batches: bool) -> Checkpoint:
    checkpoint = catalogue.get("sd-turbo")
    kind = replace(checkpoint.kinds["img2img"], batches=batches)
    return replace(checkpoint, kinds={**checkpoint.kinds, "img2img": kind})


@pytest.mark.parametrize(("batches", "boards"), [(True, [2]), (False, [1, 1])])
def test_peoples_boards_go_into_one_call_only_where_they_are_a_batch(
    card: Engine, calls: list[dict[str, Any]], batches: bool, boards: list[int]
) -> None:
    tickets = [ask(card, offering(batches=batches), owner) for owner in ("alice", "bob")]
    for _ in range(2):
        card.turn()
    assert all(len(ticket.result(60).pictures) == 1 for ticket in tickets)
    assert [call["boards"] for call in calls] == boards


def test_only_pipelines_known_to_batch_do_unless_their_entry_says_so() -> None:
    raw = {"uses": ["prompt"], "defaults": {}}
    known = {
        "StableDiffusionImg2ImgPipeline": True,
        "Flux2KleinPipeline": False,
        "QwenImageEditPlusPipeline": False,
    }
    for pipeline, batches in known.items():
        assert catalogue._kind({"pipeline": pipeline, **raw}, "here").batches is batches
        assert (
            catalogue._kind({"pipeline": pipeline, "batches": not batches, **raw}, "here").batches
            is not batches
        )


def test_a_pipeline_that_takes_a_size_is_given_the_boards(calls: list[dict[str, Any]]) -> None:
    checkpoint = catalogue.get("sd-turbo")
    params = complete(parse({"kind": "img2img", "seed": 1}, checkpoint), (256, 512))
    [one] = drawing.drawings(Work(checkpoint, params, Image.new("RGB", (256, 512), "white")))
    drawing.call(Recording(calls), [one], lambda *_: None)
    assert calls[0]["size"] == one.size != (1024, 1024)
