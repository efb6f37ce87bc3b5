"""Merges LoRAs into a checkpoint's weights while it is loaded.

Merged LoRAs cost nothing while drawing, and batches, graphs and residency need no special case. diffusers reads the file
formats; only the addition is done here, because its own merging needs another package and keeps the LoRA separate.
"""

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from generation.checkpoints import hub
from generation.checkpoints.catalogue import Checkpoint, Lora
from generation.errors import CheckpointUnavailable

_MATRIX = re.compile(r"(?P<module>.+?)[._](lora|lora_linear_layer)[._](?P<which>down|up|A|B)\.weight")
_UNET_NAMES = {"to_out": "to_out.0"}
_TEXT_NAMES = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}


def merge(pipeline: Any, lora: Lora, checkpoint: Checkpoint) -> None:
    """Merge a LoRA into a pipeline's UNet and text encoders. Raises CheckpointUnavailable."""
    path = path_of(lora, checkpoint)
    state, alphas = pipeline.lora_state_dict(str(path.parent), weight_name=path.name, local_files_only=True)
    factors = {key.removesuffix(".alpha"): float(alpha) for key, alpha in dict(alphas or {}).items()}
    matrices: dict[str, dict[str, torch.Tensor]] = defaultdict(dict)
    alpha_of: dict[str, float] = {}
    for key, tensor in state.items():
        name, which = _parse_key(key, path)
        matrices[name][which] = tensor
        if key in factors:
            alpha_of[name] = factors[key]
    modules = _modules(pipeline)
    for name, pair in matrices.items():
        module = modules.get(name)
        if module is None or set(pair) != {"down", "up"}:
            raise CheckpointUnavailable(f"The LoRA {path.name} does not fit {checkpoint.name}: {name}.")
        rank = len(pair["down"])
        _add(module.weight, pair, lora.scale * alpha_of.get(name, rank) / rank)


def path_of(lora: Lora, checkpoint: Checkpoint) -> Path:
    """Its local file, with the SHA-256 of the catalogue. Raises CheckpointUnavailable."""
    path = Path(lora.file) if not lora.repo else _from_hub(lora, checkpoint)
    if not path.is_file():
        raise CheckpointUnavailable(f"The LoRA {path} does not exist.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != lora.sha256.lower():
        raise CheckpointUnavailable(
            f"The LoRA {path.name} is not the file in the catalogue: its SHA-256 is {found}."
        )
    return path


def _from_hub(lora: Lora, checkpoint: Checkpoint) -> Path:
    from huggingface_hub import hf_hub_download

    with hub.explained(checkpoint):
        return Path(
            hf_hub_download(
                lora.repo,
                lora.file,
                revision=lora.revision,
                cache_dir=hub.cache_folder(),
                local_files_only=hub.offline(),
            )
        )


def _modules(pipeline: Any) -> dict[str, Any]:
    """Every module with a weight, by its name in LoRA files."""
    modules = {}
    for part in ("unet", "text_encoder", "text_encoder_2"):
        model = getattr(pipeline, part, None)
        for name, module in model.named_modules() if model is not None else ():
            if hasattr(module, "weight"):
                # transformers 5 removed the level text_model, which the files still have.
                level = "" if part == "unet" or name.startswith("text_model.") else "text_model."
                modules[f"{part}.{level}{name}"] = module
    return modules


def _parse_key(key: str, path: Path) -> tuple[str, str]:
    """(module name, down or up) of a matrix in a LoRA file."""
    found = _MATRIX.fullmatch(key.replace(".processor.", "."))
    if found is None:
        raise CheckpointUnavailable(f"The LoRA {path.name} holds {key}, which is not supported.")
    parent, _, last = found["module"].rpartition(".")
    names = _UNET_NAMES if key.startswith("unet.") else _TEXT_NAMES
    return f"{parent}.{names.get(last, last)}", {"A": "down", "B": "up"}.get(found["which"], found["which"])


def _add(weight: torch.nn.Parameter, pair: dict[str, torch.Tensor], scale: float) -> None:
    """Add scale · up · down to a weight, computed in float32: half precision would lose small changes."""
    down, up = pair["down"].float(), pair["up"].float()
    with torch.no_grad():
        change = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        weight.add_((scale * change).to(weight.dtype))
