"""One picture on its way: what another server is asked for, and what may come back."""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from generation.checkpoints.params import words
from generation.checkpoints.remote_entry import OFFERS, Remote
from generation.errors import RemoteAnswerInvalid, RemoteAnswerTooLarge, SnapshotInvalid
from generation.images import framing
from generation.images.framing import Crop
from generation.images.header import read_header
from generation.work import Work

_TOO_LARGE = {"image_too_large", "image_too_many_pixels"}


@dataclass(frozen=True)
class Asked:
    """values: the params that the server takes, by their names here. arguments: constants of the entry.

    init_image: a PNG in the size asked for, None for a picture without. size: (width, height) that the server draws.
    """

    work: Work
    remote: Remote
    values: Mapping[str, Any]
    seed: int
    frame: Crop
    init_image: bytes | None

    @property
    def kind(self) -> str:
        return self.work.params.kind

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.work.checkpoint.kinds[self.kind].arguments

    @property
    def size(self) -> tuple[int, int]:
        return self.frame.canvas

    @property
    def steps(self) -> int:
        """What its progress counts in; one where nobody knows better."""
        return self.work.params.steps or 1

    def cut(self, drawn: Image.Image) -> Image.Image:
        """What was drawn, in the place and size that was asked for."""
        checkpoint = self.work.checkpoint
        if self.work.init_image is None:
            how = checkpoint.kinds[self.kind].outside
            return framing.outside(drawn, self.frame.result, how, checkpoint.sharpen_percent)
        return framing.cut(drawn, self.frame, checkpoint.sharpen_percent)


def asked(work: Work, remote: Remote) -> list[Asked]:
    """The pictures of a job, each with a seed of its own."""
    params, checkpoint = work.params, work.checkpoint
    size = (params.width_px or 0, params.height_px or 0)
    frame = framing.fit(size, checkpoint.sizes, work.init_image, checkpoint.focus)
    init_image = None if work.init_image is None else _laid(work, work.init_image, frame)
    names = [name for name in OFFERS[remote.protocol].passes_on if name in checkpoint.kinds[params.kind].uses]
    values = {name: getattr(params, name) for name in names} | words(params)
    return [Asked(work, remote, values, seed, frame, init_image) for seed in work.seeds]


def received(data: bytes) -> Image.Image:
    """The pixels of an answer, RGB on white; its header is believed before anything is unpacked.

    Raises RemoteAnswerInvalid, RemoteAnswerTooLarge.
    """
    try:
        header = read_header(data)
    except SnapshotInvalid as error:
        raise (RemoteAnswerTooLarge if error.code in _TOO_LARGE else RemoteAnswerInvalid)(
            error.message
        ) from error
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=[header.format])
        if image.size != (
            header.width_px,
            header.height_px,
        ):  # a GIF's frame may be larger than its header says
            raise RemoteAnswerInvalid("the picture has another size than its header says")
        image.load()
        image = _flat(image)
    except RemoteAnswerInvalid:
        raise
    # Decoders fail with almost anything on hostile bytes.
    except Exception as error:
        raise RemoteAnswerInvalid(f"the {header.format} file is damaged: {error}") from error
    return image


def _flat(image: Image.Image) -> Image.Image:
    """Flat on white, without what Pillow would copy from it into the next file."""
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", image.size, framing.WHITE)
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def from_base64(text: object) -> bytes:
    """Raises RemoteAnswerInvalid. A data URL is taken too, which some servers send."""
    if not isinstance(text, str):
        raise RemoteAnswerInvalid("there is no picture in the answer")
    try:
        return base64.b64decode(text.partition(";base64,")[2] or text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RemoteAnswerInvalid("the picture is not base64") from error


def _laid(work: Work, init_image: Image.Image, frame: Crop) -> bytes:
    laid = framing.lay(init_image, frame)
    if work.checkpoint.kinds[work.params.kind].seen_as == "strokes":
        laid = ImageOps.invert(laid.convert("L")).convert("RGB")
    buffer = io.BytesIO()
    laid.save(buffer, "PNG", compress_level=1)  # a fast network, and a fourth of the time
    return buffer.getvalue()
