"""Measures texts as they are drawn (boards/text_shaping.py), and wraps their lines. Scene units."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from boards.elements.defaults import FONT_FAMILY
from boards.text_shaping import Fonts, graphemes, shape_line

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
"""By family, in font sizes; 1.25 for the others. Source: FONT_METADATA in excalidraw/excalidraw v0.18.1."""

# A line may break after a space or a hyphen, and on both sides of a Chinese, Japanese or Korean character.
_PIECES = re.compile(
    r"\s+|[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]*-|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+"
)


class TextStyle(NamedTuple):
    """The font of a text. family: Excalidraw's number; size: in scene units; line_height: in font sizes."""

    family: int
    size: float
    line_height: float


def line_height_of(family: Any) -> float:
    return LINE_HEIGHTS.get(family, 1.25) if isinstance(family, int) else 1.25


def size_of(text: str, style: TextStyle) -> tuple[float, float]:
    """Width and height of a text, without wrapping its lines."""
    lines = text.split("\n")
    width = max(width_of(line or " ", style) for line in lines)
    return width, len(lines) * style.size * style.line_height


def width_of(text: str, style: TextStyle) -> float:
    """The width of one line."""
    fonts = _fonts()
    name = fonts.name_of(FAMILIES.get(style.family, FAMILIES[FONT_FAMILY]))
    return shape_line(fonts, name, text, rtl=False)[1] * style.size


def wrapped(text: str, style: TextStyle, width: float) -> str:
    """The text with line breaks added, so that no line is wider than `width`, unless a single letter is."""
    return "\n".join(line for whole in text.split("\n") for line in _broken(whole, style, width))


def _broken(whole: str, style: TextStyle, width: float) -> Iterator[str]:
    if width_of(whole, style) <= width:
        yield whole
        return
    current, reached = "", 0.0
    for piece in _PIECES.findall(whole):
        across = width_of(piece, style)
        if current and not piece.isspace() and reached + across > width:
            yield current.rstrip()
            current, reached = "", 0.0
        if not current and not piece.isspace() and across > width:
            *lines, piece = _cut(piece, style, width)
            yield from lines
            across = width_of(piece, style)
        if current or not piece.isspace():
            current, reached = current + piece, reached + across
    yield current.rstrip()


def _cut(word: str, style: TextStyle, width: float) -> Iterator[str]:
    """Parts of a word that fit into the width, each of one letter at least."""
    left = list(graphemes(word))
    while left:
        low, high = 1, 2
        while high <= len(left) and width_of("".join(left[:high]), style) <= width:
            low, high = high, high * 2
        high = min(high, len(left) + 1)
        while high - low > 1:  # low fits, or is one; high does not, or is more than there are
            middle = (low + high) // 2
            if width_of("".join(left[:middle]), style) <= width:
                low = middle
            else:
                high = middle
        yield "".join(left[:low])
        del left[:low]


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    """One for each process; it reads font files as they are needed."""
    return Fonts(settings.RENDER_DIST / "fonts")
