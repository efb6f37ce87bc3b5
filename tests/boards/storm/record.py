"""Histories of single pages for tests/shared/room_histories.json: `python -m tests.boards.storm --record`.

What the server said and what was drawn, step by step, and what a page must send and hold in the end. Whoever keeps
the books of a page must come to the same: Editor here, RoomClient in the front end. A later recording of the same
seeds is another one, as rooms change; the one that is kept has pages that went wrong once.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from tests.boards.storm.clock import SimulatedLoop
from tests.boards.storm.editor import Editor, Seen
from tests.boards.storm.run import live
from tests.boards.storm.world import World

FILE = Path(__file__).resolve().parents[2] / "shared" / "room_histories.json"
SEEDS = (2, 11, 17, 20, 36, 52, 96, 146, 180, 260, 512, 516)
"""Among them all of the first 300 in which a page went wrong once (20, 36, 180, 260)."""
OPERATIONS = 60
STEPS_MAX = 160
FIELDS = ("id", "x", "index", "version", "versionNonce", "isDeleted")


def histories() -> list[dict[str, Any]]:
    return [history for seed in SEEDS if (history := _history(seed)) is not None]


def _history(seed: int) -> dict[str, Any] | None:
    """The page of this storm to which most happened, if it is not too long to read."""
    loop = SimulatedLoop()
    world = World(seed, loop)
    back = world.stub_doors()
    world.record()
    try:
        loop.run_until_complete(live(world, OPERATIONS))
    finally:
        loop.forget()
        loop.close()
        back()
    pages = [page for page in world.editors if page.log is not None and len(page.log) <= STEPS_MAX]
    pages = [
        page for page in pages if not any("retry_after" in step.get("feed", "") for step in page.log or ())
    ]
    if not pages:
        return None
    page = max(pages, key=lambda page: sum("hello" in step for step in page.log or ()))
    steps = [short for step in page.log or () if (short := _shorten(step)) is not None]
    return {"name": f"{page.name} of storm {seed}", "steps": steps, **state(page)}


def state(page: Editor) -> dict[str, Any]:
    """What the page must have sent, and hold."""
    scene = sorted((short_of(e) for e in page.held.values()), key=lambda e: e["id"])
    return {"pushes": page.sent, "clock": page.clock, "scene": scene}


def short_of(element: Seen) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(element)
    return {name: fields[name] for name in FIELDS}


def _shorten(step: dict[str, Any]) -> dict[str, Any] | None:
    """Without what no page looks at: most fields of elements, and who else is there."""
    if "offer" in step:
        return {"offer": _element(short_of(step["offer"]))}
    if "feed" not in step:
        return step
    frame = json.loads(step["feed"])
    if frame["type"] in {"presence", "board", "pong"}:
        return None
    if frame["type"] == "welcome":
        frame |= {"collaborators": {}, "limits": {}}
    if "elements" in frame:
        frame["elements"] = [_element({name: e[name] for name in FIELDS}) for e in frame["elements"]]
    return {"feed": frame}


def _element(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"type": "rectangle"}


def write() -> None:
    lines = [
        json.dumps({**history, "steps": None}).replace(
            '"steps": null',
            '"steps": [\n' + ",\n".join(json.dumps(step) for step in history["steps"]) + "\n]",
        )
        for history in histories()
    ]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")
