"""Reads an uploaded file of any supported kind into its elements, image files and library items. Pure."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from boards.errors import ImportRefused, SceneMissing, TooBig
from boards.exchange import scene_in_image
from boards.exchange.scene_in_image import SCENE_MAX_BYTES

UPLOAD_MAX_BYTES = 64 * 1024 * 1024
ARCHIVE_ENTRIES_MAX = 5_000
ITEMS_MAX = 2_000

Fields = Mapping[str, Raw]
"""The fields of one element, each value as raw JSON."""


class Document(NamedTuple):
    """The content of a file.

    elements: the JSON of each, in drawing order. files: id → entry of the document's `files`, unchecked.
    items: the elements of each item of a library, in which case `elements` is empty; None for a scene. background: the
    colour behind the scene as the file has it, unchecked; None without one.
    """

    elements: list[bytes]
    files: dict[str, Any]
    items: list[list[bytes]] | None = None
    background: str | None = None


class _Json(Struct, rename="camel"):
    elements: list[Raw] | None = None
    files: Any = None  # other programs write an empty list where there are none
    app_state: Any = None
    library_items: list[Raw] | None = None
    library: list[Raw] | None = None


class _Item(Struct):
    elements: list[Raw]


def read(data: bytes) -> Document:
    """The document in a file. Its kind is found by its first bytes, not by its name.

    Raises ImportRefused (SceneMissing for an image without a scene), TooBig.
    """
    if len(data) > UPLOAD_MAX_BYTES:
        raise TooBig(f"The file has {len(data) // 2**20:,} MB; {UPLOAD_MAX_BYTES // 2**20} MB are allowed.")
    if data.startswith(scene_in_image.PNG_SIGNATURE):
        return read_json(scene_in_image.from_png(data))
    if data.startswith(b"PK\x03\x04"):
        return read_json(_from_archive(data))
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return read_json(scene_in_image.from_svg(data))
    if start in (b"{", b"["):
        return read_json(data)
    raise ImportRefused(
        "This file cannot be imported. Use an .excalidraw or .excalidrawlib file, a board's zip, "
        "or a PNG or SVG that was exported with the board inside."
    )


def read_json(data: bytes) -> Document:
    """The document in JSON: a scene, a library, or only the list of a scene's elements. Raises ImportRefused for anything else."""
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Json | list[Raw])
        if isinstance(found, list):
            if not found:
                raise ImportRefused("This is not an Excalidraw file: there are no elements in it.")
            found = _Json(elements=found)
        files = found.files if isinstance(found.files, dict) else {}
        if found.elements is not None:
            return Document(
                [_compact(raw) for raw in found.elements], files, None, _background(found.app_state)
            )
        items = found.library if found.library_items is None else found.library_items
        if items is None:
            raise ImportRefused("This is not an Excalidraw file: there is no list of elements in it.")
        if len(items) > ITEMS_MAX:
            raise ImportRefused(f"The library has {len(items):,} items, {ITEMS_MAX:,} are allowed.")
        return Document([], files, [item for item in map(_item, items) if item])
    except msgspec.ValidationError:
        raise ImportRefused("This is not an Excalidraw file: what is in it is something else.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ImportRefused("This file is damaged or was cut off: it cannot be read to its end.") from None


def _background(app_state: Any) -> str | None:
    colour = app_state.get("viewBackgroundColor") if isinstance(app_state, dict) else None
    return colour if isinstance(colour, str) else None


def _item(raw: Raw) -> list[bytes]:
    """The elements of one item of a library; libraries of the first version are lists of lists."""
    try:
        item = msgspec.json.decode(raw, type=_Item | list[Raw])
    except msgspec.ValidationError:
        return []
    return [_compact(each) for each in (item if isinstance(item, list) else item.elements)]


def _compact(raw: Raw) -> bytes:
    """The JSON without indentation; numbers and text stay as they are written."""
    return msgspec.json.format(bytes(raw), indent=-1)


def _from_archive(data: bytes) -> bytes:
    """The .excalidraw file in a zip of a board. Unpacks at most SCENE_MAX_BYTES. Raises ImportRefused, TooBig."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > ARCHIVE_ENTRIES_MAX:
                raise ImportRefused(
                    f"The zip has {len(entries):,} files; {ARCHIVE_ENTRIES_MAX:,} are allowed."
                )
            scene = next((entry for entry in entries if entry.filename.endswith(".excalidraw")), None)
            if scene is None:
                raise SceneMissing("This zip holds no .excalidraw file.")
            with archive.open(scene) as packed:
                unpacked = packed.read(SCENE_MAX_BYTES + 1)
    # Damaged archives make zipfile fail with almost anything, encrypted ones with RuntimeError.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        raise ImportRefused(
            "The zip cannot be read: it is damaged, was cut off, or has a password."
        ) from None
    if len(unpacked) > SCENE_MAX_BYTES:
        raise TooBig(
            f"The board inside unpacks to more than the {SCENE_MAX_BYTES // 2**20} MB that are allowed."
        )
    return unpacked
