"""May this SVG be a picture on a board? Only one that draws, and asks for nothing from elsewhere. Pure.

Browsers run no script of an SVG in an <img>, and the file itself is served in a sandbox; this is the lock before
those two.
"""

import math
import re
from xml.parsers import expat

from boards.errors import FileRefused

MIME_TYPE = "image/svg+xml"
SVG_MAX_BYTES = 2 * 1024 * 1024
SIDE_MAX_PX = 16_384
DEPTH_MAX = 200
DEFAULT_SIDE_PX = 512

_ACTIVE = {
    "script",
    "foreignobject",
    "iframe",
    "object",
    "embed",
    "handler",
    "audio",
    "video",
    "set",
    "animate",
}
# `animate` and `set` may write an attribute that was checked, such as href.
_OUTSIDE = re.compile(r"@import|url\((?!\s*['\"]?\s*(?:#|data:))", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[0-9]+)?)\s*(px)?\s*", re.IGNORECASE)


def is_svg(data: bytes) -> bool:
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") and b"<svg" in data[:65_536]


def check_svg(data: bytes) -> tuple[int, int]:
    """Its width and height in px. Raises FileRefused."""
    if len(data) > SVG_MAX_BYTES:
        raise FileRefused(f"The SVG has {len(data)} bytes, {SVG_MAX_BYTES} are allowed.")
    check = _Check()
    try:
        check.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FileRefused(f"The SVG is damaged: {error}.") from None
    if check.size is None:
        raise FileRefused("The file is no SVG.")
    return check.size


class _Check:
    def __init__(self) -> None:
        self.size: tuple[int, int] | None = None
        self.depth = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.refuse_entity
        self.parser.ProcessingInstructionHandler = self.refuse_instruction
        self.parser.buffer_text = True
        self.in_style = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2].lower()
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise FileRefused(f"The SVG is nested deeper than {DEPTH_MAX} levels.")
        if self.size is None:
            if kind != "svg":
                raise FileRefused("The file is no SVG.")
            self.size = _size(attributes)
        if kind in _ACTIVE:
            raise FileRefused(f"The SVG holds <{kind}>, which is not let in.")
        self.in_style = kind == "style"
        for attribute, value in attributes.items():
            self.attribute(kind, attribute.rpartition(":")[2].lower(), value)

    def attribute(self, kind: str, name: str, value: str) -> None:
        if name.startswith("on"):
            raise FileRefused("The SVG holds a script, which is not let in.")
        if (
            name in ("href", "src")
            and kind != "a"
            and not value.strip().lower().startswith(("#", "data:image/"))
        ):
            raise FileRefused("The SVG takes something from elsewhere, which is not let in.")
        if kind == "a" and name == "href" and value.strip().lower().startswith(("javascript:", "data:")):
            raise FileRefused("The SVG holds a script, which is not let in.")
        if _OUTSIDE.search(value):
            raise FileRefused("The SVG takes something from elsewhere, which is not let in.")

    def end(self, name: str) -> None:
        self.depth -= 1
        self.in_style = False

    def text(self, text: str) -> None:
        if self.in_style and _OUTSIDE.search(text):
            raise FileRefused("The SVG takes something from elsewhere, which is not let in.")

    def refuse_entity(self, *_: object) -> None:
        raise FileRefused("The SVG declares entities, which are not let in.")

    def refuse_instruction(self, *_: object) -> None:
        raise FileRefused("The SVG holds a processing instruction, which is not let in.")


def _size(attributes: dict[str, str]) -> tuple[int, int]:
    sides = [_length(attributes.get(name, "")) for name in ("width", "height")]
    view = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    if None in sides and len(view) == 4:
        sides = [_length(side) for side in view[2:]]
    width, height = (side or DEFAULT_SIDE_PX for side in sides)
    if max(width, height) > SIDE_MAX_PX:
        raise FileRefused(f"The SVG is {width} × {height} px, {SIDE_MAX_PX} px a side are allowed.")
    return width, height


def _length(text: str) -> int | None:
    """Whole px, at least one; None where it is missing, zero or in another unit."""
    match = _LENGTH.fullmatch(text)
    try:
        length = float(match[1]) if match else 0.0
    except ValueError:
        return None
    return max(1, round(length)) if 0 < length < math.inf else None
