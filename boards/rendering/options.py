"""What of a scene is drawn, with which image files, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from boards.elements.geometry import Rectangle
from boards.models import WHITE


@dataclass(frozen=True)
class ImageFile:
    """The bytes behind a file_id: PNG, JPEG, WebP, GIF or SVG. Any other type is left out of the drawing.

    data: the bytes, or a function that reads them when they are needed, so that they do not wait in memory; it
    returns None where they are lost.
    """

    mime_type: str
    data: bytes | Callable[[], bytes | None]

    def read(self) -> bytes:
        """The bytes; none where they are lost. Raises what reading raises."""
        return self.data if isinstance(self.data, bytes) else self.data() or b""


@dataclass(frozen=True)
class RenderResult:
    """A PNG or SVG file, and how it differs from what was asked for.

    scale: its pixels for each scene unit, fewer than asked for where the file would have been too large.
    simplified: how many elements are filled evenly because their hatching has too many lines.
    """

    data: bytes
    scale: float
    simplified: int


@dataclass(frozen=True)
class RenderOptions:
    """What part of a scene is drawn, and on which background.

    region: None for everything. padding: scene units around everything.
    frame: id of a frame that is drawn alone, cut at its border and without its name; padding does not count then.
    background: the colour behind it; None: transparent.
    """

    region: Rectangle | None = None
    padding: float = 10
    background: str | None = WHITE
    frame: str | None = None
