"""The pool of drawing processes, and its limits. The program is process.py."""

import sys
from pathlib import Path

from django.conf import settings

from generation.process_pool import Failed, Limits, ProcessPool, Program

LIMITS = Limits(
    processes=2,
    requests_each=300,  # V8 keeps some of what it was given: a fresh process starts small again
    start_seconds=30.0,
    wait_seconds=20.0,
    cpu_seconds=12.0,  # twice what a full board takes
    clock_seconds=40.0,  # on a machine that does other things
    idle_seconds=180.0,
    memory_max_bytes=1536 * 1024 * 1024,
    niceness=10,  # strokes come before pictures of boards
)

PROGRAM = Path(__file__).with_name("process.py")


def program() -> Program:
    """Raises Failed if the front end is not built."""
    folder = settings.RENDER_DIST
    if not (folder / "scene.js").is_file() or not (folder / "fonts" / "index.json").is_file():
        raise Failed("the front end is not built, run `make build`")
    return Program([sys.executable, "-I", str(PROGRAM)], {"folder": str(folder)})


drawers = ProcessPool("drawing process", program, LIMITS)
