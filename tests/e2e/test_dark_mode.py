"""Dark mode changes the paper and the pens; pictures keep their colours."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage
from tests.e2e.test_exchange import drop, new_board

pytestmark = pytest.mark.e2e

Rgb = tuple[int, int, int]
PATCHES: dict[str, Rgb] = {
    "red": (214, 40, 32),
    "skin": (224, 172, 138),
    "green": (58, 150, 70),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
SIDE_PX = 80
EXACT = 2
LOSSY = 8
"""What the panel shows is a WebP with some loss."""
PAPER: Rgb = (18, 18, 18)
PEN: Rgb = (211, 211, 211)
"""As Excalidraw's filter makes white paper and its usual pen."""


def patches() -> bytes:
    image = Image.new("RGB", (SIDE_PX * len(PATCHES), SIDE_PX))
    for at, colour in enumerate(PATCHES.values()):
        image.paste(colour, (at * SIDE_PX, 0, (at + 1) * SIDE_PX, SIDE_PX))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def colours(view: Image.Image) -> dict[str, Rgb]:
    """The middle of each patch."""
    side = view.width / len(PATCHES)
    found = {}
    for at, name in enumerate(PATCHES):
        pixel = view.getpixel((int((at + 0.5) * side), view.height // 2))
        assert isinstance(pixel, tuple)
        found[name] = (pixel[0], pixel[1], pixel[2])
    return found


def distance(one: Rgb, other: Rgb) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def far(seen: dict[str, Rgb], most: int) -> dict[str, Rgb]:
    return {name: seen[name] for name in PATCHES if distance(seen[name], PATCHES[name]) > most}


@pytest.fixture
def dark(atelier: Atelier, browser: Browser) -> Iterator[tuple[BoardPage, dict[str, Any]]]:
    """A board in dark mode with the patches on it, as somebody sees it who comes later; at 100 % and unselected."""
    author = BoardPage(browser, atelier.url)
    board = new_board(author, "Patches")
    drop(author, "patches.png", "image/png", patches())
    author.until_element("e.type === 'image' && e.status === 'saved' && e.fileId")
    author.until_saved()
    author.page.evaluate("localStorage.setItem('atelier:theme', 'dark')")
    author.open(board["url"])
    image = author.until_element("e.type === 'image'")
    author.page.keyboard.press("Shift+1")
    yield author, image
    author.context.close()


def until_painted(page: BoardPage, image: dict[str, Any]) -> dict[str, Rgb]:
    """The patches' colours once there is a red one, of whatever red: a grey box stands there before."""
    for _ in range(300):
        seen = colours(page.view(image["x"], image["y"], image["width"], image["height"]))
        if max(seen["red"]) - min(seen["red"]) > 60:
            return seen
        page.page.wait_for_timeout(100)
    raise AssertionError(f"the picture is not painted: {seen}")


def test_a_picture_keeps_its_colours_on_the_canvas(
    dark: tuple[BoardPage, dict[str, Any]], pictures: Path
) -> None:
    page, image = dark
    seen = until_painted(page, image)
    page.page.screenshot(path=pictures / "dark-picture.png")
    assert far(seen, EXACT) == {}
    page.page.emulate_media(color_scheme="light")
    page.page.evaluate("localStorage.setItem('atelier:theme', 'light')")
    page.page.reload()
    page.until_saved()
    assert far(until_painted(page, image), EXACT) == {}


def test_paper_and_pens_are_as_dark_as_before(dark: tuple[BoardPage, dict[str, Any]]) -> None:
    page, image = dark
    until_painted(page, image)
    left, top = image["x"], image["y"] + image["height"] + 30
    page.draw("r", (left, top), (left + 120, top + 60))
    box = page.until_element("e.type === 'rectangle'")
    page.page.keyboard.press("Escape")
    page.until_saved()
    view = page.view(box["x"] - 5, box["y"] - 5, box["width"] + 10, box["height"] + 10)
    assert distance(view.getpixel((2, 2)), PAPER) <= EXACT  # type: ignore[arg-type]
    brightest = max((colour for _, colour in view.getcolors(1 << 16) or []), key=lambda each: sum(each))  # type: ignore[arg-type]
    assert distance(brightest, PEN) <= EXACT  # type: ignore[arg-type]


def test_a_picture_keeps_its_colours_in_the_panel(dark: tuple[BoardPage, dict[str, Any]]) -> None:
    page, image = dark
    until_painted(page, image)
    page.page.mouse.click(
        *page.to_viewport(image["x"] + image["width"] / 2, image["y"] + image["height"] / 2)
    )
    thumbnail = page.page.get_by_test_id("thumbnail")
    expect(thumbnail).to_be_visible()
    page.page.wait_for_function("image => image.complete", arg=thumbnail.element_handle())
    shown = Image.open(io.BytesIO(thumbnail.screenshot())).convert("RGB")
    assert far(colours(shown), LOSSY) == {}


def test_a_picture_keeps_its_colours_in_an_older_version(dark: tuple[BoardPage, dict[str, Any]]) -> None:
    page, image = dark
    until_painted(page, image)
    page.page.get_by_test_id("main-menu-trigger").click()
    page.page.get_by_text("History", exact=True).click()
    page.page.get_by_role("button", name="Name this version").click()
    page.page.get_by_label("Name of this version").fill("Patched")
    page.page.get_by_role("button", name="Save").click()
    page.page.get_by_test_id("version").filter(has_text="Patched").click()
    expect(page.page.get_by_test_id("preview-canvas")).to_be_visible()
    assert far(until_painted(page, image), EXACT) == {}


PAGES = ("/boards/", "/accounts/login/", "/accounts/signup/", "/nothing/here")
DARK = "getComputedStyle(document.querySelector('.top, .board-page')).backgroundColor"


def is_dark(page: BoardPage) -> bool:
    red = int(page.page.evaluate(DARK).split("(")[1].split(",")[0])
    return red < 128


def test_every_page_follows_the_system_until_somebody_chooses(atelier: Atelier, browser: Browser) -> None:
    page = BoardPage(browser, atelier.url)
    for scheme in ("light", "dark"):
        page.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.page.wait_for_function(f"() => document.documentElement.dataset.theme === '{scheme}'")
        assert is_dark(page) == (scheme == "dark"), "a board that is open follows"
    for path in PAGES:
        page.page.goto(atelier.url + path)
        assert is_dark(page), path

    # Chosen on a board, it holds on all pages, whatever the system says.
    page.open("/")
    page.page.get_by_test_id("main-menu-trigger").click()
    page.page.get_by_text("Light mode").click()
    page.page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    for path in PAGES:
        page.page.goto(atelier.url + path)
        assert not is_dark(page), path
        font, accent = page.page.evaluate(
            "(() => { const s = getComputedStyle(document.body); return [s.fontFamily, s.getPropertyValue('--accent')]; })()"
        )
        assert font.startswith("Assistant") and "#b9492a" in accent

    # Whoever chooses the system's again follows it again.
    page.open("/")
    page.page.get_by_test_id("main-menu-trigger").click()
    page.page.get_by_text("Dark mode").click()
    page.page.emulate_media(color_scheme="light")
    page.page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    page.context.close()
