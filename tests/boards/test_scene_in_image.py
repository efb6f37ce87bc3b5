"""A scene inside a PNG or an SVG: what goes in comes out, and nothing that is damaged or huge gets through."""

import base64
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.errors import BoardError, ImportRefused, SceneMissing, TooBig
from boards.exchange import document, scene_in_image
from boards.exchange.scene_in_image import MIME_TYPE, PNG_SIGNATURE, from_png, from_svg, into_png, into_svg
from tests.factories import body, png

SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" data-x="a>b" width="9" height="9"><g/></svg>'
SCENE = json.dumps(
    {"type": "excalidraw", "elements": [body("a", type="text", text="žluťoučký 🐎\u2028")]}
).encode()
scenes = st.text(max_size=400).map(lambda text: json.dumps({"type": "excalidraw", "note": text}).encode())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk before its end."""
    return png()[:-12] + chunk(kind, data) + chunk(b"IEND", b"")


def kinds(data: bytes) -> list[bytes]:
    return [each.kind for each in scene_in_image._chunks(data)]


@given(scenes)
@settings(deadline=None)
def test_a_scene_in_a_picture_comes_out_as_it_went_in(scene: bytes) -> None:
    assert from_png(into_png(png(), scene)) == scene
    assert from_svg(into_svg(SVG, scene).encode()) == scene


def test_a_scene_is_replaced_rather_than_doubled() -> None:
    twice = into_png(into_png(png(), b'{"elements":[]}'), SCENE)
    assert from_png(twice) == SCENE and kinds(twice).count(b"tEXt") == 1


def test_the_scene_is_the_first_text_which_is_all_that_excalidraw_looks_at() -> None:
    other = with_chunk(b"tEXt", b"Software\0something")
    embedded = into_png(other, SCENE)
    first = next(each for each in scene_in_image._chunks(embedded) if each.kind == b"tEXt")
    assert first.data.startswith(MIME_TYPE.encode() + b"\0") and kinds(embedded).count(b"tEXt") == 2


def test_the_picture_itself_stays_the_same() -> None:
    import io

    from PIL import Image

    before, after = png(30, 20, "red"), into_png(png(30, 20, "red"), SCENE)
    assert Image.open(io.BytesIO(after)).tobytes() == Image.open(io.BytesIO(before)).tobytes()


ENVELOPE = json.dumps(
    {
        "version": "1",
        "encoding": "bstring",
        "compressed": True,
        "encoded": zlib.compress(SCENE).decode("latin-1"),
    },
    ensure_ascii=False,
)
KEY = MIME_TYPE.encode() + b"\0"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"tEXt", KEY + ENVELOPE.encode("latin-1")),
        (b"zTXt", KEY + b"\0" + zlib.compress(ENVELOPE.encode("latin-1"))),
        (b"iTXt", KEY + b"\0\0\0\0" + ENVELOPE.encode()),
        (b"iTXt", KEY + b"\1\0en\0scene\0" + zlib.compress(ENVELOPE.encode())),
        (b"tEXt", KEY + json.dumps({"encoding": "bstring", "encoded": SCENE.decode("latin-1")}).encode()),
        (b"tEXt", KEY + SCENE),  # the oldest form: no envelope
    ],
    ids=["tEXt", "zTXt", "iTXt", "compressed iTXt", "not compressed", "oldest"],
)
def test_every_way_in_which_a_png_may_carry_it_is_read(kind: bytes, data: bytes) -> None:
    assert json.loads(from_png(with_chunk(kind, data))) == json.loads(SCENE)


def test_the_first_version_of_an_svg_payload_is_read() -> None:
    payload = base64.b64encode(ENVELOPE.encode()).decode()
    svg = (
        f"<svg><!-- payload-type:{MIME_TYPE} --><!-- payload-start -->\n{payload}\n<!-- payload-end --></svg>"
    )
    assert json.loads(from_svg(svg.encode())) == json.loads(SCENE)


@pytest.mark.parametrize("svg", ["<svg/>", "<svg width='1'></svg>", SVG, '<!-- x --><svg a="/" b=\'">\'/>'])
def test_any_svg_takes_a_scene(svg: str) -> None:
    from xml.etree import ElementTree

    embedded = into_svg(svg, SCENE)
    ElementTree.fromstring(embedded)
    assert from_svg(embedded.encode()) == SCENE


@pytest.mark.parametrize("data", [png(), SVG.encode()], ids=["png", "svg"])
def test_a_mere_picture_says_so(data: bytes) -> None:
    with pytest.raises(SceneMissing) as refused:
        document.read(data)
    assert refused.value.code == "no_scene"


WHOLE = {"png": into_png(png(8, 8), SCENE), "svg": into_svg(SVG, SCENE).encode(), "json": SCENE}


# Up to where the scene is complete: what comes after it is only the picture's.
NEEDED = {"png": len(WHOLE["png"]) - 13, "svg": WHOLE["svg"].index(b"payload-end"), "json": len(SCENE) - 1}


@pytest.mark.parametrize("form", WHOLE)
def test_a_scene_that_is_cut_off_anywhere_is_refused(form: str) -> None:
    for length in range(NEEDED[form] + 1):
        with pytest.raises(ImportRefused):
            document.read(WHOLE[form][:length])


@given(st.sampled_from(sorted(WHOLE)), st.data())
@settings(deadline=None, max_examples=400)
def test_a_damaged_file_is_refused_or_read_and_never_breaks_us(form: str, data: st.DataObject) -> None:
    broken = bytearray(WHOLE[form])
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        document.read(bytes(broken))
    except BoardError as error:
        assert error.code in {"bad_document", "no_scene", "too_big"} and error.message


@given(st.binary(max_size=200), st.sampled_from([b"", PNG_SIGNATURE, b"<svg>", b"{", b"PK\x03\x04", KEY]))
@settings(deadline=None, max_examples=300)
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    with pytest.raises(ImportRefused):
        document.read(start + noise)


def test_a_wrong_check_sum_is_named() -> None:
    whole = bytearray(WHOLE["png"])
    whole[whole.index(b"tEXt") + 60] ^= 1
    with pytest.raises(ImportRefused, match="check sum of b'tEXt' is wrong"):
        from_png(bytes(whole))


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_in_image, "SCENE_MAX_BYTES", 1_000)
    monkeypatch.setattr(scene_in_image.inflate, "__defaults__", (1_000,))
    monkeypatch.setattr(document, "SCENE_MAX_BYTES", 1_000)


def bomb_in_zip() -> bytes:
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("board.excalidraw", b" " * 1_000_000)
    return held.getvalue()


BOMBS = {
    "png": lambda: into_png(png(), b" " * 1_000_000),
    "svg": lambda: into_svg(SVG, b" " * 1_000_000).encode(),
    "zTXt": lambda: with_chunk(b"zTXt", KEY + b"\0" + zlib.compress(b" " * 1_000_000)),
    "iTXt": lambda: with_chunk(b"iTXt", KEY + b"\1\0\0\0" + zlib.compress(b" " * 1_000_000)),
    "zip": bomb_in_zip,
}


@pytest.mark.parametrize("form", BOMBS)
def test_what_unpacks_to_more_than_is_allowed_is_refused(form: str, little_room: None) -> None:
    with pytest.raises(TooBig) as refused:
        document.read(BOMBS[form]())
    assert refused.value.status == 413


def test_a_bomb_is_never_whole_in_memory() -> None:
    import tracemalloc

    packed = zlib.compress(b" " * 200_000_000, 9)
    tracemalloc.start()
    with pytest.raises(TooBig):
        scene_in_image.inflate(packed, 1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, '{"elements":[' + '{"a":' * 100_000], ids=["list", "element"]
)
def test_what_is_nested_without_end_is_refused(deep: str) -> None:
    with pytest.raises(ImportRefused):
        document.read(b'{"elements":' + deep.encode())
