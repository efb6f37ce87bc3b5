"""The panel without a mouse: choices by arrows, words from before, a picture, and how it was made."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

FOCUS = """() => { const at = document.activeElement;
  return at.dataset.testid ?? at.getAttribute("aria-label") ?? at.textContent.trim(); }"""


def tab_to(page: Page, found: Callable[[str], bool], back: bool = False) -> str:
    """Press Tab until something of that name has the focus; returns the name."""
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        name = str(page.evaluate(FOCUS))
        if found(name):
            return name
    raise AssertionError("not reached by Tab")


def test_a_picture_is_made_by_keyboard_alone(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url)
    page, panel = a.page, a.page.get_by_test_id("panel")
    expect(panel.get_by_text("Sketch", exact=True)).to_be_visible()

    # From the board's own tools to the prompt, and to the kinds: one stop, arrows within.
    tab_to(page, lambda name: name == "prompt")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("a red house by the sea with a blue door and a green roof and two white windows, ")
    page.keyboard.type("a tall chimney, a garden, a path, and a purple elephant")
    expect(panel.get_by_test_id("not-heard")).to_contain_text("elephant")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("a red house")
    expect(panel.get_by_test_id("not-heard")).to_have_count(0)
    assert tab_to(page, lambda name: name != "prompt") == "Sketch to picture"
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("radio", name="Words only")).to_be_focused()
    expect(panel.get_by_role("radio", name="Words only")).to_be_checked()
    page.keyboard.press("ArrowLeft")

    # The shape, then how many, then Generate, which keeps the focus.
    tab_to(page, lambda name: name == "Sketch")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("radio", name="4:3")).to_be_checked()
    tab_to(page, lambda name: name == "1")
    page.keyboard.press("End")
    expect(panel.get_by_test_id("generate")).to_have_text("Generate 4")
    page.keyboard.press("Home")
    tab_to(page, lambda name: name == "generate")
    page.keyboard.press("Enter")
    picture = a.until_element("e.type === 'image' && e.customData?.atelier?.job")
    assert page.evaluate(FOCUS) == "generate", "the focus stays where one goes on"
    job = page.evaluate(
        "id => fetch(`/api/v1/jobs/${id}`).then(r => r.json())", picture["customData"]["atelier"]["job"]
    )
    assert [job["params"][name] for name in ("width_px", "height_px", "count")] == [512, 384, 1]

    # Alt+Up brings the words of before, Esc what was typed.
    tab_to(page, lambda name: name == "prompt", back=True)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("something else")
    page.keyboard.press("Alt+ArrowUp")
    expect(panel.get_by_test_id("prompt")).to_have_value("a red house")
    page.keyboard.press("Escape")
    expect(panel.get_by_test_id("prompt")).to_have_value("something else")

    a.until_element("e.type === 'frame' && e.customData?.atelier?.prompt === 'something else'")

    # The picture tells how it was made, also after a reload, and brings it back at its sketch.
    a.until_saved()
    page.reload()
    a.until_saved()
    page.evaluate(
        "id => window.__atelier.api.updateScene({ appState: { selectedElementIds: { [id]: true } } })",
        picture["id"],
    )
    expect(panel.get_by_test_id("origin")).to_contain_text("a red house")
    tab_to(page, lambda name: name == "Use again")
    page.keyboard.press("Enter")
    expect(panel.get_by_test_id("prompt")).to_have_value("a red house")
    expect(panel.get_by_test_id("target")).to_have_attribute("data-shape", "frame")
    expect(panel.get_by_role("radio", name="4:3")).to_be_checked()
    expect(panel.get_by_test_id("generate")).to_be_focused()
    tab_to(page, lambda name: name == "Undo", back=True)
    page.keyboard.press("Enter")
    expect(panel.get_by_test_id("prompt")).to_have_value("something else")
    expect(panel.get_by_test_id("prompt")).to_be_focused()
    assert a.complaints == []
    a.context.close()
