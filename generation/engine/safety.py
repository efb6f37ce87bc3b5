"""Stable Diffusion's safety checker, on the device and for a whole batch.

The stock pipeline copies each picture to the CPU, resizes it with Pillow and reads the scores one by one: 10–20 ms a
picture in which the card does nothing (an estimate, not measured). Here nothing waits for the device; the flags come
back with the pixels.
"""

from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from torch.nn.functional import interpolate, normalize

SPECIAL_CARE = 0.01
"""Added to every concept's score in a picture with a special-care concept. Source: the stock checker."""
DECIMALS = 3


class SafetyChecker:
    """Finds pictures that may not be shown. Raises TypeError if the pipeline's checker is of another class."""

    def __init__(self, pipeline: Any) -> None:  # of diffusers, no useful type
        checker, extractor = pipeline.safety_checker, pipeline.feature_extractor
        if type(checker) is not StableDiffusionSafetyChecker:
            raise TypeError(f"{type(checker).__name__} is not known here")
        self._checker: Any = checker  # its modules and parameters are not typed
        self._short_side = extractor.size["shortest_edge"]
        self._crop = extractor.crop_size["height"], extractor.crop_size["width"]
        self._mean = torch.tensor(extractor.image_mean).view(1, 3, 1, 1)
        self._std = torch.tensor(extractor.image_std).view(1, 3, 1, 1)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """(pictures,), bool, True for those to be withheld, on the device. pixels: (pictures, 3, height, width) in 0–1."""
        checker = self._checker
        seen = self._prepared(pixels).to(checker.visual_projection.weight.dtype)
        embeds = normalize(checker.visual_projection(checker.vision_model(seen)[1]))
        care = _scores(embeds, checker.special_care_embeds, checker.special_care_embeds_weights)
        special = (torch.round(care, decimals=DECIMALS) > 0).any(1, keepdim=True)
        scores = (
            _scores(embeds, checker.concept_embeds, checker.concept_embeds_weights) + special * SPECIAL_CARE
        )
        return (torch.round(scores, decimals=DECIMALS) > 0).any(1)

    def _prepared(self, pixels: torch.Tensor) -> torch.Tensor:
        """As CLIP's feature extractor: short side resized, centre cropped, normalised; (pictures, 3, height, width)."""
        height, width = pixels.shape[2:]
        scale = self._short_side / min(height, width)
        size = [max(self._short_side, int(side * scale)) for side in (height, width)]
        bytes_ = pixels.float().mul(255).round()
        resized = interpolate(bytes_, size=size, mode="bicubic", antialias=True).round().clamp(0, 255)
        top, left = ((side - cut) // 2 for side, cut in zip(size, self._crop, strict=True))
        cut = resized[:, :, top : top + self._crop[0], left : left + self._crop[1]]
        return (cut / 255 - self._mean.to(cut.device)) / self._std.to(cut.device)


def _scores(embeds: torch.Tensor, concepts: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    """Cosine similarity above each concept's threshold, (pictures, concepts), float32. embeds: (pictures, width)."""
    closeness: torch.Tensor = (embeds @ normalize(concepts).T).float()
    return closeness - thresholds.float()
