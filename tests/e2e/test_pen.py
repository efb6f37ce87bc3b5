"""A pen, a hand and fingers on a touch screen, beside another browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.atelier import Atelier
from tests.e2e.browser import VIEWPORT, BoardPage

pytestmark = pytest.mark.e2e

AT = "() => { const { scrollX, scrollY, zoom } = __atelier.api.getAppState(); return [scrollX, scrollY, zoom.value]; }"
PALM_SECONDS = 0.6  # longer than a touch after the pen is taken for a palm


class TouchScreen:
    """Real pen and touch input of Chromium, in CSS px of the window."""

    def __init__(self, board: BoardPage) -> None:
        self.board = board
        self.cdp = board.context.new_cdp_session(board.page)
        self.fingers: dict[int, tuple[float, float]] = {}

    def pen(self, type: str, x: float, y: float, force: float = 0.0) -> None:
        pressed = type != "mouseReleased" and force > 0
        self.cdp.send(
            "Input.dispatchMouseEvent",
            {
                "type": type,
                "x": x,
                "y": y,
                "button": "none" if type == "mouseMoved" and not pressed else "left",
                "buttons": int(pressed),
                "clickCount": int(type != "mouseMoved"),
                "pointerType": "pen",
                "force": force,
            },
        )

    def stroke(self, *points: tuple[float, float, float]) -> None:
        """points: x, y and pressure (0–1)."""
        (x, y, force), *rest = points
        self.pen("mousePressed", x, y, force)
        for x, y, force in rest:
            self.pen("mouseMoved", x, y, force)
        self.pen("mouseReleased", x, y)

    def touch(self, type: str, **fingers: tuple[float, float]) -> None:
        """fingers: by a name that ends with their number, those that are down; after touchEnd, those that stay."""
        points = [{"x": x, "y": y, "id": int(name[-1])} for name, (x, y) in fingers.items()]
        self.cdp.send("Input.dispatchTouchEvent", {"type": type, "touchPoints": points})

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 5) -> None:
        self.touch("touchStart", f1=start)
        for step in range(1, steps + 1):
            part = step / steps
            self.touch(
                "touchMove",
                f1=(start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part),
            )
        self.touch("touchEnd")

    def wait_for_hand_to_leave(self) -> None:
        """Until touches are no longer those of the hand that holds the pen: a span of time is the rule itself."""
        self.board.page.wait_for_timeout(PALM_SECONDS * 1000)

    def at(self) -> list[float]:
        found: list[float] = self.board.page.evaluate(AT)
        return found

    def until_at(self, scroll_x: float, scroll_y: float, zoom: float) -> None:
        self.board.page.wait_for_function(
            f"want => {{ const at = ({AT})(); return at.every((value, i) => Math.abs(value - want[i]) < 0.02 * Math.max(1, want[2])); }}",
            arg=[scroll_x, scroll_y, zoom],
        )


@pytest.fixture()
def board(atelier: Atelier, browser: Browser) -> Iterator[BoardPage]:
    context = browser.new_context(viewport=VIEWPORT, has_touch=True)  # type: ignore[arg-type]
    page = BoardPage(browser, atelier.url, context=context)
    page.page.wait_for_function(
        "performance.getEntriesByType('resource').some(e => e.name.includes('PenInput'))"
    )
    page.page.evaluate("() => new Promise(done => requestIdleCallback(done))")
    yield page
    assert page.complaints == []
    context.close()


@pytest.fixture()
def screen(board: BoardPage) -> TouchScreen:
    return TouchScreen(board)


@pytest.fixture()
def other(atelier: Atelier, browser: Browser) -> Iterator[BoardPage]:
    page = BoardPage(browser, atelier.url)
    page.page.bring_to_front()
    yield page
    assert page.complaints == []
    page.context.close()


@pytest.fixture()
def before(board: BoardPage) -> set[str]:
    """Ids of what is on the board already."""
    return {element["id"] for element in board.elements()}


def ids(elements: list[dict[str, Any]]) -> list[str]:
    return [element["id"] for element in elements]


def drawn(board: BoardPage, before: set[str]) -> list[dict[str, Any]]:
    return [element for element in board.elements() if element["id"] not in before]


def in_use(board: BoardPage, screen: TouchScreen) -> None:
    """The pen tool is chosen, a pen has been found, and its hand is away."""
    board.page.bring_to_front()
    board.page.keyboard.press("p")
    screen.pen("mouseMoved", 600, 300)
    board.page.wait_for_function("__atelier.api.getAppState().penMode")
    screen.wait_for_hand_to_leave()


def test_the_first_pen_makes_fingers_move_the_board_and_its_pressure_is_drawn(
    board: BoardPage, screen: TouchScreen, other: BoardPage, before: set[str], pictures: Path
) -> None:
    page = board.page
    page.bring_to_front()
    page.keyboard.press("p")
    screen.stroke((500, 300, 0.2), (540, 320, 0.4), (580, 330, 0.9), (620, 340, 0.7))
    [stroke] = drawn(board, before)
    assert stroke["simulatePressure"] is False
    assert stroke["pressures"] == pytest.approx([0.2, 0.4, 0.9, 0.7, 0])  # lifted, it does not press
    assert len(stroke["points"]) == len(stroke["pressures"])
    notice = page.get_by_text("Pen found: fingers move the board.")
    expect(notice).to_be_visible()
    page.screenshot(path=pictures / "pen.png")

    other.until_element(f"e.id === {stroke['id']!r} && e.pressures.length === 5 && !e.simulatePressure")
    screen.wait_for_hand_to_leave()
    x, y, zoom = screen.at()
    screen.drag((600, 400), (700, 430))
    screen.until_at(x + 80 / zoom, y + 24 / zoom, zoom)  # it moves from the first fifth of the way on
    assert ids(drawn(board, before)) == [stroke["id"]]

    page.get_by_role("button", name="Draw with fingers too").click()
    expect(notice).to_have_count(0)
    screen.drag((500, 500), (600, 520))
    assert len({*ids(drawn(board, before))} - {stroke["id"]}) == 1
    assert page.evaluate("localStorage['atelier.fingers']") == '"draw"'
    page.reload()
    board.until_saved()


def test_two_fingers_zoom_where_they_are(board: BoardPage, screen: TouchScreen, before: set[str]) -> None:
    in_use(board, screen)
    x, y, zoom = screen.at()
    screen.touch("touchStart", f1=(500, 400))
    screen.touch("touchStart", f1=(500, 400), f2=(700, 400))
    screen.touch("touchMove", f1=(500, 400), f2=(720, 400))
    screen.touch("touchMove", f1=(500, 400), f2=(940, 400))
    screen.touch("touchEnd", f1=(500, 400))
    screen.touch("touchEnd")
    left, top = board.page.evaluate("(s => [s.offsetLeft, s.offsetTop])(__atelier.api.getAppState())")
    # Twice as large, and what was in the middle of the fingers when they began is in their middle.
    here = ((610 - left) / zoom - x, (400 - top) / zoom - y)
    screen.until_at((720 - left) / zoom / 2 - here[0], (400 - top) / zoom / 2 - here[1], zoom * 2)
    board.page.wait_for_function("() => !__atelier.api.getAppState().shouldCacheIgnoreZoom")
    assert drawn(board, before) == []


def test_a_hand_beside_the_pen_does_nothing(
    board: BoardPage, screen: TouchScreen, other: BoardPage, before: set[str]
) -> None:
    in_use(board, screen)
    view = screen.at()
    screen.touch("touchStart", f1=(700, 560))  # the hand comes first
    screen.pen("mousePressed", 500, 400, 0.3)
    screen.touch("touchMove", f1=(760, 600))
    screen.pen("mouseMoved", 540, 400, 0.5)
    screen.touch("touchStart", f1=(760, 600), f2=(820, 640))
    screen.pen("mouseMoved", 580, 400, 0.6)
    screen.touch("touchMove", f1=(700, 600), f2=(860, 640))
    screen.pen("mouseMoved", 620, 400, 0.4)
    screen.pen("mouseReleased", 620, 400)
    screen.touch("touchMove", f1=(600, 600), f2=(900, 640))
    screen.touch("touchEnd")
    screen.touch("touchStart", f3=(500, 500))  # and is set down again
    screen.touch("touchMove", f3=(600, 540))
    screen.touch("touchEnd")
    [stroke] = drawn(board, before)
    zoom = view[2]
    assert stroke["pressures"] == pytest.approx([0.3, 0.5, 0.6, 0.4, 0])
    assert [round(x * zoom) for x, _ in stroke["points"]] == [0, 40, 80, 120, 120]
    assert {round(y) for _, y in stroke["points"]} == {0}
    assert screen.at() == view
    other.until_element(f"e.id === {stroke['id']!r} && e.pressures.length === 5")
    assert ids(drawn(other, before)) == [stroke["id"]]


def test_what_a_hand_drew_before_the_first_pen_is_taken_back(
    board: BoardPage, screen: TouchScreen, other: BoardPage, before: set[str]
) -> None:
    board.page.bring_to_front()
    board.page.keyboard.press("p")
    screen.touch("touchStart", f1=(700, 560))
    for x in (705, 712, 720):
        screen.touch("touchMove", f1=(x, 566))
    other.until_element(f"!{sorted(before)}.includes(e.id)")  # drawn by a finger, for all that can be known
    screen.stroke((500, 300, 0.3), (560, 300, 0.6), (620, 300, 0.6))
    screen.touch("touchMove", f1=(800, 600))
    screen.touch("touchEnd")
    [stroke] = drawn(board, before)
    assert stroke["pressures"] == pytest.approx([0.3, 0.6, 0.6, 0])
    board.until_saved()
    other.page.wait_for_function(
        "([ids, before]) => { const now = __atelier.api.getSceneElements().map(e => e.id).filter(id => !before.includes(id)); return `${now}` === `${ids}`; }",
        arg=[[stroke["id"]], sorted(before)],
    )
    board.page.keyboard.press("Control+z")
    board.page.wait_for_function(
        "before => __atelier.api.getSceneElements().length === before", arg=len(before)
    )
    board.page.keyboard.press("Control+z")  # nothing of the hand's comes back
    assert drawn(board, before) == []


def test_a_finger_taps_to_select_and_double_taps_write_nothing(
    board: BoardPage, screen: TouchScreen, before: set[str]
) -> None:
    in_use(board, screen)
    screen.stroke((500, 300, 0.4), (560, 300, 0.6), (620, 300, 0.6))
    [stroke] = drawn(board, before)
    screen.wait_for_hand_to_leave()
    for _ in range(2):
        screen.touch("touchStart", f1=(800, 600))
        screen.touch("touchEnd")
    assert ids(drawn(board, before)) == [stroke["id"]]
    board.page.keyboard.press("v")
    screen.touch("touchStart", f1=(560, 300))
    screen.touch("touchEnd")
    board.page.wait_for_function(
        "id => Object.keys(__atelier.api.getAppState().selectedElementIds).join() === id", arg=stroke["id"]
    )
    x, y, zoom = screen.at()
    screen.drag((560, 300), (660, 300))  # the board, not what is selected
    screen.until_at(x + 80 / zoom, y, zoom)
    assert [each["x"] for each in drawn(board, before)] == [stroke["x"]]


def test_without_a_pen_fingers_draw(board: BoardPage, screen: TouchScreen, before: set[str]) -> None:
    board.page.bring_to_front()
    board.page.keyboard.press("p")
    view = screen.at()
    screen.drag((500, 300), (600, 350))
    assert [each["type"] for each in drawn(board, before)] == ["freedraw"]
    assert screen.at() == view
    assert board.page.evaluate("__atelier.api.getAppState().penDetected") is False
