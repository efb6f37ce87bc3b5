"""A board page in a window of any browser, used as a person would: by mouse and keys."""

import io
import time
from typing import Any

from PIL import Image

from tests.browsers.driver import Driver

KEYS = {"Control": "\ue009", "Enter": "\ue007", "Escape": "\ue00c"}
WAIT_SECONDS = 90  # a slow machine that does other things besides
LOOK_SECONDS = 0.1
TO_WINDOW = """(([x, y]) => {
  const { scrollX, scrollY, zoom, offsetLeft, offsetTop } = window.__atelier.api.getAppState();
  return [(x + scrollX) * zoom.value + offsetLeft, (y + scrollY) * zoom.value + offsetTop];
})"""
CENTRE = """((box) => box && [box.x + box.width / 2, box.y + box.height / 2])
  (document.querySelector('%s')?.getBoundingClientRect())"""


class Window:
    def __init__(self, driver: Driver, origin: str) -> None:
        self.driver = driver
        self.origin = origin

    def open(self, path: str) -> None:
        self.driver.navigate(self.origin + path)
        self.until_saved()

    def until(self, expression: str) -> Any:
        """The value of the JavaScript expression once it is true."""
        until = time.monotonic() + WAIT_SECONDS
        while not (value := self.driver.evaluate(expression)):
            assert time.monotonic() < until, (
                f"{self.driver.name} waits for {expression}; {self.driver.complaints}"
            )
            time.sleep(LOOK_SECONDS)
        return value

    def until_saved(self) -> None:
        self.until("document.querySelector('[data-testid=status-chip]')?.dataset.state === 'saved'")

    def until_element(self, condition: str) -> dict[str, Any]:
        """The first live element for which the JavaScript expression over `e` holds."""
        return self.until(f"window.__atelier.api.getSceneElements().find(e => {condition})")

    def click(self, selector: str) -> None:
        x, y = self.until(CENTRE % selector)
        self.driver.perform([_mouse(_move(x, y), _DOWN, _UP)])

    def press(self, *keys: str) -> None:
        """All of them at once: names in KEYS, else characters."""
        values = [KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": value} for value in values]
        up = [{"type": "keyUp", "value": value} for value in reversed(values)]
        self.driver.perform([{"type": "key", "id": "keys", "actions": down + up}])

    def type(self, text: str) -> None:
        """Instead of what is in the focused field."""
        self.press("Control", "a")
        for character in text:
            self.press(character)

    def draw(self, tool_key: str, *points: tuple[float, float]) -> None:
        """Draw with the mouse through points of the scene."""
        self.press("Escape")
        self.press(tool_key)
        first, *rest = [self.driver.evaluate(f"{TO_WINDOW}([{x}, {y}])") for x, y in points]
        moves = [_move(x, y, duration=100) for x, y in rest]
        self.driver.perform([_mouse(_move(*first), _DOWN, *moves, _UP)])

    def view(self, x: float, y: float, width: float, height: float) -> Image.Image:
        """A picture of a region of the scene as it stands in the window."""
        left, top = self.driver.evaluate(f"{TO_WINDOW}([{x}, {y}])")
        right, bottom = self.driver.evaluate(f"{TO_WINDOW}([{x + width}, {y + height}])")
        window = Image.open(io.BytesIO(self.driver.screenshot())).convert("RGB")
        return window.crop((round(left), round(top), round(right), round(bottom)))


_DOWN = {"type": "pointerDown", "button": 0}
_UP = {"type": "pointerUp", "button": 0}


def _move(x: float, y: float, duration: int = 0) -> dict[str, Any]:
    return {"type": "pointerMove", "x": round(x), "y": round(y), "duration": duration}


def _mouse(*actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "pointer",
        "id": "mouse",
        "parameters": {"pointerType": "mouse"},
        "actions": list(actions),
    }
