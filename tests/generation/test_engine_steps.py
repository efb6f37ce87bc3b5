"""Many tickets share their steps: who begins, who leaves, and what goes wrong with one touches no other.

These tests turn the engine by hand instead of starting its thread, so that every step is theirs.
"""

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch
from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine import device as devices
from generation.engine import engine as engines
from generation.engine import graphs, previews
from generation.engine.batching import next_to_begin, rows_in_use, select_for_step, split
from generation.engine.denoiser import Denoiser, Sample
from generation.engine.engine import Engine
from generation.engine.inpaint_blend import InpaintBlend
from generation.engine.previews import Budget, Previewer
from generation.engine.residency import Residency
from generation.engine.sampler import Sampler
from generation.errors import OutOfMemory, PipelineFailed
from generation.pipelines.loading import LoadedCheckpoint, load
from generation.work import Cancelled, HandedBack, Ticket, Work
from tests.generation.test_engine import Fake

WAIT_SECONDS = 60
Start = Callable[..., Engine]


class Person:
    def __init__(self, owner: str, rows: int = 2) -> None:
        self.owner, self.rows = owner, rows


def test_people_take_turns_and_then_age_decides() -> None:
    alice, alice_too, bob = Person("alice"), Person("alice"), Person("bob")
    waiting = [alice, alice_too, bob]
    assert next_to_begin(waiting, {}, 12) is alice
    assert next_to_begin(waiting[1:], {"alice": 3}, 12) is bob
    assert next_to_begin(waiting[1:], {"alice": 2, "bob": 3}, 12) is alice_too
    assert next_to_begin([], {"alice": 3}, 12) is None


def test_nobody_takes_up_all_of_a_step() -> None:
    alice, bob = Person("alice"), Person("bob")
    assert next_to_begin([alice], {"alice": 8}, 12) is alice
    assert next_to_begin([alice], {"alice": 9}, 12) is None
    assert next_to_begin([alice, bob], {"alice": 9}, 12) is bob


def test_beside_others_one_person_moves_no_more_than_twice_what_the_one_with_least_does() -> None:
    alice, bob = [Person("alice") for _ in range(5)], Person("bob")
    everybody = [*alice, bob]
    assert select_for_step(alice, {"alice": 10}, 12, {}) == alice, "alone all of hers"
    assert select_for_step(everybody, {"alice": 10, "bob": 2}, 12, {}) == [*alice[:2], bob], "her oldest two"
    assert next_to_begin([Person("alice")], {"alice": 4, "bob": 2}, 12) is None
    large = Person("alice", rows=3)
    assert select_for_step([large, Person("bob", rows=1)], {"alice": 3, "bob": 1}, 12, {})[0] is large, (
        "but at least one"
    )
    assert rows_in_use({"alice": 10, "bob": 2}, 12) == 6
    assert rows_in_use({"alice": 10}, 12) == 10


def test_in_a_short_step_people_take_turns() -> None:
    alice, bob, carol = (Person(name) for name in ("alice", "bob", "carol"))
    people, rows = [alice, bob, carol], {"alice": 2, "bob": 2, "carol": 2}
    assert select_for_step(people, rows, 4, {}) == [alice, bob]
    assert select_for_step(people, rows, 4, {"alice": 1, "bob": 1}) == [alice, carol]
    assert select_for_step([Person("alice", rows=9)], {"alice": 9}, 4, {}) != [], "one alone always moves"


def test_a_step_is_split_where_it_would_grow_too_large() -> None:
    assert split([3, 3, 2, 9, 1], lambda rows: rows, 6) == [[3, 3], [2], [9], [1]]
    assert split([], lambda rows: rows, 6) == []


# --- the engine by hand -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights() -> LoadedCheckpoint:
    return load(catalogue.get("bundled"), "cpu")


@pytest.fixture
def by_hand(weights: LoadedCheckpoint) -> Iterator[Start]:
    made: list[Engine] = []

    def make(load: Any = lambda checkpoint, device: weights, limit: int = 2, live: Any = None) -> Engine:
        made.append(Engine(Residency("cpu", limit, load, lambda device: None), live=live))
        return made[-1]

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield make
    for engine in made:
        engine._postprocessor.stop()


def ask(engine: Engine, owner: str = "", **raw: Any) -> Ticket:
    checkpoint = catalogue.get("bundled")
    params = complete(
        parse(
            {"kind": "img2img", "strength": 0.8, "prompt": "a house", "seed": 1, "steps": 5} | raw, checkpoint
        ),
        (128, 128),
    )
    init_image = Image.new("RGB", (128, 128), "white") if params.needs_image else None
    mask = Image.linear_gradient("L").resize((128, 128)) if params.needs_mask else None
    return engine.submit(Work(checkpoint, params, init_image, owner, mask=mask))


def to_the_end(engine: Engine) -> None:
    engine.turn()
    while engine._pending or engine._step_loop.in_flight:
        engine.turn()


def pixels(ticket: Ticket, number: int = 0) -> torch.Tensor:
    image = ticket.result(WAIT_SECONDS).pictures[number].image
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).int()


def test_tickets_that_come_one_after_the_other_share_their_steps(by_hand: Start, steps: list[int]) -> None:
    engine = by_hand()
    first = ask(engine, seed=1)
    engine.turn()
    second = ask(engine, seed=2, prompt="a cat", guidance_scale=1.0, steps=8)
    third = ask(engine, seed=3, prompt="a dog")
    for _ in range(7):
        engine.turn()
    assert steps == [1, 3, 3, 3, 2, 1, 1]
    for ticket in (first, second, third):
        alone = by_hand()
        same = alone.submit(ticket.work)
        to_the_end(alone)
        assert (pixels(ticket) - pixels(same)).abs().max() <= 1


def test_a_ticket_costs_its_share_of_the_steps(by_hand: Start) -> None:
    engine = by_hand()
    guided, plain = ask(engine), ask(engine, guidance_scale=1.0)
    for _ in range(4):
        engine.turn()
    shares = [each.result(WAIT_SECONDS).seconds for each in (guided, plain)]
    assert shares[0] > shares[1] > 0, "two rows of three, and one"


def test_several_pictures_of_a_ticket_come_in_the_order_of_their_seeds(by_hand: Start) -> None:
    engine = by_hand()
    ticket = ask(engine, seed=7, count=3)
    for _ in range(4):
        engine.turn()
    assert [picture.seed for picture in ticket.result(WAIT_SECONDS).pictures] == [7, 8, 9]
    progress = ticket.wait(0)
    assert progress and (progress.step, progress.steps) == (12, 12)


def test_a_step_holds_no_more_rows_than_the_device_takes(by_hand: Start, steps: list[int]) -> None:
    engine = by_hand()
    rows = engine.residency.tuning.rows
    tickets = [ask(engine, f"person {seed}", seed=seed) for seed in range(rows)]  # two rows each
    for _ in range(8):
        engine.turn()
    assert steps == [rows // 2] * 8
    assert all(ticket.result(WAIT_SECONDS).pictures for ticket in tickets)


def test_who_asks_for_one_picture_is_not_behind_all_of_who_asks_for_many(
    by_hand: Start, steps: list[int]
) -> None:
    engine = by_hand()
    many = [ask(engine, "alice", seed=seed) for seed in range(20)]
    engine.turn()
    one = ask(engine, "bob")
    engine.turn()
    assert "bob" in {picture.owner for picture in engine._step_loop.in_flight}
    assert len(engine._pending) == 15, "most of hers have not begun"
    assert steps == [5, 3], "those of hers that have wait for him"
    for ticket in (*many, one):
        ticket.stop(Cancelled())
    engine.turn()


def test_a_preview_that_fails_costs_nobody_a_picture(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Previewer, latents: torch.Tensor) -> Callable[[], bytes]:
        raise ValueError("no colours")

    monkeypatch.setattr(Previewer, "start", refuse)
    monkeypatch.setattr(Budget, "allows", lambda self, *_: True)
    engine = by_hand()
    ticket = ask(engine)
    to_the_end(engine)
    assert ticket.result(WAIT_SECONDS).pictures
    assert caplog.text.count("has no previews") == 1


def test_nobody_waits_for_a_preview_to_come_back_from_a_card(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stub of a card that has not done a preview before all steps were handed over: the first one is no dearer than
    the others, and none of them stops the engine."""
    done = threading.Event()
    shown: list[bytes] = []

    def later(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
        copied = tensor.cpu()
        preview = tensor.dim() == 3

        def wait() -> torch.Tensor:
            assert not preview or done.wait(WAIT_SECONDS)
            return copied

        return wait

    monkeypatch.setattr(devices, "to_cpu", later)
    monkeypatch.setattr(Budget, "allows", lambda self, *_: True)
    monkeypatch.setattr(Ticket, "report_preview", lambda self, preview: shown.append(preview))
    engine = by_hand()
    ask(engine)
    while engine._step_loop.in_flight or engine._accept_arrived() or engine._pending:
        engine.turn()
    assert shown == []
    done.set()
    engine._postprocessor.stop()
    assert len(shown) == 4, "one a step"


def test_a_preview_that_once_took_long_does_not_end_previews() -> None:
    budget = Budget(share=0.1, interval_seconds=0.0)
    previewer = Previewer(None)
    ticks = iter([0.0, 1.5, 10.0, 10.01])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "monotonic", lambda: next(ticks))
        patch.setattr(previewer, "_colours", torch.ones(5, 3))
        for _ in range(2):
            previewer.start(torch.zeros(1, 4, 4, 4))
    assert budget.allows(previewer.seconds, 1.0)


def test_a_cancel_frees_its_rows_before_the_next_step(by_hand: Start, steps: list[int]) -> None:
    engine = by_hand()
    one, other = ask(engine, steps=50), ask(engine)
    engine.turn()
    one.stop(Cancelled())
    engine.turn()
    assert one.done() and steps == [2, 1]
    with pytest.raises(Cancelled):
        one.result(0)
    for _ in range(2):
        engine.turn()
    assert other.result(WAIT_SECONDS).pictures


def test_the_pictures_of_a_cancelled_ticket_that_have_not_begun_never_do(
    by_hand: Start, steps: list[int]
) -> None:
    engine = by_hand()
    ticket = ask(engine, count=4)
    ticket.stop(Cancelled())
    engine.turn()
    assert ticket.done() and steps == []


def test_out_of_memory_makes_smaller_steps_and_costs_nobody_a_picture(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch, steps: list[int]
) -> None:
    real = graphs.EagerUNet.__call__

    def narrow(self: Any, latents: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(latents) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, latents, *rest)

    monkeypatch.setattr(graphs.EagerUNet, "__call__", narrow)
    engine = by_hand()
    tickets = [ask(engine, seed=seed) for seed in range(4)]  # eight rows
    for _ in range(4):
        engine.turn()
    assert steps == [2] * 8
    assert all(ticket.result(WAIT_SECONDS).pictures for ticket in tickets)
    assert engine._step_loop._rows_that_fit == {}, "the next ones may try again"


@pytest.mark.parametrize("place", [0, 1])
def test_a_step_that_fails_half_way_has_moved_no_picture(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """It is tried again with fewer pictures: whatever had moved, or drawn its noise, would come out as another picture."""

    def drawn(engine: Engine) -> list[torch.Tensor]:
        tickets = [ask(engine, kind="inpaint", seed=seed, strength=0.9) for seed in (1, 2)]
        to_the_end(engine)
        return [pixels(ticket) for ticket in tickets]

    undisturbed = drawn(by_hand())
    real, calls = InpaintBlend.apply, itertools.count()

    def short(self: InpaintBlend, *arguments: Any) -> torch.Tensor:
        if next(calls) == 2 + place:  # in the second step, with noise drawn and perhaps one picture put back
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, *arguments)

    monkeypatch.setattr(InpaintBlend, "apply", short)
    for alone, disturbed in zip(undisturbed, drawn(by_hand()), strict=True):
        assert (alone - disturbed).abs().max() <= 1


def test_a_picture_that_does_not_even_fit_alone_fails_alone(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = graphs.EagerUNet.__call__

    def tiny(self: Any, latents: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(latents) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, latents, *rest)

    monkeypatch.setattr(graphs.EagerUNet, "__call__", tiny)
    engine = by_hand()
    large, small = ask(engine), ask(engine, guidance_scale=1.0)
    for _ in range(4):
        engine.turn()
    with pytest.raises(OutOfMemory):
        large.result(WAIT_SECONDS)
    assert small.result(WAIT_SECONDS).pictures


def test_a_picture_without_memory_for_its_beginning_makes_room(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch, weights: LoadedCheckpoint
) -> None:
    engine = by_hand()
    engine.residency.get(catalogue.get("sd-turbo"))
    real, failures = Sampler.begin, iter([torch.OutOfMemoryError("CUDA out of memory")])

    def narrow(self: Sampler, picture: Any) -> Sample:
        for failure in failures:
            raise failure
        return real(self, picture)

    monkeypatch.setattr(Sampler, "begin", narrow)
    first, second = ask(engine), ask(engine)
    to_the_end(engine)
    with pytest.raises(OutOfMemory):
        first.result(WAIT_SECONDS)
    assert second.result(WAIT_SECONDS).pictures
    assert list(engine.residency.states()) == ["bundled"]


def test_whatever_goes_wrong_in_a_shared_step_fails_the_one_that_it_comes_from(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Denoiser.step

    def picky(self: Denoiser, samples: Sequence[Sample]) -> None:
        if any(sample.generator.initial_seed() == 13 for sample in samples):
            raise ValueError("an unlucky number")
        real(self, samples)

    monkeypatch.setattr(Denoiser, "step", picky)
    engine = by_hand()
    tickets = {seed: ask(engine, seed=seed) for seed in (12, 13, 14)}
    for _ in range(4):
        engine.turn()
    with pytest.raises(PipelineFailed):
        tickets.pop(13).result(WAIT_SECONDS)
    assert all(ticket.result(WAIT_SECONDS).pictures for ticket in tickets.values())


def test_a_decoder_out_of_memory_decodes_one_by_one(
    by_hand: Start, monkeypatch: pytest.MonkeyPatch, weights: LoadedCheckpoint
) -> None:
    engine = by_hand()
    monkeypatch.setattr(type(engine.residency), "tuning", _wide(engine), raising=False)
    real = weights.vae.decode

    def narrow(latents: torch.Tensor, **options: Any) -> Any:
        if len(latents) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(latents, **options)

    monkeypatch.setattr(weights.vae, "decode", narrow)
    tickets = [ask(engine, seed=seed) for seed in range(3)]
    for _ in range(4):
        engine.turn()
    assert all(ticket.result(WAIT_SECONDS).pictures for ticket in tickets)


def _wide(engine: Engine) -> Any:
    """The CPU's tuning, but with pictures decoded together as on a GPU."""
    from dataclasses import replace

    engine.residency.tuning = replace(engine.residency.tuning, pictures=8)
    return engine.residency.tuning


# --- beside stock pipelines, other checkpoints and live frames ---------------------------------------------------


def stock_and_fast(weights: LoadedCheckpoint, on_step: Callable[[int], None]) -> Any:
    """sd-turbo as a stand-in that only its stock pipeline draws, and the built-in model."""
    return lambda checkpoint, device: weights if checkpoint.name == "bundled" else Fake(checkpoint, on_step)


def ask_turbo(engine: Engine, **raw: Any) -> Ticket:
    checkpoint: Checkpoint = catalogue.get("sd-turbo")
    params = complete(
        parse({"kind": "txt2img", "prompt": "a house", "seed": 1} | raw, checkpoint), (512, 512)
    )
    return engine.submit(Work(checkpoint, params))


def test_others_make_their_steps_between_those_of_a_stock_pipeline(
    by_hand: Start, weights: LoadedCheckpoint, steps: list[int]
) -> None:
    seen: list[int] = []
    engine = by_hand(stock_and_fast(weights, lambda step: seen.append(len(steps))))
    fast = ask(engine, steps=10)
    engine.turn()
    stock = ask_turbo(engine)
    engine.turn()
    assert seen == [1, 2, 3], "one step each"
    assert stock.result(WAIT_SECONDS).pictures
    to_the_end(engine)
    assert fast.result(WAIT_SECONDS).pictures and len(steps) == 8


def test_a_stock_pipeline_out_of_memory_leaves_what_others_draw_with(
    by_hand: Start, weights: LoadedCheckpoint
) -> None:
    def exhausted(step: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = by_hand(stock_and_fast(weights, exhausted))
    fast = ask(engine, steps=8)
    engine.turn()
    with pytest.raises(OutOfMemory):
        stock = ask_turbo(engine)
        engine.turn()
        stock.result(WAIT_SECONDS)
    assert "bundled" in engine.residency.states(), (
        "dropping it would free nothing, and it would be loaded twice"
    )
    to_the_end(engine)
    assert fast.result(WAIT_SECONDS).pictures


def test_stopping_ends_a_stock_pipeline_and_those_beside_it(
    by_hand: Start, weights: LoadedCheckpoint
) -> None:
    reached: list[int] = []

    def on_step(step: int) -> None:
        reached.append(step)
        engine.stop()

    engine = by_hand(stock_and_fast(weights, on_step))
    fast = ask(engine, steps=50)
    engine.turn()
    stock = ask_turbo(engine)
    engine.turn()
    for ticket in (stock, fast):
        with pytest.raises(HandedBack):
            ticket.result(0)
    assert reached == [0]


def test_a_checkpoint_in_use_is_not_dropped_for_another(by_hand: Start, weights: LoadedCheckpoint) -> None:
    engine = by_hand(stock_and_fast(weights, lambda step: None), limit=1)
    fast = ask(engine)
    engine.turn()
    stock = ask_turbo(engine)
    engine.turn()
    assert list(engine.residency.states()) == ["bundled"] and not stock.done()
    to_the_end(engine)
    assert list(engine.residency.states()) == ["sd-turbo"]
    assert fast.result(WAIT_SECONDS).pictures and stock.result(WAIT_SECONDS).pictures


def test_who_waits_for_memory_is_not_overtaken_for_ever(
    by_hand: Start, weights: LoadedCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "OVERTAKEN_SECONDS_MAX", 0.0)
    engine = by_hand(stock_and_fast(weights, lambda step: None), limit=1)
    ask(engine)
    engine.turn()
    stock = ask_turbo(engine)
    late = ask(engine, seed=2)
    for _ in range(4):
        engine.turn()
    assert stock.result(WAIT_SECONDS).pictures
    for _ in range(5):
        engine.turn()
    assert late.result(WAIT_SECONDS).pictures


class Frames:
    """A live session: notes how many steps were made before each time that it was asked."""

    def __init__(self, steps: list[int], active: bool = True) -> None:
        self.steps, self.active, self.asked = steps, active, []  # type: ignore[var-annotated]
        self.waiting = False

    def draw(self, residency: Residency, busy: Any) -> bool:
        self.asked.append(len(self.steps))
        return True


def test_live_frames_come_before_every_step(by_hand: Start, steps: list[int]) -> None:
    frames = Frames(steps)
    engine = by_hand(live=frames)
    ask(engine)
    for _ in range(4):
        engine.turn()
    assert frames.asked == [0, 1, 2, 3]


def test_steps_are_short_while_somebody_draws_live(by_hand: Start, steps: list[int]) -> None:
    engine = by_hand(live=Frames(steps))
    tickets = [ask(engine, seed=seed) for seed in range(3)]
    engine.turn()
    assert steps == [1], "two rows; four would make frames wait"
    for ticket in tickets:
        ticket.stop(Cancelled())
    engine.turn()


def test_steps_get_short_when_somebody_begins_to_draw_live(by_hand: Start, steps: list[int]) -> None:
    frames = Frames(steps, active=False)
    engine = by_hand(live=frames)
    tickets = [ask(engine, f"person {seed}", seed=seed) for seed in range(3)]
    engine.turn()
    frames.active = True
    for _ in range(3):
        engine.turn()
    assert steps == [3, 1, 1, 1], "a frame waits for one of them, not for all"
    assert [picture.sample.step for picture in engine._step_loop.in_flight] == [2, 2, 2], (
        "and everybody gets on"
    )
    for ticket in tickets:
        ticket.stop(Cancelled())
    engine.turn()


def test_a_live_frame_that_fails_costs_nobody_a_picture(by_hand: Start) -> None:
    class Broken:
        active = waiting = False

        def draw(self, residency: Residency, busy: Any) -> bool:
            raise ValueError("no such frame")

    engine = by_hand(live=Broken())
    ticket = ask(engine)
    for _ in range(4):
        engine.turn()
    assert ticket.result(WAIT_SECONDS).pictures


def test_a_checkpoint_that_is_dropped_is_kept_by_nobody(by_hand: Start, bundled: Checkpoint) -> None:
    engine = by_hand()
    done, cancelled = ask(engine, steps=4), ask(engine, steps=50)
    engine.turn()
    kept = weakref.ref(engine._step_loop.in_flight[0].denoiser)
    for _ in range(3):
        engine.turn()
    cancelled.stop(Cancelled())
    engine.turn()
    engine._postprocessor.stop()
    assert done.result(WAIT_SECONDS).pictures
    engine.residency.release()
    assert kept() is None, "its UNet and its graphs would stay in memory"


def test_a_checkpoint_is_ready_when_its_warm_up_is_over(by_hand: Start, bundled: Checkpoint) -> None:
    engine = by_hand()
    engine.warm_up(bundled)
    engine.turn()
    assert engine.residency.states()["bundled"]["status"] == "loading", "whoever asked now would wait"
    to_the_end(engine)
    engine._postprocessor.stop()
    assert engine.residency.states()["bundled"]["status"] == "ready"


# --- memory -----------------------------------------------------------------------------------------------------


def test_checkpoints_leave_before_the_limit_when_memory_is_short(weights: LoadedCheckpoint) -> None:
    gigabyte = 10**9
    free = {"cpu": 8 * gigabyte}

    def load(checkpoint: Checkpoint, device: str) -> Any:
        free["cpu"] -= 4 * gigabyte
        return Fake(checkpoint, lambda step: None)

    class Freeing(Residency):
        def _make_room(self, keep: int, busy: Any = ()) -> None:
            before = len(self._loaded)
            super()._make_room(keep, busy)
            free["cpu"] += 4 * gigabyte * (before - len(self._loaded))

    residency = Freeing("cpu", 5, load, lambda device: free[device])
    one, two, three = (catalogue.get(name) for name in ("bundled", "instruct-pix2pix", "sd-turbo"))
    residency.get(one)
    residency.get(two, busy={"bundled"})
    assert list(residency.states()) == ["bundled", "instruct-pix2pix"], "what is in use stays, come what may"
    residency.get(three)
    assert list(residency.states()) == ["sd-turbo"]
