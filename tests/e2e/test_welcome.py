"""The first minutes of two newcomers: a board each, an invitation, a title, a link that is taken back."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e


def test_newcomers_have_a_board_each_and_one_cannot_empty_the_other_s(
    atelier: Atelier, browser: Browser
) -> None:
    a, b = BoardPage(browser, atelier.url, "/"), BoardPage(browser, atelier.url, "/")
    assert a.page.url != b.page.url
    before = [each["id"] for each in a.elements()]
    assert before == [each["id"] for each in b.elements()]
    b.page.keyboard.press("Escape")
    for _ in range(2):  # with a frame Excalidraw leaves what was in it, selected
        b.page.keyboard.press("Control+a")
        b.page.keyboard.press("Delete")
    b.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 0")
    b.until_saved()
    a.open("/")
    assert [each["id"] for each in a.elements()] == before
    b.open("/")
    assert b.elements() == [], "and comes back to the board that they left"
    for page in (a, b):
        assert page.complaints == []
        page.context.close()


def test_one_invites_another_renames_the_board_and_takes_the_link_back(
    atelier: Atelier, browser: Browser
) -> None:
    a = BoardPage(browser, atelier.url, "/")
    a.context.grant_permissions(["clipboard-read", "clipboard-write"])
    a.page.get_by_test_id("see-together").click()
    expect(a.page.get_by_text("The link is copied.")).to_be_visible()
    link = a.page.get_by_test_id("share-url").input_value()
    assert a.page.evaluate("navigator.clipboard.readText()") == link
    a.page.keyboard.press("Escape")

    b = BoardPage(browser, atelier.url, link.removeprefix(atelier.url))
    assert b.page.url == a.page.url
    expect(a.page.get_by_test_id("see-together")).to_have_count(0)
    expect(b.page.get_by_test_id("share")).to_be_visible()
    a.draw("r", (1_100, 0), (1_200, 80))
    b.until_element("e.type === 'rectangle'")

    # The title is changed in place, which the other sees, and cannot do.
    a.page.get_by_test_id("title").click()
    a.page.get_by_label("Name of the board").fill("Our house")
    a.page.keyboard.press("Enter")
    expect(b.page.get_by_test_id("title")).to_have_text("Our house")
    expect(b.page).to_have_title("Our house – Atelier")
    b.page.get_by_test_id("title").click()
    expect(b.page.get_by_label("Name of the board")).to_have_count(0)

    # The link is listed with the one who came by it; revoked, they are sent away at once.
    a.page.get_by_test_id("share").click()
    listed = a.page.get_by_test_id("share-link")
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("1 person joined")
    listed.get_by_role("button").click()
    expect(listed).to_have_count(0)
    expect(b.page.locator("[data-testid=status-chip][data-state=closed]")).to_be_visible()
    expect(b.page.get_by_test_id("share")).to_have_count(0)
    assert b.page.reload().status == 404  # type: ignore[union-attr]
    assert a.complaints == []
    for page in (a, b):
        page.context.close()


def test_a_board_goes_to_the_trash_from_its_menu_and_comes_back(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url, "/")
    first = a.page.url
    a.page.get_by_role("button", name="Menu", exact=True).click()
    a.page.get_by_text("New board").click()
    a.page.wait_for_url(lambda url: url != first)
    a.until_saved()
    made = a.page.url
    a.page.get_by_role("button", name="Menu", exact=True).click()
    a.page.get_by_text("Move to trash").click()
    expect(a.page.get_by_text("is in the trash.")).to_be_visible()
    expect(a.page.locator(f'a[href="{made.removeprefix(atelier.url)}"]')).to_have_count(0)
    a.page.get_by_role("button", name="Undo").click()
    card = a.page.locator("li", has=a.page.locator(f'a[href="{made.removeprefix(atelier.url)}"]'))
    card.locator("summary").focus()
    a.page.keyboard.press("Enter")
    card.get_by_label("Name").fill("Plans")
    a.page.keyboard.press("Enter")
    expect(a.page.get_by_text("Plans", exact=True)).to_be_visible()
    assert a.complaints == []
    a.context.close()
