"""Elements as Excalidraw makes them, about 600 bytes each: half rectangles, half freehand strokes."""

import json
import random
from typing import Any

from fractional_indexing import generate_n_keys_between


def indices(count: int) -> list[str]:
    """Fractional indexes, ascending and all different."""
    return generate_n_keys_between(None, None, count)


def element(owner: int, number: int, index: str, marker: str, chance: random.Random) -> dict[str, Any]:
    """Version `number` of the element that this owner draws."""
    shape: dict[str, Any] = {
        "id": f"bench{owner:05d}QmT7bqX1zR",
        "type": "rectangle",
        "x": round(chance.uniform(-2_000, 2_000), 4),
        "y": round(chance.uniform(-2_000, 2_000), 4),
        "width": round(chance.uniform(20, 400), 4),
        "height": round(chance.uniform(20, 400), 4),
        "angle": 0,
        "strokeColor": "#1e1e1e",
        "backgroundColor": "transparent",
        "fillStyle": "solid",
        "strokeWidth": 2,
        "strokeStyle": "solid",
        "roughness": 1,
        "opacity": 100,
        "groupIds": [],
        "frameId": None,
        "index": index,
        "roundness": {"type": 3},
        "seed": chance.randrange(2**31),
        "version": number + 1,
        "versionNonce": chance.randrange(2**31),
        "isDeleted": False,
        "boundElements": [{"id": f"arrow{owner:05d}QmT7bqX1zR", "type": "arrow"}],
        "updated": 1_760_000_000_000 + number,
        "link": None,
        "locked": False,
        "customData": {"marker": marker},
    }
    return shape if owner % 2 == 0 else shape | _stroke(chance)


def _stroke(chance: random.Random) -> dict[str, Any]:
    points = [[round(chance.uniform(0, 60), 1), round(chance.uniform(0, 60), 1)] for _ in range(5)]
    return {
        "type": "freedraw",
        "roundness": None,
        "boundElements": None,
        "points": points,
        "pressures": [],
        "simulatePressure": True,
        "lastCommittedPoint": None,
    }


def element_json(owner: int, number: int, index: str, marker: str, chance: random.Random) -> bytes:
    return json.dumps(element(owner, number, index, marker, chance), separators=(",", ":")).encode()
