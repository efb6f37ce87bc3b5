"""The page from phones to desktops: everything in its place, within the window, and large enough for fingers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

CONTROLS = (Path(__file__).parent / "controls.js").read_text()
SIZES = [
    (320, 568), (360, 740), (390, 844), (600, 960), (820, 1180), (844, 390), (899, 800),
    (900, 800), (1000, 700), (1024, 768), (1280, 800), (1440, 900),
]  # fmt: skip
COLUMN_FROM_PX = 900
FINGER_PX = 40


@contextmanager
def board(
    atelier: Atelier,
    browser: Browser,
    width: int,
    height: int,
    *,
    touch: bool,
    theme: str = "light",
    path: str = "/demo",
) -> Iterator[BoardPage]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
    )
    context.add_init_script(f"localStorage.setItem('atelier:theme', {theme!r})")
    page = BoardPage(browser, atelier.url, path, context=context)
    expect(page.page.get_by_test_id("live-switch")).to_have_count(1)  # the last to come
    yield page
    assert page.complaints == []
    context.close()


def controls(page: BoardPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.page.evaluate(CONTROLS)
    return found


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """By more than a pixel both ways; what scrolls goes behind what is always in sight."""
    if one["panel"] and other["panel"] and one["sticky"] != other["sticky"]:
        return False
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > 1


def check(page: BoardPage, width: int, height: int) -> list[dict[str, Any]]:
    """Everything lies within the window, and nothing on anything."""
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    found = controls(page)
    for each in found:
        inside = each["left"] >= -0.5 and each["top"] >= -0.5 and each["right"] <= width + 0.5
        assert inside and each["bottom"] <= height + 0.5, (width, each)
        # Excalidraw's tools scroll sideways on the narrowest phones, the panel's fields up and down.
        assert each["whole"] or each["panel"] or each["tools"], (width, each)
    for one, other in combinations(found, 2):
        assert not overlap(one, other), (width, one, other)
    return found


def names(found: list[dict[str, Any]]) -> str:
    return " | ".join(each["name"] for each in found)


@pytest.mark.parametrize("touch", [True, False], ids=["finger", "mouse"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_is_in_the_window_and_nothing_on_anything(
    atelier: Atelier, browser: Browser, pictures: Path, width: int, height: int, touch: bool
) -> None:
    with board(atelier, browser, width, height, touch=touch) as page:
        toggle = page.page.get_by_test_id("panel-toggle")
        for _ in ("as it opens", "the other way"):
            found = check(page, width, height)
            for name in ("Share", "Menu", "You are", "Saved", "Undo", "Redo"):
                assert name in names(found), (width, name, names(found))
            is_open = toggle.get_attribute("aria-expanded") == "true"
            assert ("Generate" in names(found)) == is_open
            if touch:
                small = [
                    each for each in found
                    if each["ours"] and each["control"] and min(each["width"], each["height"]) < FINGER_PX
                ]  # fmt: skip
                assert not small, (width, small)
            page.page.screenshot(
                path=pictures / f"layout-{width}-{'finger' if touch else 'mouse'}-{is_open}.png"
            )
            toggle.click()
            expect(toggle).to_have_attribute("aria-expanded", str(not is_open).lower())


@pytest.mark.parametrize(("width", "sheet"), [(COLUMN_FROM_PX - 1, True), (COLUMN_FROM_PX, False)])
def test_the_panel_is_a_column_from_900_px(
    atelier: Atelier, browser: Browser, width: int, sheet: bool
) -> None:
    with board(atelier, browser, width, 800, touch=False) as page:
        panel = page.page.get_by_test_id("panel").bounding_box()
        canvas = page.page.get_by_test_id("canvas").bounding_box()
        assert panel and canvas
        if sheet:
            assert panel["width"] == canvas["width"] == width
            assert panel["y"] == canvas["y"] + canvas["height"], "the canvas ends where the sheet begins"
        else:
            assert panel["x"] == canvas["width"] and panel["height"] == canvas["height"] == 800


HEIGHTS = ["peek", "half", "full"]


def until_height(page: BoardPage, height: str) -> FloatRect:
    """The panel's box once it is at rest at a height."""
    panel = page.page.get_by_test_id("panel")
    expect(panel).to_have_attribute("data-height", height)
    box = panel.bounding_box()
    assert box is not None
    return box


@pytest.mark.parametrize(("width", "height"), [(320, 568), (390, 844)])
def test_a_phone_opens_with_the_sketch_above_and_generate_below(
    atelier: Atelier, browser: Browser, width: int, height: int
) -> None:
    with board(atelier, browser, width, height, touch=True, path="/") as page:
        sheet = until_height(page, "half")
        for name in ("generate", "prompt", "thumbnail"):
            box = page.page.get_by_test_id(name).bounding_box()
            assert box and box["y"] >= sheet["y"] and box["y"] + box["height"] <= height, name
        frame = page.until_element("e.type === 'frame'")
        left, top = page.to_viewport(frame["x"], frame["y"])
        right, bottom = page.to_viewport(frame["x"] + frame["width"], frame["y"] + frame["height"])
        upper = page.page.locator(".App-toolbar--mobile").bounding_box()
        lower = page.page.locator(".App-bottom-bar > .Island").bounding_box()
        assert upper and lower and lower["y"] < sheet["y"]
        assert 0 <= left < right <= width
        assert upper["y"] + upper["height"] < top < bottom < lower["y"], "between the bars"
        assert bottom - top > (lower["y"] - upper["y"] - upper["height"]) * 0.75, (
            "and as large as they let it"
        )

        # An invitation lies on nothing, and makes room for what can be done with a selection.
        invite = page.page.get_by_test_id("see-together")
        box = invite.bounding_box()
        assert box and box["y"] > lower["y"]
        check(page, width, height)
        page.page.keyboard.press("Control+a")
        expect(page.page.locator(".App-bottom-bar").get_by_label("Duplicate")).to_be_visible()
        expect(invite).to_be_hidden()
        page.page.mouse.click(20, lower["y"] - 20)
        expect(invite).to_be_visible()

        # However far the rest is scrolled, Generate stays.
        page.page.locator(".panel-body").evaluate("body => body.scrollTo(0, body.scrollHeight)")
        box = page.page.get_by_test_id("generate").bounding_box()
        assert box and sheet["y"] < box["y"] and box["y"] + box["height"] <= height


def test_the_sheet_is_drawn_by_fingers_buttons_and_keys(atelier: Atelier, browser: Browser) -> None:
    with board(atelier, browser, 390, 844, touch=True) as page:
        heights = {}
        for height, key in zip(HEIGHTS, ("ArrowDown", "ArrowUp", "ArrowUp"), strict=True):
            page.page.get_by_test_id("panel-toggle").press(key)
            heights[height] = until_height(page, height)["height"]
        assert heights["peek"] < 90 and 350 < heights["half"] < 450 and heights["full"] > 750
        tools = page.page.locator(".App-toolbar").first.bounding_box()
        assert tools and 844 - heights["full"] > tools["y"] + tools["height"] / 2, "the tools are not covered"

        drag(page, 300)
        until_height(page, "half")
        drag(page, 340)
        until_height(page, "peek")
        drag(page, -700)
        until_height(page, "full")
        page.page.get_by_test_id("panel-full").click()
        until_height(page, "half")
        page.page.get_by_test_id("panel-toggle").click()
        until_height(page, "peek")


def test_the_sheet_makes_room_for_the_menu_and_comes_back(atelier: Atelier, browser: Browser) -> None:
    with board(atelier, browser, 820, 1180, touch=True) as page:
        until_height(page, "half")
        page.page.locator(".main-menu-trigger").click()
        until_height(page, "peek")
        page.page.locator(".main-menu-trigger").click()
        until_height(page, "half")


def drag(page: BoardPage, down: float) -> None:
    """Draw the sheet's bar down so far, and hold it there before letting go, which is no flick."""
    box = page.page.locator(".side-panel header").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 6
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x, y + down, steps=5)
    page.page.wait_for_timeout(60)
    page.page.mouse.move(x, y + down + 1)
    page.page.mouse.up()


def test_the_middle_of_the_view_stays_when_the_sheet_moves(atelier: Atelier, browser: Browser) -> None:
    with board(atelier, browser, 390, 844, touch=True) as page:
        frame = page.until_element("e.type === 'frame'")
        middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
        until_height(page, "half")
        _, before = page.to_viewport(*middle)
        grown = page.page.get_by_test_id("canvas").bounding_box()
        page.page.get_by_test_id("panel-toggle").click()
        until_height(page, "peek")
        now = page.page.get_by_test_id("canvas").bounding_box()
        assert grown and now and now["height"] > grown["height"]
        by = (now["height"] - grown["height"]) / 2
        page.page.wait_for_function(
            "([y, aim]) => { const s = window.__atelier.api.getAppState();"
            " return Math.abs((y + s.scrollY) * s.zoom.value + s.offsetTop - aim) < 1; }",
            arg=[middle[1], before + by],
        )


# Headless browsers have no keyboard on the screen: what the page would be told of one.
KEYBOARD = """covered_px => {
  Object.defineProperty(visualViewport, "height", { get: () => innerHeight - covered_px, configurable: true });
  visualViewport.dispatchEvent(new Event("resize"));
}"""


@pytest.mark.parametrize(("width", "height", "keyboard"), [(320, 568, 253), (390, 844, 336)])
def test_prompt_and_generate_stay_above_the_keyboard(
    atelier: Atelier, browser: Browser, pictures: Path, width: int, height: int, keyboard: int
) -> None:
    with board(atelier, browser, width, height, touch=True) as page:
        page.page.get_by_test_id("prompt").focus()
        page.page.evaluate(KEYBOARD, keyboard)
        page.page.screenshot(path=pictures / f"layout-keyboard-{width}.png")
        for name in ("prompt", "generate"):
            box = page.page.get_by_test_id(name).bounding_box()
            assert box and box["y"] >= 0 and box["y"] + box["height"] <= height - keyboard, name
        page.page.evaluate(KEYBOARD, 0)
        sheet = until_height(page, "half")
        assert sheet["y"] + sheet["height"] == height


def places(page: BoardPage) -> set[tuple[str, float, float]]:
    """Where each control is; of its name only the beginning, as one's own button says how many others there are."""
    return {(re.split("[.,]", each["name"])[0], each["left"], each["top"]) for each in controls(page)}


def test_nothing_moves_when_somebody_joins(atelier: Atelier, browser: Browser) -> None:
    for width, height in ((320, 568), (390, 844), (1024, 768), (1440, 900)):
        with board(atelier, browser, width, height, touch=False) as page:
            expect(page.page.get_by_role("radio", name="Crayon")).to_have_count(1)
            page.page.wait_for_load_state("networkidle")  # the styles' pictures
            before = places(page)
            other = BoardPage(browser, atelier.url)
            page.page.wait_for_function("document.querySelectorAll('.people li').length > 1")
            after = places(page)
            assert before <= after
            assert len(after - before) == (1 if width == 1440 else 0), "the other's button, or a badge alone"
            other.context.close()
