"""A draft that is made final, a part that is repainted, and a look, as somebody at the page does it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from generation.checkpoints import catalogue
from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def atelier() -> Iterator[Atelier]:
    """With the built-in weights under another name, which claims to know two looks."""
    with tempfile.TemporaryDirectory(prefix="atelier-e2e-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        entry = json.loads((catalogue.BUNDLED / "checkpoint.json").read_text())["bundled"]
        del entry["styles_as"]  # its styles are words here
        looks = {
            "title": "Looks",
            "folder": str(catalogue.BUNDLED),
            "styles": ["watercolour", "ink", "comic"],
        }
        (home / "checkpoints.json").write_text(json.dumps({"looks": entry | looks}))
        running = Atelier(home, CHECKPOINT="looks")
        running.start()
        yield running
        assert running.stop() == 0


def picture_after(page: BoardPage, known: set[str]) -> dict[str, object]:
    return page.until_element(
        f"e.type === 'image' && e.customData?.atelier?.job && !{sorted(known)}.includes(e.id)"
    )


def test_a_draft_becomes_final_and_a_part_of_it_is_repainted(
    atelier: Atelier, browser: Browser, pictures: Path
) -> None:
    a = BoardPage(browser, atelier.url)
    panel = a.page.get_by_test_id("panel")
    frame = a.until_element("e.type === 'frame'")

    # A draft in a look, into the frame.
    a.page.get_by_label("What should it become?").fill("a green car")
    panel.get_by_role("radio", name="Ink").click()
    panel.get_by_label("Draft first").check()
    a.page.get_by_text("Advanced").click()
    panel.get_by_role("radio", name="Into the frame").click()
    a.page.screenshot(path=pictures / "kinds-draft.png")
    panel.get_by_test_id("generate").click()
    draft = picture_after(a, set())
    note = draft["customData"]["atelier"]  # type: ignore[index]
    assert note["draft"] is True
    job = a.page.evaluate("id => fetch(`/api/v1/jobs/${id}`).then(r => r.json())", note["job"])
    assert (job["params"]["style"], job["params"]["steps"]) == ("ink", 4)

    # Made final: the same seed, all the steps.
    a.page.keyboard.press("Escape")
    middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    a.page.mouse.click(*a.to_viewport(*middle))
    a.page.mouse.click(*a.to_viewport(*middle))
    panel.get_by_role("button", name="Make this draft final").click()
    final = picture_after(a, {str(draft["id"])})
    note = final["customData"]["atelier"]  # type: ignore[index]
    assert "draft" not in note and note["seed"] == draft["customData"]["atelier"]["seed"]  # type: ignore[index]

    # A closed line over the picture: what is inside is repainted, the rest is not.
    x, y = middle
    a.page.mouse.click(*a.to_viewport(frame["x"] + frame["width"] + 200, y))  # letters are tools again
    a.draw("p", (x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60), (x - 60, y + 60), (x - 60, y - 58))
    a.page.keyboard.press("Escape")
    panel.get_by_role("radio", name="Repaint a part").click()
    a.page.get_by_label("What should be there instead?").fill("a red window")
    expect(panel.get_by_test_id("mask")).to_be_visible()
    expect(panel.get_by_text("The tinted part is repainted")).to_be_visible()
    a.page.screenshot(path=pictures / "kinds-mask.png")
    panel.get_by_test_id("generate").click()
    known = {str(draft["id"]), str(final["id"])}
    repainted = picture_after(a, known)
    assert repainted["customData"]["atelier"]["kind"] == "inpaint"  # type: ignore[index]
    a.page.wait_for_timeout(700)  # Excalidraw throttles its image refresh to 500 ms
    a.page.screenshot(path=pictures / "kinds-repainted.png")
    assert a.complaints == []
    a.context.close()


def test_repainting_without_a_picture_says_what_is_missing(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url)
    a.page.evaluate(
        "() => { const api = window.__atelier.api; api.updateScene({ elements: api.getSceneElements()"
        ".map(e => e.type === 'image' ? { ...e, isDeleted: true, version: e.version + 1 } : e) }); }"
    )
    panel = a.page.get_by_test_id("panel")
    panel.get_by_role("radio", name="Repaint a part").click()
    a.page.get_by_label("What should be there instead?").fill("a red window")
    expect(panel.get_by_test_id("generate")).to_be_disabled()
    expect(panel.get_by_text("Select a picture first.")).to_be_visible()
    a.context.close()
