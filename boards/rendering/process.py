"""The program of a drawing process. Run by its path, isolated: it knows no Django, no database and no secret.

generation.sandbox has the frames on stdin and stdout. A request's attachments are its pictures, in the order of
`pictures`. An answer is {code: "" | "too_large" | "failed", message, data, scale, simplified}.
"""

import base64
import html
import io
import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import resvg_py
from py_mini_racer import MiniRacer

sys.path.append(str(Path(__file__).parents[2]))  # isolated, a program finds nothing beside itself

from boards.text_shaping import Fonts, shape_line
from generation import sandbox

SVG_MAX_BYTES = 96 * 1024 * 1024
POINTS_MAX = 500_000
PICTURES_MAX_PIXELS = 120_000_000
"""Pixels over all places that show a picture, as each decodes it: about two seconds of work."""
REDUCED_SIDE_PX = 1_024

# Our own serializer writes these (frontend/render/dom.ts): attributes hold no bare ">" and no bare quote.
TEXT = re.compile(r'<text ([^>]*)font-family="([^"]*)"([^>]*)>([^<]*)</text>')
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
SYSTEM_FAMILIES = {"Helvetica"}
"""Fonts that every machine has one like: not embedded."""
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""Share of a line's width that lies before its x (left to right) or after it (right to left)."""
KEPT = ("fill", "opacity", "fill-opacity", "transform", "class")
GLYPH = "atelier-glyph-"


class TooLarge(Exception):
    """The scene has more than is drawn."""


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
        # Errors of V8 and resvg concern this scene alone; the process goes on with the next.
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
        picture = resvg_py.svg_to_bytes(
            svg_string=_outlined(svg, self._fonts),
            # Ours is outlines by now: what is left stands in SVG pictures.
            font_files=[str(self._fonts.file_of(self._fonts.name_of("Helvetica")))],
            skip_system_fonts=True,
        )
        return bytes(picture)


def _outlined(svg: str, fonts: Fonts) -> str:
    """The document with outlines in the place of its text."""
    drawn: dict[tuple[str, int], int] = {}

    def outlined(match: re.Match[str]) -> str:
        given = dict(ATTRIBUTE.findall(f'{match[1]}font-family=""{match[3]}'))
        size = float(given["font-size"].removesuffix("px"))
        name, rtl = fonts.name_of(html.unescape(match[2])), given.get("direction") == "rtl"
        glyphs, width = shape_line(fonts, name, html.unescape(match[4]), rtl=rtl)
        anchor = ANCHORS[given.get("text-anchor", "start")]
        left = float(given["x"]) - width * size * (1 - anchor if rtl else anchor)
        pieces = []
        for glyph in glyphs:
            number = drawn.setdefault((glyph.font, glyph.number), len(drawn))
            scale = size / fonts.units(glyph.font)
            x, y = left + glyph.x * size, float(given["y"]) - glyph.y * size
            pieces.append(
                f'<use href="#{GLYPH}{number}" transform="matrix({scale:.7g} 0 0 -{scale:.7g} {x:.3f} {y:.3f})"/>'
            )
        kept = " ".join(f'{key}="{given[key]}"' for key in KEPT if key in given)
        return f"<g {kept}>{''.join(pieces)}</g>"

    svg = TEXT.sub(outlined, svg)
    shapes = "".join(
        f'<path id="{GLYPH}{number}" d="{fonts.outline(font, glyph)}"/>'
        for (font, glyph), number in drawn.items()
    )
    return svg.replace("<defs>", f"<defs>{shapes}", 1)


def _put_fonts(svg: str, fonts: Fonts) -> str:
    """The document with as much of its fonts inside as its text needs."""
    needed: dict[tuple[str, str], set[str]] = {}  # family written, font inside our file → characters
    for match in TEXT.finditer(svg):
        family = html.unescape(match[2]).split(",")[0].strip()
        for font, text in fonts.fonts_of(fonts.name_of(family), html.unescape(match[4])):
            if fonts.has_family(family) and not (family in SYSTEM_FAMILIES and font == fonts.name_of(family)):
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


def start(options: Mapping[str, Any]) -> sandbox.Answer:
    renderer = Renderer(Path(options["folder"]), options["memory_max_bytes"])

    def answer(request: Mapping[str, Any], pictures: Sequence[bytes]) -> dict[str, Any]:
        named = zip(request["pictures"], pictures, strict=True)
        known = {file_id: (mime_type, data) for (file_id, mime_type), data in named if data}
        return renderer.answer({**request, "pictures": known})

    return answer


if __name__ == "__main__":
    sandbox.serve(start)
