"""One call of a UNet: as it is, or replayed from a CUDA graph for each shape and batch bucket.

At 512 px and a few rows a fast card waits for the CPU to launch some 730 kernels; a graph launches them as one.
How much it gains has not been measured here yet; a graph is checked once against the plain call and dropped if it
differs. What is around the capture (buckets, padding, static inputs) runs on a CPU too and is tested there.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import torch

logger = logging.getLogger(__name__)

Added = Mapping[str, torch.Tensor]
# Batches are filled up to the next of these, so that a few graphs serve every mix of pictures.
BUCKETS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
# Graphs of one UNet share a memory pool, but each holds its inputs and what the driver keeps for its kernels.
KEPT = 32
WARM_UPS = 3
# Of the answer's norm, in half precision: another batch size may choose other kernels, a wrong graph is far off.
DIFFERENCE_MAX = 0.05


class Forward(Protocol):
    """latents: (rows, channels, height/8, width/8). timesteps: (rows,), float32. words: (rows, tokens, width)."""

    captures: int

    def __call__(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> torch.Tensor: ...

    def prepare(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> None:
        """Do now, for rows like this one and any number of them, what the first call would else do."""

    def forget(self) -> None:
        """Give back memory that is only there to be faster."""


class Eager:
    """The UNet as it is."""

    captures = 0

    def __init__(self, unet: Any) -> None:
        self._unet = unet

    def __call__(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> torch.Tensor:
        answer: torch.Tensor = self._unet(
            latents,
            timesteps,
            encoder_hidden_states=words,
            added_cond_kwargs=dict(added) or None,
            return_dict=False,
        )[0]
        return answer

    def prepare(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> None:
        pass

    def forget(self) -> None:
        pass


# Runs a function without arguments over tensors that stay where they are; gives a replay and where it puts its answer.
Capture = Callable[[Callable[[], torch.Tensor]], tuple[Callable[[], None], torch.Tensor]]


# Captures that failed: torch goes on asking them which memory is theirs.
_abandoned: list[torch.cuda.CUDAGraph] = []


def capture_on_cuda() -> Capture:
    """Captures into one memory pool: its graphs must not run at the same time, which one thread guarantees."""
    pool = torch.cuda.graph_pool_handle()

    def capture(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        nonlocal pool
        current, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):  # libraries choose kernels and allocate, which a capture must not see
                function()
        current.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads wait for their pictures meanwhile, which must neither end the capture nor fail them.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                answer = function()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            _abandon(graph, pool, current)
            pool = torch.cuda.graph_pool_handle()
            raise
        return graph.replay, answer

    return capture


def _abandon(graph: torch.cuda.CUDAGraph, pool: Any, stream: torch.cuda.Stream) -> None:
    """What torch leaves undone after a capture that ended in an error: it would refuse to free any memory from then on.

    Source: CUDAGraph::capture_end of torch 2.13, and torch.cuda.graph, which does not go back to the stream before.
    """
    _abandoned.append(graph)
    torch.cuda.set_stream(stream)
    with suppress(RuntimeError):  # nothing is left undone where the capture itself ended well
        torch._C._cuda_endAllocateToPool(torch.cuda.current_device(), pool)
        torch._C._cuda_releasePool(torch.cuda.current_device(), pool)


class Graphed:
    """The UNet through graphs. What cannot be captured, or comes out differently, is called as it is."""

    def __init__(self, forward: Forward, capture: Capture, buckets: tuple[int, ...] = BUCKETS) -> None:
        self._forward, self._capture, self._buckets = forward, capture, buckets
        self._graphs: OrderedDict[tuple[Any, ...], _Graph | None] = OrderedDict()
        self.captures = 0

    def __call__(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> torch.Tensor:
        rows = len(latents)
        size = next((bucket for bucket in self._buckets if bucket >= rows), None)
        if size is None:
            return self._forward(latents, timesteps, words, added)
        inputs = {"latents": latents, "timesteps": timesteps, "words": words, **added}
        graph = self._graph(inputs, size)
        if graph is None:
            return self._forward(latents, timesteps, words, added)
        return graph.replay(inputs)

    def prepare(
        self, latents: torch.Tensor, timesteps: torch.Tensor, words: torch.Tensor, added: Added
    ) -> None:
        for size in reversed(self._buckets):  # the largest first: the others fit into its memory
            try:
                self._graph({"latents": latents, "timesteps": timesteps, "words": words, **added}, size)
            except torch.OutOfMemoryError:
                logger.warning("no memory for a graph of %s rows", size)

    def forget(self) -> None:
        self._graphs.clear()
        self._forward.forget()

    def _graph(self, inputs: Mapping[str, torch.Tensor], size: int) -> "_Graph | None":
        shapes = tuple((name, *tensor.shape[1:], tensor.dtype) for name, tensor in inputs.items())
        key = (size, *shapes)
        if key not in self._graphs:
            self._graphs[key] = self._captured(inputs, size)
            while len(self._graphs) > KEPT:
                self._graphs.popitem(last=False)
        self._graphs.move_to_end(key)
        return self._graphs[key]

    def _captured(self, inputs: Mapping[str, torch.Tensor], size: int) -> "_Graph | None":
        try:
            graph = _Graph(self._forward, self._capture, inputs, size)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            logger.warning("no graph for %s rows, they run without: %s", size, error)
            return None
        self.captures += 1
        plain = dict(inputs)
        expected = self._forward(plain.pop("latents"), plain.pop("timesteps"), plain.pop("words"), plain)
        difference = (graph.replay(inputs) - expected).norm() / expected.norm()
        if not difference <= DIFFERENCE_MAX:
            logger.warning("the graph for %s rows differs by %.3f, they run without", size, difference)
            return None
        return graph


class _Graph:
    """A captured call with its own inputs, which are overwritten before each replay."""

    def __init__(
        self, forward: Forward, capture: Capture, inputs: Mapping[str, torch.Tensor], size: int
    ) -> None:
        self._inputs = {
            name: tensor[:1].repeat_interleave(size, 0).contiguous() for name, tensor in inputs.items()
        }
        own = dict(self._inputs)
        latents, timesteps, words = own.pop("latents"), own.pop("timesteps"), own.pop("words")
        self._run, self._answer = capture(lambda: forward(latents, timesteps, words, own))

    def replay(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Rows beyond those given keep what was in them; nobody looks at their answers."""
        rows = len(inputs["latents"])
        for name, tensor in inputs.items():
            self._inputs[name][:rows].copy_(tensor)
        self._run()
        # The next replay overwrites the answer.
        return self._answer[:rows].clone()
