"""What of a scene is drawn, and the pictures that it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from boards.elements.geometry import Rectangle
from boards.models import WHITE


@dataclass(frozen=True)
class Picture:
    """The bytes behind a file_id: PNG, JPEG, WebP, GIF or SVG. Any other type is left out of the drawing.

    data: or what reads them when they are drawn, so that they do not wait in memory; None where they are lost.
    """

    mime_type: str
    data: bytes | Callable[[], bytes | None]

    def read(self) -> bytes:
        """The bytes; none where they are lost. Raises what reading raises."""
        return self.data if isinstance(self.data, bytes) else self.data() or b""


@dataclass(frozen=True)
class Drawn:
    """A picture file, and what is not as it was asked for.

    scale: its pixels for each scene unit, less than asked for where the picture would have been too large.
    simplified: how many elements are filled evenly because their hatching has too many lines.
    """

    data: bytes
    scale: float
    simplified: int


@dataclass(frozen=True)
class View:
    """region: None for everything. padding: scene units around everything.

    frame: id of a frame that is drawn alone, cut at its border and without its name; padding does not count then.
    background: the colour behind it; None: transparent.
    """

    region: Rectangle | None = None
    padding: float = 10
    background: str | None = WHITE
    frame: str | None = None
