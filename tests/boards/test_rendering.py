"""Scenes as pictures: what is drawn, how large, and that no scene can hang, kill or betray whoever draws it."""

import base64
import io
import json
import os
import random
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from boards import rendering
from boards.elements.geometry import Rectangle
from boards.rendering import ImageFile, RenderBusy, RenderFailed, RenderOptions, RenderTooLarge, render
from boards.rendering.pool import LIMITS, drawers
from generation.errors import StorageUnavailable
from tests.factories import body, png
from tests.likeness import picture

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.excalidraw")) if CORPUS.is_dir() else []
RED, GREEN, BLUE, WHITE = (224, 49, 49), (47, 158, 68), (25, 113, 194), (255, 255, 255)
SHORT_SECONDS = 3.0
"""What a hostile scene gets in tests: it is about the end, not about waiting for it."""


@pytest.fixture(autouse=True, scope="module")
def processes() -> Iterator[None]:
    yield
    drawers.end_all()


def shape(element_id: str | None = None, **fields: Any) -> bytes:
    return json.dumps(body(element_id, roughness=0, **fields)).encode()


def box(color: tuple[int, int, int], element_id: str | None = None, **fields: Any) -> bytes:
    """A filled square of 100 at 0, 0 without an outline."""
    plain = {"x": 0, "y": 0, "width": 100, "height": 100, "fillStyle": "solid", "strokeColor": "transparent"}
    return shape(element_id, backgroundColor="#{:02x}{:02x}{:02x}".format(*color), **plain | fields)


def text(words: str, **fields: Any) -> bytes:
    written = {"type": "text", "text": words, "originalText": words, "fontSize": 40, "fontFamily": 5}
    written |= {"textAlign": "left", "verticalAlign": "top", "containerId": None, "lineHeight": 1.25}
    return shape(**{"x": 0, "y": 0, "width": 400, "height": 50} | written | fields)


def svg(elements: list[bytes], files: dict[str, ImageFile]) -> str:
    return rendering.render_svg(elements, files).data.decode()


def image(file_id: str, **fields: Any) -> bytes:
    shown = {"type": "image", "fileId": file_id, "status": "saved", "scale": [1, 1], "crop": None}
    return shape(**{"x": 0, "y": 0, "width": 100, "height": 100} | shown | fields)


def ink(data: bytes) -> float:
    """The share of pixels that are not white."""
    grey = picture(data).convert("L").point(lambda value: 255 if value < 200 else 0)
    return grey.histogram()[255] / (grey.width * grey.height)


def at(data: bytes, x: int, y: int) -> Any:
    return picture(data).getpixel((x, y))


# --- what is drawn ---------------------------------------------------------------------------------------------


def test_the_whole_scene_with_its_padding_on_white() -> None:
    data = rendering.png_bytes([box(RED), box(GREEN, x=200)], {}, RenderOptions(padding=20))
    assert picture(data).size == (340, 140)
    assert (at(data, 70, 70), at(data, 270, 70), at(data, 5, 5)) == (RED, GREEN, WHITE)


def test_without_a_background_it_is_transparent() -> None:
    drawn = Image.open(io.BytesIO(rendering.png_bytes([box(RED)], {}, RenderOptions(background=None))))
    assert drawn.mode == "RGBA" and drawn.getpixel((2, 2))[3] == 0 and drawn.getpixel((60, 60)) == (*RED, 255)


def test_an_empty_scene_is_a_small_white_picture() -> None:
    assert (
        ink(rendering.png_bytes([], {})) == 0
        and ink(rendering.png_bytes([], {}, RenderOptions(padding=0))) == 0
    )
    assert "<svg" in svg([], {})


def test_tombstones_are_left_out_and_unknown_types_do_no_harm() -> None:
    elements = [box(RED), box(GREEN, isDeleted=True, x=500), shape(type="hologram", x=9), b'{"id":"x"}']
    assert at(rendering.png_bytes(elements[:3], {}), 60, 60) == RED
    assert picture(rendering.png_bytes(elements[:2], {})).size == (120, 120)


def test_elements_lie_in_the_order_of_their_index_whatever_order_they_come_in() -> None:
    below, above = box(RED, "z", index="a1"), box(GREEN, "a", index="a2")
    for elements in ([below, above], [above, below]):
        assert at(rendering.png_bytes(elements, {}), 60, 60) == GREEN


def test_scale_width_and_a_largest_size() -> None:
    scene = [box(RED, width=180, height=80)]
    assert picture(rendering.png_bytes(scene, {}, scale=2)).size == (400, 200)
    assert picture(rendering.png_bytes(scene, {}, width_px=50)).size == (50, 25)
    assert picture(rendering.png_bytes(scene, {}, within_px=(1000, 50), scale=4)).size == (100, 50)
    assert picture(rendering.png_bytes(scene, {}, within_px=(1000, 1000), scale=4)).size == (800, 400)


def test_a_region_shows_that_part_exactly() -> None:
    scene = [box(RED), box(GREEN, x=100), box(BLUE, x=5_000)]
    data = rendering.png_bytes(scene, {}, RenderOptions(region=Rectangle(90, -10, 20, 60)), scale=10)
    assert picture(data).size == (200, 600)
    assert (at(data, 50, 300), at(data, 150, 300), at(data, 50, 50)) == (RED, GREEN, WHITE)


def test_a_frame_is_drawn_alone_and_cuts_what_is_in_it() -> None:
    frame = shape("f", type="frame", name="Plan", x=0, y=0, width=200, height=100)
    inside = box(RED, x=150, y=0, width=300, height=50, frameId="f")
    other = box(GREEN, x=0, y=0, frameId="g")
    data = rendering.png_bytes([inside, other, frame], {}, RenderOptions(frame="f"))
    assert picture(data).size == (200, 100)
    assert (at(data, 180, 25), at(data, 50, 50)) == (RED, WHITE)
    whole = rendering.png_bytes([inside, frame], {}, RenderOptions(region=Rectangle(0, 0, 460, 100)))
    assert (at(whole, 180, 25), at(whole, 250, 25)) == (RED, WHITE), "cut on the board too"


def test_pictures_are_drawn_from_their_bytes_and_missing_ones_left_out() -> None:
    files = {"one": ImageFile("image/png", png(8, 8, "#1971c2"))}
    data = rendering.png_bytes([image("one"), image("two", x=100)], files)
    assert (at(data, 60, 60), at(data, 160, 60)) == (BLUE, WHITE)
    document = svg([image("one")], files)
    assert base64.b64encode(png(8, 8, "#1971c2")).decode() in document and "atelier:" not in document


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_every_kind_of_picture_is_drawn(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), BLUE).save(buffer, kind)
    data = rendering.png_bytes([image("one")], {"one": ImageFile(f"image/{kind.lower()}", buffer.getvalue())})
    assert max(abs(a - b) for a, b in zip(at(data, 60, 60), BLUE, strict=True)) < 8


def test_fonts_are_our_own_each_of_them_and_chinese_japanese_and_symbols_too() -> None:
    words = "Sphinx of black quartz"
    drawn = {font: rendering.png_bytes([text(words, fontFamily=font)], {}) for font in (1, 2, 3, 5, 6, 7, 8)}
    assert len(set(drawn.values())) == len(drawn) and min(map(ink, drawn.values())) > 0.01
    for foreign in ("日本語", "简体中文", "žluťoučký", "Привет"):
        for font in (5, 6, 7):  # 6 has a ligature in the words before
            alone = ink(
                rendering.png_bytes(
                    [text("fine ", fontFamily=font)], {}, RenderOptions(region=Rectangle(0, 0, 400, 50))
                )
            )
            both = rendering.png_bytes(
                [text(f"fine {foreign}", fontFamily=font)], {}, RenderOptions(region=Rectangle(0, 0, 400, 50))
            )
            assert ink(both) > 1.5 * alone, (foreign, font)


def test_an_svg_brings_its_fonts_and_asks_for_nothing_from_elsewhere() -> None:
    document = svg([text("Grüße 日本", link="https://example.org/")], {})
    faces = re.findall(
        r"@font-face\{font-family:\"(\w+)\";src:url\(data:font/woff2;base64,([^)]+)\)", document
    )
    assert {family for family, _ in faces} == {"Excalifont"}
    characters: set[int] = set()
    for _, data in faces:
        characters |= set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap())
    assert {ord(character) for character in "Grüße日本"} <= characters
    asked = re.findall(r"(?:href|src)=\"([^\"]*)\"|url\(([^)]*)\)", document)
    assert {a or b for a, b in asked if not (a or b).startswith(("data:", "#"))} == {"https://example.org/"}


@pytest.mark.skipif(not FILES, reason="the corpus of real Excalidraw files is not beside this checkout")
def test_every_file_of_the_corpus_is_drawn() -> None:
    drawn = 0
    for file in FILES:
        try:
            document = json.loads(file.read_bytes())
        except ValueError:
            continue
        if not isinstance(document, dict) or not document.get("elements"):
            continue
        elements = [json.dumps(raw).encode() for raw in document["elements"]]
        assert ink(rendering.png_bytes(elements, {}, within_px=(400, 400))) > 0, file.name
        drawn += 1
    assert drawn >= 25


# --- what a hostile scene cannot do ------------------------------------------------------------------------------


def stroke(points: list[list[float]], **fields: Any) -> bytes:
    drawn = {"type": "freedraw", "points": points, "pressures": [], "simulatePressure": True}
    return shape(**drawn | fields)


def line(points: list[list[float]], **fields: Any) -> bytes:
    ends = {"startBinding": None, "endBinding": None, "startArrowhead": None, "endArrowhead": None}
    return shape(**{"type": "line", "points": points, **ends} | fields)


@lru_cache(maxsize=1)
def hostile() -> dict[str, list[bytes]]:
    dice = random.Random(7)
    far = 1e7
    noise = [[dice.random() * 1000, dice.random() * 1000] for _ in range(4_999)]
    hatched = {"fillStyle": "hachure", "backgroundColor": "#ff0000", "strokeWidth": 0.001}
    bound = {"elementId": "self", "focus": 0, "gap": 1}
    return {
        "as far as there is": [box(RED, x=-far, y=-far), box(RED, x=far, y=far)],
        "hatched with a hair": [shape(x=0, y=0, width=far, height=far, **hatched)],
        "cross-hatched": [
            shape(type="ellipse", width=1e6, height=1e6, **hatched | {"fillStyle": "cross-hatch"})
        ],
        "dashed": [line([[0, 0], [1e6, 1e6]], width=1e6, height=1e6, strokeStyle="dotted", strokeWidth=0.01)],
        "a hatched scribble": [line([*noise, [0, 0]], width=1e3, height=1e3, **hatched)],
        "strokes of noise": [stroke(noise) for _ in range(80)],
        "too many points": [stroke([[n % 7, n] for n in range(5_000)]) for _ in range(120)],
        "curves of noise": [line(noise, roundness={"type": 2}, **hatched) for _ in range(30)],
        "walls of text": [text("W" * 20_000, y=60 * n) for n in range(20)],
        "letters as large as houses": [text("W😀" * 2_000, fontSize=10_000)],
        "frames in each other": [
            shape("f", type="frame", frameId="g"),
            shape("g", type="frame", frameId="f"),
            box(RED, frameId="f"),
        ],
        "text in itself": [text("x", id="t", containerId="t", boundElements=[{"id": "t", "type": "text"}])],
        "an arrow to itself": [
            line([[0, 0], [9, 9]], id="self", type="arrow", elbowed=True, startBinding=bound)
        ],
        "groups in groups": [box(RED, groupIds=[f"g{n}" for n in range(100)]) for _ in range(300)],
        "names that break out": [
            shape('"><script>', type="frame", name="<b>\u0001\ud800&"),
            box(RED, "url(#x)", frameId='"><script>', strokeColor='url(http://127.0.0.1:9/x)"'),
        ],
        "turned a million times": [box(RED, angle=far, width=-far)],
    }


@pytest.mark.parametrize("name", hostile())
def test_a_hostile_scene_is_drawn_or_refused_with_a_code_in_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawers.end_all()
    monkeypatch.setattr(drawers, "limits", replace(LIMITS, cpu_seconds=SHORT_SECONDS))
    rendering.png_bytes([], {})  # a process is there: its start is not the drawing's time
    for draw in (
        lambda elements: picture(rendering.png_bytes(elements, {}, within_px=(400, 400))),
        lambda elements: svg(elements, {}),
    ):
        began = time.monotonic()
        try:
            draw(hostile()[name])
        except RenderFailed as error:
            assert error.code in ("render_failed", "render_too_large"), error
        # A fresh process is started where the first drawing ended the last one.
        assert time.monotonic() - began < LIMITS.clock_seconds + LIMITS.start_seconds
    assert at(rendering.png_bytes([box(RED)], {}), 60, 60) == RED, (
        "the next scene is drawn as if nothing had been"
    )
    drawers.end_all()


def test_a_full_board_is_drawn() -> None:
    full = [box(RED, x=n % 200 * 120, y=n // 200 * 120) for n in range(20_000)]
    assert picture(rendering.png_bytes(full, {}, within_px=(800, 420))).size[1] <= 420


def test_a_picture_with_too_many_pixels_is_drawn_smaller() -> None:
    wide = [box(RED), box(RED, x=1e6)]
    drawn = rendering.render_png(wide, {})
    assert picture(drawn.data).size == (render.SIDE_MAX_PX, 1) and drawn.scale < 0.017
    drawn = rendering.render_png([box(RED)], {}, scale=1e5)
    width, height = picture(drawn.data).size
    assert width * height <= render.PIXELS_MAX and drawn.scale == pytest.approx(width / 120, rel=0.01)


def test_more_than_is_drawn_says_so() -> None:
    wide = [box(RED), box(RED, x=1e6)]
    with pytest.raises(RenderTooLarge, match="elements"):
        rendering.png_bytes([b"{}"] * 50_000, {})
    assert rendering.png_bytes(wide, {}, within_px=(100, 100)) and svg(wide, {})


def test_nothing_of_the_machine_gets_into_a_picture(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(32, 32, "#e03131"))
    nested = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{secret}" width="9" height="9"/></svg>'
    data = rendering.png_bytes([image("one")], {"one": ImageFile("image/svg+xml", nested.encode())})
    assert at(data, 60, 60) == WHITE
    assert at(rendering.png_bytes([image(str(secret))], {}), 60, 60) == WHITE


def test_the_drawing_process_knows_no_secret_and_can_write_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "open sesame")
    drawers.end_all()
    rendering.png_bytes([], {})
    process = drawers._idle[-1]._process.pid
    environment = Path(f"/proc/{process}/environ")
    if not environment.exists():
        pytest.skip("no /proc to look into on this system")
    assert environment.read_bytes().strip(b"\0") == b""
    limits = Path(f"/proc/{process}/limits").read_text()
    assert re.search(r"Max file size +0 ", limits) and re.search(r"Max core file size +0 ", limits)
    assert re.search(rf"Max data size +{LIMITS.memory_max_bytes} ", limits)


def test_a_process_that_died_is_replaced_and_many_threads_share_a_few() -> None:
    rendering.png_bytes([], {})
    os.kill(drawers._idle[-1]._process.pid, 9)
    with pytest.raises(RenderFailed):
        rendering.png_bytes([], {})
    colors: list[Any] = []

    def draw(color: tuple[int, int, int]) -> None:
        colors.append((color, at(rendering.png_bytes([box(color)], {}), 60, 60)))

    threads = [threading.Thread(target=draw, args=[color]) for color in (RED, GREEN, BLUE) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(colors) == 12 and all(wanted == got for wanted, got in colors)
    assert len(drawers._idle) <= LIMITS.processes


@pytest.mark.parametrize("error", [StorageUnavailable(), ConnectionResetError("by the storage")], ids=repr)
def test_a_picture_that_cannot_be_read_is_told_as_it_is_and_costs_no_process(error: Exception) -> None:
    rendering.png_bytes([], {})
    process = drawers._idle[-1]._process.pid

    def unreadable() -> bytes:
        raise error

    shown = {"whole": ImageFile("image/png", png(8, 8, "red")), "lost": ImageFile("image/png", unreadable)}
    with pytest.raises(type(error)):
        rendering.png_bytes([image("whole"), image("lost")], shown)
    drawn = rendering.png_bytes([image("whole")], {"whole": shown["whole"]})
    assert at(drawn, 60, 60) == (255, 0, 0), "the next scene is drawn as if nothing had been"
    assert drawers._idle[-1]._process.pid == process


def test_one_that_ended_leaves_no_zombie(monkeypatch: pytest.MonkeyPatch) -> None:
    drawers.end_all()
    monkeypatch.setattr(drawers, "limits", replace(LIMITS, idle_seconds=2))
    rendering.png_bytes([], {})
    process = psutil.Process(drawers._idle[-1]._process.pid)
    process.wait(30)  # gone from the table of processes, though nobody draws any more
    assert not psutil.pid_exists(process.pid)


def test_those_who_draw_go_before_those_who_want_a_picture() -> None:
    rendering.png_bytes([], {})
    assert psutil.Process(drawers._idle[-1]._process.pid).nice() > psutil.Process().nice()


FILTERS = {
    "element": '<filter id="f"><feGaussianBlur stdDeviation="300"/></filter><rect {0} filter="url(#f)"/>',
    "prefixed": '<s:filter xmlns:s="http://www.w3.org/2000/svg" id="f"><s:feTurbulence/></s:filter><rect {0} filter="url(#f)"/>',
    "style": '<rect {0} style="fill:#e03131;filter:blur(300px)"/>',
    "sheet": "<style>rect {{ filter: blur(300px) }}</style><rect {0}/>",
    "empty": '<filter id="f"/><rect {0} filter = "url(#f)"/>',
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_picture_is_drawn_without_its_filters(name: str) -> None:
    inside = FILTERS[name].format('width="4000" height="4000" fill="#e03131"')
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000">{inside}</svg>'
    drawn = rendering.png_bytes(
        [image("one", width=2_000, height=2_000)], {"one": ImageFile("image/svg+xml", svg.encode())}
    )
    assert at(drawn, 12, 12) == RED, "sharp up to its edge"


def test_one_large_picture_in_many_places_is_drawn_in_time() -> None:
    """Decoded for each of its places it would take 40 s."""
    big = png(4_800, 4_800, "#1971c2")
    many = [image("one", x=n % 20 * 110, y=n // 20 * 110) for n in range(100)]
    drawn = rendering.png_bytes(many, {"one": ImageFile("image/png", big)})
    assert at(drawn, 60, 60) == at(drawn, 1_000, 500) == BLUE


def test_a_scribble_is_drawn_as_large_as_it_can_be_in_time() -> None:
    dice = random.Random(3)
    noise = [[dice.random() * 1000, dice.random() * 1000] for _ in range(4_999)]
    drawn = rendering.render_png([line(noise, width=1e3, height=1e3) for _ in range(4)], {})
    assert 0.05 < drawn.scale < 0.5 and ink(drawn.data) > 0.5


def test_one_that_fell_asleep_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawers.end_all()
    monkeypatch.setattr(drawers, "limits", replace(LIMITS, idle_seconds=2))  # long enough for the first scene
    rendering.png_bytes([], {})
    asleep = drawers._idle[-1]._process
    asleep.wait()
    monkeypatch.undo()
    assert at(rendering.png_bytes([box(RED)], {}), 60, 60) == RED
    assert drawers._idle[-1]._process.pid != asleep.pid


def test_when_all_are_at_work_it_says_so_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawers, "limits", replace(LIMITS, wait_seconds=0.01))
    for _ in range(LIMITS.processes):
        drawers._free.acquire()
    try:
        with pytest.raises(RenderBusy) as caught:
            rendering.png_bytes([], {})
        assert caught.value.retryable and caught.value.code == "render_busy"
    finally:
        for _ in range(LIMITS.processes):
            drawers._free.release()


def test_without_a_build_it_says_what_to_do(settings: Any, tmp_path: Path) -> None:
    drawers.end_all()
    settings.RENDER_DIST = tmp_path
    with pytest.raises(RenderFailed, match="make build"):
        rendering.png_bytes([], {})
