"""Cleans SVG files: elements, attributes and properties that draw are copied by an allowlist, nothing else. Pure.

Browsers run no script of an SVG in an <img> and load nothing for it, and the file itself is served in a sandbox; this
is one more barrier before those two. Names: SVG 2, CSS Fonts 4; only what browsers draw in an <img> at rest.
"""

import base64
import binascii
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

import tinycss2
from lxml import etree

from generation.errors import SnapshotInvalid
from generation.images.header import IMAGE_MAX_PIXELS, SVG_MIME_TYPE, read_header

SVG_MAX_BYTES = 2 * 1024 * 1024
SIDE_MAX_PX = 16_384
DEPTH_MAX = 200
DEFAULT_SIDE_PX = 512
WEIGHT_MAX = 200_000
"""Most elements that may be drawn; those that <use> and patterns repeat count each time."""
DATA_PER_ELEMENT = 100
"""So many characters of a path weigh as much as an element."""

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _words(
    "svg g a defs symbol use switch path rect circle ellipse line polyline polygon text tspan textPath image "
    "linearGradient radialGradient stop pattern clipPath mask marker style title desc"
)
_SHOWN = frozenset({"foreignObject", "filter", "video", "iframe", "embed", "object"})
"""Elements that a browser would show and that are removed here."""
_FILTERS = frozenset({"filter", "-webkit-filter"})
_ATTRIBUTES = _words(
    "id class lang version viewBox preserveAspectRatio transform x y x1 x2 y1 y2 cx cy r rx ry fx fy fr dx dy rotate "
    "width height d points pathLength offset gradientUnits gradientTransform spreadMethod patternUnits "
    "patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits markerUnits markerWidth "
    "markerHeight refX refY orient startOffset method spacing side textLength lengthAdjust systemLanguage "
    "requiredFeatures requiredExtensions type media {http://www.w3.org/XML/1998/namespace}space"
)
_PROPERTIES = _words(
    "alignment-baseline background background-color baseline-shift clip-path clip-rule color color-interpolation "
    "color-rendering cx cy d direction display dominant-baseline fill fill-opacity fill-rule font font-family "
    "font-feature-settings font-kerning font-size font-size-adjust font-stretch font-style font-variant "
    "font-variant-caps font-variant-ligatures font-variation-settings font-weight glyph-orientation-vertical height "
    "image-rendering isolation letter-spacing line-height marker marker-end marker-mid marker-start mask mask-type "
    "mix-blend-mode opacity overflow paint-order pointer-events r rx ry shape-rendering stop-color stop-opacity stroke "
    "stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width "
    "text-align text-anchor text-decoration text-rendering text-transform transform transform-box transform-origin "
    "unicode-bidi vector-effect visibility white-space width word-spacing writing-mode x y"
)
_DESCRIPTORS = _words("font-family src font-weight font-style font-stretch unicode-range font-display")
_FUNCTIONS = _words(
    "url rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix var calc min max clamp abs round matrix translate "
    "translatex translatey scale scalex scaley rotate skew skewx skewy format tech local inset circle ellipse polygon "
    "path context-fill context-stroke"
)
_FONT_DATA = (
    "data:font/",
    "data:application/font",
    "data:application/x-font",
    "data:application/vnd.ms-fontobject",
)
_RASTER_DATA = re.compile(r"data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_SVG_DATA = re.compile(r"data:image/svg\+xml[;,]", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[0-9]+)?)\s*(px)?\s*", re.IGNORECASE)


class Svg(NamedTuple):
    """A cleaned SVG. lost: something that a browser would have shown was removed."""

    data: bytes
    width_px: int
    height_px: int
    lost: bool


def clean_svg(data: bytes) -> Svg:
    """The SVG with only what draws; cleaning the result again changes nothing. Raises SnapshotInvalid."""
    return _clean(data, _Budget(), nested=False)[0]


class _Budget:
    """How many pixels the embedded pictures may still unpack to."""

    def __init__(self) -> None:
        self.pixels = IMAGE_MAX_PIXELS


def _clean(data: bytes, budget: _Budget, *, nested: bool) -> tuple[Svg, int]:
    """The cleaned SVG and its weight, in elements drawn."""
    if len(data) > SVG_MAX_BYTES:
        raise SnapshotInvalid("image_broken", f"The SVG has {len(data)} bytes, {SVG_MAX_BYTES} are allowed.")
    copy = _Copy(budget, nested)
    # Entities of the file itself are filled in, within libxml2's limits; nothing is read from elsewhere.
    parser = etree.XMLParser(
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        source = etree.fromstring(data, parser)
        if _name(source) != "svg":
            raise SnapshotInvalid("image_broken", "The file is not an SVG.")
        root = copy.element(source, 0)
        weight = _weigh(root, copy.inside)
    except (etree.XMLSyntaxError, ValueError, LookupError, RecursionError) as error:
        raise SnapshotInvalid("image_broken", f"The SVG is damaged: {error}.") from None
    width, height = _sized(root)
    cleaned = etree.tostring(root)
    if len(cleaned) > SVG_MAX_BYTES:
        raise SnapshotInvalid(
            "image_broken", f"The SVG unpacks to {len(cleaned)} bytes, {SVG_MAX_BYTES} are allowed."
        )
    return Svg(cleaned, width, height, copy.lost), weight


class _Copy:
    """inside: the weight of the SVG in an <image>, by that element."""

    def __init__(self, budget: _Budget, nested: bool) -> None:
        self.lost = False
        self.inside: dict[Any, int] = {}
        self._budget = budget
        self._nested = nested

    def element(self, source: Any, depth: int) -> Any:
        """A copy with only what is allowed of the element; None if the element itself is not."""
        if depth > DEPTH_MAX:
            raise SnapshotInvalid("image_broken", f"The SVG is nested deeper than {DEPTH_MAX} levels.")
        name = _name(source)
        if name not in _ELEMENTS:
            self.lost |= name in _SHOWN and not _has_stand_in(source)
            return None
        made = etree.Element(_SVG + name, nsmap={None: _SVG[1:-1]} if depth == 0 else None)
        for attribute, value in source.attrib.items():
            self._attribute(made, name, attribute, value)
        if name == "style":
            sheet = tinycss2.parse_stylesheet("".join(source.itertext()), True, True)
            made.text = "\n".join(self._rules(sheet))
            return made
        if name == "image" and "href" not in made.attrib:
            return None  # it would have been loaded from elsewhere, which an <img> does not do
        made.text = source.text
        for child in source:
            copied = self.element(child, depth + 1)
            if copied is not None:
                copied.tail = child.tail
                made.append(copied)
            elif child.tail and len(made):
                made[-1].tail = (made[-1].tail or "") + child.tail
            elif child.tail:
                made.text = (made.text or "") + child.tail
        return made

    def _attribute(self, made: Any, element: str, attribute: str, value: str) -> None:
        name = attribute.removeprefix(_XLINK)
        if name == "href":
            target, weight = self._target(element, value.strip())
            if target is not None:
                made.set("href", target)
            if weight:
                self.inside[made] = weight
        elif attribute == "style":
            if declarations := self._declarations(value, _PROPERTIES):
                made.set("style", declarations)
        elif attribute in _FILTERS:
            self.lost |= value.strip().lower() != "none"
        elif attribute in _ATTRIBUTES or (
            attribute in _PROPERTIES and _is_let_in(tinycss2.parse_component_value_list(value))
        ):
            made.set(attribute, value)

    def _target(self, element: str, href: str) -> tuple[str | None, int]:
        """The reference if it stays within the document, or is a data URL of a picture; and the weight of an embedded SVG."""
        if element == "a":
            return None, 0
        if href.startswith("#"):
            return href, 0
        if element != "image":
            return None, 0
        if _RASTER_DATA.match(href):
            pixels = _pixels_in(href)
            self._budget.pixels -= pixels
            if self._budget.pixels < 0:
                raise SnapshotInvalid("image_broken", "The pictures in the SVG have too many pixels.")
            return href if pixels else None, 0
        if _SVG_DATA.match(href) and not self._nested:
            inner, weight = _clean(_bytes_of(href), self._budget, nested=True)
            self.lost |= inner.lost
            return f"data:{SVG_MIME_TYPE};base64,{base64.b64encode(inner.data).decode()}", weight
        return None, 0

    def _rules(self, rules: Iterable[Any]) -> Iterator[str]:
        for rule in rules:
            if rule.type == "qualified-rule":
                declarations = self._declarations(rule.content, _PROPERTIES)
                yield f"{tinycss2.serialize(rule.prelude)}{{{declarations}}}"
            elif rule.type == "at-rule" and rule.content is not None:
                if rule.lower_at_keyword == "font-face":
                    yield f"@font-face{{{self._declarations(rule.content, _DESCRIPTORS)}}}"
                elif rule.lower_at_keyword == "media":
                    inner = "".join(self._rules(tinycss2.parse_rule_list(rule.content, True, True)))
                    yield f"@media{tinycss2.serialize(rule.prelude)}{{{inner}}}"

    def _declarations(self, source: Any, names: frozenset[str]) -> str:
        kept = []
        for each in tinycss2.parse_declaration_list(source, skip_comments=True, skip_whitespace=True):
            if each.type != "declaration":
                continue
            value = tinycss2.serialize(each.value).strip()
            if each.lower_name in _FILTERS:
                self.lost |= value.lower() != "none"
            known = each.lower_name in names or each.name.startswith("--")
            if known and _is_let_in(each.value, fonts=names is _DESCRIPTORS):
                kept.append(f"{each.name}:{value}{'!important' if each.important else ''}")
        return ";".join(kept)


def _pixels_in(url: str) -> int:
    """How many pixels the picture in a data URL has; 0 if it is no picture."""
    try:
        header = read_header(_bytes_of(url))
    except SnapshotInvalid as error:
        if error.code in ("image_too_large", "image_too_many_pixels"):
            raise
        return 0
    return header.width_px * header.height_px


def _bytes_of(url: str) -> bytes:
    head, _, payload = url.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(payload)
    try:
        return base64.b64decode("".join(payload.split()))
    except binascii.Error:
        return b""


def _name(element: Any) -> str:
    """The SVG name of an element, with or without the namespace; empty if it is of another namespace."""
    tag = element.tag if isinstance(element.tag, str) else "{}"
    return tag.removeprefix(_SVG) if tag.startswith(_SVG) or "{" not in tag else ""


def _has_stand_in(source: Any) -> bool:
    """True if a <switch> has an alternative for browsers that do not show this element."""
    parent = source.getparent()
    return parent is not None and _name(parent) == "switch" and source.getnext() is not None


# --- CSS ------------------------------------------------------------------------------------------------------


def _is_let_in(tokens: Iterable[Any], *, fonts: bool = False) -> bool:
    """Whether a value refers to nothing outside; escapes are read as a browser reads them."""
    for token in tokens:
        if token.type in ("error", "at-keyword", "{} block"):
            return False
        if token.type == "url" and not _is_inside(token.value, fonts):
            return False
        if token.type == "function":
            if token.lower_name not in _FUNCTIONS:
                return False
            strings = [each.value for each in token.arguments if each.type == "string"]
            if token.lower_name == "url" and not all(_is_inside(text, fonts) for text in strings):
                return False
            if not _is_let_in(token.arguments, fonts=fonts):
                return False
        if token.type in ("() block", "[] block") and not _is_let_in(token.content, fonts=fonts):
            return False
    return True


def _is_inside(url: str, fonts: bool) -> bool:
    url = url.strip()
    return url.startswith("#") or (fonts and url.lower().startswith(_FONT_DATA))


# --- size -----------------------------------------------------------------------------------------------------


def _weigh(root: Any, inside: Mapping[Any, int]) -> int:
    """How many elements are drawn, each as often as it is repeated, those of embedded SVGs included.

    As browsers draw: what leads back to itself does not go on there. Raises SnapshotInvalid.
    """
    by_id: dict[str, Any] = {}
    for element in root.iter():
        if name := element.get("id"):
            by_id.setdefault(name, element)  # browsers take the first
    known: dict[Any, int] = {}
    under_way: dict[Any, int] = {}  # with how many there were before
    visits = 0

    def weigh(element: Any) -> tuple[int, float]:
        """Its weight, and the outermost one under way that it leads back to; infinite where to none."""
        nonlocal visits
        if element in known:
            return known[element], math.inf
        if element in under_way:
            return 0, under_way[element]
        visits += 1  # each is an element that is drawn: within a circle nothing is known, only counted
        if visits > WEIGHT_MAX:
            raise _too_heavy()
        depth = under_way[element] = len(under_way)
        weight = 1 + sum(map(len, element.attrib.values())) // DATA_PER_ELEMENT + inside.get(element, 0)
        back = math.inf
        for other in (*element, *(by_id[name] for name in _references(element) if name in by_id)):
            more, leads_to = weigh(other)
            weight += more
            back = min(back, leads_to)
        del under_way[element]
        if back >= depth:
            known[element] = weight
            return weight, math.inf
        return weight, back

    weight, _ = weigh(root)
    if weight > WEIGHT_MAX:
        raise _too_heavy()
    return weight


def _too_heavy() -> SnapshotInvalid:
    return SnapshotInvalid("image_broken", f"The SVG draws more than {WEIGHT_MAX} elements.")


def _references(element: Any) -> Iterator[str]:
    """The ids that an element refers to, as a browser reads them."""
    for attribute, value in element.attrib.items():
        urls: Iterable[str] = ()
        if attribute == "href":
            urls = [value]
        elif "(" in value:
            urls = _urls(tinycss2.parse_component_value_list(value))
        yield from (unquote(url.strip()[1:]) for url in urls if url.strip().startswith("#"))


def _urls(tokens: Iterable[Any]) -> Iterator[str]:
    for token in tokens:
        if token.type == "url":
            yield token.value
        elif token.type == "function" and token.lower_name == "url":
            yield from (each.value for each in token.arguments if each.type == "string")
        elif token.type == "function":
            yield from _urls(token.arguments)


def _sized(root: Any) -> tuple[int, int]:
    """Width and height in whole px, at most SIDE_MAX_PX; written into the root."""
    sides = [_length(root.get(name, "")) for name in ("width", "height")]
    view = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if None in sides and len(view) == 4:
        sides = [_length(side) for side in view[2:]]
    width, height = (side or float(DEFAULT_SIDE_PX) for side in sides)
    if "viewBox" not in root.attrib:
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    scale = min(1.0, SIDE_MAX_PX / max(width, height))
    whole = max(1, round(width * scale)), max(1, round(height * scale))
    root.set("width", str(whole[0]))
    root.set("height", str(whole[1]))
    return whole


def _length(text: str) -> float | None:
    """A length in px; None if it is missing, zero or in another unit."""
    match = _LENGTH.fullmatch(text)
    try:
        length = float(match[1]) if match else 0.0
    except ValueError:
        return None
    return length if 0 < length < math.inf else None
