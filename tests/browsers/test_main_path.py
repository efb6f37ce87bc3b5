"""The main path in Firefox and WebKit, beside somebody in Chromium: sketch, prompt, picture, undo, reload."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browsers.driver import Driver
from tests.browsers.window import Window
from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

IS_PICTURE = "e.type === 'image' && e.customData?.atelier?.job"
COLOURS_OF_A_PICTURE = 500


def test_a_newcomer_sketches_gets_a_picture_and_shows_it_to_somebody_in_chromium(
    atelier: Atelier, browser: Browser, other: Driver, pictures: Path
) -> None:
    a = Window(other, atelier.url)
    a.open("/")
    frame = a.until_element("e.type === 'frame'")
    board = other.evaluate("location.pathname")

    a.click("[data-testid=see-together]")
    link = a.until("document.querySelector('[data-testid=share-url]')?.value")
    a.press("Escape")
    a.until("!document.querySelector('[data-testid=share-url]')")
    b = BoardPage(browser, atelier.url, link.removeprefix(atelier.url))
    assert b.page.url == atelier.url + board

    # A draws with the mouse; B sees the stroke, and a stroke of B's arrives at A.
    known = {each["id"] for each in b.elements()}
    x, y = frame["x"] + frame["width"] - 120, frame["y"] + 40
    points = [(x, y), (x + 60, y + 30), (x + 20, y + 60), (x + 80, y + 80)]
    a.draw("p", *points)
    is_new = f"e.type === 'freedraw' && !{sorted(known)}.includes(e.id)"
    stroke = b.until_element(f"{is_new} && e.points.length >= {len(points)}")
    a.until_saved()
    b.draw("o", (x, y + 100), (x + 40, y + 140))
    a.until_element("e.type === 'ellipse'")

    # A asks for a picture; it is painted on both screens.
    a.press("Escape")
    a.click("[data-testid=prompt]")
    a.type("a house with a blue roof")
    a.click("[data-testid=generate]")
    picture = a.until_element(IS_PICTURE)
    assert picture["customData"]["atelier"]["prompt"] == "a house with a blue roof"
    b.until_element(f"e.id === {picture['id']!r}")
    until_painted(a, picture)
    (pictures / f"{other.name.replace(' ', '-')}.png").write_bytes(other.screenshot())

    # Undo takes the picture back, then the stroke, for both, though the button has the focus; redo brings them again.
    for gone in (picture["id"], stroke["id"]):
        a.press("Control", "z")
        b.page.wait_for_function(
            "id => !window.__atelier.api.getSceneElements().some(e => e.id === id)", arg=gone
        )
    for again in (stroke["id"], picture["id"]):
        a.press("Control", "y")
        b.until_element(f"e.id === {again!r}")
    a.until_saved()

    a.open(board)
    a.until_element(f"e.id === {stroke['id']!r}")
    until_painted(a, a.until_element(f"e.id === {picture['id']!r}"))
    assert other.complaints == []
    assert b.complaints == []
    b.context.close()


def until_painted(window: Window, picture: dict[str, float]) -> None:
    """Until the picture is painted in the window, rather than a grey box."""
    box = picture["x"], picture["y"], picture["width"], picture["height"]
    for _ in range(100):
        view = window.view(*box)
        if len(view.getcolors(view.width * view.height) or []) > COLOURS_OF_A_PICTURE:
            return
    raise AssertionError(f"{window.driver.name} does not paint the picture")
