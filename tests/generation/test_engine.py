"""The engine: one thread, one job at a time, and nothing that goes wrong with one touches the next."""

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import as_json, complete, parse
from generation.engine.engine import Engine
from generation.engine.previews import Budget, Previewer
from generation.engine.residency import Residency
from generation.errors import CheckpointUnavailable, GenerationError, OutOfMemory, PipelineFailed
from generation.pipelines import drawing
from generation.pipelines.loading import load
from generation.work import Cancelled, Drawn, HandedBack, Progress, Ticket, Work

WAIT_SECONDS = 60
StartEngine = Callable[..., Engine]


class Fake:
    """Stands for loaded weights: its pipelines do what the test says at every step."""

    vae = None

    def __init__(self, checkpoint: Checkpoint, on_step: Callable[[int], None]) -> None:
        self.checkpoint, self._on_step = checkpoint, on_step

    def pipeline(self, kind: str) -> Any:
        return self

    class scheduler:
        pred_original_sample = None

    num_timesteps = 3

    def __call__(self, callback_on_step_end: Any, generator: list[torch.Generator], **arguments: Any) -> Any:
        for step in range(self.num_timesteps):
            self._on_step(step)
            callback_on_step_end(self, step, 0, {"latents": torch.zeros(1, 8, 2, 2)})
        output = type("Output", (), {})()
        output.images = [Image.new("RGB", (128, 128), "red") for _ in generator]
        return output


def faking(on_step: Callable[[int], None] = lambda step: None) -> Any:
    return lambda checkpoint, device: Fake(checkpoint, on_step)


def work(checkpoint: Checkpoint, **raw: Any) -> Work:
    params = complete(
        parse({"kind": "txt2img", "prompt": "a house", "seed": 1, "steps": 4} | raw, checkpoint), (128, 128)
    )
    return Work(checkpoint, params, Image.new("RGB", (128, 128), "white") if params.needs_image else None)


def test_work_comes_back_as_pictures_with_their_seeds(engine: StartEngine, bundled: Checkpoint) -> None:
    drawn = engine(faking()).submit(work(bundled, count=2)).result(WAIT_SECONDS)
    assert [(picture.seed, picture.image.size) for picture in drawn.pictures] == [
        (1, (128, 128)),
        (2, (128, 128)),
    ]
    assert drawn.seconds >= 0


def test_real_work_is_done_on_the_engine_thread_only(engine: StartEngine, bundled: Checkpoint) -> None:
    threads = set()

    def watching(checkpoint: Checkpoint, device: str) -> Any:
        threads.add(threading.current_thread().name)
        return load(checkpoint, device)

    started = engine(watching)
    started.warm_up(bundled)
    tickets = [started.submit(work(bundled, seed=seed)) for seed in (1, 1, 2)]
    first, second, third = (ticket.result(WAIT_SECONDS).pictures[0].image.tobytes() for ticket in tickets)
    assert first == second != third
    assert threads == {"engine"}
    assert list(started.residency.states()) == ["bundled"]


def test_progress_is_told_over_all_pictures(engine: StartEngine, bundled: Checkpoint) -> None:
    seen = threading.Event()
    told: list[Progress] = []

    def on_step(step: int) -> None:
        """Waits until the last one was read, so that none is overwritten."""
        assert seen.wait(WAIT_SECONDS)
        seen.clear()

    started = engine(faking(on_step))
    ticket = started.submit(work(bundled, count=2))
    for _ in range(6):
        seen.set()
        while (progress := ticket.wait(WAIT_SECONDS)) is None:
            ticket.take_pictures()  # the first picture is there, which is news too
        told.append(progress)
    assert [(each.step, each.steps) for each in told] == [(step, 6) for step in range(1, 7)]
    assert ticket.result(WAIT_SECONDS)


def test_a_cancel_is_obeyed_before_the_next_step(engine: StartEngine, bundled: Checkpoint) -> None:
    steps: list[int] = []
    reached, cancelled = threading.Event(), threading.Event()

    def on_step(step: int) -> None:
        steps.append(step)
        reached.set()
        cancelled.wait(WAIT_SECONDS)

    started = engine(faking(on_step))
    ticket = started.submit(work(bundled))
    assert reached.wait(WAIT_SECONDS)
    ticket.stop(Cancelled())
    cancelled.set()
    with pytest.raises(Cancelled):
        ticket.result(WAIT_SECONDS)
    assert steps == [0]


@pytest.mark.parametrize("kind", ["pix2pix", "img2img", "txt2img"])
def test_every_real_pipeline_stops_between_steps_and_works_again(
    engine: StartEngine, bundled: Checkpoint, kind: str
) -> None:
    started = engine()
    ticket = Ticket(work(bundled, kind=kind, steps=50))
    tell, told = ticket.report_progress, []

    def stop_after_two(progress: Progress) -> None:
        tell(progress)
        told.append(progress.step)
        if progress.step == 2:
            ticket.stop(Cancelled())

    ticket.report_progress = stop_after_two  # type: ignore[method-assign]
    started.submit_ticket(ticket)
    with pytest.raises(Cancelled):
        ticket.result(WAIT_SECONDS)
    assert told == [1, 2]
    assert started.submit(work(bundled, kind=kind)).result(WAIT_SECONDS).pictures


@pytest.mark.filterwarnings("ignore:`upcast_vae` is deprecated")  # which diffusers says to itself
def test_a_stock_pipeline_and_the_steps_of_others_share_an_autoencoder_that_overflows_in_half_precision(
    engine: StartEngine, tiny_checkpoint: Callable[..., Checkpoint]
) -> None:
    half = dict.fromkeys(("cpu", "cuda", "mps"), "float16")
    kinds = {"img2img": "StableDiffusionXLImg2ImgPipeline", "txt2img": "StableDiffusionXLPipeline"}
    checkpoint = tiny_checkpoint("sdxl", kinds, dtype=half)
    by_stock = replace(checkpoint.kinds["txt2img"], arguments={"guidance_rescale": 0.5})
    checkpoint = replace(checkpoint, kinds={**checkpoint.kinds, "txt2img": by_stock})

    def overflowing(checkpoint: Checkpoint, device: str) -> Any:
        loaded = load(checkpoint, device)
        loaded.vae.register_to_config(force_upcast=True)
        return loaded

    started = engine(overflowing)
    stepwise, stock = drawing.smallest(checkpoint)
    for each in (stepwise, stock, stepwise, stock):
        assert started.submit(each).result(WAIT_SECONDS).pictures


def test_cancelled_work_that_still_waits_is_never_begun(engine: StartEngine, bundled: Checkpoint) -> None:
    go = threading.Event()
    steps: list[int] = []

    def on_step(step: int) -> None:
        go.wait(WAIT_SECONDS)
        steps.append(step)

    started = engine(faking(on_step))
    first, second = started.submit(work(bundled)), started.submit(work(bundled))
    second.stop(Cancelled())
    go.set()
    with pytest.raises(Cancelled):
        second.result(WAIT_SECONDS)
    assert first.result(WAIT_SECONDS)
    assert len(steps) == 3


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ValueError("shapes do not fit"), PipelineFailed),
        (KeyError("x"), PipelineFailed),
        (RuntimeError("device-side assert"), PipelineFailed),
        (RecursionError(), PipelineFailed),
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte"),
            OutOfMemory,
        ),
        (MemoryError(), OutOfMemory),
    ],
)
def test_whatever_a_pipeline_raises_fails_that_job_only(
    engine: StartEngine, bundled: Checkpoint, raised: Exception, error: type[GenerationError]
) -> None:
    failures = iter([raised])

    def on_step(step: int) -> None:
        for failure in failures:
            raise failure

    started = engine(faking(on_step))
    broken, sound = started.submit(work(bundled)), started.submit(work(bundled))
    with pytest.raises(error):
        broken.result(WAIT_SECONDS)
    assert sound.result(WAIT_SECONDS).pictures


def test_a_checkpoint_that_cannot_be_loaded_fails_its_job_and_is_tried_again(
    engine: StartEngine, bundled: Checkpoint
) -> None:
    answers: list[Any] = [CheckpointUnavailable("no network"), None]

    def loading(checkpoint: Checkpoint, device: str) -> Any:
        if answer := answers.pop(0):
            raise answer
        return Fake(checkpoint, lambda step: None)

    started = engine(loading)
    with pytest.raises(CheckpointUnavailable):
        started.submit(work(bundled)).result(WAIT_SECONDS)
    assert started.residency.states() == {"bundled": {"status": "failed", "reason": "no network"}}
    assert started.submit(work(bundled)).result(WAIT_SECONDS)
    assert started.residency.states() == {"bundled": {"status": "ready", "reason": ""}}


@pytest.mark.parametrize("name", sorted(catalogue.entries()))
def test_every_checkpoint_can_be_warmed_up(engine: StartEngine, name: str) -> None:
    """Its smallest work is allowed by its own limits."""
    checkpoint = catalogue.get(name)
    works = drawing.smallest(checkpoint)
    assert [each.params.kind for each in works] == list(checkpoint.kinds)
    assert all(parse(as_json(each.params), checkpoint) == each.params for each in works)
    started = engine(faking())
    assert all(started.submit(each).result(WAIT_SECONDS).pictures for each in works)


def test_a_warm_up_that_fails_leaves_the_engine_running(engine: StartEngine, bundled: Checkpoint) -> None:
    answers: list[Any] = [RuntimeError("driver"), None]

    def loading(checkpoint: Checkpoint, device: str) -> Any:
        if answer := answers.pop(0):
            raise answer
        return Fake(checkpoint, lambda step: None)

    started = engine(loading)
    started.warm_up(bundled)
    assert started.submit(work(bundled)).result(WAIT_SECONDS)


def test_the_checkpoint_not_used_for_longest_goes_first() -> None:
    residency = Residency("cpu", 2, faking(), lambda device: None)
    one, two, three = (catalogue.get(name) for name in ("bundled", "sd-turbo", "sdxl-turbo"))
    for checkpoint in (one, two, one, three):
        residency.get(checkpoint)
    assert list(residency.states()) == ["bundled", "sdxl-turbo"]


def test_a_changed_entry_is_loaded_anew(bundled: Checkpoint) -> None:
    from dataclasses import replace

    residency = Residency("cpu", 2, faking(), lambda device: None)
    first = residency.get(bundled)
    assert residency.get(bundled) is first
    assert residency.get(replace(bundled, scheduler="LCMScheduler")) is not first
    assert list(residency.states()) == ["bundled"]


def test_running_out_of_memory_makes_room(engine: StartEngine, bundled: Checkpoint) -> None:
    failures = iter([torch.OutOfMemoryError("CUDA out of memory")])

    def on_step(step: int) -> None:
        for failure in failures:
            raise failure

    started = engine(faking(on_step))
    started.residency.get(catalogue.get("sd-turbo"))
    with pytest.raises(OutOfMemory):
        started.submit(work(bundled)).result(WAIT_SECONDS)
    assert list(started.residency.states()) == ["bundled"]


def test_stopping_hands_back_what_runs_and_what_waits(engine: StartEngine, bundled: Checkpoint) -> None:
    reached, go = threading.Event(), threading.Event()

    def on_step(step: int) -> None:
        reached.set()
        go.wait(WAIT_SECONDS)

    started = engine(faking(on_step))
    running, waiting = started.submit(work(bundled)), started.submit(work(bundled))
    assert reached.wait(WAIT_SECONDS)
    started.stop()
    go.set()
    for ticket in (running, waiting):
        with pytest.raises(HandedBack):
            ticket.result(WAIT_SECONDS)
    with pytest.raises(HandedBack):
        started.submit(work(bundled)).result(WAIT_SECONDS)


def test_only_the_newest_progress_is_kept_and_no_preview_is_lost(bundled: Checkpoint) -> None:
    ticket = Ticket(work(bundled))
    ticket.report_progress(Progress(1, 3, b"jpeg"))
    ticket.report_progress(Progress(2, 3))
    assert ticket.wait(0) == Progress(2, 3, b"jpeg")
    assert ticket.wait(0) is None
    ticket.report_preview(b"another")
    assert ticket.wait(0) == Progress(2, 3, b"another"), "the steps went on while it was made"
    ticket.finish(Drawn([], 0.0))
    assert ticket.wait(WAIT_SECONDS) is None, "returns at once when the work is done"


def test_a_tiny_autoencoder_decodes_previews(bundled: Checkpoint) -> None:
    previewer = Previewer(load(bundled, "cpu").vae)
    with torch.inference_mode():
        image = Image.open(io.BytesIO(previewer.jpeg(torch.zeros(2, 8, 16, 12))))
    assert (image.format, image.size) == ("JPEG", (96, 128))


def test_a_full_autoencoder_is_replaced_by_a_linear_map(tiny_checkpoint: Callable[..., Checkpoint]) -> None:
    vae = load(tiny_checkpoint("sd", {"txt2img": "StableDiffusionPipeline"}), "cpu").vae
    previewer = Previewer(vae)
    with torch.inference_mode():
        image = Image.open(io.BytesIO(previewer.jpeg(torch.randn(1, 4, 64, 32))))
    assert (image.format, image.size) == ("JPEG", (64, 128))
    assert previewer._colours is not None and previewer._colours.shape == (5, 3)


def test_the_linear_map_finds_the_colours_of_a_linear_encoder() -> None:
    """With an encoder whose latents hold the colours, the map must give them back."""
    mixing = torch.tensor([[1.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0], [1.0, 1.0, 1.0]])

    class Linear:
        device, dtype = "cpu", torch.float32
        config = type("Config", (), {"scaling_factor": 0.5})

        def encode(self, pixels: torch.Tensor) -> Any:
            latents = torch.einsum("lc,bchw->blhw", mixing, pixels[:, :, ::8, ::8])
            return type("Encoded", (), {"latent_dist": type("Dist", (), {"mode": lambda self: latents})()})()

    colour = torch.tensor([0.6, -0.2, -1.0]).view(1, 3, 1, 1)
    latents = torch.einsum("lc,bchw->blhw", mixing, colour.expand(1, 3, 8, 8)) * 0.5
    image = Image.open(io.BytesIO(Previewer(Linear()).jpeg(latents))).convert("RGB")
    pixel: Any = image.getpixel((60, 60))
    expected = [round((value + 1) * 127.5) for value in (0.6, -0.2, -1.0)]
    assert all(abs(got - want) <= 4 for got, want in zip(pixel, expected, strict=True))


def test_previews_cost_no_more_than_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    from generation.engine import previews

    clock = {"now": 0.0}
    monkeypatch.setattr(previews, "monotonic", lambda: clock["now"])
    budget = Budget(share=0.1, interval_seconds=0.25)
    steps, made = 0.0, 0
    for _ in range(100):
        clock["now"] += 0.1  # a step, half of it somebody else's
        steps += 0.05
        if budget.allows(0.05, steps):
            clock["now"] += 0.05  # a dear preview
            budget.spend(0.05)
            made += 1
    assert made in (9, 10), "a tenth of its own time, however long the others take"
    # A cheap preview is held back by the interval alone.
    cheap = Budget(share=0.1, interval_seconds=0.25)
    times = []
    for number in range(100):
        clock["now"] += 0.1
        if cheap.allows(0.001, 0.1 * number):
            cheap.spend(0.001)
            times.append(clock["now"])
    assert len(times) > 20 and all(later - earlier >= 0.25 for earlier, later in pairwise(times))


def test_a_preview_that_costs_more_than_the_picture_allows_is_not_even_begun() -> None:
    assert not Budget(share=0.1, interval_seconds=0.0).allows(0.08, 0.7)
    assert Budget(share=0.1, interval_seconds=0.0).allows(0.02, 0.7)


def test_a_preview_is_decoded_no_larger_than_it_is_shown(bundled: Checkpoint) -> None:
    vae = load(bundled, "cpu").vae
    decoded: list[tuple[int, ...]] = []
    real = vae.decode
    vae.decode = lambda latents, **options: (
        decoded.append(tuple(latents.shape[2:])),
        real(latents, **options),
    )[1]
    previewer = Previewer(vae)
    with torch.inference_mode():
        image = Image.open(io.BytesIO(previewer.jpeg(torch.zeros(1, 8, 64, 32))))
    assert decoded == [(16, 8)] and image.size == (64, 128)
    assert previewer.seconds > 0
