"""Everything around a CUDA graph but the capture itself, with a stub of the card's capture that calls the function again."""

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from generation.engine.graphs import BUCKETS, GRAPHS_MAX, GraphedUNet


class Model:
    """Stands for a UNet: mixes all that it is given, so that anything left over from another call would show."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: Mapping[str, torch.Tensor],
    ) -> torch.Tensor:
        self.rows.append(len(latents))
        beside = prompt_embeds.mean((1, 2)) + timesteps + sum(extra.mean(1) for extra in added_cond.values())
        return latents * 2 + beside.view(-1, 1, 1, 1)

    def prepare(self, *rows: object) -> None:
        pass

    def drop_graphs(self) -> None:
        pass


class Stream:
    """A stub of a card's stream with its captures. A replay overwrites the answer of the one before.

    As in torch since pytorch#175276, the graphs of a stream share its cuBLAS workspace, which is freed as soon as one of
    them is destroyed: what is replayed after that reads freed memory.
    """

    def __init__(self) -> None:
        self.graphs: list[weakref.ref[Replay]] = []
        self.destroyed: list[bool] = []  # whether after `retire`
        self._retired = False

    def __call__(self, function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        self._retired = False
        replay = Replay(function)
        weakref.finalize(replay, self._free_workspace)
        self.graphs.append(weakref.ref(replay))
        return replay, replay.answer

    def retire(self) -> None:
        self._retired = True

    def _free_workspace(self) -> None:
        self.destroyed.append(self._retired)
        for graph in self.graphs:
            if (alive := graph()) is not None:
                alive.has_workspace = False


class Replay:
    def __init__(self, function: Callable[[], torch.Tensor]) -> None:
        self._function, self.answer, self.has_workspace = function, function().clone(), True

    def __call__(self) -> None:
        assert self.has_workspace, "an illegal address: another graph of this stream was destroyed"
        self.answer.copy_(self._function())


def at_once(model: Model, capture: Any = None, **options: Any) -> GraphedUNet:
    """With a capture for the first call of a shape."""
    return GraphedUNet(model, capture or Stream(), uses_before_capture=0, **options)


def inputs(
    rows: int, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    draw = torch.Generator().manual_seed(seed)
    return (
        torch.randn(rows, 4, 8, 8, generator=draw),
        torch.randn(rows, generator=draw),
        torch.randn(rows, 5, 6, generator=draw),
        {"time_ids": torch.randn(rows, 6, generator=draw)},
    )


def sized(side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    _, timesteps, prompt_embeds, added_cond = inputs(1)
    return torch.randn(1, 4, side, side), timesteps, prompt_embeds, added_cond


@pytest.mark.parametrize("rows", [1, 2, 5, 24, 25])
def test_a_replay_answers_like_the_call_whatever_the_rows(rows: int) -> None:
    graphed = at_once(Model())
    first, second = (graphed(*inputs(rows, seed)) for seed in (1, 2))
    assert torch.equal(first, Model()(*inputs(rows, 1))), "and is not overwritten by the next"
    assert torch.equal(second, Model()(*inputs(rows, 2)))


def test_rows_are_filled_up_to_a_bucket_so_that_few_graphs_serve_all() -> None:
    model = Model()
    graphed = at_once(model)
    for rows in (5, 6, 5, 6, 13, 16, 15):
        graphed(*inputs(rows))
    assert graphed.captures == 2
    assert set(model.rows) == {5, 13, 6, 16}, "five and thirteen only to compare"


def test_what_one_persons_queue_fills_of_a_step_is_a_bucket_itself() -> None:
    assert {9, 18} <= set(BUCKETS)


def test_after_a_warm_up_no_number_of_rows_needs_another_graph() -> None:
    graphed = GraphedUNet(Model(), Stream())
    graphed.prepare(*inputs(1))
    assert graphed.captures == len(BUCKETS)
    for rows in range(1, BUCKETS[-1] + 1):
        graphed(*inputs(rows))
    assert graphed.captures == len(BUCKETS)


def test_a_shape_runs_without_a_graph_until_it_is_used_often() -> None:
    graphed = GraphedUNet(Model(), Stream(), uses_before_capture=3)
    captures = []
    for _ in range(5):
        graphed(*inputs(2))
        captures.append(graphed.captures)
    assert captures == [0, 0, 0, 1, 1]


def test_nothing_is_captured_while_somebody_draws_live() -> None:
    live = True
    graphed = at_once(Model(), may_capture=lambda: not live)
    graphed(*inputs(2))
    assert graphed.captures == 0
    live = False
    graphed(*inputs(2))
    assert graphed.captures == 1


def test_another_shape_is_another_graph() -> None:
    graphed = at_once(Model())
    latents, timesteps, prompt_embeds, added_cond = inputs(2)
    for shape in ((4, 8, 8), (4, 8, 16), (4, 8, 8)):
        graphed(torch.randn(2, *shape), timesteps, prompt_embeds, added_cond)
    graphed(latents, timesteps, torch.randn(2, 7, 6), added_cond)
    assert graphed.captures == 3


def test_more_rows_than_the_largest_bucket_run_without_a_graph() -> None:
    graphed = at_once(Model(), buckets=(1, 2))
    graphed(*inputs(3))
    assert graphed.captures == 0


def test_no_graph_is_destroyed_while_others_of_its_stream_live() -> None:
    stream = Stream()
    graphed = at_once(Model(), stream)
    for side in range(8, 8 + GRAPHS_MAX + 5):
        graphed(*sized(side))
    assert graphed.captures == GRAPHS_MAX, "beyond that calls run without"
    for side in (8, 9, 8 + GRAPHS_MAX):
        graphed(*sized(side))
    assert stream.destroyed == []


def test_a_graph_that_answers_otherwise_is_not_believed_nor_destroyed_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Wrong(Stream):
        def __call__(self, function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
            replay, answer = super().__call__(function)
            return replay, answer * 0 if len(answer) == 2 else answer

    stream = Wrong()
    graphed = at_once(Model(), stream)
    graphed(*inputs(1))
    assert torch.equal(graphed(*inputs(2)), Model()(*inputs(2)))
    assert "differs" in caplog.text
    assert torch.equal(graphed(*inputs(1, 7)), Model()(*inputs(1, 7)))


def test_graphs_are_destroyed_together_once_none_of_them_runs_and_captured_anew() -> None:
    stream = Stream()
    graphed = at_once(Model(), stream)
    for rows in (1, 2):
        graphed(*inputs(rows))
    graphed.drop_graphs()
    assert stream.destroyed == [True, True]
    graphed(*inputs(2))
    assert graphed.captures == 3


class Refusing(Stream):
    """A card that refuses captures of more than so many rows."""

    def __init__(self, error: Exception, rows_max: int = 0) -> None:
        super().__init__()
        self._error, self._rows_max = error, rows_max

    def __call__(self, function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        if len(function()) > self._rows_max:
            raise self._error
        return super().__call__(function)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operation not permitted when stream is capturing"),
        torch.OutOfMemoryError("CUDA out of memory"),
    ],
)
def test_what_cannot_be_captured_runs_without(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    graphed = at_once(Model(), Refusing(error))
    for _ in range(2):
        assert torch.equal(graphed(*inputs(2)), Model()(*inputs(2)))
    assert caplog.text.count("run without") == 1, "said once"


def test_a_warm_up_without_memory_for_many_rows_prepares_fewer() -> None:
    graphed = at_once(Model(), Refusing(torch.OutOfMemoryError("CUDA out of memory"), rows_max=6))
    graphed.prepare(*inputs(1))
    assert graphed.captures == len([size for size in BUCKETS if size <= 6])
