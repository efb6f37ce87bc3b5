"""Four pictures to choose from, as two people live it: flip, accept, undo, redo; and what becomes of the others."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

IS_PICTURE = "e.type === 'image' && e.customData?.atelier?.job"


def bar(page: BoardPage) -> Any:
    return page.page.get_by_test_id("stage-bar")


def thumbs(page: BoardPage) -> Any:
    return page.page.get_by_test_id("stage-thumb")


def looked_at(page: BoardPage) -> str:
    image: str = page.page.get_by_test_id("stage-picture").get_attribute("data-image")
    return image


def until_painted(page: BoardPage, element_id: str) -> None:
    page.page.wait_for_function(
        "id => { const a = window.__atelier.api; const e = a.getSceneElements().find(e => e.id === id);"
        " return e && Boolean(a.getFiles()[e.fileId]); }",
        arg=element_id,
    )


def until_gone(page: BoardPage, element_id: str) -> None:
    page.page.wait_for_function(
        f"() => !window.__atelier.api.getSceneElements().some(e => e.id === {element_id!r})"
    )


def covers_panel(page: BoardPage) -> bool:
    """Whether the picture that is looked at lies on the panel, with the canvas scrolled until it reaches that far."""
    panel, picture = page.page.get_by_test_id("panel"), page.page.get_by_test_id("stage-picture")
    edge, box = panel.bounding_box(), picture.bounding_box()
    assert edge and box
    page.page.mouse.move(300, 400)
    page.page.mouse.wheel(box["x"] + box["width"] / 2 - edge["x"], 0)
    page.page.wait_for_function(
        "([edge]) => { const { left, right } = document.querySelector('[data-testid=\"stage-picture\"]')"
        ".getBoundingClientRect(); return left < edge && right > edge + 50; }",
        arg=[edge["x"]],
    )
    with_it = panel.screenshot()
    picture.evaluate("picture => { picture.parentElement.style.visibility = 'hidden'; }")
    without = panel.screenshot()
    picture.evaluate("picture => { picture.parentElement.style.visibility = ''; }")
    return with_it != without


def ask(page: BoardPage, words: str, count: int, steps: int = 12) -> None:
    page.page.keyboard.press("Escape")
    page.page.get_by_label("What should it become?").fill(words)
    if not page.page.get_by_label("Steps").is_visible():
        page.page.get_by_text("Advanced").click()
    page.page.get_by_role("radiogroup", name="Number of pictures").get_by_role(
        "radio", name=str(count)
    ).click()
    page.page.get_by_label("Steps").fill(str(steps))
    page.page.get_by_test_id("generate").click()


def test_four_candidates_flip_accept_undo_redo(atelier: Atelier, browser: Browser, pictures: Path) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    ask(a, "a red house", 4)
    for page in (a, b):
        expect(bar(page)).to_be_visible()
    expect(thumbs(b)).to_have_count(4)
    expect(thumbs(a)).to_have_count(4)
    assert not [e for e in a.elements() if e["type"] == "image"], "on nobody's board until one is accepted"

    # Each flips on their own; the arrow keys do it.
    expect(a.page.get_by_test_id("job-overlay")).to_have_count(0)
    first = looked_at(a)
    thumbs(a).first.focus()
    a.page.keyboard.press("ArrowRight")
    a.page.keyboard.press("ArrowRight")
    third = looked_at(a)
    assert third != first and looked_at(b) == first
    a.page.screenshot(path=pictures / "staging.png")
    b.page.screenshot(path=pictures / "staging-other.png")

    assert not covers_panel(a)

    # A accepts: it stands on the board for both, and the choice is over for both.
    a.page.get_by_test_id("stage-accept").click()
    picture = b.until_element(IS_PICTURE)
    assert picture["customData"]["atelier"]["image"] == third
    for page in (a, b):
        until_painted(page, picture["id"])
        expect(bar(page)).to_have_count(0)
    expect(a.page.get_by_test_id("notice")).to_contain_text("The other 3 are kept")
    a.page.screenshot(path=pictures / "staging-accepted.png")

    # One undo takes it away for both, one redo brings it back; B, who did not ask for it, undoes nothing.
    b.page.keyboard.press("Escape")
    b.page.keyboard.press("Control+z")
    assert picture["id"] in [element["id"] for element in b.elements()]
    a.page.keyboard.press("Control+z")
    for page in (a, b):
        until_gone(page, picture["id"])
    expect(a.page.get_by_test_id("notice")).to_contain_text("The picture was removed from the board")
    a.page.keyboard.press("Control+Shift+z")
    for page in (a, b):
        page.until_element(f"e.id === {picture['id']!r}")
    a.until_saved()

    # The others are not lost: they are offered again, by a click, to both.
    a.page.get_by_test_id("notice").get_by_role("button", name="Choose again").click()
    for page in (a, b):
        expect(thumbs(page)).to_have_count(3)
    bar(b).get_by_role("button", name="Keep for later").click()
    for page in (a, b):
        expect(thumbs(page)).to_have_count(2)
    bar(b).get_by_role("button", name="Discard all").click()
    for page in (a, b):
        expect(bar(page)).to_have_count(0)

    # Whoever comes now sees the board as it is, and all four in the history of the frame.
    c = BoardPage(browser, atelier.url)
    c.until_element(f"e.id === {picture['id']!r}")
    expect(bar(c)).to_have_count(0)
    c.page.get_by_text("Earlier pictures").click()
    earlier = c.page.get_by_test_id("earlier-picture")
    expect(earlier).to_have_count(4)
    standings = sorted(earlier.nth(at).get_attribute("data-standing") for at in range(4))
    assert standings == ["discarded", "discarded", "kept", "placed"]
    for page in (a, b, c):
        assert page.complaints == []
        page.context.close()


def test_one_picture_goes_to_the_board_at_once_and_is_one_undo_step(
    atelier: Atelier, browser: Browser
) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    known = [e["id"] for e in a.elements()]
    fresh = f"{IS_PICTURE} && !{json.dumps(known)}.includes(e.id)"
    ask(a, "a blue boat", 1)
    picture = b.until_element(fresh)
    a.until_element(f"e.id === {picture['id']!r}")
    expect(bar(a)).to_have_count(0)
    a.page.locator(".excalidraw").first.focus()
    a.page.keyboard.press("Control+z")
    for page in (a, b):
        until_gone(page, picture["id"])
    assert {e["id"] for e in a.elements()} == set(known), "the undo took the picture, and nothing else"
    a.page.keyboard.press("Control+Shift+z")
    for page in (a, b):
        page.until_element(f"e.id === {picture['id']!r}")
        until_painted(page, picture["id"])
        assert page.complaints == []
        page.context.close()


def test_what_a_picture_was_made_from_can_be_used_again(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    a = BoardPage(browser, atelier.url)
    known = [e["id"] for e in a.elements()]
    ask(a, "a green car", 1)
    a.until_element(f"{IS_PICTURE} && !{json.dumps(known)}.includes(e.id)")
    a.page.get_by_label("What should it become?").fill("something of mine")
    a.page.get_by_text("Earlier pictures").click()
    newest = a.page.get_by_test_id("earlier-picture").first
    expect(newest.get_by_role("img", name="a green car")).to_be_visible()
    a.page.screenshot(path=pictures / "earlier.png")
    newest.click()
    card = a.page.get_by_test_id("earlier-card")
    card.get_by_role("button", name="What the model saw").click()
    sketch = a.page.get_by_test_id("what-the-model-saw")
    expect(sketch).to_be_visible()
    a.page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=sketch.element_handle())
    a.page.screenshot(path=pictures / "what-the-model-saw.png")
    card.get_by_role("button", name="Prompt").click()
    prompt = a.page.get_by_test_id("prompt")
    expect(prompt).to_have_value("a green car")
    a.page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(prompt).to_have_value("something of mine")
    assert a.complaints == []
    a.context.close()


@pytest.mark.parametrize("size", [(320, 568), (390, 844)])
def test_on_a_phone_every_deed_has_a_name_in_sight_and_room_for_a_finger(
    atelier: Atelier, browser: Browser, pictures: Path, size: tuple[int, int]
) -> None:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, is_mobile=True)
    a = BoardPage(browser, atelier.url, "/", context)
    a.page.get_by_role("radiogroup", name="Number of pictures").get_by_role("radio", name="2").click()
    a.page.get_by_test_id("generate").click()
    expect(thumbs(a)).to_have_count(2)
    expect(a.page.get_by_test_id("job-overlay")).to_have_count(0)
    for name in ("Accept", "Keep for later", "Discard", "Discard all"):
        button = bar(a).get_by_role("button", name=name, exact=True)
        expect(button).to_contain_text(name)
        box = button.bounding_box()
        assert box and min(box["width"], box["height"]) >= 40, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] >= 0, name
        assert button.evaluate("button => button.scrollWidth <= button.clientWidth"), name
    a.page.screenshot(path=pictures / f"staging-phone-{width}.png")
    assert a.complaints == []
    context.close()
