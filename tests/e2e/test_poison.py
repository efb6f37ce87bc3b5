"""Nothing that somebody else put on a board takes the board from those who look at it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.e2e.atelier import Atelier
from tests.e2e.bot import Bot, body
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

OTHERS = [body(f"ok{number}", "rectangle", x=100 + 100 * number, y=300) for number in range(6)]


@pytest.fixture
def pair(atelier: Atelier, browser: Browser) -> Iterator[tuple[BoardPage, BoardPage]]:
    """Two people on a new board with some rectangles: its owner, and one who came by a link."""
    owner = BoardPage(browser, atelier.url)
    owner.open(post(owner, "/api/v1/boards", {"title": "Poison"})["url"])
    with Bot(owner) as bot:
        assert bot.push(*OTHERS) == []
    guest = BoardPage(browser, atelier.url, link(owner))
    yield owner, guest
    owner.context.close()
    guest.context.close()


def post(page: BoardPage, path: str, fields: dict[str, Any]) -> Any:
    return page.page.evaluate(
        "([path, fields]) => fetch(path, {method: 'POST', body: JSON.stringify(fields), headers: {"
        " 'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1], 'Content-Type': 'application/json'"
        "}}).then(r => r.json())",
        [path, fields],
    )


def link(owner: BoardPage) -> str:
    made: str = post(owner, f"/api/v1/boards/{owner.page.url.rsplit('/', 1)[-1]}/links", {"role": "edit"})[
        "url"
    ]
    return made.removeprefix(owner.origin)


def ids(page: BoardPage) -> set[str]:
    return {element["id"] for element in page.elements()}


def until_ids(page: BoardPage, wanted: set[str]) -> None:
    page.page.wait_for_function(
        "wanted => { const ids = window.__atelier?.api.getSceneElements().map(({ id }) => id).sort();"
        " return JSON.stringify(ids) === JSON.stringify(wanted); }",
        arg=sorted(wanted),
    )
    expect(page.page.locator(".prompt-panel")).to_be_visible()


def poison_on_the_way(page: BoardPage) -> None:
    """The server lets a frame through whose name is no text: what it does not know of yet, some day."""

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(
            lambda text: server.send(
                json.dumps({k: v for k, v in json.loads(text).items() if k != "deflate"})
            )
        )
        server.on_message(
            lambda text: socket.send(str(text).replace('"name":"POISON"', '"name":{"no":"text"}'))
        )

    page.page.route_web_socket("**/ws/v1/boards/*", relay)
    page.page.reload()
    page.until_saved()


def test_a_note_of_another_shape_changes_nothing_for_anybody(
    pair: tuple[BoardPage, BoardPage], browser: Browser
) -> None:
    owner, guest = pair
    notes: list[Any] = [5, ["x"], {"prompt": 5}, {"prompt": {"a": 1}}, {"prompt": "a", "kind": "constructor"}]
    poison = [
        body(f"n{number}", "frame", name="f", x=100 + 120 * number, customData={"atelier": note})
        for number, note in enumerate(notes)
    ]
    everything = {element["id"] for element in [*OTHERS, *poison]}
    with Bot(owner) as bot:
        assert bot.push(*poison) == []
    for page in pair:
        until_ids(page, everything)
        page.page.reload()
        page.until_saved()
        until_ids(page, everything)
        assert page.complaints == []
    newcomer = BoardPage(browser, owner.origin, link(owner))
    until_ids(newcomer, everything)
    newcomer.draw("o", (500, 420), (560, 480))
    guest.until_element("e.type === 'ellipse'")
    newcomer.context.close()


def test_what_excalidraw_cannot_read_is_set_aside_until_somebody_removes_it(
    pair: tuple[BoardPage, BoardPage],
) -> None:
    owner, guest = pair
    with Bot(owner) as bot:
        assert bot.push(body("x", "rectangle", boundElementIds=5), body("after", "ellipse", x=300)) == []
    for page in pair:
        until_ids(page, {element["id"] for element in OTHERS} | {"after"})
        expect(page.page.get_by_test_id("notice")).to_contain_text("A rectangle would crash the board")
    guest.page.get_by_role("button", name="Remove it").click()
    expect(owner.page.get_by_test_id("notice")).to_have_count(0)
    owner.page.reload()
    owner.until_saved()
    until_ids(owner, {element["id"] for element in OTHERS} | {"after"})
    expect(owner.page.get_by_test_id("notice")).to_have_count(0)


def test_what_breaks_the_canvas_is_found_and_the_rest_shows(pair: tuple[BoardPage, BoardPage]) -> None:
    owner, guest = pair
    for page in pair:
        poison_on_the_way(page)
    rest = {element["id"] for element in OTHERS} | {"after"}
    with Bot(owner) as bot:
        assert bot.push(body("x", "frame", name="POISON"), body("after", "ellipse", x=300)) == []
        for page in pair:  # as they look at it
            until_ids(page, rest)
            expect(page.page.get_by_test_id("notice")).to_contain_text("A frame would crash the board")
        owner.page.reload()  # and whoever comes anew
        owner.until_saved()
        until_ids(owner, rest)
        owner.draw("d", (500, 420), (560, 480))
        guest.until_element("e.type === 'diamond'")
        owner.page.get_by_role("button", name="Remove it").click()
        expect(guest.page.get_by_test_id("notice")).to_have_count(0)


def test_an_arrow_whose_label_lies_below_it_can_be_edited(pair: tuple[BoardPage, BoardPage]) -> None:
    owner, guest = pair
    label = {"text": "yes", "originalText": "yes", "fontSize": 20, "fontFamily": 5, "containerId": "arrow"}
    arrow = {
        "points": [[0, 0], [200, 1]],
        "width": 200,
        "height": 1,
        "boundElements": [{"type": "text", "id": "label"}],
    }
    with Bot(owner) as bot:
        below = body("label", "text", x=180, y=188, width=40, height=25, **label)
        assert bot.push(below, body("arrow", "arrow", x=100, y=200, **arrow)) == []
    owner.until_element("e.id === 'label'")
    order = [element["id"] for element in owner.elements()]
    assert order.index("label") > order.index("arrow")
    owner.page.keyboard.press("Escape")
    owner.page.mouse.click(*owner.to_viewport(120, 200))
    owner.page.keyboard.press("Control+Enter")
    owner.page.wait_for_function("() => Boolean(window.__atelier.api.getAppState().editingLinearElement)")
    owner.page.keyboard.press("Escape")
    owner.draw("o", (500, 420), (560, 480))
    guest.until_element("e.type === 'ellipse'")
    assert owner.complaints == guest.complaints == []
