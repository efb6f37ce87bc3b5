"""The kinds of pictures: a frozen dataclass each, with the params that it takes and what the page says of it.

A new kind is a class here, listed in KINDS, and an entry in the catalogue; see docs/kinds.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import ClassVar


class Sees(Enum):
    """What the model is given of the board. The values are those of the HTTP API."""

    NOTHING = "nothing"
    SKETCH = "sketch"  # everything in the region, drawn as one image
    PICTURES_AND_MASK = "pictures_and_mask"  # the pictures in the region, and which part of them to repaint
    FILE = "file"  # one picture, as it is stored


@dataclass(frozen=True, kw_only=True)
class Params:
    """Base of all kinds. A number is None if it cannot be chosen for this kind of this checkpoint.

    seed, width_px and height_px are None until `params.complete` has filled them in; the sizes stay None where the result
    has its init image's. draft: few steps, for a first look. keep_lines: the sketch's own lines are laid over the
    picture. tidy_colours: one colour for each region that they enclose.

    title, hint: name and one sentence, for the page. sees: what the model is given. instructs: the prompt says what
    should change, not what the picture shows. needs_prompt: False if the prompt may be left empty.
    ignores: params of other kinds that have no effect on this one.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    hint: ClassVar[str]
    sees: ClassVar[Sees]
    instructs: ClassVar[bool] = False
    needs_prompt: ClassVar[bool] = True
    ignores: ClassVar[frozenset[str]] = frozenset()

    checkpoint: str
    prompt: str = ""
    negative_prompt: str | None = ""
    steps: int | None
    guidance_scale: float | None
    seed: int | None = None
    count: int = 1
    width_px: int | None = None
    height_px: int | None = None
    style: str | None = None
    draft: bool | None = None
    keep_lines: bool | None = None
    tidy_colours: bool | None = None

    @property
    def needs_image(self) -> bool:
        return self.sees is not Sees.NOTHING

    @property
    def needs_mask(self) -> bool:
        """True if only a part of the picture is redrawn."""
        return self.sees is Sees.PICTURES_AND_MASK

    @property
    def keeps_size(self) -> bool:
        """Of complete params: True if a part is redrawn in the init image's own size, and every other pixel stays."""
        return self.needs_mask and self.width_px is None


@dataclass(frozen=True, kw_only=True)
class Img2ImgParams(Params):
    """strength: how far the picture may depart from the init image, 0–1."""

    kind = "img2img"
    title = "Sketch to picture"
    hint = "Paints what you drew, guided by your words."
    sees = Sees.SKETCH
    strength: float | None


@dataclass(frozen=True, kw_only=True)
class Pix2PixParams(Params):
    """image_guidance_scale: how closely the picture keeps to the init image."""

    kind = "pix2pix"
    title = "Edit by instruction"
    hint = "Changes what is there as you tell it, for example “make it night”."
    sees = Sees.SKETCH
    instructs = True
    image_guidance_scale: float | None


@dataclass(frozen=True, kw_only=True)
class Txt2ImgParams(Params):
    kind = "txt2img"
    title = "Words only"
    hint = "Ignores the sketch, paints the words."
    sees = Sees.NOTHING


@dataclass(frozen=True, kw_only=True)
class InpaintParams(Params):
    """strength: how far the repainted part may depart from what was there, 0–1."""

    kind = "inpaint"
    title = "Repaint a part"
    hint = "Repaints what you drew over a picture, and what of the frame no picture covers."
    sees = Sees.PICTURES_AND_MASK
    strength: float | None


@dataclass(frozen=True, kw_only=True)
class UpscaleParams(Params):
    """The size follows from the picture that is enlarged."""

    kind = "upscale"
    title = "Make larger"
    hint = "Makes a picture larger and finer."
    sees = Sees.FILE
    needs_prompt = False
    ignores = frozenset({"width_px", "height_px", "style"})


KINDS: Mapping[str, type[Params]] = {
    cls.kind: cls for cls in (Img2ImgParams, Pix2PixParams, Txt2ImgParams, InpaintParams, UpscaleParams)
}
"""By name, in the order in which the page offers them."""

NAMES = {"kind"} | {field.name for cls in KINDS.values() for field in fields(cls)}
"""Every name that a request's params may have."""
