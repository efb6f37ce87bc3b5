"""Chromium for tests, and a board page seen through it."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# A test machine has no GPU and no business with the browser vendor's servers.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT = {"width": 1440, "height": 900}
WAIT_MS = 90_000  # a slow machine that does other things besides


WATCH = """id => {
  const said = ((window.__said ??= {})[id] = []);
  const look = () => {
    for (const each of document.querySelectorAll(`[data-testid="${id}"]`)) {
      const now = `${each.dataset.state ?? ""} ${each.textContent}`;
      if (said.at(-1) !== now) said.push(now);
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT_MS)
        browser = playwright.chromium.launch(executable_path=system, args=ARGUMENTS)
        yield browser
        browser.close()


class BoardPage:
    """One person's browser on a board. Whatever it complains about is kept in `complaints`."""

    def __init__(
        self, browser: Browser, origin: str, path: str = "/demo", context: BrowserContext | None = None
    ) -> None:
        """path: by default the public board, on which all meet. context: another tab of the same person; else somebody new."""
        self.origin = origin
        self.context = context or browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("request", self._request)
        self.page.set_default_timeout(WAIT_MS)
        self.open(path)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"request to {request.url}")

    def open(self, path: str) -> None:
        self.page.goto(self.origin + path)
        self.until_saved()

    def until_saved(self) -> None:
        self.page.wait_for_selector("[data-testid=status-chip][data-state=saved]")

    def watch(self, test_id: str) -> None:
        """From now on, until the page is left, keep what it says, however soon that is over."""
        self.page.evaluate(WATCH, test_id)

    def until_said(self, test_id: str, *words: str) -> None:
        """Until what is watched has at any time said all these words at once."""
        self.page.wait_for_function(
            "([id, words]) => window.__said[id].some(said => words.every(word => said.includes(word)))",
            arg=[test_id, list(words)],
        )

    def elements(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("window.__atelier.api.getSceneElements()")
        return found

    def until_element(self, condition: str) -> dict[str, Any]:
        """The first live element for which the JavaScript expression over `e` holds."""
        script = f"() => window.__atelier.api.getSceneElements().find(e => {condition})"
        handle = self.page.wait_for_function(script)
        found: dict[str, Any] = handle.json_value()
        return found

    def to_viewport(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the scene lies in the window, CSS px."""
        state = self.page.evaluate(
            "(() => { const s = window.__atelier.api.getAppState();"
            " return [s.scrollX, s.scrollY, s.zoom.value, s.offsetLeft, s.offsetTop]; })()"
        )
        scroll_x, scroll_y, zoom, left, top = state
        return (x + scroll_x) * zoom + left, (y + scroll_y) * zoom + top

    def view(self, x: float, y: float, width: float, height: float) -> Image.Image:
        """A picture of a region of the scene as it stands in the window."""
        left, top = self.to_viewport(x, y)
        right, bottom = self.to_viewport(x + width, y + height)
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        return Image.open(io.BytesIO(self.page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]

    def draw(self, tool_key: str, *points: tuple[float, float]) -> None:
        """Draw with the mouse through points of the scene."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press(tool_key)
        self.stroke(*points)

    def stroke(self, *points: tuple[float, float]) -> None:
        """Draw with the tool in hand."""
        first, *rest = [self.to_viewport(*point) for point in points]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for point in rest:
            self.page.mouse.move(*point, steps=8)
        self.page.mouse.up()

    def until_view_changes(self, before: Image.Image, look: Callable[[], Image.Image]) -> Image.Image:
        """The region's picture once it differs from `before`; the page's own clock paces the looking."""
        for _ in range(600):
            now = look()
            if now.size == before.size and ImageChops.difference(now, before).getbbox() is not None:
                return now
            self.page.wait_for_timeout(50)
        raise AssertionError("nothing changed on the screen")
