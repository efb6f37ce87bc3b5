"""How wide and high words are in the fonts that draw them, and where their lines break. Scene units.

The fonts are those of the server's own drawings (boards/rendering/fonts.py), made out of those that the page uses.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from PIL import ImageFont

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
DEFAULT_FAMILY = 5
LINE_HEIGHTS = {2: 1.15, 3: 1.2, 6: 1.35, 7: 1.15, 9: 1.15}
"""By family; 1.25 for those that are not here. Source: FONT_METADATA in excalidraw/excalidraw v0.18.1."""

_MEASURED_AT_PX = 200
"""Large enough that hinting does not count, and widths grow in proportion."""
# A line may break after a space or a hyphen, and on both sides of a Chinese, Japanese or Korean character.
_PIECES = re.compile(
    r"\s+|[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]*-|[^\s\-\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+"
)


class Lettering(NamedTuple):
    """How a text is written. family: Excalidraw's number of a font; line_height: in sizes."""

    family: int
    size: float
    line_height: float


def line_height_of(family: Any) -> float:
    return LINE_HEIGHTS.get(family, 1.25) if isinstance(family, int) else 1.25


def size_of(text: str, lettering: Lettering) -> tuple[float, float]:
    """Width and height of a text, its lines as they are."""
    lines = text.split("\n")
    width = max(width_of(line or " ", lettering) for line in lines)
    return width, len(lines) * lettering.size * lettering.line_height


def width_of(line: str, lettering: Lettering) -> float:
    name = FAMILIES.get(lettering.family, FAMILIES[DEFAULT_FAMILY])
    runs = groupby(line.replace("\t", " " * 8), key=lambda character: _file_for(name, ord(character)))
    total = sum(_font(file).getlength("".join(characters)) for file, characters in runs)
    return float(total) * lettering.size / _MEASURED_AT_PX


def wrapped(text: str, lettering: Lettering, width: float) -> str:
    """The text with further line breaks, so that no line is wider than `width` where a character fits into it."""
    return "\n".join(line for whole in text.split("\n") for line in _broken(whole, lettering, width))


def _broken(line: str, lettering: Lettering, width: float) -> Iterator[str]:
    if width_of(line, lettering) <= width:
        yield line
        return
    current = ""
    for piece in _PIECES.findall(line):
        if not current or width_of((current + piece).rstrip(), lettering) <= width:
            current += piece
        else:
            yield current.rstrip()
            current = piece.lstrip()
        while len(current) > 1 and width_of(current.rstrip(), lettering) > width:
            fits = _count_that_fits(current, lettering, width)
            yield current[:fits]
            current = current[fits:]
    yield current.rstrip()


def _count_that_fits(word: str, lettering: Lettering, width: float) -> int:
    """Of a word that is too wide: how many of its characters are not; one at least."""
    low, high = 1, len(word) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(word[:middle], lettering) <= width:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=1)
def _index() -> dict[str, Any]:
    """Which file has which characters (boards/rendering/fonts.py writes it)."""
    found: dict[str, Any] = json.loads((settings.RENDER_DIST / "fonts" / "index.json").read_bytes())
    return found


@lru_cache(maxsize=8_192)
def _file_for(name: str, character: int) -> str:
    """The font file that draws a character of a text in this family."""
    index = _index()
    family = index["names"].get(name, index["default"])
    if not _covers(index["covered"][family], character):
        for fallback, ranges in index["fallback"].items():
            if _covers(ranges, character):
                return str(index["files"][fallback])
    return str(index["files"][family])


def _covers(ranges: list[list[int]], character: int) -> bool:
    at = bisect_right(ranges, [character, 0x110000]) - 1
    return at >= 0 and ranges[at][0] <= character <= ranges[at][1]


@lru_cache(maxsize=32)
def _font(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(settings.RENDER_DIST / "fonts" / file), _MEASURED_AT_PX)
