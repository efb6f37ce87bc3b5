""".excalidraw documents in and out."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from boards import bus, files, store
from boards.element import Element, parse
from boards.errors import BoardFull, ElementRefused, FileRefused, ImportRefused
from boards.models import Board, BoardFile

DOCUMENT_MAX_BYTES = 25 * 1024 * 1024
SOURCE = "Atelier"


def export_scene(board: Board) -> dict[str, Any]:
    """The live elements in order, and their pictures as data URLs."""
    elements = [element for _, element in store.snapshot(board.pk).elements if not element.is_deleted]
    elements.sort(key=lambda element: (element.index or "", element.id))
    return {
        "type": "excalidraw",
        "version": 2,
        "source": SOURCE,
        "elements": [json.loads(element.body) for element in elements],
        "appState": {"viewBackgroundColor": "#ffffff", "gridSize": 20},
        "files": {file.file_id: _file_entry(file) for file in BoardFile.objects.filter(board=board)},
    }


def _file_entry(file: BoardFile) -> dict[str, Any]:
    with default_storage.open(file.key) as stored:
        data = base64.b64encode(stored.read()).decode()
    return {
        "id": file.file_id,
        "mimeType": file.mime_type,
        "dataURL": f"data:{file.mime_type};base64,{data}",
        "created": int(file.created_at.timestamp() * 1000),
    }


def read_upload(upload: UploadedFile) -> dict[str, Any]:
    """The document in an upload. Raises ImportRefused."""
    if (upload.size or 0) > DOCUMENT_MAX_BYTES:
        raise ImportRefused(f"The document has {upload.size} bytes, {DOCUMENT_MAX_BYTES} are allowed.")
    return read(upload.read())


def read(data: bytes) -> dict[str, Any]:
    """The document in some bytes. Raises ImportRefused where it holds no scene."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ImportRefused(f"This is not an .excalidraw file: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("elements"), list):
        raise ImportRefused("This is not an .excalidraw file: it has no list of elements.")
    return document


def import_scene(board: Board, user: User, document: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a document into the board: {clock, added, updated, refused}.

    Raises BoardFull, BoardFrozen, BoardGone; then nothing was written.
    """
    elements, refused = _check(document["elements"])
    refused += _add_files(board, user, document.get("files"))
    known = dict(board.elements.filter(element_id__in=elements).values_list("element_id", "is_deleted"))
    with transaction.atomic():
        change = store.apply(board.pk, list(elements.values()))
        transaction.on_commit(lambda: bus.clock_moved(board.pk, change.clock))
    updated = sum(1 for element in change.elements if element.id in known)
    return {
        "clock": change.clock,
        "added": len(change.elements) - updated,
        "updated": updated,
        "refused": refused,
    }


def _check(raw_elements: list[Any]) -> tuple[dict[str, Element], list[dict[str, str]]]:
    if len(raw_elements) > store.LIVE_ELEMENTS_MAX:
        raise BoardFull(
            f"The document has {len(raw_elements)} elements, {store.LIVE_ELEMENTS_MAX} are allowed."
        )
    elements: dict[str, Element] = {}
    refused: list[dict[str, str]] = []
    for raw in raw_elements:
        try:
            element = parse(msgspec.json.encode(_completed(raw)))
        except ElementRefused as error:
            element_id = raw.get("id") if isinstance(raw, dict) else None
            refused.append({"id": str(element_id or ""), "code": error.code, "message": error.message})
            continue
        if element.id not in elements or elements[element.id].rank < element.rank:
            elements[element.id] = element
    return elements, refused


def _completed(raw: Any) -> Any:
    """Files of older Excalidraw releases lack what merging needs, and write some numbers as text."""
    if not isinstance(raw, dict):
        return raw
    numbers = {name: _number(raw[name]) for name in ("strokeWidth", "roughness", "opacity") if name in raw}
    return {"version": 1, "versionNonce": secrets.randbelow(2**31)} | raw | numbers


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _add_files(board: Board, user: User, entries: Any) -> list[dict[str, str]]:
    refused = []
    for file_id, entry in entries.items() if isinstance(entries, dict) else ():
        try:
            files.add_upload(board, user, _data_of(entry), file_id)
        except FileRefused as error:
            refused.append({"id": str(file_id)[:64], "code": error.code, "message": error.message})
    return refused


def _data_of(entry: Any) -> bytes:
    url = entry.get("dataURL") if isinstance(entry, dict) else None
    if not isinstance(url, str) or ";base64," not in url[:100]:
        raise FileRefused("The picture has no data URL.")
    try:
        return base64.b64decode(url.split(";base64,", 1)[1], validate=True)
    except (binascii.Error, ValueError):
        raise FileRefused("The picture's data URL is not base64.") from None
