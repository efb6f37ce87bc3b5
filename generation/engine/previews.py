"""Small rough previews of unfinished latents, cheap enough to make during the steps."""

import io
from collections.abc import Callable
from itertools import product
from time import monotonic
from typing import Any

import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch.nn.functional import avg_pool2d

from generation.engine import device as devices

SIDE_MAX_PX = 128
JPEG_QUALITY = 70
# At most this share of a picture's time on the accelerator goes into previews.
SHARE = 0.1
INTERVAL_SECONDS = 0.25
# The linear map is fitted to flat patches of 8 × 8 latents, so that the middle one is not affected by the border.
PATCH_PX = 64
# Pixels along the side of one latent.
PIXELS_PER_LATENT = 8


class Previewer:
    """Turns latents into a JPEG: by a tiny autoencoder if the checkpoint has one, otherwise by a linear map.

    seconds: what the cheapest preview so far cost the engine's thread, 0 before the first. Not the last one: if the thread
    was once held up during a preview, previews would seem too expensive from then on.
    """

    def __init__(self, vae: Any) -> None:  # an autoencoder of diffusers; they share no useful type
        self._vae = vae
        self.seconds = 0.0
        self._colours: torch.Tensor | None = None

    def prepare(self) -> None:
        """Fit the linear map in advance, so that the first preview is not slow."""
        if (
            self._colours is None
            and hasattr(self._vae, "encode")
            and not isinstance(self._vae, AutoencoderTiny)
        ):
            self._colours = self._fit_colours()

    def start(self, latents: torch.Tensor) -> Callable[[], bytes]:
        """Start a preview; returns a function that waits for it and returns a JPEG, on any thread.

        latents: (batch, channels, height, width), with the autoencoder's scaling factor; the first one is drawn.
        """
        started = monotonic()
        first = latents[:1]
        rgb = self._decode(first) if isinstance(self._vae, AutoencoderTiny) else self._project(first)
        pixels = rgb[0].float().add(1).mul(127.5).clamp(0, 255).round().byte().permute(1, 2, 0).contiguous()
        arriving = devices.to_cpu(pixels)
        seconds = monotonic() - started
        self.seconds = min(self.seconds or seconds, seconds)
        return lambda: _encoded(arriving())

    def jpeg(self, latents: torch.Tensor) -> bytes:
        """A preview at once; see `start`."""
        return self.start(latents)()

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        # Averaged down to the preview's size first: for a picture of 256 px a quarter of the work.
        factor = max(1, max(latents.shape[2:]) * PIXELS_PER_LATENT // SIDE_MAX_PX)
        scaled = avg_pool2d(latents.to(self._vae.dtype) / self._vae.config.scaling_factor, factor)
        return self._vae.decode(scaled, return_dict=False)[0]

    def _project(self, latents: torch.Tensor) -> torch.Tensor:
        if self._colours is None:
            self._colours = self._fit_colours()
        ones = torch.ones_like(latents[:, :1], dtype=torch.float32)
        return torch.einsum("bchw,cr->brhw", torch.cat([latents.float(), ones], 1), self._colours)

    def _fit_colours(self) -> torch.Tensor:
        """The linear map from latent channels and a constant to RGB that fits 27 flat colours best.

        (channels + 1, 3). Costs one encoding of a picture of about 330 × 330 px, once per checkpoint.
        """
        vae = self._vae
        colours = torch.tensor(list(product((-1.0, 0.0, 1.0), repeat=3)))
        patches = colours.view(-1, 3, 1, 1).expand(-1, -1, PATCH_PX, PATCH_PX)
        encoded = vae.encode(patches.to(vae.device, vae.dtype)).latent_dist.mode() * vae.config.scaling_factor
        middle = encoded[:, :, encoded.shape[2] // 2, encoded.shape[3] // 2].float().cpu()
        # A half-precision encoder may overflow: previews are grey then.
        middle = torch.nan_to_num(torch.cat([middle, torch.ones(len(middle), 1)], 1), posinf=0, neginf=0)
        return torch.linalg.lstsq(middle, colours, driver="gelsd").solution.to(vae.device)


def _encoded(pixels: torch.Tensor) -> bytes:
    """JPEG with its longer side SIDE_MAX_PX. pixels: (height, width, 3), uint8."""
    image = Image.fromarray(pixels.numpy())
    scale = SIDE_MAX_PX / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


class Budget:
    """Limits the previews of one request to a share of its accelerator time, and to one an interval."""

    def __init__(self, share: float = SHARE, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._share, self._interval = share, interval_seconds
        self._last = monotonic()
        self._spent = 0.0

    def allows(self, cost_seconds: float, seconds: float) -> bool:
        """True if a preview that costs `cost_seconds` may be made. seconds: accelerator time of the request so far."""
        due = monotonic() - self._last >= self._interval
        return due and self._spent + cost_seconds <= self._share * seconds

    def spend(self, seconds: float) -> None:
        """A preview was made and cost so many seconds."""
        self._spent += seconds
        self._last = monotonic()
