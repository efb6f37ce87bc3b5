"""What the server draws is what the page draws: Excalidraw in Chromium beside the drawing processes."""

import base64
import json
import mimetypes
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, Route

from boards import rendering
from boards.background import on_paper
from boards.models import WHITE
from boards.rendering import ImageFile, RenderOptions, pool, scenes, snapshot
from generation.images import pixels
from generation.images.header import read_header
from tests import scripts_corpus
from tests.factories import body, png
from tests.likeness import picture, ssim

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT.parent / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.excalidraw")) if CORPUS.is_dir() else []
FONTS = PROJECT / "frontend" / "node_modules" / "@excalidraw" / "excalidraw" / "dist" / "prod"
ORIGIN = "http://reference.test"
LONGEST_PX = 1_400
ALIKE_MIN = 0.95
FILE_MAX_BYTES = 20 * 2**20
SIZED = {"text": {"fontSize": 20, "fontFamily": 1, "lineHeight": 1.25}}

Draw = Callable[..., Image.Image]


@pytest.fixture(scope="module")
def reference(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Draw]:
    """reference(name, scene, …) → what the page's own code makes of the scene. One page for all."""
    folder = tmp_path_factory.mktemp("reference")
    vite = [str(PROJECT / "frontend" / "node_modules" / ".bin" / "vite"), "build", "--logLevel", "error"]
    node = {"PATH": f"{PROJECT / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin"}
    subprocess.run(
        [*vite, "--config", "render/reference.config.ts", "--outDir", str(folder)],
        cwd=PROJECT / "frontend",
        env=node,
        check=True,
    )
    page = browser.new_page()
    page.route(f"{ORIGIN}/**", lambda route: _serve(route, folder))
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("globalThis.reference")

    def draw(name: str, *arguments: Any) -> Image.Image:
        data = page.evaluate("([name, given]) => reference[name](...given)", [name, arguments])
        return picture(base64.b64decode(data))

    yield draw
    page.close()


def _serve(route: Route, folder: Path) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path == "/":
        start = '<script>EXCALIDRAW_ASSET_PATH="/"</script><script type="module" src="/reference/reference.js"></script>'
        route.fulfill(body=f"<!doctype html>{start}", content_type="text/html")
        return
    file = folder / path.removeprefix("/reference/") if path.startswith("/reference/") else FONTS / path[1:]
    if not file.is_file():
        route.fulfill(status=404)
        return
    route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "font/woff2")


def drawn_pictures(document: dict[str, Any]) -> dict[str, ImageFile]:
    """As an import stores them: a damaged file, which a browser shows as far as it goes, is written anew."""
    files = {}
    for file_id, entry in (document.get("files") or {}).items():
        data = base64.b64decode(entry["dataURL"].split(",", 1)[1])
        mime_type = entry["mimeType"]
        if mime_type != "image/svg+xml":
            data, kind, _ = pixels.clean(data, read_header(data), FILE_MAX_BYTES)
            mime_type = f"image/{kind.lower()}"
        files[file_id] = ImageFile(mime_type, data)
    return files


def scene_of(file: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(file.read_bytes())
    except ValueError:
        return None
    if not isinstance(document, dict) or not document.get("elements"):
        return None
    # Excalidraw throws the dice for a shape without a seed, and its page draws no text without a size.
    document["elements"] = [{"seed": 1} | SIZED.get(raw["type"], {}) | raw for raw in document["elements"]]
    return document


@pytest.mark.skipif(not FILES, reason="the corpus of real Excalidraw files is not beside this checkout")
def test_every_scene_of_the_corpus_looks_as_in_the_browser(reference: Draw, pictures: Path) -> None:
    alike: dict[str, float] = {}
    svg_ms, png_ms = [], []
    for file in FILES:
        document = scene_of(file)
        if document is None:
            continue
        elements = [json.dumps(raw).encode() for raw in document["elements"]]
        files = drawn_pictures(document)
        theirs = reference("whole", document, LONGEST_PX)
        rendering.png_bytes([], {})  # a process is there: its start is not the drawing's time
        began = time.perf_counter()
        rendering.render_svg(elements, files)
        svg_ms.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        data = rendering.png_bytes(elements, files, within_px=(LONGEST_PX, LONGEST_PX))
        png_ms.append((time.perf_counter() - began) * 1000)
        ours = picture(data)
        assert max(abs(ours.width - theirs.width), abs(ours.height - theirs.height)) <= 2, file.name
        alike[file.name] = ssim(theirs, ours.resize(theirs.size) if ours.size != theirs.size else ours)
        if alike[file.name] < ALIKE_MIN:
            _side_by_side(theirs, ours).save(pictures / f"rendering-{file.stem[:60]}.png")
    rss = max(psutil.Process(drawer._process.pid).memory_info().rss for drawer in pool.drawers._idle) // 2**20
    print(
        f"\n{len(alike)} scenes: SSIM median {statistics.median(alike.values()):.3f}, min {min(alike.values()):.3f}"
        f" ({min(alike, key=alike.__getitem__)}); SVG median {statistics.median(svg_ms):.0f} ms, max {max(svg_ms):.0f};"
        f" PNG median {statistics.median(png_ms):.0f} ms, max {max(png_ms):.0f}; {rss} MB a process"
    )
    assert len(alike) >= 25
    assert {name: value for name, value in alike.items() if value < ALIKE_MIN} == {}


@pytest.mark.parametrize("is_finished", [False, True])
def test_a_stroke_ends_where_it_ends_on_the_page(reference: Draw, is_finished: bool) -> None:
    """With few points, for there it shows: by default it would go on to where the pen was lifted."""
    points, fields = [[0, 0], [20, 10], [60, 40]], {"strokeWidth": 2, "strokeColor": "#1971c2"}
    fields |= {"points": points, "pressures": [0.2, 0.5, 0.8], "simulatePressure": False, "seed": 1}
    fields |= {"lastCommittedPoint": points[-1] if is_finished else None, "width": 60, "height": 40}
    document = {"elements": [body("stroke", type="freedraw", **fields)]}
    theirs = reference("scaled", document, 2)
    ours = picture(
        rendering.png_bytes([json.dumps(raw).encode() for raw in document["elements"]], {}, scale=2)
    )
    assert ours.size == theirs.size and ssim(theirs, ours) > ALIKE_MIN


SCALE = 2
"""Pixels for each unit: how an ordinary screen of today shows a board."""


@pytest.mark.parametrize("family", scripts_corpus.FAMILIES)
def test_every_script_looks_as_in_the_browser(reference: Draw, pictures: Path, family: str) -> None:
    """In each alignment; row by row, so that one script cannot hide behind the others."""
    number = scripts_corpus.FAMILIES[family]
    texts = scripts_corpus.TEXTS | (scripts_corpus.HAND_TEXTS if family == "Excalifont" else {})
    alike: dict[tuple[str, str], float] = {}
    for alignment in scripts_corpus.ALIGNMENTS:
        document = scripts_corpus.scene(number, texts, alignment)
        theirs = reference("scaled", document, SCALE)
        elements = [json.dumps(raw).encode() for raw in document["elements"]]
        ours = picture(rendering.png_bytes(elements, {}, scale=SCALE))
        assert ours.size == theirs.size
        _side_by_side(theirs, ours).save(pictures / f"scripts-{family.replace(' ', '-')}-{alignment}.png")
        for row, name in enumerate(texts):
            top = int(scripts_corpus.ROW * row * SCALE)
            box = (0, top, ours.width, top + int(scripts_corpus.ROW * SCALE))
            alike[alignment, name] = ssim(theirs.crop(box), ours.crop(box))
    worst = min(alike, key=alike.__getitem__)
    print(
        f"\n{family}: SSIM median {statistics.median(alike.values()):.3f}, min {alike[worst]:.3f} ({worst})"
    )
    assert {key: round(value, 3) for key, value in alike.items() if value < ALIKE_MIN} == {}


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (left.width + right.width + 20, max(left.height, right.height)), "#888")
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width + 20, 0))
    return sheet


def result(element_id: str, source: str | None, **fields: Any) -> dict[str, Any]:
    """A picture as a job leaves it on the board."""
    note = {"atelier": {"job": "j", "source": source}}
    return (
        body(element_id, type="image", fileId="made", status="saved", scale=[1, 1], customData=note) | fields
    )


def test_what_the_model_sees_is_what_the_page_would_have_sent(reference: Draw, pictures: Path) -> None:
    document = json.loads((PROJECT / "boards" / "pages" / "welcome.excalidraw").read_bytes())
    frame = next(raw for raw in document["elements"] if raw["type"] == "frame")
    x, y, side = frame["x"], frame["y"], min(frame["width"], frame["height"])
    note = {"type": "text", "text": "Über allem", "originalText": "x", "fontSize": 28, "fontFamily": 5}
    note |= {"textAlign": "left", "verticalAlign": "top", "containerId": None, "lineHeight": 1.25}
    document["elements"] += [
        body("word", x=x + 20, y=y + 20, width=160, height=35, frameId=frame["id"], **note),
        body("reaches out", x=x - 100, y=y + side / 2, width=160, height=90, angle=0.6, fillStyle="hachure"),
        body("other frame", type="frame", name="Other", x=x + side / 2, y=y - 40, width=300, height=200),
        body("in the other", x=x + side / 2, y=y - 20, width=80, height=80, frameId="other frame"),
        result("made from it", frame["id"], x=x + 60, y=y + 60, width=90, height=90),
        result("made from another", "other frame", x=x + 10, y=y + side - 110, width=100, height=100),
        result("made from words", None, x=x + 150, y=y + 60, width=90, height=90),
        body("gone", x=x, y=y, width=300, height=300, isDeleted=True, backgroundColor="#e03131"),
    ]
    made = png(64, 64, "#2f9e44")
    url = "data:image/png;base64," + base64.b64encode(made).decode()
    document["files"] = {"made": {"id": "made", "mimeType": "image/png", "dataURL": url, "created": 1}}
    bodies = [json.dumps(raw).encode() for raw in document["elements"] if not raw["isDeleted"]]
    shapes = [scenes.shape_of(raw) for raw in bodies]
    cases = [(target, WHITE) for target in (frame["id"], "other frame", "made from another")]
    for target, background in [*cases, (frame["id"], "#1e1e1e"), ("other frame", "#1971c280")]:
        shape = next(shape for shape in shapes if shape.id == target)
        seen = snapshot.elements_seen(bodies, shapes, shape.region, shape)
        data = rendering.png_bytes(
            seen,
            {"made": ImageFile("image/png", made)},
            RenderOptions(region=shape.region, background=on_paper(background)),
            scale=snapshot.scale_of(shape.region),
        )
        ours, theirs = picture(data), reference("snapshot", document, target, background)
        _side_by_side(theirs, ours).save(
            pictures / f"snapshot-{target.replace(' ', '-')}-{background[1:]}.png"
        )
        assert ours.size == theirs.size
        print(f"\nsnapshot of {target} on {background}: SSIM {ssim(theirs, ours):.3f}")
        assert ssim(theirs, ours) > ALIKE_MIN, (target, background)
