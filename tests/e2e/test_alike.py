"""What one person sees everybody gets: the background of a board, and what outgrows one element."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_poison import link, post

pytestmark = pytest.mark.e2e

PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.querySelector(".excalidraw").focus();
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""

WIDTH = """text => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "20px Excalifont";
  return pen.measureText(text).width;
}"""


@pytest.fixture
def pair(atelier: Atelier, browser: Browser) -> Iterator[tuple[BoardPage, BoardPage]]:
    owner = BoardPage(browser, atelier.url)
    owner.open(post(owner, "/api/v1/boards", {"title": "Alike"})["url"])
    guest = BoardPage(browser, atelier.url, link(owner))
    yield owner, guest
    assert owner.complaints == guest.complaints == []
    owner.context.close()
    guest.context.close()


def until_background(page: BoardPage, colour: str) -> None:
    page.page.wait_for_function(
        "colour => window.__atelier?.api.getAppState().viewBackgroundColor === colour", arg=colour
    )


def test_a_background_that_one_picks_is_everybodys_and_can_be_undone(
    pair: tuple[BoardPage, BoardPage],
) -> None:
    owner, guest = pair
    owner.page.get_by_test_id("main-menu-trigger").click()
    owner.page.get_by_test_id("color-top-pick-#f5faff").click()
    owner.page.keyboard.press("Escape")
    for page in pair:
        until_background(page, "#f5faff")
    guest.page.reload()
    guest.until_saved()
    until_background(guest, "#f5faff")
    owner.page.mouse.click(*owner.to_viewport(600, 400))
    owner.page.keyboard.press("Control+z")
    until_background(owner, "#ffffff")
    until_background(guest, "#ffffff")


def test_the_first_text_on_a_board_is_as_wide_as_its_letters(pair: tuple[BoardPage, BoardPage]) -> None:
    owner = pair[0]
    owner.page.wait_for_function("() => document.fonts.check('20px Excalifont')")
    owner.page.evaluate(PASTE, "while we were walking over the wonderful mill")
    for page in pair:
        page.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 1")
        width = page.page.evaluate(WIDTH, page.elements()[0]["text"])
        assert page.elements()[0]["width"] >= width - 1


def test_a_text_too_long_for_one_element_is_whole_for_everybody(pair: tuple[BoardPage, BoardPage]) -> None:
    owner = pair[0]
    words = "The quick brown fox jumps over the lazy dog. " * 820
    owner.page.evaluate(PASTE, words)
    for page in pair:
        page.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 3")
        parts = [element["originalText"] for element in page.elements()]
        assert " ".join(parts).strip() == words.strip()
    owner.until_saved()
