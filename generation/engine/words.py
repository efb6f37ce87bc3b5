"""What a checkpoint's text encoders make of a prompt, kept for the prompts used last."""

from collections import OrderedDict
from typing import Any, NamedTuple

import torch

# SD 1.5 makes 118 kB of a prompt, SDXL 320 kB: some tens of MB at most.
KEPT = 256


class Meaning(NamedTuple):
    """embeds: (1, tokens, width). pooled: (1, width) for SDXL, otherwise None."""

    embeds: torch.Tensor
    pooled: torch.Tensor | None = None


class Words:
    """The cache of one loaded checkpoint. None stands for no negative prompt at all, as diffusers means it."""

    def __init__(self, pipeline: Any, kept: int = KEPT) -> None:  # a pipeline of diffusers: no useful type
        self._pipeline, self._kept = pipeline, kept
        self._known: OrderedDict[str | None, Meaning] = OrderedDict()
        self.misses = 0

    def get(self, text: str | None) -> Meaning:
        if text not in self._known:
            self.misses += 1
            self._known[text] = self._encode(text)
            if len(self._known) > self._kept:
                self._known.popitem(last=False)
        self._known.move_to_end(text)
        return self._known[text]

    def _encode(self, text: str | None) -> Meaning:
        if hasattr(self._pipeline, "text_encoder_2"):
            return self._encode_twice(text)
        tokenizer, encoder = self._pipeline.tokenizer, self._pipeline.text_encoder
        tokens = tokenizer(
            text or "",
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        device = encoder.device
        wants_mask = getattr(encoder.config, "use_attention_mask", False)
        mask = tokens.attention_mask.to(device) if wants_mask else None
        return Meaning(encoder(tokens.input_ids.to(device), attention_mask=mask)[0])

    def _encode_twice(self, text: str | None) -> Meaning:
        """SDXL's two encoders. Its checkpoints may take zeros for a negative prompt that nobody gave."""
        embeds, _, pooled, _ = self._pipeline.encode_prompt(text or "", do_classifier_free_guidance=False)
        if text is None and self._pipeline.config.force_zeros_for_empty_prompt:
            return Meaning(torch.zeros_like(embeds), torch.zeros_like(pooled))
        return Meaning(embeds, pooled)
