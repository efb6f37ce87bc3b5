"""The page of a German newcomer, from right to left."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e


def newcomer(browser: Browser, atelier: Atelier, width: int, height: int) -> BoardPage:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="de-DE")
    page = BoardPage(browser, atelier.url, context=context)
    expect(page.page.get_by_test_id("live-switch")).to_have_count(1)
    return page


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_from_right_to_left_nothing_falls_off(
    atelier: Atelier, browser: Browser, width: int, height: int
) -> None:
    page = newcomer(browser, atelier, width, height)
    page.page.evaluate("document.documentElement.dir = 'rtl'")
    for box in page.page.evaluate(
        """() => [...document.querySelectorAll(".atelier button, .atelier input, .atelier textarea")]
            .filter((element) => element.checkVisibility({ visibilityProperty: true }))
            .map((element) => ({ ...element.getBoundingClientRect().toJSON(), text: element.outerHTML.slice(0, 120) }))"""
    ):
        assert box["left"] >= -1 and box["right"] <= width + 1, box
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
