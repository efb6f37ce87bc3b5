"""What a file holds, made whole on the way in: each kind of mend by an example. Beside Excalidraw: test_restore_beside_excalidraw.py."""

import json
import math
from itertools import pairwise
from typing import Any

import pytest

from boards import rendering
from boards.elements.element import ELEMENT_MAX_BYTES, POINTS_MAX, parse
from boards.exchange import labels, oversized, text_layout
from boards.exchange.import_notes import Notes
from boards.exchange.restore import RestoredElements, restore_elements
from boards.exchange.text_layout import TextStyle
from boards.rendering import RenderOptions
from tests.factories import body
from tests.likeness import picture, ssim
from tests.scripts_corpus import HAND_TEXTS, TEXTS

HAND = TextStyle(5, 20, 1.25)


def brought(*elements: Any, here: frozenset[str] = frozenset()) -> tuple[list[dict[str, Any]], list[str]]:
    """What becomes of a scene: its elements, each let in by the board, and what people are told."""
    notes = Notes()
    found = read(elements, notes, here)
    for each in found.bodies:
        parse(each)
    told = [note["message"] for note in notes.listed()] + [refusal["message"] for refusal in found.refused]
    return [json.loads(each) for each in found.bodies], told


def read(elements: Any, notes: Notes, here: frozenset[str] = frozenset()) -> RestoredElements:
    return restore_elements([json.dumps(each).encode() for each in elements], notes, here)


def one(element: Any) -> dict[str, Any]:
    (found,), told = brought(element)
    assert told == []
    return found


def text(name: str = "t", words: str = "Title of the plan", **changes: Any) -> dict[str, Any]:
    return body(name, type="text", text=words, fontSize=20, fontFamily=5, lineHeight=1.25) | changes


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("version", 3.0, 3),
        ("version", None, 1),
        ("version", 2**40, 2**40),  # how far ahead of the board's is looked at when it is merged
        ("versionNonce", -5, 0),
        ("angle", None, 0),
        ("locked", None, False),
        ("isDeleted", None, False),
        ("strokeWidth", -1, 2),
        ("strokeWidth", "4", 4),
        ("opacity", 150, 100),
        ("groupIds", None, []),
        ("groupIds", ["g", 7, None], ["g", "7"]),
        ("x", None, 0),
        ("x", "12.5", 12.5),
        ("roundness", "round", None),
        ("roundness", {"type": 3, "toString": "x"}, {"type": 3}),
        ("seed", "no", 1),
        ("customData", [], None),
        ("id", 5, "5"),
        ("id", 5.0, "5"),
    ],
)
def test_a_value_that_excalidraw_fills_in_or_draws_anyway_is_mended(
    name: str, value: Any, right: Any
) -> None:
    found = one(body("a", **{name: value}) if name != "id" else body("a") | {"id": value})
    assert found[name] == right and type(found[name]) is type(right)


def test_a_stroke_without_a_size_is_as_large_as_its_points() -> None:
    drawn = body("f", type="freedraw", points=[[0, 0], [30, -10]], width=None, height=None)
    assert (one(drawn)["width"], one(drawn)["height"]) == (30, 10)


def test_a_tap_of_the_pen_stays_a_dot() -> None:
    dot = one(body("f", type="freedraw", points=[[0, 0]], pressures=[0.5], width=0, height=0))
    assert len(dot["points"]) == 2 and dot["points"][0] == [0, 0]


def test_ids_that_no_board_takes_become_others_wherever_they_are_named() -> None:
    long = "arrow-" * 20
    (box, arrow, label), told = brought(
        body("b") | {"id": long, "boundElements": [{"id": 9, "type": "text"}]},
        body("arrow", type="arrow", points=[[0, 0], [9, 9]], startBinding={"elementId": long, "focus": 0}),
        text() | {"id": 9, "containerId": long},
    )
    assert told == [] and len(box["id"]) <= 64
    assert arrow["startBinding"]["elementId"] == label["containerId"] == box["id"]
    assert box["boundElements"] == [{"id": "9", "type": "text"}] and label["id"] == "9"


def test_the_same_file_gets_the_same_new_ids_each_time() -> None:
    file = [{"type": "rectangle"}, {"type": "rectangle"}, body("a"), body("a", x=5), body("long" * 40)]
    first, again = brought(*file), brought(*file)
    assert first == again and len({each["id"] for each in first[0]}) == 5


@pytest.mark.parametrize("name", ["__proto__", "constructor", "prototype"])
def test_an_id_is_no_name_of_the_language(name: str) -> None:
    assert one(body("a") | {"id": name})["id"] != name


def test_a_tombstone_says_nothing_beside_a_living_element_of_its_id() -> None:
    for file in ([body("a", isDeleted=True), body("a", x=7)], [body("a", x=7), body("a", isDeleted=True)]):
        assert one_of(file)["x"] == 7


def one_of(file: list[Any]) -> dict[str, Any]:
    (found,), told = brought(*file)
    assert told == []
    return found


def test_the_oldest_text_is_drawn_in_the_font_that_it_names() -> None:
    old = body("t", type="text", text="old one", font="20px Virgil", baseline=18, width=70, height=25)
    found = one(old)
    assert (found["fontSize"], found["fontFamily"], found["lineHeight"]) == (20, 1, 1.25)
    assert "font" not in found


def test_text_without_a_size_is_measured() -> None:
    for size in ({"width": 0, "height": 0}, {"width": None, "height": None}, {"width": 165, "height": 0}):
        found = one(text(**size))
        assert 160 < found["width"] < 170 and found["height"] == 25


def test_a_number_is_words_too() -> None:
    assert one(text(words="x") | {"text": 2024, "originalText": 2024})["text"] == "2024"


def test_a_label_becomes_a_text_in_its_shape() -> None:
    box, label = brought({"type": "rectangle", "id": "r", "x": 10, "y": 20, "width": 200, "height": 80,
                          "label": {"text": "Login", "fontSize": 16}})[0]  # fmt: skip
    assert box["boundElements"] == [{"type": "text", "id": label["id"]}] and "label" not in box
    assert (label["text"], label["fontSize"], label["containerId"]) == ("Login", 16, "r")
    assert label["x"] + label["width"] / 2 == pytest.approx(110)
    assert label["y"] + label["height"] / 2 == pytest.approx(60)


def test_a_shape_grows_with_the_lines_of_its_label() -> None:
    box, label = brought({"type": "rectangle", "id": "r", "width": 80, "height": 30,
                          "label": {"text": "one two three four five six"}})[0]  # fmt: skip
    assert label["text"].count("\n") >= 2 and label["originalText"] == "one two three four five six"
    assert box["height"] == label["height"] + 2 * labels.PADDING
    box, label = brought({"type": "ellipse", "id": "r", "label": "as wide as its words are"})[0]
    assert "\n" not in label["text"] and box["width"] > label["width"]


def test_a_label_of_an_arrow_lies_on_its_middle() -> None:
    _, label = brought(
        {"type": "arrow", "id": "a", "x": 0, "y": 0, "points": [[0, 0], [300, 100]], "label": {"text": "yes"}}
    )[0]
    assert label["x"] + label["width"] / 2 == pytest.approx(150)
    assert label["y"] + label["height"] / 2 == pytest.approx(50)


def test_a_text_comes_after_what_it_lies_in() -> None:
    arrow = body("arrow", type="arrow", points=[[0, 0], [9, 9]], boundElements=[{"id": "t", "type": "text"}])
    elements, _ = brought(text(containerId="arrow"), body("between"), arrow)
    assert [each["id"] for each in elements] == ["between", "arrow", "t"]


def test_a_text_that_waits_for_itself_does_not_wait_for_ever() -> None:
    elements, _ = brought(text("a", containerId="b"), text("b", containerId="a"), text("c", containerId="c"))
    assert {each["id"] for each in elements} == {"a", "b", "c"}


def test_what_names_nothing_names_nothing_and_what_is_on_the_board_counts() -> None:
    loose = body("a", frameId="gone", boundElements=[{"id": "gone", "type": "arrow"}])
    arrow = body("b", type="arrow", points=[[0, 0], [9, 9]], endBinding={"elementId": "gone", "focus": 0})
    (box, bound, words), _ = brought(loose, arrow, text(containerId="gone"))
    assert (box["frameId"], box["boundElements"], bound["endBinding"], words["containerId"]) == (
        None,
        [],
        None,
        None,
    )
    (box, bound, words), _ = brought(loose, arrow, text(containerId="gone"), here=frozenset({"gone"}))
    assert (box["frameId"], bound["endBinding"]["elementId"], words["containerId"]) == ("gone",) * 3


def test_a_long_stroke_comes_in_pieces_and_loses_no_ink() -> None:
    points = [[at * 0.1234567890123, (at % 97) * 1.0987654321] for at in range(12_345)]
    stroke = body("s", type="freedraw", points=points, pressures=[0.5] * len(points), simulatePressure=False)
    elements, told = brought(stroke)
    assert told == ["1 stroke was too long for one piece and came in several."]
    assert len(elements) >= 3 and elements[0]["id"] == "s"
    for before, after in pairwise(elements):
        assert before["points"][-oversized.OVERLAP :] == after["points"][: oversized.OVERLAP]
        assert before["groupIds"] == after["groupIds"] != []
    joined = elements[0]["points"] + [p for each in elements[1:] for p in each["points"][oversized.OVERLAP :]]
    assert joined == points
    for each in elements:
        assert len(each["points"]) == len(each["pressures"]) <= POINTS_MAX
        assert len(json.dumps(each)) < ELEMENT_MAX_BYTES


def test_a_long_stroke_looks_the_same_in_pieces() -> None:
    points = [[at % 400 * 2.0, 150 * math.sin(at / 9) + at / 50] for at in range(5_641)]
    stroke = body("s", type="freedraw", points=points, pressures=[], simulatePressure=True)
    parts = read([stroke], Notes()).bodies
    assert len(parts) == 2
    whole, pieced = (
        picture(rendering.png_bytes(drawn, {})) for drawn in ([json.dumps(stroke).encode()], parts)
    )
    assert ssim(whole, pieced) > 0.99


def test_a_long_line_comes_in_pieces_that_meet_with_its_heads_at_its_ends() -> None:
    points = [[float(at), float(at % 3)] for at in range(11_000)]
    elements, _ = brought(
        body("l", type="arrow", x=5, y=5, points=points, startArrowhead="dot", endArrowhead="arrow")
    )
    ends = [(each["x"] + each["points"][-1][0], each["y"] + each["points"][-1][1]) for each in elements]
    assert ends[:-1] == [(each["x"], each["y"]) for each in elements[1:]] and ends[-1] == (
        5 + 10_999,
        5 + 10_999 % 3,
    )
    assert [each["startArrowhead"] for each in elements] == ["dot", None, None]
    assert [each["endArrowhead"] for each in elements] == [None, None, "arrow"]


def test_a_long_outline_stays_in_one_piece_and_keeps_its_corners() -> None:
    side = [[at / 10, 0] for at in range(2_500)]
    square = (
        side
        + [[250, y] for y, _ in side]
        + [[250 - x, 250] for x, _ in side]
        + [[0, 250 - x] for x, _ in side]
    )
    (found,), told = brought(body("l", type="line", points=[*square, [0, 0]], backgroundColor="#ffc9c9"))
    assert told == ["The outline of 1 shape was simplified to 5,000 points."]
    assert len(found["points"]) <= POINTS_MAX and found["points"][0] == found["points"][-1]
    assert {(0, 0), (250, 0), (250, 250), (0, 250)} <= {
        (round(x, 1), round(y, 1)) for x, y in found["points"]
    }


def test_a_long_text_comes_in_pieces_one_below_the_other() -> None:
    lines = [f"{at:05} GET /board/{at} 200" for at in range(2_000)]
    elements, told = brought(text(words="\n".join(lines), y=10))
    assert told == [
        "1 text was longer than 20,000 characters: it came in several pieces, one below the other."
    ]
    assert "\n".join(each["text"] for each in elements).split("\n") == lines
    for above, below in pairwise(elements):
        assert below["y"] == pytest.approx(above["y"] + above["height"])


def test_a_text_of_one_endless_line_is_cut() -> None:
    elements, _ = brought(text(words="x" * 45_000))
    assert "".join(each["text"] for each in elements) == "x" * 45_000


@pytest.mark.parametrize(
    ("element", "told"),
    [
        (body("a", link="obsidian://open?vault=v"), "1 link was removed: only web and mail links are kept."),
        (
            body("a", link="https://example.org/" + "a" * 2_100),
            "1 link was removed: it is longer than 2,048 characters.",
        ),
        (body("a", width=0, height=0), "1 element was left out: there is nothing of it to see."),
        (text(words=""), "1 element was left out: there is nothing of it to see."),
        (
            body("a", type="iframe"),
            "Pages that run inside a drawing are not taken: put a link to them instead.",
        ),
        (body("a", x="left"), "Its position cannot be read."),
        (body("a", x=1e8), "It reaches farther than 10,000,000 from the middle of the board."),
        ([], "It is not an element of a drawing."),
        ({}, "It has no type."),
    ],
)
def test_what_is_lost_is_said_in_words_for_people(element: Any, told: str) -> None:
    assert brought(element)[1] == [told]


def test_nobody_is_told_of_what_was_never_there() -> None:
    dead = body("a", isDeleted=True, width=0, height=0, x="left")
    assert brought(None, body("s", type="selection"), dead) == ([], [])


@pytest.mark.parametrize(
    ("family", "size", "words", "width"),
    [
        (1, 20, "CDK / Bridge Infra", 192.4998),
        (3, 36, "/oauth2/jwks", 253.2),
        (5, 20, "Kubernetes Cluster", 183.56),
        (6, 20, "precheck", 80.46),
        (8, 16, "Sit Amet", 69.9701),
    ],
)
def test_letters_are_as_wide_as_on_the_page(family: int, size: float, words: str, width: float) -> None:
    """width: as excalidraw.com itself saved it."""
    assert text_layout.width_of(words, TextStyle(family, size, 1.25)) == pytest.approx(width, rel=0.01)


SCRIPTS = (
    "hebrew",
    "arabic",
    "arabic with marks",
    "hindi",
    "bengali",
    "thai",
    "mixed, left to right",
    "chinese",
)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("family", [5, 6])
def test_a_text_without_a_size_gets_the_one_that_is_drawn(script: str, family: int) -> None:
    words = (TEXTS | HAND_TEXTS)[script].rstrip("。")  # which is mostly blank
    [element], _ = brought(text(words=words, fontSize=60, fontFamily=family, width=None, height=None))
    wide = element | {"width": element["width"] + 400, "strokeColor": "#000000"}  # to see what stands over
    for align, start in (("left", 0.0), ("right", 400.0)):
        drawn = rendering.png_bytes(
            [json.dumps(wide | {"textAlign": align}).encode()], {}, RenderOptions(padding=0)
        )
        ink = picture(drawn).convert("L").point(lambda value: 255 * (value < 200)).getbbox()
        assert ink is not None
        assert ink[0] == pytest.approx(start, abs=15) and ink[2] == pytest.approx(
            start + element["width"], abs=15
        )


def test_words_without_an_end_are_broken_letter_by_letter() -> None:
    """Marks stay on what they belong to, and a long word costs in proportion to its length."""
    marked = text_layout.wrapped("x\u0323\u0302" * 2_000, HAND, 60)
    assert all(part.startswith("x") and text_layout.width_of(part, HAND) <= 60 for part in marked.split("\n"))
    assert text_layout.wrapped("a bc  d", HAND, text_layout.width_of("a bc", HAND)) == "a bc\nd"


def test_empty_lines_have_a_height() -> None:
    assert text_layout.size_of("a\n\nbc", HAND)[1] == 75


def test_lines_break_where_words_do_and_long_words_anywhere() -> None:
    assert text_layout.wrapped("one two", HAND, 50) == "one\ntwo"
    assert text_layout.wrapped("one two", HAND, 500) == "one two"
    broken = text_layout.wrapped("a" * 50, HAND, 60)
    assert broken.replace("\n", "") == "a" * 50
    assert all(text_layout.width_of(line, HAND) <= 60 for line in broken.split("\n"))
    assert text_layout.wrapped("漢字漢字漢字", HAND, 45).count("\n") >= 2
    assert text_layout.wrapped("xx", HAND, 1) == "x\nx"
