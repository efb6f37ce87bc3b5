"""What somebody drew is never lost: without a line, after a crash, in two tabs, while the server is killed."""

import os
import signal
import subprocess
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e

VIEW = "(() => { const s = __atelier.api.getAppState(); return [s.scrollX, s.scrollY, s.zoom.value]; })()"

KEPT = """async count => {
  const open = indexedDB.open("atelier");
  const database = await new Promise(done => { open.onsuccess = () => done(open.result); });
  const asked = database.transaction("kept").objectStore("kept").getAllKeys();
  const keys = await new Promise(done => { asked.onsuccess = () => done(asked.result); });
  database.close();
  return keys.length >= count;
}"""


@pytest.fixture
def line(atelier: Atelier) -> Iterator[Line]:
    made = Line(atelier.port)
    yield made
    made.cut()


@pytest.fixture
def board(atelier: Atelier, line: Line, browser: Browser) -> Iterator[BoardPage]:
    """A new board of a new guest, seen through the line."""
    page = BoardPage(browser, line.url)
    made = post(page, "/api/v1/boards", {"title": "Never lost"})
    page.open(made["url"])
    yield page
    page.context.close()


def post(page: BoardPage, path: str, body: dict[str, Any]) -> Any:
    return page.page.evaluate(
        "([path, body]) => fetch(path, {method: 'POST', body: JSON.stringify(body), headers: {"
        " 'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1], 'Content-Type': 'application/json'"
        "}}).then(r => r.json())",
        [path, body],
    )


def chip(page: BoardPage) -> Any:
    return page.page.get_by_test_id("status-chip")


def path_of(page: BoardPage, line: Line) -> str:
    return page.page.url.removeprefix(line.url)


def types(page: BoardPage) -> list[str]:
    return sorted(element["type"] for element in page.elements())


def stored(page: BoardPage, browser: Browser, atelier: Atelier) -> list[dict[str, Any]]:
    """The live elements as somebody else sees them who comes in afresh, past the line."""
    link = post(page, f"/api/v1/boards/{path_of_board(page)}/links", {"role": "view"})
    context = browser.new_context()
    try:
        seen = context.new_page()
        seen.goto(atelier.url + link["url"].removeprefix(page.origin))
        seen.wait_for_function(
            "() => window.__atelier && __atelier.room.clock !== null && !__atelier.room.inbox"
        )
        found: list[dict[str, Any]] = seen.evaluate("window.__atelier.api.getSceneElements()")
        return found
    finally:
        context.close()


def path_of_board(page: BoardPage) -> str:
    return page.page.url.rsplit("/", 1)[-1]


def picture() -> bytes:
    """A small PNG that no other test has."""
    side = 40

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + os.urandom(side * 3) for _ in range(side))
    header = pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def paste(page: BoardPage, png: bytes) -> None:
    """With Ctrl+V."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.mouse.move(*page.to_viewport(800, 400))
    page.page.evaluate(
        """async data => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          await navigator.clipboard.write([new ClipboardItem({ "image/png": new Blob([bytes], { type: "image/png" }) })]);
        }""",
        b64encode(png).decode(),
    )
    page.page.keyboard.press("Control+v")


def test_a_tab_closed_without_a_line_loses_neither_strokes_nor_a_pasted_picture(
    atelier: Atelier, line: Line, board: BoardPage, browser: Browser, pictures: Path
) -> None:
    board.draw("r", (400, 200), (480, 260))
    board.until_saved()
    line.cut()
    expect(chip(board)).to_have_attribute("data-state", "offline")
    board.draw("p", (400, 300), (460, 340), (520, 300))
    board.draw("o", (550, 200), (620, 260))
    paste(board, picture())
    board.until_element("e.type === 'image' && e.fileId")
    expect(chip(board)).to_have_text("Offline – 3 changes kept on this device")
    board.page.screenshot(path=pictures / "offline.png")
    path = path_of(board, line)
    board.draw("d", (400, 400), (460, 460))  # and away before anything could be written at leisure
    drawn = types(board)
    assert drawn == ["diamond", "ellipse", "freedraw", "image", "rectangle"]
    board.page.close()

    line.mend()
    again = BoardPage(browser, line.url, path, board.context)
    board.page = again.page
    assert types(again) == drawn
    image = again.until_element("e.type === 'image' && e.status === 'saved'")
    again.until_saved()
    assert again.page.evaluate("[__atelier.room.pending, __atelier.room.unacknowledged]") == [0, 0]
    seen = stored(again, browser, atelier)
    assert sorted(element["type"] for element in seen) == drawn
    assert again.page.request.get(f"{line.url}{path}/files/{image['fileId']}").ok
    assert again.complaints == []


def test_a_crashed_tab_loses_nothing_and_a_tab_beside_it_brings_it_home(
    atelier: Atelier, line: Line, board: BoardPage, browser: Browser
) -> None:
    beside = BoardPage(browser, line.url, path_of(board, line), board.context)
    line.cut()
    board.draw("r", (400, 200), (480, 260))
    expect(chip(board)).to_have_text("Offline – 1 change kept on this device")
    board.page.wait_for_function(KEPT, arg=1)
    with pytest.raises(PlaywrightError, match="crash"):
        board.page.goto("chrome://crash")
    line.mend()
    beside.until_element("e.type === 'rectangle'")
    beside.until_saved()
    assert [element["type"] for element in stored(beside, browser, atelier)] == ["rectangle"]


def test_two_tabs_without_a_line_merge(
    atelier: Atelier, line: Line, board: BoardPage, browser: Browser
) -> None:
    board.draw("r", (400, 200), (480, 260))
    board.until_saved()
    other = BoardPage(browser, line.url, path_of(board, line), board.context)
    other.until_element("e.type === 'rectangle'")
    line.cut()
    for page in (board, other):
        expect(chip(page)).to_have_attribute("data-state", "offline")
    board.page.bring_to_front()
    board.draw("o", (500, 200), (560, 260))
    other.page.bring_to_front()
    other.draw("d", (600, 200), (660, 260))
    board.page.bring_to_front()
    board.draw("a", (400, 300), (500, 360))
    line.mend()
    for page in (board, other):
        page.page.bring_to_front()
        page.page.wait_for_function("() => __atelier.api.getSceneElements().length === 4")
        page.until_saved()
    everything = ["arrow", "diamond", "ellipse", "rectangle"]
    assert types(board) == types(other) == everything
    assert sorted(element["type"] for element in stored(board, browser, atelier)) == everything
    other.page.close()


def test_the_server_is_killed_while_somebody_draws(
    atelier: Atelier, line: Line, board: BoardPage, browser: Browser, pictures: Path
) -> None:
    board.draw("r", (400, 200), (480, 260))
    board.page.keyboard.press("Escape")
    board.page.mouse.wheel(30, 40)
    board.until_saved()
    board.page.keyboard.press("p")
    board.watch("status-chip")
    drawn = 0
    for stroke in range(6):
        start = board.to_viewport(400 + stroke * 30, 300)
        board.page.mouse.move(*start)
        board.page.mouse.down()
        board.page.mouse.move(start[0] + 10, start[1] + 60, steps=5)
        if stroke == 2:
            os.kill(web_of(atelier), signal.SIGKILL)
        board.page.mouse.move(start[0] + 20, start[1] + 90, steps=5)
        board.page.mouse.up()
        drawn += 1
    view = board.page.evaluate(VIEW)
    board.until_said("status-chip", "offline")
    board.page.screenshot(path=pictures / "killed.png")
    expect(chip(board)).to_have_text("Saved")
    assert board.page.evaluate(VIEW) == view
    assert types(board) == ["freedraw"] * drawn + ["rectangle"]
    here = {
        element["id"]: (element["version"], len(element.get("points", []))) for element in board.elements()
    }
    there = {
        element["id"]: (element["version"], len(element.get("points", [])))
        for element in stored(board, browser, atelier)
    }
    assert there == here


def web_of(atelier: Atelier) -> int:
    """The process that serves pages and sockets."""
    assert atelier.process is not None
    table = subprocess.run(["ps", "-axwwo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in table.stdout.splitlines()]
    [web] = [
        int(pid)
        for pid, parent, words in rows
        if int(parent) == atelier.process.pid and "webapp.asgi" in words
    ]
    return web
