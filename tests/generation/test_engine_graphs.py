"""Everything around a CUDA graph but the capture itself, with a stand-in that calls the function again."""

from collections.abc import Callable, Mapping

import pytest
import torch

from generation.engine.graphs import BUCKETS, Graphed


class Model:
    """Stands for a UNet: mixes all that it is given, so that anything left over from another call would show."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        words: torch.Tensor,
        added: Mapping[str, torch.Tensor],
    ) -> torch.Tensor:
        self.rows.append(len(latents))
        beside = words.mean((1, 2)) + timesteps + sum(extra.mean(1) for extra in added.values())
        return latents * 2 + beside.view(-1, 1, 1, 1)

    def prepare(self, *rows: object) -> None:
        pass

    def forget(self) -> None:
        pass


def replaying(
    function: Callable[[], torch.Tensor],
) -> tuple[Callable[[], None], torch.Tensor]:
    """Like a graph: the answer lies where it always lies, and is overwritten by the next replay."""
    answer = function().clone()

    def replay() -> None:
        answer.copy_(function())

    return replay, answer


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


@pytest.mark.parametrize("rows", [1, 2, 5, 24, 25])
def test_a_replay_answers_like_the_call_whatever_the_rows(rows: int) -> None:
    graphed = Graphed(Model(), replaying)
    first, second = (graphed(*inputs(rows, seed)) for seed in (1, 2))
    assert torch.equal(first, Model()(*inputs(rows, 1))), "and is not overwritten by the next"
    assert torch.equal(second, Model()(*inputs(rows, 2)))


def test_rows_are_filled_up_to_a_bucket_so_that_few_graphs_serve_all() -> None:
    model = Model()
    graphed = Graphed(model, replaying)
    for rows in (5, 6, 5, 6, 13, 16, 15):
        graphed(*inputs(rows))
    assert graphed.captures == 2
    assert set(model.rows) == {5, 13, 6, 16}, "five and thirteen only to compare"


def test_after_a_warm_up_no_number_of_rows_needs_another_graph() -> None:
    graphed = Graphed(Model(), replaying)
    latents, timesteps, words, added = inputs(1)
    graphed.prepare(latents, timesteps, words, added)
    assert graphed.captures == len(BUCKETS)
    for rows in range(1, BUCKETS[-1] + 1):
        graphed(*inputs(rows))
    assert graphed.captures == len(BUCKETS)


def test_another_shape_is_another_graph() -> None:
    graphed = Graphed(Model(), replaying)
    latents, timesteps, words, added = inputs(2)
    for shape in ((4, 8, 8), (4, 8, 16), (4, 8, 8)):
        graphed(torch.randn(2, *shape), timesteps, words, added)
    graphed(latents, timesteps, torch.randn(2, 7, 6), added)
    assert graphed.captures == 3


def test_more_rows_than_the_largest_bucket_run_without_a_graph() -> None:
    graphed = Graphed(Model(), replaying, buckets=(1, 2))
    graphed(*inputs(3))
    assert graphed.captures == 0


def test_what_cannot_be_captured_runs_without(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        raise RuntimeError("operation not permitted when stream is capturing")

    graphed = Graphed(Model(), refuse)
    for _ in range(2):
        assert torch.equal(graphed(*inputs(2)), Model()(*inputs(2)))
    assert caplog.text.count("run without") == 1, "said once"


def test_a_graph_that_answers_otherwise_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    def wrong(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        return lambda: None, function() * 0

    graphed = Graphed(Model(), wrong)
    assert torch.equal(graphed(*inputs(2)), Model()(*inputs(2)))
    assert "differs" in caplog.text


def test_out_of_memory_while_capturing_is_for_the_engine_to_judge() -> None:
    def exhausted(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Graphed(Model(), exhausted)(*inputs(2))


def test_a_warm_up_without_memory_for_many_rows_prepares_fewer() -> None:
    def short(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        if len(function()) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return replaying(function)

    graphed = Graphed(Model(), short)
    latents, timesteps, words, added = inputs(1)
    graphed.prepare(latents, timesteps, words, added)
    assert graphed.captures == len([size for size in BUCKETS if size <= 6])


def test_graphs_that_are_forgotten_are_captured_anew() -> None:
    graphed = Graphed(Model(), replaying)
    graphed(*inputs(2))
    graphed.forget()
    graphed(*inputs(2))
    assert graphed.captures == 2
