"""Somebody who speaks the socket by hand: what a page would never send goes to the server word for word."""

from types import TracebackType
from typing import Any

from tests.e2e.browser import BoardPage

CONNECT = """board => new Promise((done, fail) => {
  const socket = window.__bot = new WebSocket(`${location.origin.replace("http", "ws")}/ws/v1/boards/${board}`, "board.v1");
  window.__acks = {};
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", protocol: 1, name: "Bot" }));
  socket.onclose = ({ code }) => fail(new Error(`closed ${code}`));
  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "welcome") done();
    if (message.type === "ack") window.__acks[message.ref]?.(message.refused);
  };
})"""

PUSH = """elements => new Promise((done) => {
  const id = `bot${Math.random()}`;
  window.__acks[id] = done;
  window.__bot.send(JSON.stringify({ type: "push", id, elements }));
})"""


class Bot:
    """A socket of its own on a board, in the name of the person whose page it is made from."""

    def __init__(self, owner: BoardPage) -> None:
        # A window of its own: a page behind another tab is hidden, and shows nothing.
        browser = owner.context.browser
        assert browser is not None
        self._context = browser.new_context(storage_state=owner.context.storage_state())
        self._page = self._context.new_page()
        self._page.goto(f"{owner.origin}/live")
        self._page.evaluate(CONNECT, owner.page.url.rsplit("/", 1)[-1])

    def push(self, *elements: dict[str, Any]) -> list[dict[str, str]]:
        """Returns what was refused, once everything else is stored."""
        refused: list[dict[str, str]] = self._page.evaluate(PUSH, list(elements))
        return refused

    def __enter__(self) -> "Bot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()


def body(element_id: str, kind: str, **fields: Any) -> dict[str, Any]:
    """An element as Excalidraw writes it, at a place that a new board shows."""
    base = {
        "id": element_id, "type": kind, "x": 100, "y": 100, "width": 80, "height": 60, "angle": 0,
        "strokeColor": "#1e1e1e", "backgroundColor": "transparent", "fillStyle": "solid", "strokeWidth": 2,
        "strokeStyle": "solid", "roughness": 1, "opacity": 100, "groupIds": [], "frameId": None, "roundness": None,
        "seed": 7, "version": 1, "versionNonce": 7, "isDeleted": False, "boundElements": [], "updated": 1,
        "link": None, "locked": False, "index": None,
    }  # fmt: skip
    return base | fields
