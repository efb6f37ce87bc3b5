"""A browser that can unpack is served compressed frames, and loses nothing over it."""

import pytest
from playwright.sync_api import Browser, WebSocket

from tests.e2e.atelier import Atelier
from tests.e2e.browser import BoardPage

pytestmark = pytest.mark.e2e

SHAPES = """count => {
  const known = __atelier.api.getSceneElementsIncludingDeleted();
  const shapes = Array.from({ length: count }, (_, at) => ({
    id: `shape${at}`, type: "rectangle", x: 400 + (at % 40) * 12, y: 200 + Math.floor(at / 40) * 12, width: 9, height: 9,
    angle: 0, strokeColor: "#1e1e1e", backgroundColor: "transparent", fillStyle: "solid", strokeWidth: 1,
    strokeStyle: "solid", roughness: 0, opacity: 100, groupIds: [], frameId: null, roundness: null, seed: at + 1,
    version: 1, versionNonce: at + 1, isDeleted: false, boundElements: null, updated: 1, link: null, locked: false,
    index: `b${String(at).padStart(3, "0")}`.replace(/0$/, "V").slice(0, 3) + String(at).padStart(4, "0") + "V",
  }));
  __atelier.api.updateScene({ elements: [...known, ...shapes], captureUpdate: "IMMEDIATELY" });
}"""


def test_a_full_board_and_a_busy_one_arrive_compressed(atelier: Atelier, browser: Browser) -> None:
    a = BoardPage(browser, atelier.url)
    a.page.evaluate(SHAPES, 400)
    a.page.wait_for_function(
        "() => __atelier.room.pending === 0 && __atelier.api.getSceneElements().length > 400"
    )
    a.until_saved()

    context = browser.new_context()
    page = context.new_page()
    frames: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: frames.append(payload))

    page.on("websocket", listen)
    page.goto(atelier.url + "/demo")
    everything = "() => window.__atelier && __atelier.api.getSceneElements().filter(e => e.id.startsWith('shape')).length === 400"
    page.wait_for_function(everything)
    packed = [frame for frame in frames if isinstance(frame, bytes)]
    assert packed, "the scene came as text"
    assert sum(map(len, packed)) < 400 * 100, "a shape takes some 500 bytes as text"

    frames.clear()
    for turn in range(3):
        a.page.evaluate(
            """turn => __atelier.api.updateScene({ captureUpdate: "IMMEDIATELY", elements:
                 __atelier.api.getSceneElementsIncludingDeleted().map(e => e.id.startsWith("shape")
                   ? { ...e, y: e.y + 300, version: e.version + 1, versionNonce: turn } : e) })""",
            turn,
        )
        page.wait_for_function(
            "version => __atelier.api.getSceneElements().filter(e => e.version === version).length >= 400",
            arg=2 + turn,
        )
    assert any(isinstance(frame, bytes) for frame in frames)
    a.until_saved()
    positions = "() => __atelier.api.getSceneElements().map(e => [e.id, e.version, e.x, e.y])"
    assert page.evaluate(positions) == a.page.evaluate(positions)
    assert a.complaints == []
    for each in (context, a.context):
        each.close()
