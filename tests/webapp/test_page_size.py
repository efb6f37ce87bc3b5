"""How much a newcomer's browser has to fetch before it can show a board; `python -m bench page` measures it in a browser."""

import json
from pathlib import Path

FRONTEND = Path(__file__).parents[2] / "frontend"
DIST = FRONTEND / "dist"
LIMIT_KB = 470
FONTS = ("assets/assistant-latin-400-normal-*.woff2", "assets/assistant-latin-600-normal-*.woff2")
HANDWRITING = "excalidraw/fonts/Excalifont/Excalifont-Regular-a88b72a24fb54c9f94e3b5fdaa7481c9.woff2"
REQUEST_BYTES = 350  # what the headers of an answer take


def sent_bytes(name: str) -> int:
    """As the server sends it to a browser of today, with its headers."""
    packed = DIST / f"{name}.br"
    return (packed if packed.exists() else DIST / name).stat().st_size + REQUEST_BYTES


def entry_files() -> set[str]:
    """The entry, all that it imports before it can run, and their style sheets."""
    manifest = json.loads((DIST / ".vite/manifest.json").read_text())
    chunks: set[str] = set()
    waiting = ["src/main.tsx"]
    while waiting:
        chunk = waiting.pop()
        if chunk not in chunks:
            chunks.add(chunk)
            waiting += manifest[chunk].get("imports", [])
    files = {manifest[chunk]["file"] for chunk in chunks}
    return files.union(*(manifest[chunk].get("css", []) for chunk in chunks))


def test_the_board_page_stays_light() -> None:
    [regular, semibold] = [next(DIST.glob(pattern)) for pattern in FONTS]
    fonts = {str(font.relative_to(DIST)) for font in (regular, semibold)} | {HANDWRITING}
    code = entry_files()
    assert {Path(name).suffix for name in code} == {".js", ".css"}
    sizes = {name: sent_bytes(name) for name in code | fonts | {"asset-path.js"}}
    heaviest = sorted(sizes.items(), key=lambda entry: -entry[1])
    assert sum(sizes.values()) / 1000 <= LIMIT_KB, heaviest
