"""What conditions the UNet on a prompt: the text encoders' embeddings, cached, and SDXL's added conditions."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from generation.checkpoints import hearing
from generation.engine import device as devices

# SD 1.5 makes 118 kB of a prompt, SDXL 320 kB: some tens of MB at most.
CACHED_PROMPTS_MAX = 256
CLIP = ("clip", "clip_text_model")


class PromptEmbeds(NamedTuple):
    """prompt_embeds: (1, tokens, width). pooled_prompt_embeds: (1, width) for SDXL, None for others."""

    prompt_embeds: torch.Tensor
    pooled_prompt_embeds: torch.Tensor | None = None


class PromptEncoder:
    """Encodes prompts with the text encoders of one checkpoint and keeps those used last.

    A prompt of None stands for no negative prompt at all, as in diffusers. What is longer than CLIP reads is encoded in
    chunks, whose tokens follow each other. misses: how many prompts were encoded.
    """

    # pipeline: of diffusers, which has no useful type
    def __init__(self, pipeline: Any, cached_max: int = CACHED_PROMPTS_MAX) -> None:
        self._pipeline, self._cached_max = pipeline, cached_max
        self._cache: OrderedDict[str | None, PromptEmbeds] = OrderedDict()
        self._sentences: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self.misses = 0

    def encode(self, prompt: str | None) -> PromptEmbeds:
        """The embeddings of a prompt, from the cache if they are there."""
        if prompt not in self._cache:
            self.misses += 1
            self._cache[prompt] = self._encode(prompt)
            if len(self._cache) > self._cached_max:
                self._cache.popitem(last=False)
        self._cache.move_to_end(prompt)
        return self._cache[prompt]

    def encode_alike(self, prompts: Sequence[str | None]) -> list[PromptEmbeds]:
        """The embeddings of prompts with as many tokens each: shorter ones are followed by empty chunks."""
        encoded = [self.encode(prompt) for prompt in prompts]
        most = max(embeds.prompt_embeds.shape[1] for embeds in encoded)
        return [self._padded(prompt, embeds, most) for prompt, embeds in zip(prompts, encoded, strict=True)]

    def _padded(self, prompt: str | None, embeds: PromptEmbeds, tokens: int) -> PromptEmbeds:
        if embeds.prompt_embeds.shape[1] == tokens:
            return embeds
        empty = self.encode(None if prompt is None else "").prompt_embeds
        missing = (tokens - embeds.prompt_embeds.shape[1]) // empty.shape[1]
        return embeds._replace(prompt_embeds=torch.cat([embeds.prompt_embeds, *[empty] * missing], 1))

    def sentence(self, words: str) -> NDArray[np.float32]:
        """One unit vector for all the words, (width,): the mean of their embeddings, padding left out."""
        if words not in self._sentences:
            embeds, tokens = self.encode(words).prompt_embeds[0].float(), self._tokens(words)
            mean = embeds[tokens.attention_mask[0].bool().to(embeds.device)].mean(0)
            self._sentences[words] = np.asarray(torch.nn.functional.normalize(mean, dim=0).cpu())
            if len(self._sentences) > self._cached_max:
                self._sentences.popitem(last=False)
        return self._sentences[words]

    def _encode(self, prompt: str | None) -> PromptEmbeds:
        chunks = [self._encode_chunk(chunk) for chunk in self._chunks(prompt)]
        return chunks[0]._replace(prompt_embeds=torch.cat([chunk.prompt_embeds for chunk in chunks], 1))

    def _chunks(self, prompt: str | None) -> Sequence[str | None]:
        """The prompt in pieces that CLIP reads as a whole; other encoders read its beginning alone."""
        tokenizer, config = self._pipeline.tokenizer, self._pipeline.text_encoder.config
        if not prompt or config.model_type not in CLIP:
            return [prompt]
        room = tokenizer.model_max_length - hearing.SPECIAL_TOKENS
        return hearing.chunks(
            prompt, lambda text: len(tokenizer(text, add_special_tokens=False).input_ids), room
        )

    def _encode_chunk(self, prompt: str | None) -> PromptEmbeds:
        if hasattr(self._pipeline, "text_encoder_2"):
            return self._encode_sdxl(prompt)
        text_encoder, tokens = self._pipeline.text_encoder, self._tokens(prompt or "")
        device = text_encoder.device
        uses_mask = getattr(text_encoder.config, "use_attention_mask", False)
        attention_mask = tokens.attention_mask.to(device) if uses_mask else None
        return PromptEmbeds(text_encoder(tokens.input_ids.to(device), attention_mask=attention_mask)[0])

    def _tokens(self, words: str) -> Any:
        """input_ids and attention_mask, each (1, as many as the model takes)."""
        tokenizer = self._pipeline.tokenizer
        return tokenizer(
            words,
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )

    def _encode_sdxl(self, prompt: str | None) -> PromptEmbeds:
        """By both text encoders; zeros for a missing negative prompt where the checkpoint asks for that."""
        embeds, _, pooled, _ = self._pipeline.encode_prompt(prompt or "", do_classifier_free_guidance=False)
        if prompt is None and self._pipeline.config.force_zeros_for_empty_prompt:
            return PromptEmbeds(torch.zeros_like(embeds), torch.zeros_like(pooled))
        return PromptEmbeds(embeds, pooled)


def sdxl_added_cond(
    unet: Any, rows: Sequence[PromptEmbeds], size: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """SDXL's `added_cond_kwargs`: text_embeds (rows, width) and time_ids (rows, 6), both in the UNet's dtype.

    size: (width, height), px, taken for the original and the target size; the crop begins at (0, 0).
    """
    width, height = size
    time_ids = torch.tensor([[height, width, 0, 0, height, width]]).repeat(len(rows), 1)
    pooled = [row.pooled_prompt_embeds for row in rows if row.pooled_prompt_embeds is not None]
    return {
        "text_embeds": torch.cat(pooled).to(unet.dtype),
        "time_ids": devices.to_device(time_ids.to(unet.dtype), unet.device),
    }
