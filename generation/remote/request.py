"""What another server is asked for: one request is one picture."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from generation.checkpoints.params import words
from generation.checkpoints.remote_entry import OFFERS, Remote
from generation.images import framing
from generation.images.framing import Crop
from generation.work import Work


@dataclass(frozen=True)
class RemoteRequest:
    """values: the params that the server takes, by their names here. arguments: constants of the catalogue entry.

    init_image: a PNG in the size asked for, None for kinds without. size: (width, height) that the server draws.
    """

    work: Work
    remote: Remote
    values: Mapping[str, Any]
    seed: int
    crop: Crop
    init_image: bytes | None

    @property
    def kind(self) -> str:
        return self.work.params.kind

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.work.checkpoint.kinds[self.kind].arguments

    @property
    def size(self) -> tuple[int, int]:
        return self.crop.canvas

    @property
    def steps(self) -> int:
        """The steps that its progress is reported in; one where the number is not known."""
        return self.work.params.steps or 1

    def cut(self, drawn: Image.Image) -> Image.Image:
        """The drawn picture in the place and size that was asked for."""
        checkpoint = self.work.checkpoint
        if self.work.init_image is None:
            how = checkpoint.kinds[self.kind].outside
            return framing.outside(drawn, self.crop.result, how, checkpoint.sharpen_percent)
        return framing.cut(drawn, self.crop, checkpoint.sharpen_percent)


def make_requests(work: Work, remote: Remote) -> list[RemoteRequest]:
    """One request for each picture of a job, with its own seed."""
    params, checkpoint = work.params, work.checkpoint
    size = (params.width_px or 0, params.height_px or 0)
    crop = framing.fit(size, checkpoint.sizes, work.init_image, checkpoint.focus)
    init_image = None if work.init_image is None else _encode_init_image(work, work.init_image, crop)
    names = [name for name in OFFERS[remote.protocol].passes_on if name in checkpoint.kinds[params.kind].uses]
    values = {name: getattr(params, name) for name in names} | words(params, checkpoint)
    return [RemoteRequest(work, remote, values, seed, crop, init_image) for seed in work.seeds]


def _encode_init_image(work: Work, init_image: Image.Image, crop: Crop) -> bytes:
    """PNG in the size that the server draws."""
    fitted = framing.lay(init_image, crop)
    if work.checkpoint.kinds[work.params.kind].seen_as == "strokes":
        fitted = ImageOps.invert(fitted.convert("L")).convert("RGB")
    buffer = io.BytesIO()
    fitted.save(buffer, "PNG", compress_level=1)  # the network is fast, and this takes a fourth of the time
    return buffer.getvalue()
