"""The image files of a document: decoded from their data URLs, stored, and made files of the board."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from accounts.models import User
from boards.errors import FileRefused, FileSimplified
from boards.exchange.import_notes import Refusal
from boards.files import board_files
from boards.models import Board
from generation.errors import SnapshotInvalid
from generation.images.header import is_svg, read_header
from generation.images.storage import StoredImage
from generation.models import GeneratedImage

FILES_MAX = 1_000
PIXELS_MAX = 400_000_000
"""Pixels of all new images of one document together, which bounds the time of decoding them."""


class StoredFiles(NamedTuple):
    """The outcome of storing the images of a document.

    stored: by the file_ids of the document, in its order. refused: those that are no image, or too many.
    """

    stored: dict[str, StoredImage | GeneratedImage]
    refused: list[Refusal]


def store_all(entries: Mapping[str, Any]) -> StoredFiles:
    """Store the images of a document; may take seconds. Raises DecoderBusy, StorageUnavailable."""
    stored_files = StoredFiles({}, [])
    pixels = 0
    for number, (file_id, entry) in enumerate(entries.items()):
        try:
            data = data_of(entry)
            found = board_files.find(data)
            pixels += _pixels(data) if found is None else 0
            if number >= FILES_MAX or pixels > PIXELS_MAX:
                raise FileRefused(
                    f"One document may bring {FILES_MAX} pictures with {PIXELS_MAX // 1_000_000} megapixels in all."
                )
            stored_files.stored[file_id], lost = (
                board_files.store_new(data) if found is None else board_files.Stored(found)
            )
            if lost:
                raise FileSimplified
        except FileRefused as error:
            stored_files.refused.append(Refusal(id=file_id[:64], code=error.code, message=error.message))
    return stored_files


def add_all(board: Board, user: User, stored_files: StoredFiles) -> dict[str, str]:
    """Make them files of the board. Returns {file_id of the document: file_id on the board} where the two differ."""
    added = {
        file_id: board_files.add_from_document(board, user, stored, file_id)
        for file_id, stored in stored_files.stored.items()
    }
    return {old: file.file_id for old, file in added.items() if file.file_id != old}


def data_of(entry: Any) -> bytes:
    """The bytes in an entry of a document's `files`. Raises FileRefused."""
    url = entry.get("dataURL") if isinstance(entry, dict) else None
    if not isinstance(url, str) or not url.startswith("data:") or "," not in url[:200]:
        raise FileRefused("The picture has no data URL.")
    head, _, payload = url.partition(",")
    try:
        if head.endswith(";base64"):
            return base64.b64decode(payload, validate=True)
        return unquote_to_bytes(payload)
    except (binascii.Error, ValueError):
        raise FileRefused("The picture's data URL is not base64.") from None


def _pixels(data: bytes) -> int:
    if is_svg(data):
        return 0
    try:
        header = read_header(data)
    except SnapshotInvalid as error:
        raise FileRefused(error.message) from None
    return header.width_px * header.height_px
