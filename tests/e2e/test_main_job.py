"""The main job, as two people live it: sketch together, prompt, and the picture appears on both screens."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

IS_PICTURE = "e.type === 'image' && e.customData?.atelier?.job"


def until_shown(page: BoardPage, picture: dict[str, Any]) -> None:
    """Until the picture is painted in the window, rather than a grey box; Excalidraw takes half a second at least."""
    for _ in range(300):
        view = page.view(picture["x"], picture["y"], picture["width"], picture["height"])
        if len(view.getcolors(view.width * view.height) or []) > 500:
            return
        page.page.wait_for_timeout(100)
    raise AssertionError("the picture is not painted")


def test_two_people_sketch_and_a_picture_appears_for_both(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    assert a.page.url == b.page.url, "they meet on the public board"
    frame = b.until_element("e.type === 'frame'")
    region = (frame["x"] + 4, frame["y"] + 4, frame["width"] - 8, frame["height"] - 8)

    # A draws a sun with the mouse; B sees the stroke.
    before = b.view(*region)
    known = {element["id"] for element in b.elements()}
    # To the right, clear of the tools that open on the left.
    a.draw("o", (frame["x"] + 400, frame["y"] + 30), (frame["x"] + 480, frame["y"] + 110))
    sun = b.until_element("e.type === 'ellipse'")
    assert sun["id"] not in known
    b.until_view_changes(before, lambda: b.view(*region))
    a.until_saved()

    # A asks; B sees who asked, the progress, and the picture.
    view_of_b = b.page.evaluate(
        "(() => { const s = window.__atelier.api.getAppState(); return [s.scrollX, s.scrollY, s.zoom.value]; })()"
    )
    a.page.keyboard.press("Escape")
    a.page.get_by_label("What should it become?").fill("a house with a red roof")
    a.page.get_by_text("Advanced").click()
    a.page.get_by_label("Steps").fill("30")  # the usual few are over before the picture of them is taken
    b.watch("job-overlay")
    a.page.get_by_role("button", name="Generate", exact=True).click()
    overlay = b.page.get_by_test_id("job-overlay")
    name = a.page.evaluate("JSON.parse(document.getElementById('board-config').textContent).you.name")
    b.until_said("job-overlay", name)
    b.until_said("job-overlay", "step")
    b.page.screenshot(path=pictures / "progress.png")
    picture = b.until_element(IS_PICTURE)
    expect(overlay).to_have_count(0)
    assert picture["x"] >= frame["x"] + frame["width"], "it stands beside the frame"
    assert picture["customData"]["atelier"]["prompt"] == "a house with a red roof"
    for page in (a, b):
        page.until_element(f"e.id === {picture['id']!r}")
        page.page.wait_for_function(
            "id => { const f = window.__atelier.api.getFiles(); return Boolean(f[id]); }",
            arg=picture["fileId"],
        )
        until_shown(page, picture)
    after = b.page.evaluate(
        "(() => { const s = window.__atelier.api.getAppState(); return [s.scrollX, s.scrollY, s.zoom.value]; })()"
    )
    assert after == view_of_b, "nobody's viewport moves"
    b.page.screenshot(path=pictures / "board.png")

    # A reload shows the same.
    for page in (a, b):
        page.open(page.page.url.removeprefix(atelier.url))
        again = page.until_element(f"e.id === {picture['id']!r}")
        assert (again["x"], again["y"], again["version"]) == (picture["x"], picture["y"], picture["version"])
        page.until_element(f"e.id === {sun['id']!r}")
        until_shown(page, picture)
        assert page.complaints == []
        page.context.close()


def test_one_who_comes_in_the_middle_sees_the_progress_and_a_cancel_clears_it_for_all(
    atelier: Atelier, browser: Browser
) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    a.page.get_by_text("Advanced").click()
    # As much as may be asked for, so that it is not over before somebody has come in.
    a.page.get_by_role("radiogroup", name="Number of pictures").get_by_role("radio", name="4").click()
    a.page.get_by_label("Steps").fill("50")
    a.page.get_by_test_id("generate").click()
    expect(a.page.get_by_test_id("job-overlay")).to_contain_text("step")
    b.open("/demo")
    expect(b.page.get_by_test_id("job-overlay")).to_be_visible()
    expect(b.page.get_by_test_id("job-overlay").get_by_role("button", name="Cancel")).to_have_count(0)
    a.page.get_by_test_id("job-overlay").get_by_role("button", name="Cancel").click()
    for page in (a, b):
        expect(page.page.get_by_test_id("job-overlay")).to_have_count(0)
        assert page.complaints == []
        page.context.close()


def test_a_failure_says_why_and_can_be_tried_again(atelier: Atelier, browser: Browser) -> None:
    a, b = BoardPage(browser, atelier.url), BoardPage(browser, atelier.url)
    frame = a.until_element("e.type === 'frame'")
    # Not downloaded, and the hub is off: the page does not offer it, a program may ask for it.
    a.page.evaluate(
        "async ([board, frame]) => { const token = document.cookie.match(/csrftoken=([^;]+)/)[1];"
        " const body = JSON.stringify({ params: { checkpoint: 'sd-turbo', prompt: 'a house' }, frame });"
        " const headers = { 'X-CSRFToken': token, 'Content-Type': 'application/json' };"
        " await fetch(`/api/v1/boards/${board}/jobs`, { method: 'POST', body, headers }); }",
        [a.page.url.rsplit("/", 1)[1], frame["id"]],
    )
    for page in (a, b):
        overlay = page.page.locator("[data-testid=job-overlay][data-status=failed]")
        expect(overlay).to_be_visible()
        expect(overlay).to_contain_text("sd-turbo")
    a.page.locator("[data-testid=job-overlay][data-status=failed]").get_by_role(
        "button", name="Try again"
    ).click()
    expect(a.page.locator("[data-testid=job-overlay][data-status=failed]")).to_be_visible()
    for page in (a, b):
        page.context.close()


def test_a_stranger_sees_nothing_and_a_link_lets_them_in(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url)
    token = a.page.evaluate("document.cookie.match(/csrftoken=([^;]+)/)[1]")
    post = (
        "([url, token, body]) => fetch(url, {method: 'POST', body: JSON.stringify(body),"
        " headers: {'X-CSRFToken': token, 'Content-Type': 'application/json'}}).then(r => r.json())"
    )
    board = a.page.evaluate(post, ["/api/v1/boards", token, {"title": "Private"}])
    link = a.page.evaluate(post, [f"/api/v1/boards/{board['id']}/links", token, {"role": "edit"}])
    stranger = browser.new_context()
    answer = stranger.new_page().goto(atelier.url + board["url"])
    assert answer is not None and answer.status == 404
    stranger.close()
    b = BoardPage(browser, atelier.url, link["url"])
    assert b.page.url == atelier.url + board["url"]
    a.open(board["url"])
    b.draw("r", (0, 0), (80, 60))
    a.until_element("e.type === 'rectangle'")
    for page in (a, b):
        assert page.complaints == []
        page.context.close()


def test_the_pages_around_the_board(atelier: Atelier, browser: Browser, pictures: Path) -> None:
    a = BoardPage(browser, atelier.url)
    for path, text in (
        ("/boards/", "Your boards"),
        ("/accounts/login/", "Sign in"),
        ("/accounts/signup/", "Create an account"),
    ):
        a.page.goto(atelier.url + path)
        expect(a.page.get_by_role("heading", name=text)).to_be_visible()
        a.page.screenshot(path=pictures / f"page{path.replace('/', '-').rstrip('-')}.png")
    a.page.get_by_label("Email").fill("newcomer@example.org")
    a.page.get_by_label("Password").fill("correct horse battery staple")
    a.page.get_by_role("button", name="Sign up").click()
    expect(a.page.get_by_role("heading", name="Your boards")).to_be_visible()
    a.page.get_by_role("button", name="New board").click()
    a.until_saved()
    a.page.screenshot(path=pictures / "page-new-board.png")

    # It gets a name, which the list of boards has too.
    a.page.get_by_role("button", name="Menu", exact=True).click()
    a.page.get_by_text("Rename…").click()
    a.page.get_by_label("Name of the board").fill("Houses by the sea")
    a.page.keyboard.press("Enter")
    expect(a.page).to_have_title("Houses by the sea – Atelier")
    a.page.goto(atelier.url + "/boards/")
    expect(a.page.get_by_text("Houses by the sea")).to_be_visible()

    # What the API can do is shown without asking another server.
    a.page.goto(atelier.url + "/api/v1/docs")
    expect(a.page.get_by_text("/api/v1/boards", exact=True).first).to_be_visible()
    assert a.complaints == []
    a.context.close()
