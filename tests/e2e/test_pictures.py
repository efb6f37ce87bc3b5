"""What the author sees is what everybody gets, through whichever door a picture comes."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_exchange import bring, drop, new_board
from tests.likeness import picture, ssim

pytestmark = pytest.mark.e2e
FOLDER = Path(__file__).parents[1] / "shared" / "pictures"
TYPES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jfif": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
ALIKE = 0.93
"""The page writes WebP and JPEG anew, with some loss, and the server draws with another hand."""
SAME = 0.97
"""Between the one who brought it and everybody else."""
OTHER_FONT = {"foreign.svg": 0.85}
"""A browser draws its HTML; a file's is drawn by what it offers instead."""
LONGEST_PX = 320

# A picture as an <img> shows it, on white, as PNG.
LOOK = """async ([url, longest]) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const scale = longest / Math.max(width, height);
  const canvas = Object.assign(document.createElement("canvas"), {width: Math.round(width * scale), height: Math.round(height * scale)});
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL().split(",")[1];
}"""
UPLOAD = """async ([board, base64]) => {
  const form = new FormData();
  form.set("file", await (await fetch("data:application/octet-stream;base64," + base64)).blob(), "picture");
  const headers = {"X-CSRFToken": document.cookie.match(/csrftoken=([^;]+)/)[1]};
  return (await fetch(`/api/v1/boards/${board}/files`, {method: "POST", body: form, headers})).json();
}"""

DROP_LARGE = """async base64 => {
  const bytes = await (await fetch("data:image/png;base64," + base64)).blob();
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "noise.png", {type: "image/png"}));
  const at = {bubbles: true, cancelable: true, clientX: 500, clientY: 400, dataTransfer};
  document.querySelector(".excalidraw canvas.interactive").dispatchEvent(new DragEvent("drop", at));
}"""


def files() -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}
    bitmap = io.BytesIO()
    Image.open(FOLDER / "card.jfif").save(bitmap, "BMP")
    return found | {"card.bmp": bitmap.getvalue()}


FILES = files()


def data_url(name: str) -> str:
    return f"data:{TYPES[Path(name).suffix]};base64,{base64.b64encode(FILES[name]).decode()}"


def look(page: BoardPage, url: str) -> Image.Image:
    return picture(base64.b64decode(page.page.evaluate(LOOK, [url, LONGEST_PX])))


@pytest.fixture(scope="module")
def author(atelier: Atelier, browser: Browser) -> Iterator[BoardPage]:
    page = BoardPage(browser, atelier.url)
    yield page
    page.context.close()


def held(page: BoardPage, element: dict[str, Any]) -> str:
    """The address or data by which the canvas shows it."""
    url = page.page.wait_for_function(
        "id => window.__atelier.api.getFiles()[id]?.dataURL", arg=element["fileId"]
    )
    return str(url.json_value())


@pytest.mark.parametrize("name", FILES)
def test_a_picture_looks_the_same_through_every_door(author: BoardPage, name: str) -> None:
    meant = look(author, data_url(name))
    seen = {}
    board = new_board(author, name)

    drop(author, name, TYPES[Path(name).suffix], FILES[name])
    element = author.until_element("e.type === 'image' && e.status === 'saved' && e.fileId")
    author.until_saved()
    seen["its author"] = look(author, held(author, element))
    render = author.page.request.get(
        f"{author.origin}/api/v1/boards/{board['id']}/render.png?frame={element['id']}&scale=4"
    )
    assert render.ok, render.text()
    author.open(board["url"])
    element = author.until_element("e.type === 'image' && e.fileId")
    stored = held(author, element)
    assert stored.startswith(("/", "data:image/svg+xml")), "everybody else gets this"
    seen["everybody else"] = look(author, stored)

    uploaded = author.page.evaluate(UPLOAD, [board["id"], base64.b64encode(FILES[name]).decode()])
    assert "url" in uploaded, uploaded
    seen["uploaded"] = look(author, uploaded["url"])

    new_board(author, "Imported")
    entry = {"id": "f", "mimeType": TYPES[Path(name).suffix], "dataURL": data_url(name)}
    document = {
        "type": "excalidraw",
        "version": 2,
        "elements": [element | {"fileId": "f"}],
        "files": {"f": entry},
    }
    bring(author, "board.excalidraw", json.dumps(document).encode())
    brought = author.until_element("e.type === 'image' && e.fileId")
    seen["imported"] = look(author, held(author, brought))

    shape = element["width"] / element["height"]
    for door, shown in {**seen, "drawn by the server": picture(render.body())}.items():
        assert abs(shown.width / shown.height / shape - 1) < 0.02, (door, shown.size, shape)
        alike = ssim(shown.resize(meant.size, Image.Resampling.LANCZOS), meant)
        assert alike >= OTHER_FONT.get(name, ALIKE), (door, alike)
    assert ssim(seen["its author"], seen["everybody else"]) >= SAME
    assert "could not be imported" not in author.page.get_by_test_id("notice").all_inner_texts()


def test_an_enlarged_icon_stays_a_drawing_for_everybody(author: BoardPage) -> None:
    author.complaints.clear()
    new_board(author, "Sharp")
    drop(author, "icon24.svg", "image/svg+xml", FILES["icon24.svg"])
    element = author.until_element("e.type === 'image' && e.status === 'saved' && e.fileId")
    author.until_saved()
    author.open(author.page.url.removeprefix(author.origin))
    assert held(author, element).startswith("data:image/svg+xml")
    assert author.complaints == []


def test_a_picture_of_five_megabytes_is_taken_and_messages_of_the_canvas_close(author: BoardPage) -> None:
    new_board(author, "Large")
    noisy = Image.merge("RGB", [Image.effect_noise((1_440, 1_440), 120) for _ in range(3)])
    noise = io.BytesIO()
    noisy.save(noise, "PNG")
    assert len(noise.getvalue()) > 4.2 * 2**20
    author.page.evaluate(DROP_LARGE, base64.b64encode(noise.getvalue()).decode())
    author.until_element("e.type === 'image' && e.status === 'saved' && e.fileId")
    author.until_saved()

    drop(author, "broken.png", "image/png", b"\x89PNG\r\n\x1a\n")
    notice = author.page.get_by_test_id("notice")
    expect(notice).to_be_visible()
    expect(author.page.get_by_role("dialog")).to_have_count(0)
