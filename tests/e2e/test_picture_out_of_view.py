"""A picture that lands out of view: a chip says so and leads there, and no viewport moves by itself."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_main_job import IS_PICTURE, until_shown

pytestmark = pytest.mark.e2e

VIEW = (
    "(() => { const s = window.__atelier.api.getAppState(); return [s.scrollX, s.scrollY, s.zoom.value]; })()"
)
# A menu of Excalidraw's may reach the edge at which the chip stands.
LIES_ON_MENU = """(() => {
  const chip = document.querySelector('[data-testid="edge-chip"]');
  const { left, top, width, height } = chip.getBoundingClientRect();
  const menu = document.querySelector(".dropdown-menu").getBoundingClientRect();
  const x = left + 20, y = top + height / 2;
  if (x > menu.right || y < menu.top || y > menu.bottom) throw new Error("they do not meet");
  return chip.contains(document.elementFromPoint(x, y));
})()"""


def test_a_chip_leads_to_a_picture_out_of_view(atelier: Atelier, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    a = BoardPage(browser, atelier.url, "/", context=phone)
    a.until_element("e.type === 'frame'")
    a.page.get_by_test_id("generate").click()
    chip = a.page.get_by_test_id("edge-chip")
    expect(chip.get_by_role("button", name="Picture ready")).to_be_visible()
    picture = a.until_element(IS_PICTURE)
    before = a.page.evaluate(VIEW)
    a.page.wait_for_timeout(300)
    assert a.page.evaluate(VIEW) == before, "nobody's viewport moves by itself"
    a.page.get_by_role("button", name="Menu", exact=True).tap()
    expect(a.page.get_by_text("All boards")).to_be_visible()
    assert a.page.evaluate(LIES_ON_MENU) is False
    a.page.get_by_role("button", name="Menu", exact=True).tap()
    expect(a.page.get_by_text("All boards")).to_have_count(0)
    chip.get_by_role("button", name="Picture ready").click()
    expect(chip).to_have_count(0)
    until_shown(a, picture)

    # What the picture was made from has the width of the sheet.
    middle = picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2
    a.page.touchscreen.tap(*a.to_viewport(*middle))
    origin = a.page.get_by_test_id("origin").bounding_box()
    assert origin and origin["width"] > 330, origin
    assert a.complaints == []
    a.context.close()


def test_a_picture_that_is_in_view_needs_no_chip(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url, "/")
    a.until_element("e.type === 'frame'")
    a.page.get_by_test_id("generate").click()
    picture = a.until_element(IS_PICTURE)
    until_shown(a, picture)
    expect(a.page.get_by_test_id("edge-chip")).to_have_count(0)
    a.context.close()
