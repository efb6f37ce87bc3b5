"""The pictures of a document, taken out of their data URLs and made files of the board."""

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

PICTURES_MAX = 1_000
PIXELS_MAX = 400_000_000
"""Of all pictures of one document that are new here: what decoding them may cost."""


class StoredFiles(NamedTuple):
    """stored: by the names of the document, in its order."""

    stored: dict[str, StoredImage | GeneratedImage]
    refused: list[Refusal]


def store_all(entries: Mapping[str, Any]) -> StoredFiles:
    """Store the pictures of a document; may take seconds. Raises DecoderBusy, StorageUnavailable."""
    stored_files = StoredFiles({}, [])
    pixels = 0
    for number, (file_id, entry) in enumerate(entries.items()):
        try:
            data = data_of(entry)
            found = board_files.find(data)
            pixels += _pixels(data) if found is None else 0
            if number >= PICTURES_MAX or pixels > PIXELS_MAX:
                raise FileRefused(
                    f"One document may bring {PICTURES_MAX} pictures with {PIXELS_MAX // 1_000_000} megapixels in all."
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
    """Make them files of the board. Returns the names of those that go by another file_id here."""
    added = {
        name: board_files.add_from_document(board, user, stored, name)
        for name, stored in stored_files.stored.items()
    }
    return {name: file.file_id for name, file in added.items() if file.file_id != name}


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
