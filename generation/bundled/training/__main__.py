"""Command line of the training: `python -m generation.bundled.training STAGE`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from . import art, autoencoder, evaluate, export, outlines, rasterise, region_colors, unet
from .recipe import RECIPES, Recipe, Workplace

STAGES = ("dataset", "rasterise", "vae", "unet", "decoder", "export", "colors", "outlines", "evaluate")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="training", description="Train the bundled checkpoint, one stage a command, in this order."
    )
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--recipe", choices=RECIPES, help="default: gpu where there is one, else cpu")
    parser.add_argument(
        "--smoke", action="store_true", help="short for --recipe smoke: every stage in about a minute"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("training-work"),
        help="downloads, pixels and checkpoints (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("training-out"),
        help="exported checkpoint and evaluation (default: %(default)s)",
    )
    parser.add_argument(
        "--minutes", type=float, help="stop this call after so long; call again to go on (vae, unet, decoder)"
    )
    parser.add_argument("--start", type=Path, help="an exported unet/ folder to begin from (unet)")
    parser.add_argument("--mix", type=Path, help="an exported unet/ folder to take the mean with (export)")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="the exported folder to judge (evaluate, default: --out) or to compare with (colors)",
    )
    parser.add_argument(
        "--count", type=int, default=128, help="pictures per part (evaluate, colors; default: %(default)s)"
    )
    return parser.parse_args()


def run(
    stage: str, recipe: Recipe, place: Workplace, device: torch.device, options: argparse.Namespace
) -> None:
    match stage:
        case "dataset":
            art.build(recipe, place)
        case "rasterise":
            rasterise.rasterise(recipe, place)
        case "vae" | "decoder":
            autoencoder.train(recipe, place, device, options.minutes, decoder_only=stage == "decoder")
        case "unet":
            unet.train(recipe, place, device, options.minutes, options.start)
        case "export":
            export.export(recipe, place, options.out, options.mix)
        case "colors":
            region_colors.run(recipe, place, options.out, options.checkpoint, options.count)
        case "outlines":
            outlines.build(place, options.out)
        case "evaluate":
            checkpoint = options.checkpoint or options.out
            evaluate.evaluate(recipe, place, device, checkpoint, options.out / "evaluation", options.count)


def main() -> None:
    options = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    recipe = RECIPES[
        "smoke" if options.smoke else options.recipe or ("gpu" if device.type == "cuda" else "cpu")
    ]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_float32_matmul_precision("high")
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    for stage in STAGES if options.stage == "all" else (options.stage,):
        run(stage, recipe, Workplace(options.work), device, options)


if __name__ == "__main__":
    main()
