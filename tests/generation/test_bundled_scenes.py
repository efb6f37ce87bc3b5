"""The sketches that the built-in model is measured with: whole, in their frames, fit for any board."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.bundled.scene import read
from bench.bundled.studio import Studio
from boards.elements.element import parse
from boards.elements.reconcile import is_index
from generation.checkpoints import catalogue

TWENTY, SIXTY = (
    sorted((catalogue.BUNDLED / folder).glob("*.excalidraw")) for folder in ("scenes", "sketches")
)
SCENES = TWENTY + SIXTY

Element = dict[str, Any]  # as in the file


def elements(path: Path) -> list[Element]:
    found: list[Element] = json.loads(path.read_text())["elements"]
    return found


def frame(path: Path) -> Element:
    [found] = [element for element in elements(path) if element["type"] == "frame"]
    return found


def prompt(path: Path) -> str:
    words: str = frame(path)["customData"]["atelier"]["prompt"]
    return words


@pytest.mark.parametrize(("paths", "count"), [(TWENTY, 20), (SIXTY, 60)], ids=["scenes", "sketches"])
def test_each_set_has_prompts_of_their_own(paths: list[Path], count: int) -> None:
    assert len(paths) == count
    assert len({prompt(path) for path in paths}) == count
    assert all(prompt(path).strip() and frame(path)["name"].strip() for path in paths)


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_a_board_takes_every_element_as_it_is(path: Path) -> None:
    document = json.loads(path.read_text())
    assert (document["type"], document["version"]) == ("excalidraw", 2)
    for element in document["elements"]:
        body = json.dumps(element).encode()
        checked = parse(body)
        assert checked.body == body, f"{element['id']} had to be mended"
        assert not checked.is_deleted


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_elements_are_told_apart_and_stand_in_order(path: Path) -> None:
    indexes = [element["index"] for element in elements(path)]
    assert all(is_index(index) for index in indexes)
    assert indexes == sorted(set(indexes))
    assert len({element["id"] for element in elements(path)}) == len(indexes)


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_all_strokes_lie_inside_the_frame(path: Path) -> None:
    around = frame(path)
    strokes = [element for element in elements(path) if element["type"] != "frame"]
    assert strokes
    for stroke in strokes:
        assert stroke["frameId"] == around["id"]
        left, top, right, bottom = _box(stroke)
        margin = stroke["strokeWidth"]
        assert around["x"] + margin <= left <= right <= around["x"] + around["width"] - margin
        assert around["y"] + margin <= top <= bottom <= around["y"] + around["height"] - margin


def _box(element: Element) -> tuple[float, float, float, float]:
    x, y = element["x"], element["y"]
    points = element.get("points") or [[0, 0], [element["width"], element["height"]]]
    across, down = zip(*points, strict=True)
    assert max(across) - min(across) == pytest.approx(element["width"], abs=0.02)
    assert max(down) - min(down) == pytest.approx(element["height"], abs=0.02)
    return x + min(across), y + min(down), x + max(across), y + max(down)


def test_a_house_gets_the_colours_that_its_prompt_names() -> None:
    scene = read(catalogue.BUNDLED / "scenes" / "house.excalidraw")
    studio = Studio("bundled")
    studio.open()
    try:
        picture, _ = studio.picture(scene.paper(), scene.prompt, 1)
    finally:
        studio.close()
    assert scene.prompt == "a yellow house with a red roof"
    roof, wall, sky = (picture.getpixel(place) for place in [(256, 200), (245, 285), (60, 60)])
    assert roof[0] > 150 > 90 > max(roof[1:]), roof
    assert min(wall[:2]) > 150 > 120 > wall[2], wall
    assert sky == (255, 255, 255)
