"""Builds the fonts of server-drawn scenes from those that come with Excalidraw, and Noto for other scripts. Part of `make build`.

    python boards/rendering/fonts.py node_modules OUT

resvg reads TrueType and takes the first file of a family, while Excalidraw ships each family as WOFF2 slices by range
of characters: the slices of a family are merged into one file. Chinese and Japanese are 13 MB in 209 slices, of which a
drawing needs a few, so they stay apart and an index says which has which characters. A changed font may not keep its
reserved name (SIL Open Font License), so ours are named after their use.
"""

import io
import json
import logging
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

FAMILIES = {  # folder of the slices: our name for the family
    "Excalifont": "Board Hand",
    "Virgil": "Board First Hand",
    "Nunito": "Board Normal",
    "Cascadia": "Board Code",
    "ComicShanns": "Board Comic Code",
    "Lilita": "Board Poster",
    "Liberation": "Board Sans",
    "Assistant": "Board Interface",
}
FOLDERS = {  # family as Excalidraw writes it: folder of its slices
    "Excalifont": "Excalifont",
    "Virgil": "Virgil",
    "Nunito": "Nunito",
    "Cascadia": "Cascadia",
    "Comic Shanns": "ComicShanns",
    "Lilita One": "Lilita",
    "Helvetica": "Liberation",
    "Liberation Sans": "Liberation",
    "Assistant": "Assistant",
}
FALLBACK, FALLBACK_NAME = "Xiaolai", "Board Han"
HAND = ("Excalifont",)
"""Families whose missing characters Excalidraw takes from FALLBACK before any other font."""
SCRIPTS = {  # package of @fontsource: our name. Fonts for characters that no family above has, in the page's order
    "noto-sans": "Board Letters",
    "noto-sans-hebrew": "Board Hebrew",
    "noto-sans-arabic": "Board Arabic",
    "noto-sans-thai": "Board Thai",
    "noto-sans-bengali": "Board Bengali",
    "noto-sans-tamil": "Board Tamil",
    "noto-sans-math": "Board Signs",
    "noto-sans-symbols-2": "Board Symbols",
    "noto-emoji": "Board Emoji",
}
BOLD = ("Bold", "Medium", "SemiBold")

OWN = {"noto-sans-math": "latin", "noto-sans-symbols-2": "symbols"}
"""The slice to take from a package that is not named after its script."""

FAMILY_NAMES, STYLE_NAMES, FULL_NAMES = (1, 16), (2, 17), (3, 4, 6)
REGULAR_WEIGHT, REGULAR_STYLE = 400, 0x40


def main(modules: Path, out: Path) -> None:
    source = modules / "@excalidraw" / "excalidraw" / "dist" / "prod" / "fonts"
    logging.disable(logging.WARNING)  # fontTools logs every table that it copies
    out.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {
        "names": {written: FAMILIES[folder] for written, folder in FOLDERS.items()},
        "files": {},
        "covered": {},
        "fallback": {},
        "default": FAMILIES["Excalifont"],
        "hand": [FAMILIES[folder] for folder in HAND],
        "scripts": list(SCRIPTS.values()),
    }
    for folder, name in FAMILIES.items():
        slices = [file for file in sorted((source / folder).glob("*.woff2")) if not file.stem.endswith(BOLD)]
        font = _merged([_unpacked(file) for file in slices])
        file = f"{folder.lower()}.ttf"
        _save(font, name, out / file)
        index["files"][name] = file
        index["covered"][name] = _ranges(font)
    for package, name in SCRIPTS.items():
        slices = sorted((modules / "@fontsource" / package / "files").glob("*-400-normal.woff2"))
        font = _merged([_unpacked(file) for file in _own(package, slices)])
        _save(font, name, out / f"{package}.ttf")
        index["files"][name] = f"{package}.ttf"
        index["covered"][name] = _ranges(font)
    (out / "han").mkdir(exist_ok=True)
    slices = sorted((source / FALLBACK).glob("*.woff2"))
    assert slices, f"no fonts under {source}"
    names = [f"{FALLBACK_NAME} {number}" for number in range(len(slices))]
    files = [f"han/{number}.ttf" for number in range(len(slices))]
    index["files"] |= dict(zip(names, files, strict=True))
    with ProcessPoolExecutor() as processes:  # unpacking is slow, and all in Python
        ranges = processes.map(_fallback, slices, names, [out / file for file in files], chunksize=8)
        index["fallback"] = dict(zip(names, ranges, strict=True))
    (out / "index.json").write_text(json.dumps(index, separators=(",", ":")))


def _own(package: str, slices: list[Path]) -> list[Path]:
    """The slices of a package for its own script: each package repeats the Latin letters."""
    script = package.removeprefix("noto-sans-")
    own = [file for file in slices if file.stem == f"{package}-{OWN.get(package, script)}-400-normal"]
    return own or slices


def _fallback(packed: Path, name: str, file: Path) -> list[list[int]]:
    font = _unpacked(packed)
    _save(font, name, file)
    return _ranges(font)


def _unpacked(file: Path) -> TTFont:
    font = TTFont(file)
    font.flavor = None
    return font


def _merged(slices: list[TTFont]) -> TTFont:
    if len(slices) == 1:
        return slices[0]
    # The slice with the Latin letters comes first: the merged font takes its metrics.
    slices.sort(key=lambda font: ord("a") not in font.getBestCmap())
    buffers = []
    for font in slices:
        buffer = io.BytesIO()
        font.save(buffer)
        buffer.seek(0)
        buffers.append(buffer)
    return Merger().merge(buffers)


def _save(font: TTFont, name: str, file: Path) -> None:
    for record in font["name"].names:
        if record.nameID in (*FAMILY_NAMES, *FULL_NAMES):
            record.string = name
        elif record.nameID in STYLE_NAMES:
            record.string = "Regular"
    # One face each: it must match the regular weight, whatever weight it has.
    font["OS/2"].usWeightClass = REGULAR_WEIGHT
    font["OS/2"].fsSelection = REGULAR_STYLE
    font["head"].macStyle = 0
    font.save(file)


def _ranges(font: TTFont) -> list[list[int]]:
    """The characters of a font as pairs of first and last code point."""
    ranges: list[list[int]] = []
    for code in sorted(font.getBestCmap()):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
