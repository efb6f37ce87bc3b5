"""The history, as two people live it: one goes back, the other sees it happen, and it can be taken back."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e


def open_history(page: Page) -> None:
    page.get_by_test_id("main-menu-trigger").click()
    page.get_by_text("History", exact=True).click()
    expect(page.get_by_test_id("history")).to_be_visible()


def is_live(element_id: str) -> str:
    return f"e.id === {element_id!r}"


def until_gone(page: BoardPage, element_id: str) -> None:
    page.page.wait_for_function(
        f"() => !window.__atelier.api.getSceneElements().some(e => {is_live(element_id)})"
    )


def draw(page: BoardPage, key: str, kind: str, at: tuple[float, float]) -> dict[str, Any]:
    known = [element["id"] for element in page.elements()]
    page.draw(key, at, (at[0] + 90, at[1] + 60))
    return page.until_element(f"e.type === {kind!r} && !{known}.includes(e.id)")


def test_one_goes_back_the_other_sees_it_and_it_is_taken_back(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    frame = a.until_element("e.type === 'frame'")
    x, y = frame["x"] + frame["width"] + 60, frame["y"] + 20
    kept = draw(a, "r", "rectangle", (x, y))
    a.until_saved()

    # A gives the board as it is a name; then both go on, and B deletes what A drew.
    open_history(a.page)
    a.page.get_by_role("button", name="Name this version").click()
    a.page.get_by_label("Name of this version").fill("Before lunch")
    a.page.get_by_role("button", name="Save").click()
    version = a.page.get_by_test_id("version").filter(has_text="Before lunch")
    expect(version).to_be_visible()
    later = draw(b, "o", "ellipse", (x, y + 120))
    b.until_element(is_live(kept["id"]))
    b.page.keyboard.press("Escape")
    b.page.mouse.click(*b.to_viewport(x, y + 30))
    b.page.keyboard.press("Delete")
    until_gone(b, kept["id"])
    b.until_saved()
    until_gone(a, kept["id"])
    a.until_element(is_live(later["id"]))

    # A looks at it. The board goes on underneath, and no key reaches it.
    version.get_by_role("button", name="Before lunch").first.click()
    preview = a.page.get_by_test_id("version-preview")
    expect(preview.get_by_role("status")).to_contain_text("You are viewing “Before lunch”")
    expect(a.page.get_by_test_id("preview-canvas")).to_be_visible()
    meanwhile = draw(b, "d", "diamond", (x, y + 240))
    a.until_element(is_live(meanwhile["id"]))
    live = len(a.elements())
    a.page.keyboard.press("Control+a")
    a.page.keyboard.press("Delete")
    a.page.mouse.click(*a.to_viewport(frame["x"] + 30, frame["y"] + 30))
    a.page.keyboard.press("Delete")
    assert len(a.elements()) == live
    picture = version.locator("img")
    expect(picture).to_be_visible()
    a.page.wait_for_function(
        "image => image.complete && image.naturalWidth === 320", arg=picture.element_handle()
    )
    a.page.screenshot(path=pictures / "history.png")

    # A goes back to it, live for both; then takes that back.
    a.page.get_by_test_id("restore").click()
    expect(preview).to_have_count(0)
    for page in (a, b):
        back = page.until_element(is_live(kept["id"]))
        assert (back["x"], back["width"]) == (kept["x"], kept["width"])
        until_gone(page, later["id"])
        until_gone(page, meanwhile["id"])
    notice = a.page.get_by_test_id("notice")
    expect(notice).to_contain_text("3 elements changed")
    a.page.screenshot(path=pictures / "history-restored.png")

    # Ctrl+Z takes the whole of it back as one step, Ctrl+Y does it again, and so does the notice's button take it back.
    a.page.get_by_role("button", name="Close the history").click()
    a.page.keyboard.press("Control+z")
    for page in (a, b):
        page.until_element(is_live(later["id"]))
        page.until_element(is_live(meanwhile["id"]))
        until_gone(page, kept["id"])
    a.page.keyboard.press("Control+y")
    for page in (a, b):
        page.until_element(is_live(kept["id"]))
        until_gone(page, later["id"])
    open_history(a.page)
    notice.get_by_role("button", name="Undo").click()
    for page in (a, b):
        page.until_element(is_live(later["id"]))
        page.until_element(is_live(meanwhile["id"]))
        until_gone(page, kept["id"])

    # The state between is in the timeline too, and a newcomer sees what the others see.
    expect(a.page.get_by_test_id("version")).to_have_count(3)
    a.page.get_by_role("button", name="Close the history").click()
    expect(a.page.get_by_test_id("panel")).to_be_visible()
    c = BoardPage(browser, atelier.url)
    c.until_element(is_live(later["id"]))
    assert {e["id"] for e in c.elements()} == {e["id"] for e in a.elements()}
    for page in (a, b, c):
        assert page.complaints == []
        page.context.close()


def test_drawing_goes_on_beside_the_open_history(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url)
    frame = a.until_element("e.type === 'frame'")
    open_history(a.page)
    a.page.keyboard.press("Delete")  # the panel has the focus
    before = len(a.elements())
    drawn = draw(a, "r", "rectangle", (frame["x"] + 40, frame["y"] + frame["height"] + 40))
    assert len(a.elements()) == before + 1
    a.until_saved()
    a.page.keyboard.press("Control+z")
    until_gone(a, drawn["id"])
    assert a.complaints == []
    a.context.close()


@pytest.mark.parametrize(("theme", "width", "height"), [("dark", 1440, 900), ("light", 390, 844)])
def test_it_fits_dark_rooms_and_small_hands(
    atelier: Atelier, browser: Browser, pictures: Path, theme: str, width: int, height: int
) -> None:
    a = BoardPage(browser, atelier.url)
    a.page.evaluate(f"localStorage.setItem('atelier:theme', {theme!r})")
    a.page.set_viewport_size({"width": width, "height": height})
    a.open("/demo")
    open_history(a.page)
    a.page.get_by_role("button", name="Name this version").click()
    a.page.get_by_label("Name of this version").fill(f"Seen {theme} at {width} px")
    a.page.get_by_role("button", name="Save").click()
    version = a.page.get_by_test_id("version").filter(has_text=f"Seen {theme}")
    version.get_by_role("button").first.click()
    expect(a.page.get_by_test_id("preview-canvas")).to_be_visible()
    picture = version.locator("img").element_handle()
    a.page.wait_for_function("image => image.complete && image.naturalWidth === 320", arg=picture)
    for name in ("Back to the board", "Close the history"):
        box = a.page.get_by_role("button", name=name).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert a.page.evaluate("document.documentElement.scrollWidth") <= width
    a.page.screenshot(path=pictures / f"history-{theme}-{width}.png")
    a.page.keyboard.press("Escape")
    expect(a.page.get_by_test_id("version-preview")).to_have_count(0)
    a.page.keyboard.press("Escape")
    expect(a.page.get_by_test_id("history")).to_have_count(0)
    assert a.complaints == []
    a.context.close()
