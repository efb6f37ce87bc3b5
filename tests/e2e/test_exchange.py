"""Files out of one board and into another, as a person does it: the menu, the dialog, a drop, Undo."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Download, expect

from boards.exchange import document
from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.factories import body, png

pytestmark = pytest.mark.e2e

POST = (
    "([url, body]) => fetch(url, {method: 'POST', body: JSON.stringify(body), headers: {'Content-Type':"
    " 'application/json', 'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1]}}).then(r => r.json())"
)
DROP = """([bytes, name, type]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
  const at = {bubbles: true, cancelable: true, clientX: 500, clientY: 400, dataTransfer};
  const canvas = document.querySelector('.excalidraw canvas.interactive');
  for (const kind of ['dragenter', 'dragover', 'drop']) canvas.dispatchEvent(new DragEvent(kind, at));
}"""


def new_board(page: BoardPage, title: str) -> dict[str, Any]:
    made: dict[str, Any] = page.page.evaluate(POST, ["/api/v1/boards", {"title": title}])
    page.open(made["url"])
    return made


def choose(page: BoardPage, item: str) -> None:
    page.page.get_by_test_id("main-menu-trigger").click()
    page.page.get_by_text(item, exact=True).click()


def export(page: BoardPage, form: str) -> Download:
    """The whole board, through the dialog."""
    choose(page, "Export…")
    dialog = page.page.get_by_role("dialog", name="Export")
    dialog.get_by_role("radio", name=form, exact=True).check(force=True)
    if dialog.get_by_label("What").count():
        dialog.get_by_label("What").select_option(label="Whole board")
    with page.page.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    expect(dialog).to_have_count(0)
    return started.value


def bring(page: BoardPage, name: str, data: bytes) -> None:
    page.page.get_by_test_id("main-menu-trigger").click()
    with page.page.expect_file_chooser() as chooser:
        page.page.get_by_text("Import…", exact=True).click()
    chooser.value.set_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})


def drop(page: BoardPage, name: str, kind: str, data: bytes) -> None:
    page.page.evaluate(DROP, [list(data), name, kind])


PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  document.querySelector('.excalidraw').dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData}));
}"""
EDIT_ARROW = """() => window.__atelier.api.updateScene({ appState: { selectedElementIds: { a1: true } } })"""
IMPORTS = Path(__file__).parents[1] / "shared" / "imports"


def drawn(page: BoardPage) -> list[dict[str, Any]]:
    """The scene, without what says when and by which edit. For Excalidraw nothing, null and [] are one."""
    ignored = {"updated", "version", "versionNonce", "index", "status"}
    return [
        {name: value for name, value in each.items() if name not in ignored and value not in (None, [])}
        for each in page.elements()
    ]


def scene(*elements: dict[str, Any]) -> bytes:
    return json.dumps({"type": "excalidraw", "version": 2, "elements": elements}).encode()


@pytest.fixture
def a(atelier: Atelier, browser: Browser) -> Any:
    page = BoardPage(browser, atelier.url)
    new_board(page, "Exchange / one")
    drop(page, "red.png", "image/png", png(120, 80, "red"))
    page.until_element("e.type === 'image' && e.status === 'saved'")
    page.draw("r", (300, 150), (420, 230))
    page.draw("f", (700, 450), (900, 600))
    page.until_saved()
    page.page.keyboard.press("Escape")
    yield page
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize(
    ("form", "suffix"), [("PNG", "png"), ("SVG", "svg"), ("Board file", "excalidraw"), ("ZIP", "zip")]
)
def test_what_goes_out_comes_in_on_an_empty_board_as_the_same_scene(
    a: BoardPage, form: str, suffix: str
) -> None:
    before = drawn(a)
    assert [each["type"] for each in before].count("image") == 1 and len(before) == 3
    download = export(a, form)
    assert download.suggested_filename == f"Exchange one.{suffix}"
    data = Path(download.path()).read_bytes()
    assert {each["id"] for each in before} == {
        json.loads(element)["id"] for element in document.read(data).elements
    }
    new_board(a, "Empty")
    bring(a, f"kept.{suffix}", data)
    expect(a.page.get_by_test_id("notice")).to_contain_text("3 elements added")
    a.until_element("e.type === 'image'")
    assert drawn(a) == before
    a.page.wait_for_function("() => Object.keys(window.__atelier.api.getFiles()).length === 1")


def test_a_dropped_scene_is_added_and_never_replaces_what_is_there(a: BoardPage, pictures: Path) -> None:
    there = {each["id"] for each in a.elements()}
    drop(a, "plan.excalidraw", "", scene(body("new-1", x=0, y=-300), body("new-2", x=200, y=-300)))
    notice = a.page.get_by_test_id("notice")
    expect(notice).to_contain_text("plan.excalidraw: 2 elements added")
    a.until_element("e.id === 'new-2'")
    a.page.screenshot(path=pictures / "import-notice.png")
    assert {each["id"] for each in a.elements()} == there | {"new-1", "new-2"}

    notice.get_by_role("button", name="Undo").click()
    a.page.wait_for_function("() => !window.__atelier.api.getSceneElements().some(e => e.id === 'new-1')")
    a.until_saved()
    assert {each["id"] for each in a.elements()} == there

    drop(a, "plan.excalidraw", "", scene(body("old", x=0, y=-300)))
    a.until_element("e.id === 'old'")
    drop(a, "plan.excalidraw", "", scene(body("old", x=0, y=-300)))
    expect(notice).to_contain_text("is already on this board")
    notice.get_by_role("button", name="Add a copy").click()
    expect(notice).to_contain_text("1 element added")
    a.page.wait_for_function(f"() => window.__atelier.api.getSceneElements().length === {len(there) + 2}")


def test_what_was_deleted_since_the_file_was_saved_comes_back(a: BoardPage) -> None:
    there = {each["id"] for each in a.elements()}
    saved = Path(export(a, "Board file").path()).read_bytes()
    a.page.keyboard.press("Control+a")
    a.page.keyboard.press("Delete")
    a.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 0")
    a.until_saved()
    drop(a, "saved.excalidraw", "", saved)
    notice = a.page.get_by_test_id("notice")
    expect(notice).to_contain_text("saved.excalidraw: 3 elements brought back that had been deleted here.")
    a.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 3")
    assert {each["id"] for each in a.elements()} == there
    notice.get_by_role("button", name="Undo").click()
    a.page.wait_for_function("() => window.__atelier.api.getSceneElements().length === 0")
    a.until_saved()


def test_a_label_that_stood_before_its_arrow_stands_after_it(a: BoardPage) -> None:
    """Before it, Excalidraw ends with an error as soon as somebody edits the arrow."""
    drop(a, "label.excalidraw", "", (IMPORTS / "label-before-arrow.excalidraw").read_bytes())
    a.until_element("e.type === 'arrow'")
    a.until_element("e.containerId === 'a1'")
    order = a.page.evaluate("() => window.__atelier.api.getSceneElements().map(({ id }) => id)")
    assert order.index("a1") < order.index("l1")
    a.page.evaluate(EDIT_ARROW)
    a.page.keyboard.press("Control+Enter")
    a.page.wait_for_function("() => window.__atelier.api.getAppState().editingLinearElement !== null")


def test_the_text_of_a_board_file_is_pasted_as_a_copy_of_it(a: BoardPage) -> None:
    there = len(a.elements())
    label = {"type": "rectangle", "id": "r", "x": 0, "y": 400, "label": {"text": "Login"}}
    for number in (1, 2):
        a.page.evaluate(PASTE, scene(label).decode())
        expect(a.page.get_by_test_id("notice")).to_contain_text("the pasted text: 2 elements added")
        a.page.wait_for_function(
            f"() => window.__atelier.api.getSceneElements().length === {there + 2 * number}"
        )
        a.page.get_by_role("button", name="Close this message").click()
    assert [each["text"] for each in a.elements() if each["type"] == "text"] == ["Login"] * 2


def test_a_dropped_picture_without_a_scene_is_placed_as_a_picture(a: BoardPage) -> None:
    drop(a, "blue.png", "image/png", png(90, 60, "blue"))
    a.page.wait_for_function(
        "() => window.__atelier.api.getSceneElements().filter(e => e.type === 'image' && e.status === 'saved').length === 2"
    )
    bring(a, "blue.png", png(90, 60, "blue"))
    expect(a.page.get_by_test_id("notice")).to_contain_text("only a picture")
    bring(a, "broken.excalidraw", b"{")
    expect(a.page.get_by_text("broken.excalidraw was not imported.")).to_be_visible()
    # What the server refused was said to the person; the browser says it as well.
    a.complaints = [said for said in a.complaints if "422" not in said]


def test_the_dialog_shows_what_comes_and_listens_to_the_keyboard(a: BoardPage, pictures: Path) -> None:
    choose(a, "Export…")
    dialog = a.page.get_by_role("dialog", name="Export")
    expect(dialog.get_by_role("img", name="Preview")).to_be_visible()
    expect(dialog).to_contain_text("px")
    a.page.screenshot(path=pictures / "export-png.png")
    dialog.get_by_role("radio", name="PNG").focus()
    a.page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="SVG")).to_be_checked()
    a.page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="ZIP")).to_be_checked()
    a.page.screenshot(path=pictures / "export-zip.png")
    a.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    choose(a, "Export…")
    expect(dialog.get_by_label("What")).not_to_have_value("")  # the frame that was drawn last is selected
    dialog.get_by_label("Background").click()
    dialog.get_by_label("Dark mode").click()
    a.page.wait_for_timeout(500)
    a.page.screenshot(path=pictures / "export-frame.png")
    with a.page.expect_download() as started:
        dialog.get_by_role("button", name="Download").press("Enter")
    frame = document.read(Path(started.value.path()).read_bytes())
    assert [json.loads(element)["type"] for element in frame.elements] == ["frame"]


def test_the_zip_shows_the_board(a: BoardPage) -> None:
    held = zipfile.ZipFile(io.BytesIO(Path(export(a, "ZIP").path()).read_bytes()))
    assert {"board.excalidraw", "board.png", "manifest.json"} < set(held.namelist())


def test_one_who_may_only_look_can_take_but_not_bring(
    a: BoardPage, atelier: Atelier, browser: Browser
) -> None:
    board = a.page.url.rsplit("/", 1)[1]
    link = a.page.evaluate(POST, [f"/api/v1/boards/{board}/links", {"role": "view"}])
    guest = BoardPage.__new__(BoardPage)
    guest.origin, guest.context, guest.complaints = atelier.url, browser.new_context(), []
    guest.page = guest.context.new_page()
    guest.page.goto(atelier.url + link["url"])
    guest.page.wait_for_selector("[data-testid=status-chip][data-state=view-only]")
    guest.page.get_by_test_id("main-menu-trigger").click()
    expect(guest.page.get_by_text("Export…", exact=True)).to_be_visible()
    expect(guest.page.get_by_text("Import…", exact=True)).to_have_count(0)
    guest.page.keyboard.press("Escape")
    drop(guest, "plan.excalidraw", "", scene(body("new")))
    expect(guest.page.get_by_test_id("notice")).to_contain_text("You can only view this board")
    assert len(guest.elements()) == 3
    guest.context.close()
