"""What stands in the fields of an element that Excalidraw cannot do without. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "groupIds": (),
        "angle": 0,
        "strokeColor": "#1e1e1e",
        "backgroundColor": "transparent",
        "fillStyle": "solid",
        "strokeWidth": 2,
        "strokeStyle": "solid",
        "roughness": 1,
        "opacity": 100,
        "seed": 1,
        "isDeleted": False,
        "locked": False,
    }
)
"""Excalidraw throws, or draws nothing, where one of these is missing or null."""
NULLABLE: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("frameId", "roundness", "boundElements", "link"))
)
"""These must be there too, but may be null."""
FONT_FAMILY = 5
"""Excalidraw's number of Excalifont, which new texts have."""
