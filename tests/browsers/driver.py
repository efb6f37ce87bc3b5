"""What a board page needs of a browser that is driven from outside."""

from typing import Any, Protocol


class Driver(Protocol):
    """A window of a browser. Actions are those of W3C WebDriver, which both protocols have alike."""

    name: str
    """The browser and its version."""
    complaints: list[str]
    """What the page wrote to the console as errors."""

    def navigate(self, url: str) -> None:
        """Returns once the page is loaded."""

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON carries it."""

    def perform(self, actions: list[dict[str, Any]]) -> None:
        """Moves the mouse, presses its buttons and keys. Returns once all of it is done."""

    def screenshot(self) -> bytes:
        """The window as PNG."""

    def close(self) -> None:
        """Ends the browser."""
