"""Live redraw as two people live it: one draws, both see the frame redrawn, and it ends for both."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

SHOWN = "() => Number(document.querySelector('[data-testid=live-picture]')?.dataset.shown ?? 0)"
PIXELS = "() => document.querySelector('[data-testid=live-picture]').toDataURL()"


def until_picture(page: BoardPage, after: int = 0) -> int:
    """The number of a picture newer than that one."""
    number: int = page.page.wait_for_function(
        f"after => {{ const shown = ({SHOWN})(); return shown > after ? shown : 0; }}", arg=after
    ).json_value()
    return number


def until_quiet(a: BoardPage, b: BoardPage) -> str:
    """What both see when everything drawn is in the picture."""
    through = "() => document.querySelector('.live-picture')?.dataset.through === 'false'"
    for page in (a, b):
        page.page.wait_for_function(through)
    b.page.wait_for_function(f"seen => ({PIXELS})() === seen", arg=a.page.evaluate(PIXELS))
    pixels: str = a.page.evaluate(PIXELS)
    return pixels


def test_L1_L4_L9_two_people_see_a_frame_redrawn_while_one_draws(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    frame: dict[str, Any] = b.until_element("e.type === 'frame'")
    name = a.page.evaluate("JSON.parse(document.getElementById('board-config').textContent).you.name")
    x, y = frame["x"], frame["y"]
    switch = a.page.get_by_test_id("live-switch")
    a.page.get_by_label("What should it become?").fill("a red house")
    switch.focus()
    a.page.keyboard.press("Space")
    expect(switch).to_be_checked()

    for page in (a, b):
        until_picture(page)
    expect(b.page.get_by_test_id("live-plate")).to_contain_text(f"Live · {name}")
    expect(b.page.get_by_test_id("live-switch")).to_be_checked()
    before = until_quiet(a, b)
    b.page.screenshot(path=pictures / "live-before.png")

    # A draws: B's picture changes, and so it does for what B draws.
    beside_it = (x + frame["width"] - 8, y + frame["height"] + 30)
    a.page.mouse.click(*a.to_viewport(*beside_it))
    a.draw("o", (x + 300, y + 60), (x + 480, y + 240))
    a.page.mouse.click(*a.to_viewport(*beside_it))
    b.page.wait_for_function(f"before => ({PIXELS})() !== before", arg=before)
    a.page.screenshot(path=pictures / "live-drawing.png")
    seen = until_quiet(a, b)
    assert seen != before
    b.page.screenshot(path=pictures / "live.png")
    b.draw("r", (x + 160, y + 60), (x + 300, y + 160))
    b.page.mouse.click(*b.to_viewport(*beside_it))
    a.page.wait_for_function(f"seen => ({PIXELS})() !== seen", arg=seen)

    # Kept as an ordinary job.
    a.page.get_by_role("button", name="Keep this picture").click()
    kept = b.until_element("e.type === 'image' && e.customData?.atelier?.job")
    assert kept["customData"]["atelier"]["prompt"] == "a red house"

    # Who comes later sees it; who stops it says so.
    late = BoardPage(browser, atelier.url)
    until_picture(late)
    expect(late.page.get_by_test_id("live-plate")).to_contain_text(name)
    late.page.evaluate("localStorage.setItem('atelier:theme', 'dark')")
    late.open(late.page.url.removeprefix(atelier.url))
    until_picture(late)
    late.page.screenshot(path=pictures / "live-dark.png")
    a.watch("notice")
    b.watch("notice")
    b.page.get_by_test_id("live-plate").get_by_role("button", name="Stop").click()
    for page in (a, b, late):
        expect(page.page.get_by_test_id("live-plate")).to_have_count(0)
    a.until_said("notice", "stopped the live picture")
    expect(switch).not_to_be_checked()

    # The host leaves.
    a.page.get_by_test_id("live-switch").click()
    until_picture(b)
    a.page.close()
    expect(b.page.get_by_test_id("live-plate")).to_have_count(0)
    b.until_said("notice", "left")
    for page in (a, b, late):
        assert page.complaints == []
        page.context.close()
