"""Stock diffusers, warm, one request at a time: the baselines that the engine is measured against.

B0 is what the documentation shows: PIL in, PIL out, the prompt encoded every time. B1 is the competent user's:
prompt embeddings kept and tensors instead of PIL; on an accelerator also a tiny autoencoder (TAESD's configuration).
"""

from collections.abc import Callable, Sequence
from typing import Any

import diffusers
import torch

from generation.pipelines import drawing
from generation.pipelines.drawing import Drawing
from generation.pipelines.loading import LoadedCheckpoint
from generation.work import Work

Draw = Callable[[Sequence[Work]], None]


def b0(loaded: LoadedCheckpoint) -> Draw:
    @torch.inference_mode()
    def draw(works: Sequence[Work]) -> None:
        for picture in _pictures(works):
            _pipeline(loaded, picture)(**dict(picture.arguments), generator=_noise(picture))

    return draw


def b1(loaded: LoadedCheckpoint, device: str) -> Draw:
    kept: dict[tuple[str, str], torch.Tensor] = {}
    tiny = diffusers.AutoencoderTiny().to(device, loaded.vae.dtype) if device != "cpu" else loaded.vae

    def prompt_embeds(pipeline: Any, text: str) -> torch.Tensor:
        """The prompt embeddings of a text, encoded once."""
        key = type(pipeline).__name__, text
        if key not in kept:
            tokens = pipeline.tokenizer(
                text,
                padding="max_length",
                truncation=True,
                max_length=pipeline.tokenizer.model_max_length,
                return_tensors="pt",
            ).to(pipeline.text_encoder.device)
            mask = (
                tokens.attention_mask
                if getattr(pipeline.text_encoder.config, "use_attention_mask", False)
                else None
            )
            kept[key] = pipeline.text_encoder(tokens.input_ids, attention_mask=mask)[0]
        return kept[key]

    @torch.inference_mode()
    def draw(works: Sequence[Work]) -> None:
        for picture in _pictures(works):
            pipeline = _pipeline(loaded, picture)
            own, pipeline.vae = pipeline.vae, tiny
            arguments = dict(picture.arguments)
            embeds = {
                "prompt_embeds": prompt_embeds(pipeline, arguments.pop("prompt")),
                "negative_prompt_embeds": prompt_embeds(pipeline, arguments.pop("negative_prompt", "")),
            }
            pipeline(**arguments | embeds, generator=_noise(picture), output_type="pt").images.cpu()
            pipeline.vae = own

    return draw


def _pipeline(loaded: LoadedCheckpoint, picture: Drawing) -> Any:
    return loaded.pipeline(picture.work.params.kind)


def _pictures(works: Sequence[Work]) -> list[Drawing]:
    return [picture for work in works for picture in drawing.drawings(work)]


def _noise(picture: Drawing) -> torch.Generator:
    return torch.Generator().manual_seed(picture.seed)
