"""Stage `export`: folders that diffusers loads as they are, small enough to ship inside the repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor

from .recipe import SCHEDULER, Recipe, Workplace
from .unet import load

WEIGHTS = "diffusion_pytorch_model.safetensors"


def small(tensor: Tensor) -> Tensor:
    """Matrices and kernels as float8 e4m3, the few thousand biases and norms as float16."""
    return tensor.detach().cpu().to(torch.float8_e4m3fn if tensor.ndim > 1 else torch.float16).contiguous()


def rounding_error(net: UNet2DConditionModel) -> float:
    """Mean relative error that the small formats add to the weights."""
    pairs = [(weights.detach().float(), small(weights).float()) for weights in net.parameters()]
    return float(sum((a - b).abs().sum() for a, b in pairs) / sum(a.abs().sum() for a, _ in pairs))


def write_unet(net: UNet2DConditionModel, folder: Path) -> None:
    """config.json and the weights, half the size of float16; load with `torch_dtype=torch.float32`."""
    net.save_config(folder)
    save_file(
        {name: small(tensor) for name, tensor in net.state_dict().items()}, folder / WEIGHTS, {"format": "pt"}
    )


@torch.no_grad()
def mix(net: UNet2DConditionModel, folder: Path) -> None:
    """Move the weights half-way to those of an exported unet folder.

    The mean of two that were trained from the same beginning is often better than either (arXiv 2203.05482).
    """
    other = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
    for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
        mine.lerp_(theirs, 0.5)


def export(recipe: Recipe, place: Workplace, out: Path, other: Path | None = None) -> None:
    """Write unet/, vae/, scheduler/, ATTRIBUTION.md and training.json (what was trained for how long) under `out`.

    other: an exported unet folder to mix in.
    """
    net = load(recipe, place, torch.device("cpu"))
    if other is not None:
        mix(net, other)
    write_unet(net, out / "unet")
    AutoencoderTiny.from_pretrained(place.vae, torch_dtype=torch.float16).save_pretrained(out / "vae")
    DDIMScheduler(**SCHEDULER).save_pretrained(out / "scheduler")
    shutil.copy(place.attribution, out / "ATTRIBUTION.md")
    state = torch.load(place.unet_state, map_location="cpu", weights_only=True)
    facts = {
        "unet_steps": state["step"],
        "unet_samples": state["step"] * recipe.unet_batch,
        "unet_minutes": round(state["spent"], 1),
    }
    (out / "training.json").write_text(
        json.dumps(
            {"side_px": recipe.side_px, **facts, "float8_error": round(rounding_error(net), 4)}, indent=1
        )
    )
    print(f"{out}: {sum(f.stat().st_size for f in out.rglob('*.safetensors')) / 2**20:.1f} MiB of weights")
