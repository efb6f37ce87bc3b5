"""Which questions are put to which model on which device."""

import sys
from functools import partial

from bench.engine import floors, live, measures, models, stock
from bench.engine.measures import Row
from bench.engine.rig import rig
from generation.checkpoints import catalogue
from generation.engine import device as devices
from generation.pipelines.loading import LoadedCheckpoint, load

JOBS = 8


def run(device: str, rounds: int, threads: int, short: bool) -> list[Row]:
    return _on_cpu(rounds, threads, short) if device == "cpu" else _on_accelerator(device, rounds)


def _on_cpu(rounds: int, threads: int, short: bool) -> list[Row]:
    built_in = load(catalogue.get("bundled"), "cpu")
    narrow = models.loaded("sd-narrow", models.sd15(models.NARROW), models.SD, "cpu", models.NARROW)
    rows: list[Row] = []
    if not short:
        rows += _throughput("built-in", built_in, "cpu", rounds, threads, kind="pix2pix", steps=8)
    with rig(built_in, "cpu", threads) as engine:
        _say("what the engine adds, cancels, sameness")
        rows += measures.overhead(engine, stock.b0(built_in), rounds, kind="pix2pix", steps=8)
        rows += measures.cancel(engine, rounds, kind="pix2pix")
        rows += measures.sameness(engine, rounds, kind="txt2img")
        rows += measures.busy(engine, JOBS, rounds, kind="pix2pix", steps=8)
    rows += _live(built_in, "cpu", rounds, threads, kind="pix2pix", steps=4)
    with rig(narrow, "cpu", threads) as engine:
        _say("fairness")
        rows += measures.fairness(engine, 7 * rounds, kind="txt2img", steps=4)
    return rows


def _on_accelerator(device: str, rounds: int) -> list[Row]:
    """The true configurations, one after the other, so that each has the card to itself."""
    size = models.TRUE
    rows: list[Row] = []
    sd15 = models.loaded("sd15", models.sd15(size), models.SD, device, size)
    rows += _named(_throughput("SD 1.5 img2img", sd15, device, rounds, 0, 24, kind="img2img"), "R4", "R6")
    with rig(sd15, device) as engine:
        _say("what the engine adds, cancels, fairness, sameness, captures")
        rows += measures.overhead(engine, stock.b0(sd15), rounds, kind="img2img")
        rows += measures.cancel(engine, rounds, kind="img2img")
        rows += measures.fairness(engine, 3 * rounds, kind="txt2img", steps=4)
        rows += measures.sameness(engine, rounds, kind="txt2img")
        rows += measures.captures(engine, 1000, kind="txt2img")
        rows += measures.busy(engine, 24, rounds, kind="img2img")
        rows += measures.previews(engine, 24, rounds, kind="img2img")
    del sd15
    pix2pix = models.loaded("pix2pix", models.pix2pix(size), models.PIX2PIX, device, size)
    rows += _named(_throughput("InstructPix2Pix", pix2pix, device, rounds, 0, 24, kind="pix2pix"), "R5", "")
    del pix2pix
    turbo = models.loaded("sd-turbo", models.sd_turbo(size), models.SD, device, size)
    chosen = {"kind": "img2img", "steps": 2, "strength": 0.5, "guidance_scale": 0.0}
    rows += _throughput("SD-Turbo, one step", turbo, device, rounds, 0, 24, **chosen)
    rows += _live(turbo, device, rounds, 0, **chosen)
    return rows + floors.fractions(rows, devices.title(device))


def _live(loaded: LoadedCheckpoint, device: str, rounds: int, threads: int, **raw: object) -> list[Row]:
    """Frames as boards send them. Beside stock pipelines only on an accelerator: a CPU gains nothing there."""
    _say("live frames")
    frames = 10 if device == "cpu" else 200
    with live.boards(loaded, device, threads, **raw) as boards:
        rows = live.host_share(boards, frames)
        rows += live.beside_jobs(boards, frames, **raw)
        if device != "cpu":
            rows += live.fps(boards, stock.b0(loaded), stock.b1(loaded, device), rounds, frames)
    return rows


def _throughput(
    title: str,
    loaded: LoadedCheckpoint,
    device: str,
    rounds: int,
    threads: int,
    jobs: int = JOBS,
    **raw: object,
) -> list[Row]:
    """Equal jobs: stock as documented, stock as a competent user writes it, the engine one by one, and batched."""
    _say(f"{title}: {jobs} equal jobs")
    one_at_a_time = {"rows": 1, "pictures": 1}  # the first picture is let in whatever its rows
    with rig(loaded, device, threads, **one_at_a_time) as single, rig(loaded, device, threads) as batched:
        works = [batched.work(f"person {seed % 4}", seed=seed, **raw) for seed in range(jobs)]
        rows = measures.throughput(
            {
                "stock (B0)": partial(stock.b0(loaded), works),
                "stock, competent (B1)": partial(stock.b1(loaded, device), works),
                "engine, one by one": partial(single.all, works),
                "engine": partial(batched.all, works),
            },
            jobs,
            rounds,
        )
    return [row._replace(what=f"{title}, {row.what}") for row in rows]


def _named(rows: list[Row], against_stock: str, against_itself: str) -> list[Row]:
    """The R of the ratio to stock as documented and of that to the engine without batches."""
    numbers = {"÷ stock (B0)": against_stock, "÷ engine, one by one": against_itself}
    return [
        row._replace(number=next((r for end, r in numbers.items() if row.what.endswith(end)), ""))
        for row in rows
    ]


def _say(what: str) -> None:
    print(f"measuring {what} …", file=sys.stderr, flush=True)
