"""A decoder that is compiled while a worker warms up: the same pictures, and no compiler in anybody's way."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch

from generation.checkpoints.catalogue import Checkpoint
from generation.engine import residency as residencies
from generation.engine.engine import Engine
from generation.engine.residency import Residency, Resident
from generation.engine.vae_decoding import BUCKETS, CompiledDecoder, Decode, EagerDecoder, compile_decoder
from generation.pipelines import drawing
from generation.pipelines.loading import load
from generation.work import Ticket

WAIT_SECONDS = 60


class Model:
    """Stands for an autoencoder: notes how many pictures each call was given."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        self.calls.append(len(latents))
        return (latents * 2,)


class Compiler:
    """A stub at the compiler's door: notes what it was given, and calls it as it is."""

    def __init__(self, wrong: float = 1.0) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._wrong = wrong

    def __call__(self, function: Decode) -> Decode:
        def compiled(latents: torch.Tensor) -> torch.Tensor:
            self.shapes.append(tuple(latents.shape))
            return function(latents) * self._wrong

        return compiled


def latents(pictures: int, side: int = 4) -> torch.Tensor:
    return torch.randn(pictures, 4, side, side, generator=torch.Generator().manual_seed(pictures))


@pytest.mark.parametrize("pictures", [1, 2, 3, 5, 8, 9])
def test_a_compiled_decoder_gives_the_same_pixels_whatever_the_pictures(pictures: int) -> None:
    decoder = CompiledDecoder(EagerDecoder(Model()), Compiler())
    decoder.prepare(latents(1))
    assert torch.equal(decoder(latents(pictures)), latents(pictures) * 2)


def test_a_plain_decoder_on_a_card_meets_few_batches() -> None:
    model = Model()
    decoder = EagerDecoder(model, BUCKETS)
    for pictures in (1, 3, 5, 7, 9):
        assert torch.equal(decoder(latents(pictures)), latents(pictures) * 2)
    assert model.calls == [1, 4, 8, 8, 9], "for each new batch the card searches its kernels anew"


def test_decoders_of_many_checkpoints_are_each_compiled() -> None:
    """By default torch keeps eight compiled calls of one function, and all decoders are one function."""

    class Telling(Model):
        def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
            return (torch.full_like(latents, torch.compiler.is_compiling()),)

    for side in range(4, 14):
        decode = compile_decoder(EagerDecoder(Telling()), backend="eager")
        assert decode(latents(1, side)).all(), f"the decoder for side {side} runs plain"


def test_every_bucket_is_compiled_by_the_warm_up_and_nothing_after_it() -> None:
    compiler = Compiler()
    decoder = CompiledDecoder(EagerDecoder(Model()), compiler)
    decoder.prepare(latents(3))
    assert [shape[0] for shape in compiler.shapes] == list(BUCKETS)
    decoder(latents(3))
    assert compiler.shapes[-1] == (4, 4, 4, 4), "filled up to a bucket"
    before = len(compiler.shapes)
    decoder(latents(1, side=8))
    assert len(compiler.shapes) == before, (
        "nobody waits for a compiler: a size that was not warmed is drawn plainly"
    )
    decoder.prepare(latents(3))
    assert len(compiler.shapes) == before, "and nothing is compiled twice"


def test_what_comes_out_differently_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    model, compiler = Model(), Compiler(wrong=1.2)
    decoder = CompiledDecoder(EagerDecoder(model), compiler, buckets=(1,))
    decoder.prepare(latents(1))
    assert torch.equal(decoder(latents(1)), latents(1) * 2)
    assert "differs by 0.200" in caplog.text and len(compiler.shapes) == 1


def test_a_compiler_that_fails_costs_nobody_a_picture(caplog: pytest.LogCaptureFixture) -> None:
    def broken(function: Decode) -> Decode:
        def compiled(latents: torch.Tensor) -> torch.Tensor:
            raise ValueError("no such kernel")

        return compiled

    decoder = CompiledDecoder(EagerDecoder(Model()), broken)
    decoder.prepare(latents(1))
    assert torch.equal(decoder(latents(2)), latents(2) * 2)
    assert "no such kernel" in caplog.text


def test_no_more_shapes_are_compiled_than_torch_keeps() -> None:
    compiler = Compiler()
    decoder = CompiledDecoder(EagerDecoder(Model()), compiler)
    for side in (4, 8, 12):
        decoder.prepare(latents(1, side))
    assert len(compiler.shapes) == 8
    assert torch.equal(decoder(latents(2, side=12)), latents(2, side=12) * 2)


def test_a_warm_up_without_memory_for_many_pictures_prepares_fewer() -> None:
    compiler = Compiler()

    def short(function: Decode) -> Decode:
        def compiled(latents: torch.Tensor) -> torch.Tensor:
            if len(latents) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return compiler(function)(latents)

        return compiled

    decoder = CompiledDecoder(EagerDecoder(Model()), short)
    decoder.prepare(latents(1))
    assert [shape[0] for shape in compiler.shapes] == [1, 2]
    assert torch.equal(decoder(latents(8)), latents(8) * 2)


def test_the_engine_prepares_its_decoder_when_it_warms_up(
    tiny_checkpoint: Callable[..., Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = Compiler()
    monkeypatch.setattr(
        residencies, "CompiledDecoder", partial(CompiledDecoder, compile_decoder=compiler, buckets=(1, 2))
    )
    checkpoint = tiny_checkpoint("sd", {"txt2img": "StableDiffusionPipeline"}, scheduler="DDIMScheduler")
    residency = Residency("cpu", 1, load, lambda device: None)
    residency.tuning = replace(residency.tuning, compiled=True)
    engine = Engine(residency, threads=1)
    engine.start()
    [work] = drawing.smallest(checkpoint)
    ticket = Ticket(work)
    engine.submit_ticket(ticket, is_warm_up=True)
    assert ticket.result(WAIT_SECONDS).pictures
    engine.stop()
    engine.join(WAIT_SECONDS)
    assert [shape[0] for shape in compiler.shapes[:2]] == [1, 2]


def test_torch_can_trace_a_whole_decoder(
    tiny_checkpoint: Callable[..., Checkpoint], caplog: pytest.LogCaptureFixture
) -> None:
    """All of torch's compiler but what writes kernels, which takes minutes on a CPU."""
    vae: Any = load(tiny_checkpoint("sd", {"txt2img": "StableDiffusionPipeline"}), "cpu").vae
    tracing = partial(torch.compile, backend="aot_eager", fullgraph=True, dynamic=False)
    assert_same(vae, tracing, vae.config.latent_channels, caplog)


@pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")),
    reason="torch's compiler needs a C++ compiler on a CPU",
)
@pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)  # torch's own use
def test_torchs_own_compiler_gives_the_same_pixels(caplog: pytest.LogCaptureFixture) -> None:
    """The code that runs on CUDA, on this CPU: how fast it is there has to be measured there."""

    class Small(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = torch.nn.Conv2d(4, 3, 3, padding=1)

        def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
            return (torch.tanh(self.out(latents)),)

    assert_same(Small(), compile_decoder, 4, caplog)


def assert_same(
    vae: Any, compile_decoder: Callable[[Decode], Decode], channels: int, caplog: pytest.LogCaptureFixture
) -> None:
    decoder = CompiledDecoder(EagerDecoder(vae), compile_decoder, buckets=(2,))
    asked = torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode(), caplog.at_level(logging.WARNING, "generation.engine.vae_decoding"):
        decoder.prepare(asked)
        assert not caplog.messages, "it was compiled"
        assert torch.allclose(decoder(asked), EagerDecoder(vae)(asked), atol=1e-4)


def test_a_cpu_decodes_plainly(bundled: Checkpoint) -> None:
    residency = Residency("cpu", 1, load, lambda device: None)
    assert not residency.tuning.compiled
    assert isinstance(Resident(load(bundled, "cpu"), residency.tuning)._decoder, EagerDecoder)
