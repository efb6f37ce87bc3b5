"""The command palette by keyboard alone, and following another person."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

NAMES = ("Attic", "Cellar")
ADD_FRAMES = """names => {
  const { api } = window.__atelier;
  const frame = api.getSceneElements().find(({ type }) => type === "frame");
  const added = names.map((name, at) => ({ ...frame, id: name, name, x: 9000 + 3000 * at, y: 5000, index: null, customData: {}, versionNonce: at + 7 }));
  api.updateScene({ elements: [...api.getSceneElements(), ...added], captureUpdate: "IMMEDIATELY" });
}"""
MIDDLE = """() => { const s = window.__atelier.api.getAppState();
  return [s.width / 2 / s.zoom.value - s.scrollX, s.height / 2 / s.zoom.value - s.scrollY]; }"""


def command(page: Page, words: str, expected: str) -> None:
    """Open the palette, find a command by these words, and run it."""
    page.keyboard.press("ControlOrMeta+k")
    expect(page.get_by_test_id("command-field")).to_be_focused()
    page.keyboard.type(words)
    marked = page.get_by_test_id("commands").get_by_role("option", selected=True)
    expect(marked).to_contain_text(expected)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("commands")).to_have_count(0)


def until_state(page: Page, expression: str) -> None:
    page.wait_for_function(f"() => {{ const s = window.__atelier.api.getAppState(); return {expression}; }}")


def until_at(page: Page, frame: dict[str, Any]) -> None:
    """Until the middle of a frame is the middle of the view."""
    until_middle(page, frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)


def rename(page: Page, name: str) -> None:
    page.get_by_role("button", name="Change your name").click()
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("textbox", name="Your name")).to_have_count(0)


def look_at(page: Page, x: float, y: float) -> None:
    """Put a point of the scene into the middle of the view, as panning would."""
    script = """([x, y]) => { const { api } = window.__atelier, s = api.getAppState();
      api.updateScene({ appState: { scrollX: s.width / 2 / s.zoom.value - x, scrollY: s.height / 2 / s.zoom.value - y } }); }"""
    page.evaluate(script, [x, y])


def until_middle(page: Page, x: float, y: float) -> None:
    page.wait_for_function(
        f"([x, y]) => {{ const at = ({MIDDLE})(); return Math.hypot(at[0] - x, at[1] - y) < 5; }}", arg=[x, y]
    )


def test_commands_by_keyboard(atelier: Atelier, browser: Browser) -> None:
    board = BoardPage(browser, atelier.url)
    page = board.page
    command(page, "ellip", "Ellipse")
    until_state(page, "s.activeTool.type === 'ellipse'")
    command(page, "select all", "Select all")
    until_state(page, "Object.keys(s.selectedElementIds).length > 3")
    command(page, "grid", "grid")
    until_state(page, "s.gridModeEnabled")
    command(page, "zoom in", "Zoom in")
    command(page, "100%", "Zoom to 100%")
    until_state(page, "s.zoom.value === 1")
    command(page, "zen", "Zen mode")
    until_state(page, "s.zenModeEnabled")
    command(page, "zen", "Zen mode")
    until_state(page, "!s.zenModeEnabled")

    # Undo and redo, after an edit; the keys are the canvas's again at once.
    page.keyboard.press("r")
    until_state(page, "s.activeTool.type === 'rectangle'")
    board.draw("r", (900, 60), (960, 100))
    drawn = board.until_element("e.type === 'rectangle' && e.width > 50")
    command(page, "undo", "Undo")
    page.wait_for_function(
        "id => !window.__atelier.api.getSceneElements().some(e => e.id === id)", arg=drawn["id"]
    )
    command(page, "redo", "Redo")
    board.until_element(f"e.id === '{drawn['id']}'")

    # A link: Ctrl+K is the palette's, the palette opens the link.
    page.evaluate(
        "id => window.__atelier.api.updateScene({ appState: { selectedElementIds: { [id]: true } } })",
        drawn["id"],
    )
    command(page, "link", "Add or change link")
    expect(page.locator(".excalidraw-hyperlinkContainer-input")).to_be_focused()
    page.keyboard.press("Escape")

    # Ours: a dialog that keeps the focus, the panel, and what is used last.
    command(page, "export", "Export…")
    expect(page.get_by_role("dialog", name="Export")).to_be_visible()
    page.keyboard.press("Escape")
    command(page, "2 pictures", "Make 2 pictures at a time")
    expect(page.get_by_test_id("generate")).to_have_text("Generate 2")
    command(page, "prompt", "Write a prompt")
    expect(page.get_by_test_id("prompt")).to_be_focused()
    page.keyboard.press("ControlOrMeta+k")
    recent = page.get_by_role("group", name="Recent").get_by_role("option")
    expect(recent.first).to_have_text("Write a prompt")
    expect(recent).to_have_count(5)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("prompt")).to_be_focused()
    assert board.complaints == []
    board.context.close()


def test_frames_as_a_list(atelier: Atelier, browser: Browser) -> None:
    board = BoardPage(browser, atelier.url)
    page = board.page
    page.evaluate(ADD_FRAMES, list(NAMES))
    frames = {element["name"]: element for element in board.elements() if element["type"] == "frame"}
    page.locator(".excalidraw").first.focus()
    page.get_by_test_id("main-menu-trigger").press("Enter")
    page.get_by_test_id("menu-frames").press("Enter")
    names = page.get_by_test_id("commands").get_by_role("option")
    expect(names).to_have_count(len(frames))
    assert names.all_inner_texts()[-2:] == list(NAMES)
    page.keyboard.type("att")
    page.keyboard.press("Enter")
    until_at(page, frames["Attic"])
    until_state(page, "s.selectedElementIds.Attic")
    command(page, "cellar", "Go to frame “Cellar”")
    until_at(page, frames["Cellar"])
    assert board.complaints == []
    board.context.close()


def test_following_another_person(atelier: Atelier, browser: Browser, pictures: Path) -> None:
    """Ada's view moves, Bob's goes along, through the palette and through her card, until he moves it himself."""
    ada, bob = BoardPage(browser, atelier.url, "/demo"), BoardPage(browser, atelier.url, "/demo")
    rename(ada.page, "Ada")
    here = bob.page.get_by_test_id("top-bar").get_by_role("button", name="Ada", exact=True)
    expect(here).to_be_visible()
    share = bob.page.get_by_test_id("share").bounding_box()
    look_at(ada.page, 4000, 3000)
    command(bob.page, "follow ada", "Follow Ada")
    chip = bob.page.get_by_test_id("following")
    expect(chip).to_have_text("Following Ada")
    until_middle(bob.page, 4000, 3000)
    look_at(ada.page, -2500, 700)
    until_middle(bob.page, -2500, 700)
    bob.page.screenshot(path=pictures / "following.png")
    assert bob.page.get_by_test_id("share").bounding_box() == share, "nobody who joins moves Share"

    # Bob's own hand ends it.
    bob.page.mouse.move(400, 450)
    bob.page.mouse.wheel(0, 300)
    expect(chip).to_have_count(0)
    at = bob.page.evaluate(MIDDLE)
    look_at(ada.page, 8000, 8000)
    ada.until_saved()

    # Her card, by keys.
    here.focus()
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_test_id("people-card")).to_be_visible()
    assert bob.page.evaluate(MIDDLE) == at
    go = bob.page.get_by_role("button", name="Go to where they are")
    go.focus()
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_test_id("people-card")).to_have_count(0)
    until_middle(bob.page, 8000, 8000)

    # Two who follow each other stay where they are.
    command(bob.page, "follow ada", "Follow Ada")
    name = bob.page.evaluate("JSON.parse(document.getElementById('board-config').textContent).you.name")
    command(ada.page, f"follow {name}", f"Follow {name}")
    expect(ada.page.get_by_test_id("following")).to_contain_text(name)
    zoom = "window.__atelier.api.getAppState().zoom.value"
    before = bob.page.evaluate(zoom)
    ada.page.get_by_role("button", name=f"Stop following {name}").click()
    look_at(ada.page, 100, 100)
    until_middle(bob.page, 100, 100)
    assert abs(bob.page.evaluate(zoom) - before) < 0.01
    bob.page.get_by_role("button", name="Stop following Ada").click()
    expect(chip).to_have_count(0)
    for page in (ada, bob):
        assert page.complaints == []
        page.context.close()
