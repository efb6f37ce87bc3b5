"""Calls a UNet: eagerly, or by replaying a CUDA graph for each shape and batch bucket.

At 512 px and a few rows a fast card waits for the CPU to launch some 730 kernels; a graph launches them as one.
How much it gains has not been measured here yet; a graph is compared once with the eager call and dropped if it
differs. What is around the capture (buckets, padding, static inputs) runs on a CPU too and is tested there.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import torch

logger = logging.getLogger(__name__)

AddedCond = Mapping[str, torch.Tensor]
# Batches are filled up to the next of these, so that a few graphs serve every mix of pictures. Nine and eighteen are
# what one person's queue fills of twelve and twenty-four rows.
BUCKETS = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 20, 24)
# Graphs of one UNet: twelve buckets of ten shapes. None is ever evicted alone (see CudaCapture), so there is room for
# every shape that a checkpoint offers; beyond it calls run without.
GRAPHS_MAX = 120
# A shape is called so often before its graph is captured: a capture takes seconds, while somebody waits.
USES_BEFORE_CAPTURE = 3
WARM_UPS = 3
# Relative to the norm of the output, in half precision: another batch size may choose other kernels, a wrong graph is far
# off.
DIFFERENCE_MAX = 0.05


class UNetForward(Protocol):
    """Calls a UNet and returns its output, in the shape of the latents.

    latents: (rows, channels, height/8, width/8). timesteps: (rows,), float32. prompt_embeds: (rows, tokens, width).
    captures: how many CUDA graphs were captured so far.
    """

    captures: int

    def __call__(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> torch.Tensor: ...

    def prepare(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> None:
        """Do in advance what the first call would do otherwise. All: one row; later calls have any number of such rows."""

    def drop_graphs(self) -> None:
        """Release memory that only makes calls faster."""


class EagerUNet:
    """Calls the UNet directly."""

    captures = 0

    def __init__(self, unet: Any) -> None:
        self._unet = unet

    def __call__(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> torch.Tensor:
        output: torch.Tensor = self._unet(
            latents,
            timesteps,
            encoder_hidden_states=prompt_embeds,
            added_cond_kwargs=dict(added_cond) or None,
            return_dict=False,
        )[0]
        return output

    def prepare(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> None:
        pass

    def drop_graphs(self) -> None:
        pass


class Capture(Protocol):
    """Records a function's GPU work so that it can be replayed; its input tensors must stay where they are."""

    def __call__(self, function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        """Run a function without arguments; returns its replay, and the output tensor that each replay overwrites."""

    def retire(self) -> None:
        """Wait until no replay runs any more; called before all of them are destroyed together."""


# Captures that failed: torch still asks them which memory is theirs, so they must stay alive.
_abandoned: list[torch.cuda.CUDAGraph] = []
# Streams of retired captures, to be used again. torch hands out 32 streams in turn, so always making new ones would
# eventually give two UNets the same stream.
_idle_streams: list[torch.cuda.Stream] = []


class CudaCapture:
    """Captures the calls of one UNet, on one stream and into one memory pool of its own.

    A stream of its own, because destroying a graph frees the cuBLAS workspace of the stream that it was captured on,
    whose address all other graphs of that stream hold (pytorch#193402). So the graphs of one stream are destroyed
    together or not at all. One pool, because its graphs never run at the same time, which one thread guarantees.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        if self._stream is None:
            self._stream = _idle_streams.pop() if _idle_streams else torch.cuda.Stream()  # type: ignore[no-untyped-call]
        current, own = torch.cuda.current_stream(), self._stream
        own.wait_stream(current)
        with torch.cuda.stream(own):
            # Libraries choose kernels and allocate, which must not happen in a capture.
            for _ in range(WARM_UPS):
                function()
        current.wait_stream(own)
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads synchronise with their pictures meanwhile, which must not break the capture or fail.
            with torch.cuda.graph(graph, pool=self._pool, stream=own, capture_error_mode="thread_local"):
                output = function()
        except RuntimeError:
            _abandon(graph, self._pool, current)
            self._pool = torch.cuda.graph_pool_handle()
            raise
        return graph.replay, output

    def retire(self) -> None:
        torch.cuda.synchronize()
        if self._stream is not None:
            _idle_streams.append(self._stream)
        self._stream = None


def _abandon(graph: torch.cuda.CUDAGraph, pool: Any, stream: torch.cuda.Stream) -> None:
    """Clean up after a failed capture, which torch does not do: it would refuse to free any memory from then on.

    Source: CUDAGraph::capture_end of torch 2.13, and torch.cuda.graph, which does not go back to the stream before.
    """
    _abandoned.append(graph)
    torch.cuda.set_stream(stream)
    with suppress(RuntimeError):  # nothing is left undone where the capture itself ended well
        torch._C._cuda_endAllocateToPool(torch.cuda.current_device(), pool)
        torch._C._cuda_releasePool(torch.cuda.current_device(), pool)


class GraphedUNet:
    """Calls a UNet through CUDA graphs; eagerly where a graph cannot be captured or its output differs.

    may_capture: called before a capture outside `prepare`, which stops all steps for seconds.
    """

    def __init__(
        self,
        forward: UNetForward,
        capture: Capture,
        buckets: tuple[int, ...] = BUCKETS,
        uses_before_capture: int = USES_BEFORE_CAPTURE,
        may_capture: Callable[[], bool] = lambda: True,
    ) -> None:
        self._forward, self._capture, self._buckets = forward, capture, buckets
        self._uses_before_capture, self._may_capture = uses_before_capture, may_capture
        # None: not to be captured. A graph with wrong output is kept, unused: graphs of a stream are destroyed together.
        self._graphs: dict[tuple[Any, ...], _Graph | None] = {}
        self._rejected: list[_Graph] = []
        self._uses: Counter[tuple[Any, ...]] = Counter()
        self.captures = 0

    def __call__(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> torch.Tensor:
        rows = len(latents)
        size = next((bucket for bucket in self._buckets if bucket >= rows), None)
        if size is None:
            return self._forward(latents, timesteps, prompt_embeds, added_cond)
        inputs = _named(latents, timesteps, prompt_embeds, added_cond)
        graph = self._graph(inputs, size)
        if graph is None:
            return self._forward(latents, timesteps, prompt_embeds, added_cond)
        return graph.replay(inputs)

    def prepare(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        prompt_embeds: torch.Tensor,
        added_cond: AddedCond,
    ) -> None:
        inputs = _named(latents, timesteps, prompt_embeds, added_cond)
        for size in reversed(self._buckets):  # the largest first: the others fit into its memory
            key = _key(inputs, size)
            if key not in self._graphs:
                self._graphs[key] = self._capture_graph(inputs, size)

    def drop_graphs(self) -> None:
        self._capture.retire()
        self._graphs.clear()
        self._rejected.clear()
        self._uses.clear()
        self._forward.drop_graphs()

    def _graph(self, inputs: Mapping[str, torch.Tensor], size: int) -> "_Graph | None":
        key = _key(inputs, size)
        if key not in self._graphs and self._is_worth_a_capture(key):
            self._graphs[key] = self._capture_graph(inputs, size)
        return self._graphs.get(key)

    def _is_worth_a_capture(self, key: tuple[Any, ...]) -> bool:
        self._uses[key] += 1
        often = self._uses[key] > self._uses_before_capture
        return often and len(self._graphs) < GRAPHS_MAX and self._may_capture()

    def _capture_graph(self, inputs: Mapping[str, torch.Tensor], size: int) -> "_Graph | None":
        """None if it fails: the call itself may still fit into memory where a graph of it does not."""
        try:
            graph = _Graph(self._forward, self._capture, inputs, size)
        except torch.OutOfMemoryError:
            logger.warning("no memory for a graph of %s rows, they run without", size)
            return None
        except RuntimeError as error:
            logger.warning("no graph for %s rows, they run without: %s", size, error)
            return None
        self.captures += 1
        expected = _call(self._forward, inputs)
        difference = (graph.replay(inputs) - expected).norm() / expected.norm()
        if not difference <= DIFFERENCE_MAX:
            logger.warning("the graph for %s rows differs by %.3f, they run without", size, difference)
            self._rejected.append(graph)
            return None
        return graph


def _named(
    latents: torch.Tensor, timesteps: torch.Tensor, prompt_embeds: torch.Tensor, added_cond: AddedCond
) -> dict[str, torch.Tensor]:
    return {"latents": latents, "timesteps": timesteps, "prompt_embeds": prompt_embeds, **added_cond}


def _call(forward: UNetForward, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Call with inputs as `_named` returns them."""
    added_cond = dict(inputs)
    latents, timesteps = added_cond.pop("latents"), added_cond.pop("timesteps")
    return forward(latents, timesteps, added_cond.pop("prompt_embeds"), added_cond)


def _key(inputs: Mapping[str, torch.Tensor], size: int) -> tuple[Any, ...]:
    return (size, *((name, *tensor.shape[1:], tensor.dtype) for name, tensor in inputs.items()))


class _Graph:
    """A captured call with its own inputs, which are overwritten before each replay."""

    def __init__(
        self, forward: UNetForward, capture: Capture, inputs: Mapping[str, torch.Tensor], size: int
    ) -> None:
        self._inputs = {
            name: tensor[:1].repeat_interleave(size, 0).contiguous() for name, tensor in inputs.items()
        }
        # Not `self` in the lambda: a circle would keep a dropped graph until the garbage collector runs.
        own = self._inputs
        self._replay, self._output = capture(lambda: _call(forward, own))

    def replay(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The output for these inputs. Rows beyond those given keep what was in them; their output is cut off."""
        rows = len(inputs["latents"])
        for name, tensor in inputs.items():
            self._inputs[name][:rows].copy_(tensor)
        self._replay()
        # Cloned, because the next replay overwrites the output.
        return self._output[:rows].clone()
