"""What a version of a board shows: its elements and files, and a thumbnail that is drawn once."""

import io
from typing import Any

import msgspec
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from boards.errors import VersionGone
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.files import board_files
from boards.history import versions
from boards.models import Version
from boards.rendering import thumbnails

THUMBNAIL_PX = (320, 200)


def contents(version: Version) -> Contents:
    """The live elements of the version in drawing order, with the files that they show."""
    bodies = [element.body for element in versions.state_at(version.board, version.clock)]
    board = version.board
    board.background = version.background  # as it was then; this instance is never saved
    return exporting.with_files(board, version.clock, bodies)


def linked_document(contents: Contents) -> bytes:
    """The .excalidraw document, in which files are URLs on this server instead of their bytes."""
    addresses: dict[str, Any] = {
        file.file_id: {
            "id": file.file_id,
            "mimeType": file.mime_type,
            "dataURL": board_files.url_of(file),
            "created": int(file.created_at.timestamp() * 1000),
        }
        for file in contents.files
    }
    return msgspec.json.encode(
        {
            "type": "excalidraw",
            "version": 2,
            "source": exporting.SOURCE,
            "elements": [msgspec.Raw(body) for body in contents.elements],
            "appState": exporting.app_state(contents),
            "files": addresses,
        }
    )


def thumbnail(version: Version) -> str:
    """The storage key of the version's thumbnail; drawn on first use, which takes up to some seconds.

    Raises RenderFailed, StorageUnavailable, VersionGone.
    """
    if version.thumbnail_key:
        return version.thumbnail_key
    name = f"versions/{version.board_id}/{version.pk}.png"
    drawn = default_storage.save(name, ContentFile(_draw(contents(version))))
    # Of two requests that draw it at once, the first to save its key keeps it.
    rows = Version.objects.filter(pk=version.pk)
    if rows.filter(thumbnail_key="").update(thumbnail_key=drawn):
        return drawn
    default_storage.delete(drawn)
    key = rows.values_list("thumbnail_key", flat=True).first()
    if key is None:
        raise VersionGone("There is no such version any more.")
    return key


def _draw(contents: Contents) -> bytes:
    buffer = io.BytesIO()
    thumbnails.draw(contents, THUMBNAIL_PX).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
