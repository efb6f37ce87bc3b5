"""A part of a picture is repainted: in its place, every other pixel kept, and taken back by one Ctrl+Z."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_exchange import drop, new_board
from tests.e2e.test_pictures import held

pytestmark = pytest.mark.e2e
SIZE = (600, 400)
RADIUS = 60  # of the mark, in scene units
TURN = """([id, angle]) => {
  const { api } = window.__atelier;
  const turned = each => (each.id === id ? { ...each, angle, version: each.version + 1, versionNonce: 7 } : each);
  api.updateScene({ elements: api.getSceneElements().map(turned) });
}"""


def photo() -> bytes:
    """A house on a meadow, with a grain in which every pixel that moved would be seen."""
    picture = Image.new("RGB", SIZE, "#9cc3e6")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 280, 600, 400), fill="#7cae5a")
    pen.rectangle((180, 150, 420, 320), fill="#e8c9a0")
    pen.polygon([(160, 150), (440, 150), (300, 60)], fill="#b5523b")
    pen.rectangle((270, 220, 330, 320), fill="#6b4a32")
    grain = np.random.default_rng(7).integers(-6, 7, (*SIZE[::-1], 3))
    grained = np.clip(np.asarray(picture, np.int16) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grained).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(page: BoardPage, element: dict[str, Any]) -> Any:
    """Those of the file that the server has for an element."""
    url = held(page, element)
    assert url.startswith("/"), "a page that did not bring it"
    answer = page.page.request.get(page.origin + url)
    assert answer.ok, answer.text()
    return np.asarray(Image.open(io.BytesIO(answer.body())).convert("RGB"))


def picture_where(page: BoardPage, condition: str) -> dict[str, Any]:
    return page.until_element(f"e.type === 'image' && {condition}")


@pytest.mark.parametrize("angle", [0, 0.6])
def test_a_part_of_a_picture_is_repainted_in_place(
    atelier: Atelier, browser: Browser, pictures: Path, angle: float
) -> None:
    a = BoardPage(browser, atelier.url)
    board = new_board(a, "Repaint")
    drop(a, "house.png", "image/png", photo())
    before = picture_where(a, "e.status === 'saved' && e.fileId")
    a.page.evaluate(TURN, [before["id"], angle])
    a.until_saved()
    before = picture_where(a, f"e.angle === {angle}")
    b = BoardPage(browser, atelier.url, board["url"], a.context)
    picture_where(b, f"e.angle === {angle}")

    panel = a.page.get_by_test_id("panel")
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    a.page.keyboard.press("Escape")
    a.page.mouse.click(*a.to_viewport(x, y))
    panel.get_by_role("radio", name="Repaint a part").click()
    expect(panel.get_by_test_id("mask-lesson")).to_be_visible()
    panel.get_by_role("button", name="Draw over it").click()
    round_about = [2 * math.pi * step / 24 for step in range(25)]
    a.stroke(*((x + RADIUS * math.cos(turn), y + 60 + RADIUS * math.sin(turn)) for turn in round_about))
    mark = a.until_element("e.type === 'freedraw'")
    a.page.keyboard.press("Escape")
    a.page.get_by_label("What should be there instead?").fill("a blue door")
    expect(panel.get_by_test_id("mask")).to_be_visible()
    a.page.screenshot(path=pictures / f"repaint-marked-{angle}.png")
    panel.get_by_test_id("generate").click()

    after = picture_where(a, f"e.fileId !== '{before['fileId']}'")
    place = ("id", "x", "y", "width", "height", "angle", "crop", "scale", "index")
    assert {name: after[name] for name in place} == {name: before[name] for name in place}
    assert [element["type"] for element in a.elements()] == ["image"], "the mark went with it"
    picture_where(b, f"e.fileId === '{after['fileId']}'")
    a.page.wait_for_timeout(700)  # Excalidraw throttles its image refresh to 500 ms
    a.page.screenshot(path=pictures / f"repaint-done-{angle}.png")

    old, new = (pixels(b, each) for each in (before, after))
    changed = (old != new).any(axis=2)
    rows, columns = np.nonzero(changed)
    share = before["width"] / SIZE[0]
    # The mark in px of the file: turned back about the picture's middle.
    away = np.array([0, 60]) / share
    middle = np.array(SIZE) / 2 + [
        away[0] * np.cos(-angle) - away[1] * np.sin(-angle), away[0] * np.sin(-angle) + away[1] * np.cos(-angle),
    ]  # fmt: skip
    assert old.shape == new.shape == (400, 600, 3)
    assert abs(columns.mean() + 0.5 - middle[0]) < 6 and abs(rows.mean() + 0.5 - middle[1]) < 6
    reach = (RADIUS + 12) / share  # with half of the pen
    assert (np.hypot(columns + 0.5 - middle[0], rows + 0.5 - middle[1]) <= reach).all()

    # Ctrl+Z brings both back at once, for everybody; Ctrl+Y does it again.
    a.page.mouse.click(*a.to_viewport(x, before["y"] - 60))
    a.page.keyboard.press("Control+z")
    picture_where(a, f"e.fileId === '{before['fileId']}'")
    assert any(element["id"] == mark["id"] for element in a.elements())
    picture_where(b, f"e.fileId === '{before['fileId']}'")
    b.until_element(f"e.id === '{mark['id']}'")
    a.page.keyboard.press("Control+y")
    picture_where(b, f"e.fileId === '{after['fileId']}'")
    b.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 1")
    assert a.complaints == b.complaints == []
    a.context.close()
