"""Texts inside shapes and on arrows: where they are placed, and texts made of the `label`s of element skeletons. Pure.

Source: excalidraw/excalidraw v0.18.1, packages/excalidraw/element/textElement.ts and data/transform.ts.
"""

import math
from collections.abc import Mapping
from typing import Any

from boards.exchange import repair, text_layout
from boards.exchange.import_notes import Notes
from boards.exchange.repair import Values, stable_id, text_style_of

CONTAINERS = frozenset({"rectangle", "diamond", "ellipse", "arrow"})
PADDING = 5
_ARROW_SHARE, _ARROW_MIN_SIZES = 0.7, 11


def with_label_text(element: Values, raw: Mapping[str, Any], notes: Notes) -> list[Values]:
    """The element without its `label`, and the text made of it. A shape without a size is made to fit the text."""
    label = element.get("label")
    if element["type"] not in CONTAINERS or not isinstance(label, dict | str):
        return [element]
    shape = {name: value for name, value in element.items() if name != "label"}
    given = label if isinstance(label, dict) else {"text": label}
    if any(bound["type"] == "text" for bound in shape["boundElements"] or ()):
        return [shape]
    text = _text(shape, given, notes)
    if text is None:
        return [shape]
    shape["boundElements"] = [*(shape["boundElements"] or ()), {"type": "text", "id": text["id"]}]
    if shape["type"] != "arrow" and repair.number(raw.get("width")) is None:
        width, _ = text_layout.size_of(text["text"], text_style_of(text))
        shape["width"] = _outer_side(width, shape["type"])
    if shape["type"] != "arrow" and repair.number(raw.get("height")) is None:
        shape["height"] = 0
    changes, box = fit(text, shape)
    return [shape | box, text | changes]


def fit(text: Values, shape: Mapping[str, Any]) -> tuple[Values, Values]:
    """The changes that place a text in its shape or on its arrow: of the text, and of a shape that is too low for it."""
    style = text_style_of(text)
    wrapped = text_layout.wrapped(
        text["originalText"], style, _inner_side(shape["width"], shape["type"], text["fontSize"])
    )
    width, height = text_layout.size_of(wrapped, style)
    size: Values = {"text": wrapped, "width": width, "height": height}
    if shape["type"] == "arrow":
        x, y = _middle(shape)
        return size | {"x": x - width / 2, "y": y - height / 2}, {}
    box: Values = {}
    if height > _inner_side(shape["height"], shape["type"]):
        box = {"height": _outer_side(height, shape["type"])}
    return size | _position(
        size | {n: text[n] for n in ("textAlign", "verticalAlign")}, {**shape, **box}
    ), box


def _text(shape: Values, label: Mapping[str, Any], notes: Notes) -> Values | None:
    centred = {"textAlign": "center", "verticalAlign": "middle", "strokeColor": shape["strokeColor"]}
    own = {name: value for name, value in label.items() if value is not None}
    place = {
        name: shape[name]
        for name in ("x", "y", "version", "groupIds", "frameId", "isDeleted", "locked", "opacity")
    }
    angle = 0 if shape["type"] == "arrow" else shape["angle"]
    fixed = {
        "type": "text",
        "containerId": shape["id"],
        "angle": angle,
        "width": None,
        "height": None,
        "index": None,
    }
    try:
        return repair.repaired({**centred, **place, **own, **fixed}, stable_id("label", shape["id"]), notes)
    except repair.Invisible:
        return None


def _inner_side(side: float, kind: str, font_size: float | None = None) -> float:
    """How much of a side of a shape its text may fill. font_size: needed for the width of an arrow."""
    if kind == "arrow":
        return max(_ARROW_SHARE * side, _ARROW_MIN_SIZES * (font_size or 0))
    if kind == "ellipse":
        return round(side / 2 * math.sqrt(2)) - PADDING * 2
    if kind == "diamond":
        return round(side / 2) - PADDING * 2
    return side - PADDING * 2


def _outer_side(side: float, kind: str) -> float:
    """The side of a shape that its text just fits into."""
    inner = math.ceil(side) + PADDING * 2
    if kind == "ellipse":
        return round(inner / math.sqrt(2) * 2)
    return inner * 2 if kind == "diamond" else inner


def _position(text: Values, shape: Mapping[str, Any]) -> Values:
    shares = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    inset = {"ellipse": (1 - math.sqrt(2) / 2) / 2, "diamond": 0.25}.get(shape["type"], 0.0)
    found = {}
    for start, side, align in (("x", "width", "textAlign"), ("y", "height", "verticalAlign")):
        free = _inner_side(shape[side], shape["type"]) - text[side]
        found[start] = shape[start] + PADDING + inset * shape[side] + free * shares.get(text[align], 0.5)
    return found


def _middle(arrow: Mapping[str, Any]) -> tuple[float, float]:
    points = arrow["points"]
    low, high = points[(len(points) - 1) // 2], points[len(points) // 2]
    return arrow["x"] + (low[0] + high[0]) / 2, arrow["y"] + (low[1] + high[1]) / 2
