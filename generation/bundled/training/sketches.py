"""Line sketches of finished drawings, as a person would roughly trace them."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import Tensor

INKS = ((30, 30, 30),) * 8 + (
    (224, 49, 49),
    (25, 113, 194),
    (47, 158, 68),
    (240, 140, 0),
)  # the board's stroke colours; black mostly
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def contours(rgb: Tensor, alpha: Tensor, blur: int) -> Tensor:
    """Strength of the outlines, thinned to their ridges. rgb (n, 3, s, s), alpha (n, 1, s, s) -> (n, 1, s, s)."""
    n, _, s, _ = rgb.shape
    kernel = torch.stack([SOBEL, SOBEL.T]).unsqueeze(1).to(rgb)
    layers = F.avg_pool2d(F.pad(torch.cat([rgb, 2 * alpha], 1), (blur // 2,) * 4, mode="replicate"), blur, 1)
    slopes = F.conv2d(F.pad(layers.reshape(n * 4, 1, s, s), (1,) * 4, mode="replicate"), kernel)
    strength = slopes.pow(2).sum(1).sqrt().view(n, 4, s, s).amax(1, keepdim=True)
    return strength * (strength >= F.max_pool2d(strength, 3, 1, 1) * 0.97)


def sketch(rgb: Tensor, alpha: Tensor, filled: Tensor) -> Tensor:
    """Rough strokes on white.

    rgb: (n, 3, s, s) in 0..1 on white; alpha: (n, 1, s, s) mask of the drawn thing; filled: (n,) bool, also colour in roughly.
    Strokes vary in width, wobble, gaps and in how much inner detail is drawn.
    """
    n, _, s, _ = rgb.shape
    each = lambda low, high: torch.empty(n, 1, 1, 1, device=rgb.device).uniform_(low, high)  # noqa: E731
    chance = lambda p: torch.rand(n, 1, 1, 1, device=rgb.device) < p  # noqa: E731
    strength = torch.where(chance(0.5), contours(rgb, alpha, 5), contours(rgb, alpha, 9))
    line = (strength > each(0.3, 1.3)).float()
    gaps = F.interpolate(torch.rand(n, 1, 12, 12, device=rgb.device), size=s, mode="bilinear")
    line = line * (gaps > each(0, 0.2))
    wobble = F.interpolate(torch.randn(n, 2, 9, 9, device=rgb.device), size=s, mode="bicubic") * each(0, 0.04)
    still = F.affine_grid(
        torch.eye(2, 3, device=rgb.device).expand(n, 2, 3), [n, 1, s, s], align_corners=False
    )
    medium = F.max_pool2d(line, 3, 1, 1)
    line = torch.where(chance(0.35), line, torch.where(chance(0.88), medium, F.max_pool2d(medium, 3, 1, 1)))
    grid = still + wobble.permute(0, 2, 3, 1)
    line = (F.grid_sample(line, grid, align_corners=False) * each(0.8, 1.3)).clamp(0, 1)
    ink = torch.tensor([random.choice(INKS) for _ in range(n)], device=rgb.device).view(n, 3, 1, 1) / 255
    rough = (F.interpolate(F.avg_pool2d(rgb, s // 16), size=s, mode="bilinear") * 5).round() / 5
    inside = F.grid_sample(
        (alpha > 0.5).float(), grid + 0.02 * torch.randn(n, 1, 1, 2, device=rgb.device), align_corners=False
    )
    paper = torch.where(filled.view(n, 1, 1, 1), 1 - inside + rough * inside, torch.ones_like(rgb))
    return (paper * (1 - line) + ink * line).clamp(0, 1)
