"""A German newcomer: everything is German, in its place, until they choose English. And the page from right to left."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_layout import check

pytestmark = pytest.mark.e2e

SIZES = [(390, 844), (820, 1180), (1440, 900)]
# Words of the page's own texts that German has not.
ENGLISH = re.compile(
    r"\b(the|your|you|with|this|and|what|board is|picture|share|draw|save[ds]?|history|advanced|earlier|style|size|cancel|"
    r"undo|redo|people|sign|new|light mode|dark mode|rename|make|should|sketch|colou?rs?|keep|find|zoom to)\b",
    re.IGNORECASE,
)
VISIBLE_TEXTS = """() => [...document.querySelectorAll("body *")].flatMap((element) => {
  if (element.closest("script, style, noscript") || !element.checkVisibility({ visibilityProperty: true })) return [];
  const own = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ textContent }) => textContent);
  const named = ["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name));
  return [...own, ...named].filter((text) => text?.trim());
})"""


def newcomer(browser: Browser, atelier: Atelier, width: int, height: int) -> BoardPage:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="de-DE")
    page = BoardPage(browser, atelier.url, context=context)
    expect(page.page.get_by_test_id("live-switch")).to_have_count(1)
    return page


def english(page: BoardPage, *said: str) -> list[str]:
    """Texts with English words, but for what was given: prompts and names."""
    texts: list[str] = page.page.evaluate(VISIBLE_TEXTS)
    return [text for text in texts if ENGLISH.search(text) and not any(each in text for each in said)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_german_newcomer_reads_german_in_its_place(
    atelier: Atelier, browser: Browser, width: int, height: int
) -> None:
    page = newcomer(browser, atelier, width, height)
    name = page.page.locator(".person.you").get_attribute("title") or ""
    title = page.page.title().removesuffix(" – Atelier")
    assert page.page.evaluate("document.documentElement.lang").startswith("de")
    check(page, width, height)
    page.page.locator("summary", has_text="Erweitert").first.evaluate("element => element.click()")
    on_the_board = ("Your sketch", "a house with a red roof")
    said = (name.removesuffix(" (du)"), title, *on_the_board, "a green car")
    assert english(page, *said) == []
    page.page.locator(".main-menu-trigger").click()
    expect(page.page.get_by_text("Alle Boards")).to_be_visible()
    assert english(page, *said, "English") == []
    assert page.complaints == []


def test_they_switch_to_english_and_back_and_keep_what_they_drew(atelier: Atelier, browser: Browser) -> None:
    page = newcomer(browser, atelier, 1440, 900)
    page.draw("r", (250, 350), (330, 410))
    page.until_element("e.type === 'rectangle'")
    page.page.locator(".main-menu-trigger").click()
    page.page.get_by_test_id("menu-language").click()
    expect(page.page.locator("summary", has_text="Advanced").first).to_be_visible()
    page.until_saved()
    assert page.page.evaluate("document.documentElement.lang") == "en"
    page.until_element("e.type === 'rectangle'")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_from_right_to_left_nothing_falls_off(
    atelier: Atelier, browser: Browser, width: int, height: int
) -> None:
    page = newcomer(browser, atelier, width, height)
    page.page.evaluate("document.documentElement.dir = 'rtl'")
    expect(page.page.get_by_role("radio", name="Aquarell")).to_have_count(1)  # a row that scrolls sideways
    check(page, width, height)
