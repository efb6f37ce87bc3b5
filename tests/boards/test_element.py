"""What an element may look like when it comes from outside."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.elements.element import CUSTOM_DATA_MAX_BYTES, POINTS_MAX, TEXT_MAX, is_safe_link, parse
from boards.errors import ElementRefused, ImportRefused
from tests.factories import body

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def stored(raw: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse(json.dumps(raw).encode()).body)
    return found


def test_a_complete_element_keeps_its_bytes() -> None:
    raw = json.dumps(body()).encode()
    assert parse(raw).body == raw


@pytest.mark.parametrize(
    "field",
    ["groupIds", "angle", "strokeColor", "backgroundColor", "opacity", "seed", "locked", "boundElements"],
)
def test_what_a_client_needs_is_filled_in(field: str) -> None:
    raw = body()
    del raw[field]
    assert field in stored(raw)


def test_group_ids_are_always_a_list() -> None:
    assert stored(body(groupIds=None))["groupIds"] == []


@pytest.mark.parametrize("field", ["id", "type", "x", "y", "width", "height", "version", "versionNonce"])
def test_what_cannot_be_filled_in_is_refused(field: str) -> None:
    raw = body()
    del raw[field]
    with pytest.raises(ElementRefused):
        parse(json.dumps(raw).encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"x": 1.1e7},
        {"y": -1.1e7},
        {"width": 1e12},
        {"angle": "1"},
        {"version": -1},
        {"version": 2**53},
        {"version": 1.5},
        {"versionNonce": -1},
        {"versionNonce": -(2**53)},
        {"id": ""},
        {"id": "x" * 65},
        {"type": "iframe"},
        {"groupIds": "a"},
        {"groupIds": [1]},
        {"type": "freedraw"},
        {"type": "freedraw", "points": [[0, 0]] * (POINTS_MAX + 1)},
        {"type": "line", "points": [[0, 1e8]]},
        {"type": "line", "points": [[0]]},
        {"type": "text", "text": "x" * (TEXT_MAX + 1)},
        {"type": "text", "text": "NUL \0"},
        {"type": "text", "text": "x", "fontSize": 0},
        {"customData": {"x": "y" * CUSTOM_DATA_MAX_BYTES}},
        {"customData": {"__proto__": 1}},
        {"customData": [1]},
        {"future": "x" * 9_000},
        {"future": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}},
        {"opacity": 101},
        {"isDeleted": "no"},
    ],
    ids=str,
)
def test_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ElementRefused):
        parse(json.dumps(body() | fields).encode())


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, "0x1", "null", '"5"', "[]"]
)
def test_no_number_that_json_or_a_canvas_does_not_know(text: str) -> None:
    raw = json.dumps(body(x=0.125)).replace("0.125", text).encode()
    with pytest.raises(ElementRefused):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"1", b"null", b'"x"', b"\xff\xfe", b'{"a":1}}', b"[" * 100_000, b'{"id":"\\ud800"}'],
)
def test_no_object_at_all(raw: bytes) -> None:
    with pytest.raises(ElementRefused):
        parse(raw)


def test_a_backslash_u0000_that_is_text_is_no_nul() -> None:
    assert stored(body(type="text", text="\\u0000"))["text"] == "\\u0000"


def test_unknown_types_and_fields_survive() -> None:
    raw = body(type="hologram", sparkle={"level": 3})
    assert stored(raw) == raw


def test_unsafe_keys_are_dropped() -> None:
    raw = json.dumps(body()).replace('"locked"', '"__proto__": {"x": 1}, "locked"').encode()
    assert "__proto__" not in json.loads(parse(raw).body)


def test_html_for_iframes_is_dropped() -> None:
    kept = stored(body(customData={"generationData": {"html": "<script>"}, "mine": 1}))
    assert kept["customData"] == {"mine": 1}


@pytest.mark.parametrize("note", [5, "words", None, [], [{"prompt": "x"}], True], ids=repr)
def test_a_note_that_is_none_is_dropped_and_the_element_stays(note: Any) -> None:
    kept = stored(body(type="frame", customData={"atelier": note, "mine": 1}))
    assert kept["customData"] == {"mine": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 5),
        ("prompt", {"text": "x"}),
        ("prompt", ["x"]),
        ("prompt", None),
        ("kind", "constructor"),
        ("kind", "toString"),
        ("kind", None),
        ("kind", ["img2img"]),
        ("strength", "0.5"),
        ("strength", 2),
        ("strength", True),
        ("draft", "yes"),
        ("job", 1),
        ("image", {}),
        ("source", ["frame"]),
        ("seed", "1"),
    ],
)
def test_a_field_of_a_note_that_a_page_does_not_expect_is_dropped(field: str, value: Any) -> None:
    note = {"prompt": "a house", "kind": "img2img", "strength": 0.5, "later": [1]}
    kept = stored(body(type="frame", customData={"atelier": note | {field: value}}))
    sound = {name: kept_value for name, kept_value in note.items() if name != field}
    assert kept["customData"] == {"atelier": sound}


def test_a_sound_note_keeps_its_bytes() -> None:
    note = {
        "job": "j",
        "image": "i",
        "kind": "inpaint",
        "prompt": "",
        "seed": 2**31,
        "source": None,
        "draft": True,
    }
    raw = json.dumps(body(type="image", fileId="f", customData={"atelier": note})).encode()
    assert parse(raw).body == raw


@pytest.mark.parametrize(
    ("link", "safe"),
    [
        ("https://example.org/a?b#c", True),
        ("http://example.org", True),
        ("mailto:a@example.org", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("vbscript:x", False),
        ("//evil.example", False),
        ("file:///etc/passwd", False),
        ("http://[::1", False),
    ],
)
def test_links(link: str, safe: bool) -> None:
    assert is_safe_link(link) == safe
    assert stored(body(link=link))["link"] == (link if safe else None)


@pytest.mark.parametrize(
    ("index", "kept"),
    [("a1", True), ("a1V", True), ("b", False), ("a00", False), ("ü", False), (None, False)],
)
def test_only_a_well_formed_index_counts(index: str | None, kept: bool) -> None:
    assert parse(json.dumps(body(index=index)).encode()).index == (index if kept else None)


def test_moving_makes_a_newer_version() -> None:
    moved = parse(json.dumps(body("a", index="a1", version=4)).encode()).moved_to("a2")
    assert (moved.index, moved.version) == ("a2", 5)
    written = json.loads(moved.body)
    assert (written["index"], written["version"], written["versionNonce"]) == ("a2", 5, moved.version_nonce)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(field=st.sampled_from([*body(), "points", "text", "customData", "crop", "unknown"]), value=json_values)
def test_whatever_a_field_holds_the_element_is_refused_or_sound(field: str, value: Any) -> None:
    raw = json.dumps(body("fuzzed") | {field: value}).encode("utf-8", "surrogatepass")
    try:
        element = parse(raw)
    except ElementRefused:
        return
    kept = json.loads(element.body, parse_constant=lambda name: pytest.fail(f"{name} went through"))
    assert isinstance(kept["groupIds"], list)
    assert all(abs(kept[name]) <= 1e7 for name in ("x", "y", "width", "height"))
    assert "\0" not in json.dumps(kept, ensure_ascii=False)


def test_every_element_of_the_corpus_is_let_in() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real Excalidraw files is not beside this checkout")
    from boards.exchange import document, importing

    count = 0
    for file in sorted(CORPUS.glob("*.excalidraw*")):
        try:
            brought = document.read(file.read_bytes())
        except ImportRefused:
            continue  # one file of the corpus has no elements
        for bodies in (brought.elements, *(brought.items or ())):
            elements, refused = importing.check_elements(bodies)
            assert refused == [], f"{file.name}: {refused[:3]}"
            count += len(elements)
    assert count > 1_000
