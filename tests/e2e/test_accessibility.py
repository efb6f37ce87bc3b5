"""No page and no state of the board has a serious finding of axe; and the main job needs no pointer."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.atelier import PROJECT, Atelier
from tests.e2e.browser import VIEWPORT, BoardPage
from tests.e2e.test_exchange import new_board

pytestmark = pytest.mark.e2e

AXE = PROJECT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What is below is Excalidraw's own and can be changed by no attribute and no style of ours: rule, selector, why.
THEIRS: list[tuple[str, str, str]] = []
RUN = """async rules => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").flatMap(({ id, nodes }) =>
    nodes.map(({ target, html, failureSummary }) => [id, target.join(" "), html.slice(0, 200), failureSummary]));
}"""
IS_PICTURE = "e.type === 'image' && e.customData?.atelier?.job"


def findings(page: Page) -> list[list[str]]:
    page.evaluate(AXE.read_text())
    found: list[list[str]] = page.evaluate(RUN, RULES)
    return [each for each in found if (each[0], each[1]) not in [(rule, where) for rule, where, _ in THEIRS]]


@pytest.fixture(params=["light", "dark"])
def person(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """Somebody new, whose browser lets tests add scripts to pages."""
    context = browser.new_context(
        viewport=VIEWPORT,  # type: ignore[arg-type]
        color_scheme=request.param,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    yield context
    context.close()


def test_pages(atelier: Atelier, person: BrowserContext) -> None:
    page = person.new_page()
    paths = (
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/b/nothing",
        "/join/nothing",
        "/api/v1/docs",
    )
    for path in paths:
        page.goto(atelier.url + path)
        if "docs" in path:
            expect(page.get_by_text("/api/v1/boards", exact=True).first).to_be_visible()
            page.locator(".opblock-summary-control").nth(3).click()
        assert findings(page) == [], path
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["en", "ltr"]

    board = BoardPage(person.browser, atelier.url, context=person)  # type: ignore[arg-type]
    made = new_board(board, "Findings")
    link = board.page.evaluate(
        "board => fetch(`/api/v1/boards/${board}/links`, {method: 'POST', body: JSON.stringify({role: 'edit'}), headers:"
        " {'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1], 'Content-Type': 'application/json'}}).then(r => r.json())",
        made["id"],
    )
    for path in ("/boards/", link["url"]):
        page.goto(atelier.url + path)
        assert findings(page) == [], path


def test_board(atelier: Atelier, person: BrowserContext) -> None:
    board = BoardPage(person.browser, atelier.url, context=person)  # type: ignore[arg-type]
    page = board.page

    def menu(item: str) -> Callable[[], None]:
        def choose() -> None:
            page.get_by_test_id("main-menu-trigger").click()
            page.get_by_text(item, exact=True).click()

        return choose

    states: dict[str, tuple[Callable[[], Any], str]] = {
        "as it opens": (lambda: None, ".side-panel"),
        "advanced": (lambda: page.get_by_text("Advanced").click(), "details[open]"),
        "menu": (lambda: page.get_by_test_id("main-menu-trigger").click(), ".dropdown-menu"),
        "export": (menu("Export…"), "dialog[open]"),
        "commands": (lambda: page.keyboard.press("ControlOrMeta+k"), "[data-testid=commands]"),
        "share": (lambda: page.get_by_test_id("share").click(), "dialog[open]"),
        "history": (menu("History"), "[data-testid=history]"),
        "tool chosen": (lambda: page.keyboard.press("r"), ".color-picker__top-picks"),
        "help": (lambda: page.keyboard.press("?"), ".HelpDialog"),
    }
    for name, (reach, shows) in states.items():
        reach()
        expect(page.locator(shows).first).to_be_visible()
        assert findings(page) == [], name
        page.keyboard.press("Escape")
        if name not in ("as it opens", "advanced", "tool chosen"):
            expect(page.locator(shows)).to_have_count(0)

    # Candidates, and their pictures in the panel.
    page.get_by_label("What should it become?").fill("a red house")
    page.get_by_role("radiogroup", name="Number of pictures").get_by_role("radio", name="2").click()
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("stage-thumb")).to_have_count(2)
    expect(page.get_by_test_id("job-overlay")).to_have_count(0)
    page.get_by_text("Earlier pictures").click()
    expect(page.get_by_test_id("earlier-picture").first).to_be_visible()
    assert findings(page) == [], "staging tray"


def test_phone(atelier: Atelier, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        bypass_csp=True,
        reduced_motion="reduce",  # what fades in has no contrast yet
    )
    board = BoardPage(browser, atelier.url, context=context)
    assert findings(board.page) == [], "closed"
    if board.page.get_by_test_id("panel-toggle").get_attribute("aria-expanded") == "false":
        board.page.get_by_test_id("panel-toggle").click()
    expect(board.page.get_by_label("What should it become?")).to_be_visible()
    assert findings(board.page) == [], "open"
    context.close()


def focused(page: Page) -> str:
    """The name or text of what has the focus."""
    words: str = page.evaluate(
        "() => { const e = document.activeElement; return e.ariaLabel || e.dataset.testid || e.textContent.trim(); }"
    )
    return words


def tab_to(page: Page, name: str) -> None:
    """Tab until the focus is on what is called so."""
    passed: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        passed.append(focused(page))
        if re.search(name, passed[-1]):
            ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", f"the focus on {passed[-1]} is not seen"
            return
    raise AssertionError(f"Tab never came to {name}: {passed}")


def test_keyboard_alone_makes_a_picture_on_an_empty_board(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    board = BoardPage(browser, atelier.url)
    new_board(board, "By keys")
    page = board.page
    page.locator(".excalidraw").first.focus()  # where the page puts it
    page.keyboard.press("Shift+Tab")
    assert focused(page).startswith("Skip to")
    page.screenshot(path=pictures / "skip-link.png")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-body")).to_be_focused()
    tab_to(page, "^Draw a region")
    page.keyboard.press("Enter")
    frame = board.until_element("e.type === 'frame'")
    board.until_saved()

    # The words come next; Generate is reached from them.
    expect(page.get_by_test_id("target")).to_have_attribute("data-target", frame["id"])
    expect(page.get_by_test_id("prompt")).to_be_focused()
    page.keyboard.type("a red house")
    tab_to(page, "^(Words only.*|Sketch to picture)$")
    tab_to(page, "^generate$")
    page.screenshot(path=pictures / "keyboard.png")
    page.keyboard.press("Enter")
    picture = board.until_element(IS_PICTURE)
    assert picture["customData"]["atelier"]["prompt"] == "a red house"
    assert frame["width"] == 512

    # A dialog keeps the focus, and gives it back.
    page.get_by_test_id("share").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        inside = (
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert page.evaluate(inside), focused(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_test_id("share")).to_be_focused()
    assert board.complaints == []
    board.context.close()
