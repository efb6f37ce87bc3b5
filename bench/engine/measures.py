"""The measurements, one function for each question. Contenders alternate in every round, so that a busy moment of the
machine affects all of them; medians over the rounds are compared."""

import secrets
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import NamedTuple
from unittest.mock import patch

import torch

from bench.engine.meter import Meter
from bench.engine.rig import Rig
from generation.engine import request
from generation.engine.denoiser import Sample
from generation.engine.previews import Budget
from generation.pipelines import drawing
from generation.work import Cancelled, Progress, Work


class Row(NamedTuple):
    """One line of the table. values: one for each round, in `unit`. number: of its target (R1 …), empty for none."""

    number: str
    what: str
    unit: str
    values: Sequence[float]
    goal: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def by_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, go in contenders.items():
            began = monotonic()
            go()
            if number:
                seconds[name].append(monotonic() - began)
    return seconds


def throughput(contenders: Mapping[str, Callable[[], object]], jobs: int, rounds: int) -> list[Row]:
    """Pictures a second of each contender, and the ratio of the last one to each of the others, round by round."""
    seconds = by_turns(contenders, rounds)
    *others, best = contenders
    rows = [
        Row("", f"{name}: {jobs} equal jobs", "jobs/s", [jobs / s for s in seconds[name]])
        for name in contenders
    ]
    for other in others:
        ratios = [slow / fast for slow, fast in zip(seconds[other], seconds[best], strict=True)]
        rows.append(Row("", f"{best} ÷ {other}", "×", ratios))
    return rows


def overhead(rig: Rig, bare: Callable[[Sequence[Work]], None], rounds: int, **raw: object) -> list[Row]:
    """The engine's overhead for one picture on an idle machine: threads, queue and cropping, minus what it saves."""
    work = rig.work(**raw)
    seconds = by_turns({"engine": lambda: rig.all([work]), "bare": lambda: bare([work])}, rounds)
    pairs = list(zip(seconds["engine"], seconds["bare"], strict=True))
    return [
        Row("", "one picture through the engine", "ms", [each * 1000 for each in seconds["engine"]]),
        Row(
            "R9", "engine beyond the bare stock pipeline", "ms", [(a - b) * 1000 for a, b in pairs], "≤ 25 ms"
        ),
        Row(
            "R10",
            "the same, as a share of the bare pipeline",
            "%",
            [(a / b - 1) * 100 for a, b in pairs],
            "≤ 6 %",
        ),
    ]


def previews(rig: Rig, jobs: int, rounds: int, **raw: object) -> list[Row]:
    """How much longer pictures take with four previews each."""
    works = [rig.work(f"person {seed % 4}", seed=seed, **raw) for seed in range(jobs)]
    began = monotonic()
    rig.all(works)
    four = partial(Budget, share=float("inf"), interval_seconds=(monotonic() - began) / 5)

    def draw(budget: Callable[[], Budget]) -> None:
        with patch.object(request, "Budget", budget):
            rig.all(works)

    contenders = {"with": partial(draw, four), "without": partial(draw, partial(Budget, share=-1.0))}
    seconds = by_turns(contenders, rounds)
    pairs = zip(seconds["with"], seconds["without"], strict=True)
    return [Row("R14", "four previews of each picture", "%", [(a / b - 1) * 100 for a, b in pairs], "≤ 3 %")]


def busy(rig: Rig, jobs: int, rounds: int, **raw: object) -> list[Row]:
    """The share of the time under load in which the accelerator works on a model."""
    works = [rig.work(f"person {seed % 4}", seed=seed, **raw) for seed in range(jobs)]
    resident = rig.engine.residency.known(rig.loaded.checkpoint)
    assert resident is not None
    sampler = resident.sampler(works[0].params.kind)
    assert sampler is not None
    meter, found = Meter(), []
    with ExitStack() as metered:
        for owner, name in ((resident.denoiser(sampler), "forward"), (sampler, "begin"), (sampler, "decode")):
            metered.enter_context(patch.object(owner, name, meter.around(getattr(owner, name))))
        for _ in range(rounds):
            meter.spans.clear()
            began = monotonic()
            rig.all(works)
            found.append(meter.seconds() / (monotonic() - began) * 100)
    return [Row("R8", "accelerator busy under load, without storage", "%", found, "≥ 95 %")]


def cancel(rig: Rig, rounds: int, **raw: object) -> list[Row]:
    """From a cancel to the ticket's answer, while others share the steps."""
    answered, steps_more = [], []
    for seed in range(rounds):
        other = rig.ask(seed=1000 + seed, steps=50, **raw)
        ticket = rig.ask(seed=seed, steps=50, **raw)
        reports: list[Progress] = []
        while not reports or reports[-1].step < 3:
            if report := ticket.wait(10):
                reports.append(report)
        began = monotonic()
        ticket.stop(Cancelled())
        while not ticket.done():
            if report := ticket.wait(10):
                reports.append(report)
        answered.append((monotonic() - began) * 1000)
        steps_more.append(float(reports[-1].step - 3 if reports[-1].step > 3 else 0))
        other.stop(Cancelled())
        while not other.done():
            other.wait(10)
    return [
        Row("R13", "cancel → rows freed", "steps", steps_more, "≤ 1"),
        Row("", "cancel → answered", "ms", answered),
    ]


def fairness(rig: Rig, rounds: int, many: int = 50, **raw: object) -> list[Row]:
    """How long bob waits for one picture when alice has just queued many, and when she has queued one."""
    waits: dict[int, list[float]] = {1: [], many: []}
    for _ in range(rounds):
        for queued, found in waits.items():
            alice = [rig.ask("alice", seed=seed, **raw) for seed in range(queued)]
            began = monotonic()
            rig.ask("bob", seed=7, **raw).result(600)
            found.append(monotonic() - began)
            for ticket in alice:
                ticket.stop(Cancelled())
            for ticket in alice:
                while not ticket.done():
                    ticket.wait(10)
    slow = {queued: p95(found) for queued, found in waits.items()}
    return [
        Row("", "bob's wait beside 1 job of alice", "ms", [each * 1000 for each in waits[1]]),
        Row("", f"bob's wait beside {many} jobs of alice", "ms", [each * 1000 for each in waits[many]]),
        Row("R15", f"bob's p95 beside {many} ÷ beside 1", "×", [slow[many] / slow[1]], "≤ 1.5"),
    ]


@torch.inference_mode()
def sameness(rig: Rig, rounds: int, **raw: object) -> list[Row]:
    """The distance between latents drawn in a batch and alone, with random seeds. The engine must be idle."""
    resident = rig.engine.residency.known(rig.loaded.checkpoint)
    assert resident is not None
    found: list[float] = []
    for _ in range(rounds):
        works = [
            rig.work(seed=secrets.randbelow(2**32), steps=4 + number, guidance_scale=1.0 + 2 * number, **raw)
            for number in range(4)
        ]
        pictures = [picture for work in works for picture in drawing.drawings(work)]
        sampler = resident.sampler(works[0].params.kind)
        assert sampler is not None
        denoiser = resident.denoiser(sampler)
        together, alone = ([sampler.begin(picture) for picture in pictures] for _ in range(2))
        while going := [sample for sample in together if not sample.done]:
            denoiser.step(going)
        for one, other in zip(together, alone, strict=True):
            while not other.done:
                denoiser.step([other])
            found.append(_distance(one, other))
    return [Row("R16", "batched beside alone, rel. L2", "", found, "≤ 1e-5 fp32, ≤ 1e-2 half")]


def captures(rig: Rig, jobs: int, **raw: object) -> list[Row]:
    """How many CUDA graphs are captured after the warm-up. Only for devices with graphs."""
    resident = rig.engine.residency.known(rig.loaded.checkpoint)
    assert resident is not None
    before = resident.captures
    for first in range(0, jobs, 20):
        rig.all(
            [
                rig.work(
                    f"person {seed % 5}",
                    seed=seed,
                    steps=4 + seed % 7,
                    guidance_scale=1.0 + seed % 3 * 3,
                    **raw,
                )
                for seed in range(first, min(first + 20, jobs))
            ]
        )
    return [Row("R17", f"graphs captured in {jobs} mixed jobs", "", [float(resident.captures - before)], "0")]


def _distance(one: Sample, other: Sample) -> float:
    return float((one.latents - other.latents).norm() / other.latents.norm())


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
