"""How large texts are as they are drawn (boards/text_shaping.py), and where their lines break. Scene units."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from boards.elements.defaults import FONT_FAMILY
from boards.text_shaping import Fonts, letters, line

FAMILIES = {
    1: "Virgil",
    2: "Helvetica",
    3: "Cascadia",
    5: "Excalifont",
    6: "Nunito",
    7: "Lilita One",
    8: "Comic Shanns",
    9: "Liberation Sans",
}
LINE_HEIGHTS = {2: 1.15, 3: 1.2, 6: 1.35, 7: 1.15, 9: 1.15}
"""By family; 1.25 for those that are not here. Source: FONT_METADATA in excalidraw/excalidraw v0.18.1."""

# A line may break after a space or a hyphen, and on both sides of a Chinese, Japanese or Korean character.
_PIECES = re.compile(
    r"\s+|[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]*-|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+"
)


class TextStyle(NamedTuple):
    """How a text is written. family: Excalidraw's number of a font; line_height: in sizes."""

    family: int
    size: float
    line_height: float


def line_height_of(family: Any) -> float:
    return LINE_HEIGHTS.get(family, 1.25) if isinstance(family, int) else 1.25


def size_of(text: str, lettering: TextStyle) -> tuple[float, float]:
    """Width and height of a text, its lines as they are."""
    lines = text.split("\n")
    width = max(width_of(line or " ", lettering) for line in lines)
    return width, len(lines) * lettering.size * lettering.line_height


def width_of(text: str, lettering: TextStyle) -> float:
    """Of one line."""
    fonts = _fonts()
    name = fonts.name_of(FAMILIES.get(lettering.family, FAMILIES[FONT_FAMILY]))
    return line(fonts, name, text, rtl=False)[1] * lettering.size


def wrapped(text: str, lettering: TextStyle, width: float) -> str:
    """The text with further line breaks, so that no line is wider than `width` where a character fits into it."""
    return "\n".join(line for whole in text.split("\n") for line in _broken(whole, lettering, width))


def _broken(whole: str, lettering: TextStyle, width: float) -> Iterator[str]:
    if width_of(whole, lettering) <= width:
        yield whole
        return
    current, reached = "", 0.0
    for piece in _PIECES.findall(whole):
        across = width_of(piece, lettering)
        if current and not piece.isspace() and reached + across > width:
            yield current.rstrip()
            current, reached = "", 0.0
        if not current and not piece.isspace() and across > width:
            *lines, piece = _cut(piece, lettering, width)
            yield from lines
            across = width_of(piece, lettering)
        if current or not piece.isspace():
            current, reached = current + piece, reached + across
    yield current.rstrip()


def _cut(word: str, lettering: TextStyle, width: float) -> Iterator[str]:
    """A word that is too wide, in parts that are not; one letter at least."""
    left = list(letters(word))
    while left:
        low, high = 1, 2
        while high <= len(left) and width_of("".join(left[:high]), lettering) <= width:
            low, high = high, high * 2
        high = min(high, len(left) + 1)
        while high - low > 1:  # low fits, or is one; high does not, or is more than there are
            middle = (low + high) // 2
            if width_of("".join(left[:middle]), lettering) <= width:
                low = middle
            else:
                high = middle
        yield "".join(left[:low])
        del left[:low]


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    """One for each process: it reads files as they are needed."""
    return Fonts(settings.RENDER_DIST / "fonts")
