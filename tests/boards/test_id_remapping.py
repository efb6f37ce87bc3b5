"""Copies: every id is new, and whoever named whom before names them still. Layout: nothing on top of anything."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from boards.elements.bounds import bounds_of
from boards.elements.geometry import Rectangle
from boards.exchange import layout
from boards.exchange.id_remapping import IdMap, remapped, with_file_ids
from tests.factories import body

ids = st.sampled_from(["a", "b", "c", "d", "gone", "group-1", "group-2"])
maybe = st.none() | ids
elements = st.fixed_dictionaries(
    {
        "id": ids,
        "frameId": maybe,
        "containerId": maybe,
        "groupIds": st.lists(ids, max_size=3),
        "boundElements": st.none()
        | st.lists(st.fixed_dictionaries({"id": ids, "type": st.just("arrow")}), max_size=3),
        "startBinding": st.none() | st.fixed_dictionaries({"elementId": ids, "focus": st.floats(-1, 1)}),
        "endBinding": st.none() | st.fixed_dictionaries({"elementId": ids, "gap": st.integers()}),
        "customData": st.none()
        | st.fixed_dictionaries({"atelier": st.fixed_dictionaries({"source": ids, "job": ids}), "mine": ids}),
        "text": ids,
    }
)


def fields(element: dict[str, Any]) -> dict[str, Raw]:
    return msgspec.json.decode(json.dumps(element), type=dict[str, Raw])


def plain(element: Any) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(element))


@given(st.lists(elements, max_size=6))
def test_renaming_is_a_bijection_that_keeps_who_names_whom(document: list[dict[str, Any]]) -> None:
    names = IdMap()
    after = [plain(remapped(fields(element), names)) for element in document]
    assert len(set(names.values())) == len(names) and not set(names) & set(names.values())
    back = IdMap({new: old for old, new in names.items()})
    assert [plain(remapped(fields(element), back)) for element in after] == document
    for before, element in zip(document, after, strict=True):
        assert element["id"] == names[before["id"]]
        assert element["text"] == before["text"], "what is no reference stays"
        if before["customData"]:
            assert element["customData"]["mine"] == before["customData"]["mine"]
            assert element["customData"]["atelier"]["job"] == before["customData"]["atelier"]["job"]


@given(
    st.dictionaries(
        st.sampled_from(["id", "groupIds", "boundElements", "startBinding"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists),
    )
)
def test_what_is_malformed_stays_for_the_check_to_refuse(element: dict[str, Any]) -> None:
    assert plain(remapped(fields(element), IdMap())).keys() == element.keys()


def test_an_outer_group_goes_around_the_groups_that_are_there() -> None:
    names = IdMap()
    assert plain(remapped(fields(body("a", groupIds=["g"])), names, ["item"]))["groupIds"] == [
        names["g"],
        "item",
    ]
    assert plain(remapped(fields({"id": "a"}), IdMap(), ["item"]))["groupIds"] == ["item"]


def test_a_picture_that_goes_by_another_name_is_followed() -> None:
    assert plain(with_file_ids(fields({"fileId": "f"}), {"f": "g"})) == {"fileId": "g"}
    assert plain(with_file_ids(fields({"fileId": None}), {"f": "g"})) == {"fileId": None}


sizes = st.floats(1, 500)
boxes = st.builds(Rectangle, st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), sizes, sizes)


@given(st.lists(boxes, min_size=1, max_size=30), st.none() | boxes)
def test_items_of_a_library_never_meet_each_other_or_the_scene(
    items: list[Rectangle], scene: Rectangle | None
) -> None:
    placed = [
        Rectangle(box.x + x, box.y + y, box.width, box.height)
        for box, (x, y) in zip(items, layout.shifts_in_grid(items, scene), strict=True)
    ]
    for at, box in enumerate(placed):
        assert not any(box.touches(other) for other in placed[:at])
        assert scene is None or not box.touches(scene)


def test_a_box_reaches_as_far_as_what_is_drawn() -> None:
    turned = bounds_of(json.dumps({"x": 0, "y": 0, "width": 100, "height": 0, "angle": 1.5707963}).encode())
    assert turned is not None and round(turned.height) == 100 and round(turned.x) == 50
    line = bounds_of(json.dumps({"x": 10, "y": 10, "points": [[0, 0], [-30, 5]]}).encode())
    assert line == Rectangle(-20, 10, 30, 5)
    assert bounds_of(b'{"x": "left"}') is None


def test_a_copy_stays_where_it_is_unless_something_is_there() -> None:
    assert layout.shift_beside(None, Rectangle(0, 0, 5, 5)) == (0, 0)
    assert layout.shift_beside(Rectangle(10, 10, 10, 10), Rectangle(0, 0, 5, 5)) == (0, 0)
    assert layout.shift_beside(Rectangle(0, 0, 20, 20), Rectangle(0, 0, 5, 5)) == (20 + layout.GAP, 0)
