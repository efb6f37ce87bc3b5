"""The program of a drawing process. Run by its path, isolated: it knows no Django, no database and no secret.

Frames on stdin and stdout: four bytes of length, then msgpack. After a request come its pictures, a frame of bytes each.
First comes `ready`, then one answer for each request:
{code: "" | "too_large" | "failed", message, data, scale, simplified}.
"""

import base64
import html
import io
import json
import os
import re
import resource
import secrets
import select
import signal
import struct
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import resvg_py
from py_mini_racer import MiniRacer

LENGTH = struct.Struct(">I")
SVG_MAX_BYTES = 96 * 1024 * 1024
POINTS_MAX = 500_000
NICENESS = 10
"""Whoever draws on a board goes before whoever wants a picture of one."""
PICTURES_MAX_PIXELS = 120_000_000
"""Each place that shows a picture has it decoded: about two seconds of work."""
REDUCED_SIDE_PX = 1_024

# Our own serializer writes these (frontend/render/dom.ts): attributes hold no bare ">" and no bare quote.
TEXT = re.compile(r'<text ([^>]*)font-family="([^"]*)"([^>]*)>([^<]*)</text>')
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
SYSTEM_FAMILIES = {"Helvetica"}
"""Every machine that shows an SVG has one like it: not worth its bytes inside."""
JOINED = {"Mn", "Me", "Cf"}
"""Accents, joiners and selectors: they mean nothing apart from what they follow."""


class TooLarge(Exception):
    """More than is drawn."""


class Fonts:
    """Which font has which character. The folder and its index are made by boards/rendering/fonts.py."""

    def __init__(self, folder: Path) -> None:
        index: dict[str, Any] = json.loads((folder / "index.json").read_text())
        self._folder = folder
        self._names: dict[str, str] = index["names"]  # family that Excalidraw writes → family inside our file
        self._files: dict[str, str] = index["files"]  # family inside our file → its file
        self._covered = {name: _codes(ranges) for name, ranges in index["covered"].items()}
        self._fallback = {code: name for name, ranges in index["fallback"].items() for code in _codes(ranges)}
        self._default: str = index["default"]
        self._advances: dict[str, dict[int, float]] = {}

    def knows(self, family: str) -> bool:
        return family in self._names

    def name_of(self, families: str) -> str:
        """The family inside our files that is nearest to a list of families."""
        wanted = (family.strip(" '") for family in families.split(","))
        return next((self._names[family] for family in wanted if family in self._names), self._default)

    def file_of(self, name: str) -> Path:
        return self._folder / self._files[name]

    def runs(self, name: str, text: str) -> list[tuple[str | None, str]]:
        """The text in pieces of one font each: the family itself, else the one that stands in, None for the system's."""
        runs: list[tuple[str | None, str]] = []
        for character in text:
            code = ord(character)
            if runs and unicodedata.category(character) in JOINED:
                font = runs[-1][0]
            elif code in self._covered[name] or character.isspace():
                font = name
            else:
                font = self._fallback.get(code)
            if runs and runs[-1][0] == font:
                runs[-1] = (font, runs[-1][1] + character)
            else:
                runs.append((font, character))
        return runs

    def width_of(self, name: str | None, text: str) -> float:
        """How far the text reaches, in font sizes. What only the system's fonts have is taken for square."""
        if name is None:
            return float(sum(unicodedata.category(character) not in JOINED for character in text))
        advances = self._advances.get(name)
        if advances is None:
            advances = self._advances[name] = _advances(self.file_of(name))
        return sum(advances.get(ord(character), 0.0) for character in text)


def _advances(file: Path) -> dict[int, float]:
    from fontTools.ttLib import TTFont  # takes a moment to load, and few drawings need it

    font = TTFont(file, lazy=True)
    em = font["head"].unitsPerEm
    return {code: font["hmtx"][glyph][0] / em for code, glyph in font.getBestCmap().items()}


def _codes(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {code for first, last in ranges for code in range(first, last + 1)}


class Renderer:
    """A V8 with the scene script, and resvg with our fonts."""

    def __init__(self, folder: Path, memory_max: int) -> None:
        self._fonts = Fonts(folder / "fonts")
        self._engine = MiniRacer()
        self._engine.set_hard_memory_limit(memory_max * 3 // 4)
        self._engine.eval((folder / "scene.js").read_text() + ";0")
        self._draw: Any = self._engine.eval("drawScene")

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"code": "", "message": ""} | self._answer(request)
        except TooLarge as error:
            return {"code": "too_large", "message": str(error), "data": b""}
        # Whatever V8 or resvg say about a scene ends here; the next scene is another one.
        except Exception as error:
            return {
                "code": "failed",
                "message": f"The scene could not be drawn: {_first_line(error)}",
                "data": b"",
            }

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if (points := _points(request["elements"])) > POINTS_MAX:
            raise TooLarge(f"The scene has about {points} points, {POINTS_MAX} can be drawn.")
        # Pictures do not pass through V8: a name that no scene can guess stands for each.
        mark = secrets.token_hex(8)
        scale, simplified, svg = self._draw_scene(request, mark)
        if len(svg) > SVG_MAX_BYTES:
            raise TooLarge("The drawing is too large.")
        pictures = request["pictures"]
        if request["format"] == "png":
            data = self._raster(_put_pictures(svg, affordable(pictures, svg, mark), mark))
        else:
            data = _put_fonts(_put_pictures(svg, pictures, mark), self._fonts).encode()
        return {"data": data, "scale": scale, "simplified": simplified}

    def _draw_scene(self, request: Mapping[str, Any], mark: str) -> tuple[float, int, str]:
        """The scale, how many elements were simplified, and the document."""
        files = {
            file_id: {"mimeType": mime_type, "dataURL": f"atelier:{mark}:{number}"}
            for number, (file_id, (mime_type, _)) in enumerate(request["pictures"].items())
        }
        size = {name: request.get(name) for name in ("scale", "width_px", "within_px", "limits")}
        rest = json.dumps(request["view"] | size | {"files": files}).encode()
        scene = b'{"elements":' + request["elements"] + b"," + rest[1:]
        _, _, scale, simplified, svg = self._draw(scene.decode()).get().split(" ", 4)
        return float(scale), int(simplified), svg

    def _raster(self, svg: str) -> bytes:
        svg, used = _choose_fonts(svg, self._fonts)
        picture = resvg_py.svg_to_bytes(
            svg_string=svg,
            font_files=[str(self._fonts.file_of(name)) for name in used if name],
            # An emoji, a script that none of our fonts has: better the system's than none, but reading all of
            # the system's fonts takes longer than most drawings.
            skip_system_fonts=None not in used,
        )
        return bytes(picture)


def _choose_fonts(svg: str, fonts: Fonts) -> tuple[str, set[str | None]]:
    """The document with each piece of text in the font that has it, and those fonts.

    Left to itself resvg would look for missing characters in any other font, and give up at the first ligature.
    """
    used: set[str | None] = set()

    def chosen(match: re.Match[str]) -> str:
        name = fonts.name_of(html.unescape(match[2]))
        runs = fonts.runs(name, html.unescape(match[4]))
        used.update({name}, (font for font, _ in runs))
        foreign = any(font is None for font, _ in runs)
        places = _places(fonts, runs, match[1] + match[3]) if foreign else [""] * len(runs)
        pieces = [
            f'<tspan {place} font-family="{_quoted(font)}">{html.escape(text)}</tspan>'
            if place or font != name
            else html.escape(text)
            for (font, text), place in zip(runs, places, strict=True)
        ]
        return f'<text {match[1]}font-family="{_quoted(name)}"{match[3]}>{"".join(pieces)}</text>'

    return TEXT.sub(chosen, svg), used


def _quoted(name: str | None) -> str:
    """A family in an attribute. Without quotes a name that ends in a number is none."""
    return f"'{name}'" if name else "sans-serif"


def _places(fonts: Fonts, runs: list[tuple[str | None, str]], attributes: str) -> list[str]:
    """Where each run of a line starts. A run with a place of its own is shaped by itself.

    Only there does resvg find the system's font for it: shaped with the others, any ligature among them makes it give up.
    """
    given = dict(ATTRIBUTE.findall(attributes))
    size, x = float(given["font-size"].removesuffix("px")), float(given["x"])
    widths = [fonts.width_of(font, text) * size for font, text in runs]
    x -= sum(widths) * {"middle": 0.5, "end": 1.0}.get(given.get("text-anchor", ""), 0.0)
    places = []
    for width in widths:
        places.append(f'x="{x:.2f}" text-anchor="start"')
        x += width
    return places


def _put_fonts(svg: str, fonts: Fonts) -> str:
    """The document with as much of its fonts inside as its text needs."""
    needed: dict[tuple[str, str], set[str]] = {}  # family written, font inside our file → characters
    for match in TEXT.finditer(svg):
        family = html.unescape(match[2]).split(",")[0].strip()
        for font, text in fonts.runs(fonts.name_of(family), html.unescape(match[4])):
            if (
                font
                and fonts.knows(family)
                and not (family in SYSTEM_FAMILIES and font == fonts.name_of(family))
            ):
                needed.setdefault((family, font), set()).update(text)
    rules = []
    for (family, font), characters in needed.items():
        data = base64.b64encode(_subset(fonts.file_of(font), characters)).decode()
        codes = ",".join(f"U+{ord(character):X}" for character in sorted(characters))
        source = f"url(data:font/woff2;base64,{data})"
        rules.append(f'@font-face{{font-family:"{family}";src:{source};unicode-range:{codes}}}')
    return svg.replace("<defs>", f"<defs><style>{''.join(rules)}</style>", 1) if rules else svg


def _subset(file: Path, characters: set[str]) -> bytes:
    """A font of these characters alone, as WOFF2."""
    from fontTools import subset  # takes a moment to load, and only SVG needs it

    options = subset.Options(flavor="woff2", notdef_outline=True, layout_features=["*"], name_IDs=[])
    font = subset.load_font(str(file), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    out = io.BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()


def _put_pictures(svg: str, pictures: Mapping[str, tuple[str, bytes]], mark: str) -> str:
    held = list(pictures.values())

    def data_url(match: re.Match[str]) -> str:
        mime_type, data = held[int(match[1])]
        return f'href="data:{mime_type};base64,{base64.b64encode(data).decode()}"'

    return re.sub(f'href="atelier:{mark}:([0-9]+)"', data_url, svg) if held else svg


# What an SVG blurs or lights it does pixel by pixel: a file of 1 kB keeps a core busy for a quarter of a minute.
_FILTER = re.compile(
    rb"<(?P<tag>(?:[\w.-]+:)?filter)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?:/>|>.*?</(?P=tag)\s*>)|"
    rb"(?<=[\s\"'])filter\s*=\s*(?:\"[^\"]*\"|'[^']*')|"
    rb"(?<=[\s;{\"'])(?:backdrop-)?filter\s*:[^;}\"']*",
    re.DOTALL,
)


def without_filters(svg: bytes) -> bytes:
    """The SVG as it is without its filters: what was blurred is sharp."""
    before = b""
    while before != svg:  # what is left together may make another
        before, svg = svg, _FILTER.sub(b"", svg)
    return svg


def affordable(
    pictures: Mapping[str, tuple[str, bytes]], svg: str, mark: str
) -> dict[str, tuple[str, bytes]]:
    """The pictures without what costs out of all proportion: filters, and pixels beyond PICTURES_MAX_PIXELS.

    svg: the drawing, in which each place of a picture has an element of its own.
    """
    pictures = {
        file_id: (kind, without_filters(data) if kind == "image/svg+xml" else data)
        for file_id, (kind, data) in pictures.items()
    }
    uses = _uses(svg, mark)
    pixels = {
        file_id: _pixels(data) * uses[number]
        for number, (file_id, (kind, data)) in enumerate(pictures.items())
        if kind != "image/svg+xml"
    }
    whole = sum(pixels.values())
    for file_id, cost in sorted(pixels.items(), key=lambda item: -item[1]):
        if whole <= PICTURES_MAX_PIXELS:
            break
        pictures[file_id] = ("image/png", _reduced(pictures[file_id][1]))
        whole -= cost
    return pictures


def _uses(svg: str, mark: str) -> Counter[int]:
    """How many places show the picture of each number: Excalidraw writes each picture once, and where it is used."""
    places = Counter(re.findall(r'<use href="#([^"]*)"', svg))
    uses: Counter[int] = Counter()
    for symbol, number in re.findall(f'<symbol id="([^"]*)"[^>]*><image [^>]*"atelier:{mark}:([0-9]+)"', svg):
        uses[int(number)] += places[symbol]
    return uses


def _pixels(data: bytes) -> int:
    from PIL import Image  # takes a moment to load, and most scenes have no pictures

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.width * picture.height
    except Exception:  # what Pillow does not read resvg leaves out
        return 0


def _reduced(data: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.draft(None, (REDUCED_SIDE_PX, REDUCED_SIDE_PX))
        small = picture.convert("RGBA")
        small.thumbnail((REDUCED_SIDE_PX, REDUCED_SIDE_PX))
        small.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _points(elements: bytes) -> int:
    """About how many points the scene has: a point is an array, and little else is."""
    return elements.count(b"[")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


# --- the process ----------------------------------------------------------------------------------------------


def main() -> None:
    options = json.loads(sys.argv[1])
    os.nice(NICENESS)
    _limit(options["memory_max"])
    renderer = Renderer(Path(options["folder"]), options["memory_max"])
    _write({"code": "", "message": "ready", "data": b""})
    while (request := _next(sys.stdin.buffer, options["idle_seconds"])) is not None:
        # The default action of these signals ends the process wherever it is: V8 and resvg cannot be asked to stop.
        # Its own work counts; the clock only where it does none, for a busy machine is not the scene's fault.
        signal.setitimer(signal.ITIMER_PROF, options["cpu_seconds"])
        signal.setitimer(signal.ITIMER_REAL, options["clock_seconds"])
        answer = renderer.answer(request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(answer)


def _limit(memory_max: int) -> None:
    """No files written, no core, and so much memory. macOS knows no such limit of memory: V8's own has to do there."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory_max, memory_max))


def _next(source: BinaryIO, idle_seconds: float) -> Any:
    """The next request; None when the other side is gone or has not asked for long."""
    ready, _, _ = select.select([source], [], [], idle_seconds)
    if not ready or (body := _frame(source)) is None:
        return None
    request = msgspec.msgpack.decode(body)
    pictures = {}
    for file_id, mime_type in request["pictures"]:
        if (data := _frame(source)) is None:
            return None
        if data:
            pictures[file_id] = (mime_type, data)
    return request | {"pictures": pictures}


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    size = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
    body = source.read(size)
    return body if len(head) == LENGTH.size and len(body) == size else None


def _write(answer: Mapping[str, Any]) -> None:
    data = msgspec.msgpack.encode(answer)
    sys.stdout.buffer.write(LENGTH.pack(len(data)) + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
