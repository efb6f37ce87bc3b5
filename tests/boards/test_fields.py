"""What a field may hold, and what stands there instead: no value of one element ends a page."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.elements.element import parse
from boards.elements.fields import BOUND_ELEMENTS_MAX, CHOICES, KEYS_MAX, NESTED, UNSAFE_KEYS
from boards.errors import ElementRefused
from tests.factories import body

BINDING = {"elementId": "box", "focus": 0.5, "gap": 1, "fixedPoint": [0.5, 1]}
CROP = {"x": 0, "y": 0, "width": 10, "height": 10, "naturalWidth": 20, "naturalHeight": 20}
POINTS = {"points": [[0, 0], [10, 10]]}


def checked(**fields: Any) -> tuple[dict[str, Any], bool]:
    """The body as it is let in, and whether its author has to hear of it."""
    element = parse(json.dumps(body() | fields).encode())
    return json.loads(element.body), element.repaired


def nested(depth: int) -> Any:
    return [] if depth == 0 else {"deeper": nested(depth - 1)}


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("value", ["constructor", "", "SOLID", 5, ["solid"], {"a": 1}, True], ids=repr)
def test_a_word_that_excalidraw_does_not_know_becomes_the_usual_one(field: str, value: Any) -> None:
    kept, repaired = checked(**{field: value})
    assert kept[field] == CHOICES[field][0] and repaired


@pytest.mark.parametrize(("field", "word"), [(field, word) for field in CHOICES for word in CHOICES[field]])
def test_every_word_that_excalidraw_knows_stays(field: str, word: str) -> None:
    kept, repaired = checked(**{field: word})
    assert kept[field] == word and not repaired


@pytest.mark.parametrize(
    ("field", "sound"),
    [
        ("roundness", {"type": 3}),
        ("roundness", {"type": 2, "value": 32}),
        ("startBinding", BINDING),
        ("endBinding", BINDING | {"mode": "orbit"}),
        ("crop", CROP),
        ("lastCommittedPoint", [1, 2]),
        ("boundElements", [{"id": "a", "type": "arrow"}, {"id": "b", "type": "text"}]),
        ("fontFamily", 8),
        ("groupIds", ["a", "b"]),
        ("frameId", "f"),
    ],
)
def test_what_is_sound_keeps_its_bytes(field: str, sound: Any) -> None:
    raw = json.dumps(body(type="arrow", **POINTS) | {field: sound}).encode()
    assert parse(raw).body == raw and not parse(raw).repaired


@pytest.mark.parametrize("field", NESTED)
@pytest.mark.parametrize(
    "value",
    [
        5,
        "x",
        {},
        [],
        {"type": 9, "elementId": 5},
        {"elementId": "__proto__"},
        BINDING | CROP | {"type": 3, "__proto__": 1},
        BINDING | CROP | {"type": 3, "constructor": {}},
        BINDING | CROP | {"type": 3, "long": "x" * 200_000},
        BINDING | CROP | {"type": 3, "deep": nested(60)},
        BINDING | CROP | {"type": 3} | {f"k{n}": 1 for n in range(KEYS_MAX)},
        [1, 2, 3, 4],
        [1, 1e9],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_object_that_is_not_of_its_shape_goes_and_the_element_stays(field: str, value: Any) -> None:
    kept, repaired = checked(type="arrow", **POINTS, **{field: value})
    assert kept[field] is None and repaired


@pytest.mark.parametrize("name", sorted(UNSAFE_KEYS))
def test_a_name_that_every_object_knows_is_no_name(name: str) -> None:
    for field in ("id", "type"):
        with pytest.raises(ElementRefused):
            checked(**{field: name})
    for field in ("frameId", "containerId", "fileId"):
        kept, repaired = checked(**{field: name})
        assert kept[field] is None and repaired
    assert checked(groupIds=["a", name, "b"])[0]["groupIds"] == ["a", "b"]
    bound = [{"id": name, "type": "text"}, {"id": "a", "type": "arrow"}]
    assert checked(boundElements=bound)[0]["boundElements"] == bound[1:]
    assert name not in checked(**{name: 1})[0]
    with pytest.raises(ElementRefused):
        checked(customData={"a": {name: 1}})


def test_what_an_earlier_release_stored_under_such_an_id_can_be_deleted() -> None:
    assert checked(id="__proto__", isDeleted=True)[0]["isDeleted"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("words", None),
        ({"id": "a", "type": "text"}, None),
        (
            [5, None, {"id": "a"}, {"id": "a", "type": "frame"}, {"id": "b", "type": "text"}],
            [{"id": "b", "type": "text"}],
        ),
        ([{"id": "a", "type": "text", "deep": nested(30)}], []),
    ],
    ids=repr,
)
def test_what_is_bound_in_no_sound_way_is_let_go(value: Any, kept: Any) -> None:
    assert checked(boundElements=value)[0]["boundElements"] == kept


def test_what_is_bound_is_bounded() -> None:
    bound = [{"id": f"arrow-{n}", "type": "arrow"} for n in range(BOUND_ELEMENTS_MAX + 1)]
    assert checked(boundElements=bound)[0]["boundElements"] == bound[:-1]


def test_what_is_only_filled_in_is_no_news_for_its_author() -> None:
    raw = body()
    for field in ("groupIds", "fillStyle", "boundElements"):
        del raw[field]
    assert not parse(json.dumps(raw).encode()).repaired


def test_hatching_that_no_page_can_draw_becomes_a_solid_fill() -> None:
    thin = {"fillStyle": "cross-hatch", "backgroundColor": "#ffc9c9", "width": 4_000, "height": 4_000}
    kept, repaired = checked(**thin, strokeWidth=0.1)
    assert kept["fillStyle"] == "solid" and kept["strokeWidth"] == 0.1 and repaired
    kept, repaired = checked(**thin, strokeWidth=1)
    assert kept["fillStyle"] == "cross-hatch" and not repaired


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(sorted(UNSAFE_KEYS)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | st.sampled_from(sorted(UNSAFE_KEYS)), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = sorted(
    {
        *body(),
        *CHOICES,
        *NESTED,
        "points",
        "fontFamily",
        "containerId",
        "fileId",
        "pressures",
        "scale",
        "name",
    }
)


def names(value: Any) -> list[str]:
    """All keys, at any depth."""
    if isinstance(value, dict):
        return [*value, *(name for inner in value.values() for name in names(inner))]
    return [name for inner in value for name in names(inner)] if isinstance(value, list) else []


@settings(max_examples=400, deadline=None)
@given(
    type_=st.sampled_from(["rectangle", "arrow", "freedraw", "image", "text", "frame"]),
    fields=st.dictionaries(st.sampled_from(FIELDS), anything, min_size=1, max_size=4),
)
def test_whatever_fields_hold_an_element_is_refused_or_bearable(type_: str, fields: dict[str, Any]) -> None:
    raw = body("fuzzed", type=type_, text="x", **POINTS) | fields
    try:
        element = parse(json.dumps(raw).encode("utf-8", "surrogatepass"))
    except ElementRefused:
        return
    kept = json.loads(element.body)
    assert UNSAFE_KEYS.isdisjoint(names(kept))
    for field in ("id", "type", "fileId", "frameId", "containerId"):
        assert kept.get(field) not in [*UNSAFE_KEYS], field
    for field in CHOICES.keys() & kept.keys():
        assert kept[field] is None or kept[field] in CHOICES[field]
    for field in ("roundness", "startBinding", "endBinding", "crop"):
        assert kept.get(field) is None or isinstance(kept[field], dict)
    assert parse(element.body).body == element.body, "what was repaired once is sound"
