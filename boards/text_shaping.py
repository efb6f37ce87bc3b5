"""Shapes lines of text into glyphs, in every script, as a browser does. Used by the drawing processes, which have no
Django, and to measure imported texts.

A line is divided into runs of one font, script and direction in visual order (Unicode's bidirectional algorithm), and
each run is shaped by HarfBuzz, which browsers use too. resvg's own text layout has no font fallback within a run: words
in Hebrew came out reversed or not at all, and accents apart from their letters.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import uharfbuzz as hb
from bidi import algorithm as bidi
from fontTools import unicodedata as scripts
from fontTools.pens.svgPathPen import SVGPathPen

JOINED = {"Mn", "Me", "Mc", "Cf", "Sk"}
"""Unicode categories of characters that belong to the one before: accents, joiners, selectors, skin tones."""
NEUTRAL_SCRIPTS = {"Zyyy", "Zinh", "Zzzz"}


@dataclass(frozen=True)
class Run:
    """Characters of one font, script and direction, in reading order. level: bidi embedding level, odd for right to left."""

    font: str
    script: str
    level: int
    text: str


@dataclass(frozen=True)
class Glyph:
    """A glyph of a font and its place: in font sizes from the left end of the line, and from the baseline upwards."""

    font: str
    number: int
    x: float
    y: float


class Fonts:
    """The fonts in a folder, and which has which character. boards/rendering/fonts.py makes the folder and its index."""

    def __init__(self, folder: Path) -> None:
        index: dict[str, Any] = json.loads((folder / "index.json").read_text())
        self._folder = folder
        self._names: dict[str, str] = index["names"]  # family that Excalidraw writes → family inside our file
        self._files: dict[str, str] = index["files"]  # family inside our file → its file
        self._covered = {name: _codes(ranges) for name, ranges in index["covered"].items()}
        self._han = {code: name for name, ranges in index["fallback"].items() for code in _codes(ranges)}
        self._scripts: list[str] = index["scripts"]
        self._hand = set(index["hand"])
        self._default: str = index["default"]
        self._chosen: dict[tuple[str, str], str] = {}  # by family and character
        self._shaping: dict[str, hb.Font] = {}
        self._outlines: dict[tuple[str, int], str] = {}

    def has_family(self, family: str) -> bool:
        return family in self._names

    def name_of(self, families: str) -> str:
        """The name in our files of the first known family of a CSS list; the default font's if none is known."""
        wanted = (family.strip(" '\"") for family in families.split(","))
        return next((self._names[family] for family in wanted if family in self._names), self._default)

    def file_of(self, name: str) -> Path:
        return self._folder / self._files[name]

    def fonts_of(self, name: str, text: str) -> list[tuple[str, str]]:
        """(font, text) runs: the family itself, else the first fallback that has all characters of a grapheme."""
        pieces = [(self._font_of(name, letter), letter) for letter in graphemes(text)]
        return [
            (font, "".join(letter for _, letter in group))
            for font, group in groupby(pieces, key=lambda piece: piece[0])
        ]

    def _font_of(self, name: str, letter: str) -> str:
        if len(letter) > 1:
            return self._font_for(name, letter)
        font = self._chosen.get((name, letter))
        if font is None:
            font = self._chosen[name, letter] = self._font_for(name, letter)
        return font

    def _font_for(self, name: str, letter: str) -> str:
        if letter.isspace():
            return name
        # The hand-drawn family is followed by the hand-drawn Chinese one, as on the page; every other by the scripts.
        han = self._han.get(ord(letter[0]))
        others = [*self._scripts, *([han] if han else [])]
        if han and name in self._hand:
            others = [han, *self._scripts]
        for font in (name, *others):
            if self._has(font, letter):
                return font
        return next((font for font in (name, *others) if self._has(font, letter[0])), name)

    def _has(self, font: str, letter: str) -> bool:
        covered = self._covered.get(font)
        if covered is None:  # a slice of the Chinese family
            return all(self._han.get(ord(character)) == font for character in letter)
        # HarfBuzz composes accents with their letter, or decomposes them, as the font needs it.
        forms = (letter, unicodedata.normalize("NFC", letter), unicodedata.normalize("NFD", letter))
        return any(all(ord(each) in covered or _is_invisible(each) for each in form) for form in forms)

    def shaping(self, name: str) -> hb.Font:
        font = self._shaping.get(name)
        if font is None:
            face = hb.Face(hb.Blob.from_file_path(str(self.file_of(name))))
            font = self._shaping[name] = hb.Font(face)
        return font

    def outline(self, name: str, glyph: int) -> str:
        """SVG path data, in units of the font, y upwards."""
        data = self._outlines.get((name, glyph))
        if data is None:
            pen = SVGPathPen(None, ntos=lambda number: f"{number:.6g}")
            self.shaping(name).draw_glyph_with_pen(glyph, pen)
            data = self._outlines[name, glyph] = pen.getCommands()
        return data

    def units(self, name: str) -> int:
        return int(self.shaping(name).face.upem)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _codes(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {code for first, last in ranges for code in range(first, last + 1)}


def graphemes(text: str) -> Iterator[str]:
    """The text in graphemes: characters with the accents and joiners that belong to them."""
    letter = ""
    for character in text:
        joined = unicodedata.category(character) in JOINED and not letter.isspace()
        if letter and not (joined or letter.endswith("\u200d")):
            yield letter
            letter = ""
        letter += character
    if letter:
        yield letter


def runs(fonts: Fonts, name: str, text: str, *, rtl: bool) -> list[Run]:
    """The runs of the line from left to right. rtl: True if the text as a whole runs from right to left."""
    found: list[Run] = []
    script = "Zyyy"
    levels = _levels(text, rtl)
    at = 0
    for font, piece in fonts.fonts_of(name, text):
        for character in piece:
            own = scripts.script(character)
            script = script if own in NEUTRAL_SCRIPTS else own
            level = levels[at]
            at += 1
            last = found[-1] if found else Run("", "", 0, "")
            goes_on = (last.font, last.level) == (font, level) and (
                last.script == "Zyyy" or script in ("Zyyy", last.script)
            )
            if goes_on:  # neutral characters before the first of a script belong to that script too
                found[-1] = Run(font, script, level, last.text + character)
            else:
                found.append(Run(font, script, level, character))
    return _in_visual_order(found)


def _levels(text: str, rtl: bool) -> list[int]:
    """The embedding level of each character (UAX 9)."""
    base = int(rtl)
    if not rtl and all(unicodedata.bidirectional(each) in _PLAIN for each in text):
        return [0] * len(text)
    storage = bidi.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, ("L", "R")[base]
    bidi.get_embedding_levels(text, storage)
    for at, each in enumerate(storage["chars"]):
        each["at"] = at
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    known = {each["at"]: each["level"] for each in storage["chars"]}
    levels: list[int] = []
    # The algorithm drops control characters: they take the level of the one before.
    for at in range(len(text)):
        levels.append(known.get(at, levels[-1] if levels else base))
    for at in reversed(range(len(text))):  # rule L1: trailing space has the level of the line
        if not text[at].isspace():
            break
        levels[at] = base
    return levels


_PLAIN = {"L", "EN", "ES", "ET", "CS", "WS", "ON", "NSM", "BN", "S", "B"}


def _in_visual_order(found: list[Run]) -> list[Run]:
    """Rule L2 of UAX 9: from the highest level down, each sequence of runs at that level or above is reversed."""
    order = list(found)
    for level in range(max((run.level for run in found), default=0), 0, -1):
        turned: list[Run] = []
        for is_high, group in groupby(order, key=lambda run: run.level >= level):
            together = list(group)
            turned += reversed(together) if is_high else together
        order = turned
    return order


def shape_line(fonts: Fonts, name: str, text: str, *, rtl: bool) -> tuple[list[Glyph], float]:
    """The glyphs of the line from left to right, and its width in font sizes."""
    glyphs: list[Glyph] = []
    pen = 0.0
    # As on a canvas, tabs and line breaks are spaces, and none is collapsed.
    text = "".join(" " if character in "\t\n\v\f\r" else character for character in text)
    for run in runs(fonts, name, text, rtl=rtl):
        buffer = hb.Buffer()
        buffer.add_str(run.text)
        buffer.direction = "rtl" if run.level % 2 else "ltr"
        buffer.script = run.script
        buffer.language = "en"
        font, units = fonts.shaping(run.font), fonts.units(run.font)
        hb.shape(font, buffer)
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            x, y = pen + position.x_offset / units, position.y_offset / units
            glyphs.append(Glyph(run.font, info.codepoint, x, y))
            pen += position.x_advance / units
    return glyphs, pen
