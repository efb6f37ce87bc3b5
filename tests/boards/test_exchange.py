"""Documents in and out: every file of the corpus of real ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from boards import exchange
from boards.errors import ImportRefused
from boards.models import Board

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.excalidraw")) if CORPUS.is_dir() else []


@pytest.mark.skipif(not FILES, reason="the corpus of real Excalidraw files is not beside this checkout")
@pytest.mark.django_db
def test_every_document_of_the_corpus_comes_out_as_it_went_in(alice: Any) -> None:
    imported = refused = 0
    for file in FILES:
        board = Board.objects.create(owner=alice)
        try:
            document = exchange.read(file.read_bytes())
        except ImportRefused:
            refused += 1
            assert not isinstance(_json(file).get("elements"), list), file.name
            continue
        result = exchange.import_scene(board, alice, document)
        for item in result["refused"]:  # nothing but pictures of a kind that may hold scripts
            assert document["files"][item["id"]]["mimeType"] == "image/svg+xml", f"{file.name}: {item}"
        out = {element["id"]: element for element in exchange.export_scene(board)["elements"]}
        newest = {element["id"]: element for element in document["elements"] if not element.get("isDeleted")}
        assert out.keys() == newest.keys(), file.name
        for element_id, element in newest.items():
            changed = {name for name, value in element.items() if out[element_id].get(name) != value}
            # A new place in the order is a new version; what a client needs may have been filled in.
            allowed = {
                "index",
                "version",
                "versionNonce",
                "groupIds",
                "link",
                "strokeWidth",
                "roughness",
                "opacity",
            }
            assert changed <= allowed, f"{file.name}: {element_id} changed in {changed - allowed}"
        imported += 1
    assert imported >= 25 and refused <= 3


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
