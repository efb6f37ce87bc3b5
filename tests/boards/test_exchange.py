"""Documents in and out: every file of the corpus of real ones, in every form that a file may have."""

import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boards.elements.defaults import DEFAULTS
from boards.elements.element import is_safe_link
from boards.errors import ImportRefused
from boards.exchange import archive, document, exporting, importing, scene_in_image
from boards.exchange.document import Document
from boards.models import Board
from tests.factories import body, png

pytestmark = pytest.mark.django_db
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.excalidraw")) if CORPUS.is_dir() else []
LIBRARIES = sorted(CORPUS.glob("*.excalidrawlib")) if CORPUS.is_dir() else []
needs_corpus = pytest.mark.skipif(
    not FILES, reason="the corpus of real Excalidraw files is not beside this checkout"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" viewBox="0 0 10 10"><rect width="10" height="10"/></svg>'


def is_repaired(name: str, before: Any, after: Any) -> bool:
    """May a field differ? Where Excalidraw's own `restore` mends it too, where a client cannot do with what was there,
    or where it says the same in another way. tests/boards/test_restore_beside_excalidraw.py holds each of these beside Excalidraw.
    """
    if name in ("strokeWidth", "roughness", "opacity"):
        return isinstance(before, str) and float(before) == after
    if name == "link":
        return after is None and not is_safe_link(before)
    if name in ("startBinding", "endBinding"):
        return {"focus": 0, "gap": 1} | before == after
    if name == "boundElements":  # without those that name nothing in the file
        return all(item in before for item in after)
    if name in ("width", "height"):  # of a line, measured anew along its points
        return math.isclose(before, after)
    if name in ("boundElementIds", "lastCommittedPoint"):
        return after is None
    return name == "index" or (name == "originalText" and not before) or (before is None and name in DEFAULTS)


def outline(element: dict[str, Any]) -> list[tuple[float, float]]:
    """Where a line runs on the board; its first point may be written anywhere."""
    return [(round(element["x"] + x, 6), round(element["y"] + y, 6)) for x, y, *_ in element["points"]]


def changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The fields that differ and are not repaired."""
    is_same_line = before["type"] in ("line", "arrow") and outline(before) == outline(after)
    measures = {"x", "y", "width", "height", "points"} if is_same_line else set()
    return {
        name
        for name, value in before.items()
        if name not in measures and after.get(name) != value and not is_repaired(name, value, after.get(name))
    }


def out(board: Board) -> bytes:
    return b"".join(exporting.document(exporting.contents(board)))


def zipped(scene: bytes, board: Board) -> bytes:
    contents = exporting.contents(board)
    return b"".join(archive.parts(contents, png(), archive.manifest(contents)))


FORMS: dict[str, Callable[[bytes, Board], bytes]] = {
    "json": lambda scene, board: scene,
    "png": lambda scene, board: scene_in_image.into_png(png(), scene),
    "svg": lambda scene, board: scene_in_image.into_svg(SVG, scene).encode(),
    "zip": zipped,
}


def assert_same(before: dict[str, Any], after: dict[str, Any], where: str) -> None:
    live = {each["id"]: each for each in before["elements"] if not each.get("isDeleted")}
    there = {each["id"]: each for each in after["elements"]}
    assert [each["id"] for each in after["elements"]] == list(live), (
        f"{where}: not the same elements in order"
    )
    for element_id, element in live.items():
        assert changes(element, there[element_id]) == set(), f"{where}: {element_id}"
    shown = {element.get("fileId") for element in live.values()} & (before.get("files") or {}).keys()
    assert after["files"].keys() == shown, f"{where}: pictures"


@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_document_of_the_corpus_comes_out_as_it_went_in(file: Path, alice: Any) -> None:
    raw = json.loads(file.read_bytes())
    board = Board.objects.create(owner=alice, title=file.stem)
    if not isinstance(raw.get("elements"), list):
        with pytest.raises(ImportRefused):
            document.read(file.read_bytes())
        return
    result = importing.import_document(board, alice, document.read(file.read_bytes()))
    assert result["refused"] == []
    first = out(board)
    assert_same(raw, json.loads(first), file.name)
    for form, wrapped in FORMS.items():
        other = Board.objects.create(owner=alice)
        again = importing.import_document(other, alice, document.read(wrapped(first, board)))
        assert again["refused"] == [] and again["updated"] == 0
        assert json.loads(out(other)) | {"files": None} == json.loads(first) | {"files": None}, form
        assert pictures(out(other)) == pictures(first), form


def pictures(scene: bytes) -> dict[str, tuple[str, str]]:
    """Their bytes by id; when they came is not part of them."""
    return {name: (file["mimeType"], file["dataURL"]) for name, file in json.loads(scene)["files"].items()}


@needs_corpus
@pytest.mark.parametrize("file", LIBRARIES, ids=lambda file: file.stem)
def test_every_library_of_the_corpus_is_laid_out_whole(file: Path, alice: Any) -> None:
    raw = json.loads(file.read_bytes())
    items = [each["elements"] for each in raw["libraryItems"]] if "libraryItems" in raw else raw["library"]
    board = Board.objects.create(owner=alice)
    result = importing.import_document(board, alice, document.read(file.read_bytes()))
    assert result["refused"] == [] and result["items"] == len(items)
    there = json.loads(out(board))["elements"]
    before = [each for item in items for each in item if not each.get("isDeleted")]
    assert len(there) == len(before) == result["added"]
    moved = {
        "id",
        "x",
        "y",
        "groupIds",
        "boundElements",
        "containerId",
        "frameId",
        "startBinding",
        "endBinding",
    }
    for element, original in zip(there, before, strict=True):
        assert changes(original, element) <= moved, f"{file.name}: {original['id']}"


def brought(**scene: Any) -> Document:
    return document.read(json.dumps({"type": "excalidraw", "version": 2} | scene).encode())


def test_unknown_types_and_fields_survive(board: Any, alice: Any) -> None:
    strange = body("s", type="hologram", beam={"depth": [1, 2.5, None]}, fileId=None)
    result = importing.import_document(board, alice, brought(elements=[strange]))
    assert (result["added"], result["refused"]) == (1, [])
    assert json.loads(out(board))["elements"] == [strange]


def test_a_picture_that_is_an_svg_stays_one(board: Any, alice: Any) -> None:
    url = "data:image/svg+xml;base64," + base64.b64encode(SVG.encode()).decode()
    image = body("i", type="image", fileId="f", status="saved", scale=[1, 1])
    entry = {"id": "f", "mimeType": "image/svg+xml", "dataURL": url, "created": 1}
    importing.import_document(board, alice, brought(elements=[image], files={"f": entry}))
    assert json.loads(out(board))["files"]["f"]["dataURL"] == url


def test_a_frame_whose_note_would_end_every_page_comes_in_without_it(board: Any, alice: Any) -> None:
    notes: list[Any] = [{"prompt": 5}, {"kind": "constructor", "prompt": "x"}, ["x"], {"prompt": {}}]
    bodies = [body(f"frame-{n}", type="frame", customData={"atelier": note}) for n, note in enumerate(notes)]
    file = json.dumps({"type": "excalidraw", "version": 2, "elements": bodies}).encode()
    assert importing.import_document(board, alice, document.read(file))["added"] == 4
    kept = {row.element_id: json.loads(row.body)["customData"] for row in board.elements.all()}
    assert kept["frame-0"] == kept["frame-3"] == {"atelier": {}}
    assert kept["frame-1"] == {"atelier": {"prompt": "x"}} and kept["frame-2"] == {}
