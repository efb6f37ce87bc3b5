"""LoRAs are part of a catalogue entry: the file that was meant, added to the weights once."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.errors import CatalogueInvalid, CheckpointUnavailable
from generation.pipelines.loading import load
from tests.generation import tiny

TinyFolder = Callable[[str], Path]
SD = {"txt2img": "StableDiffusionPipeline"}
QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0"
WORDS = "encoder.layers.0.self_attn.q_proj"
DOWN, UP = torch.randn(4, 64) / 8, torch.randn(64, 4) / 8
DOWN_WORDS, UP_WORDS = torch.randn(4, 32) / 8, torch.randn(32, 4) / 8


def kohya(
    module: str, prefix: str, down: torch.Tensor, up: torch.Tensor, alpha: float
) -> dict[str, torch.Tensor]:
    """As most trainers write them."""
    name = f"{prefix}_{module.replace('.', '_')}"
    return {
        f"{name}.lora_down.weight": down,
        f"{name}.lora_up.weight": up,
        f"{name}.alpha": torch.tensor(alpha),
    }


def of_diffusers(module: str, names: tuple[str, str]) -> dict[str, torch.Tensor]:
    return {f"unet.{module}.{names[0]}.weight": DOWN, f"unet.{module}.{names[1]}.weight": UP}


def entry(folder: Path, path: Path, **fields: Any) -> Checkpoint:
    lora = {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | fields
    return catalogue.add("styled", tiny.entry(folder, SD, loras=[lora]))


def change(folder: Path, checkpoint: Checkpoint, module: str, part: str = "unet") -> torch.Tensor:
    """What the LoRA added to one weight."""
    plain = load(catalogue.add("plain", tiny.entry(folder, SD)), "cpu").pipeline("txt2img")
    styled = load(checkpoint, "cpu").pipeline("txt2img")
    weights = [getattr(each, part).get_submodule(module).weight for each in (styled, plain)]
    added: torch.Tensor = weights[0] - weights[1]
    return added.detach()


@pytest.mark.usefixtures("own_catalogue")
@pytest.mark.parametrize("names", [("lora.down", "lora.up"), ("lora_A", "lora_B")])
def test_the_two_matrices_of_a_lora_are_added_to_the_weight(
    tiny_folder: TinyFolder, tmp_path: Path, names: tuple[str, str]
) -> None:
    path = tmp_path / "style.safetensors"
    save_file(of_diffusers(QUERY, names), path)
    checkpoint = entry(tiny_folder("sd"), path, scale=0.5)
    assert torch.allclose(change(tiny_folder("sd"), checkpoint, QUERY), 0.5 * UP @ DOWN, atol=1e-5)
    assert not change(tiny_folder("sd"), checkpoint, OUT).any()


@pytest.mark.usefixtures("own_catalogue")
def test_a_trainers_file_for_unet_and_words_is_read_with_its_alpha(
    tiny_folder: TinyFolder, tmp_path: Path
) -> None:
    path = tmp_path / "style.safetensors"
    save_file(
        kohya(QUERY, "lora_unet", DOWN, UP, 2.0)
        | kohya(OUT, "lora_unet", DOWN.clone(), UP.clone(), 4.0)
        | kohya(f"text_model.{WORDS}", "lora_te", DOWN_WORDS, UP_WORDS, 2.0),
        path,
    )
    checkpoint, folder = entry(tiny_folder("sd"), path), tiny_folder("sd")
    assert torch.allclose(change(folder, checkpoint, QUERY), 0.5 * UP @ DOWN, atol=1e-5)
    assert torch.allclose(change(folder, checkpoint, OUT), UP @ DOWN, atol=1e-5)
    added = change(folder, checkpoint, WORDS, "text_encoder")
    assert torch.allclose(added, 0.5 * UP_WORDS @ DOWN_WORDS, atol=1e-5)


@pytest.mark.usefixtures("own_catalogue")
def test_another_file_than_the_one_in_the_catalogue_is_refused(
    tiny_folder: TinyFolder, tmp_path: Path
) -> None:
    path = tmp_path / "style.safetensors"
    save_file(of_diffusers(QUERY, ("lora.down", "lora.up")), path)
    checkpoint = entry(tiny_folder("sd"), path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(CheckpointUnavailable, match="not the file in the catalogue"):
        load(checkpoint, "cpu")
    path.unlink()
    with pytest.raises(CheckpointUnavailable, match="does not exist"):
        load(checkpoint, "cpu")


@pytest.mark.usefixtures("own_catalogue")
def test_a_lora_of_another_model_is_refused_by_the_name_that_does_not_fit(
    tiny_folder: TinyFolder, tmp_path: Path
) -> None:
    path = tmp_path / "style.safetensors"
    save_file(of_diffusers("down_blocks.7.attentions.0.proj_in", ("lora.down", "lora.up")), path)
    with pytest.raises(CheckpointUnavailable, match=r"does not fit styled: unet\.down_blocks\.7"):
        load(entry(tiny_folder("sd"), path), "cpu")


@pytest.mark.usefixtures("own_catalogue")
@pytest.mark.parametrize(
    "lora", [{"file": "style.ckpt", "sha256": "0" * 64}, {"file": "style.safetensors", "sha256": "abc"}]
)
def test_a_catalogue_names_safetensors_with_their_hash(lora: dict[str, str]) -> None:
    with pytest.raises(CatalogueInvalid, match=r"needs a \.safetensors file and its SHA-256"):
        catalogue.add("styled", tiny.entry(Path("."), SD, loras=[lora]))
