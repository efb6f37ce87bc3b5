"""HTTP: files in and out."""

import logging
import uuid
from typing import Annotated, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Query, Router, UploadedFile

from boards import access, database, rendering, request_limits
from boards.access import Act
from boards.errors import TooBig
from boards.exchange import archive, document, exporting, importing
from boards.exchange.exporting import Contents, SceneDocument
from boards.exchange.importing import ImportResult
from boards.exchange.scene_in_image import MIME_TYPE
from boards.principal import of_request, person_of
from boards.rendering import scenes
from boards.responses import streaming_response
from http_api.openapi import Answer, sends
from http_api.responses import not_modified

router = Router()
log = logging.getLogger(__name__)

PICTURE_WIDTH_PX = 2_048


def read_upload(upload: UploadedFile) -> document.Document:
    """The document in an upload. Raises TooBig before reading it, ImportRefused."""
    if (upload.size or 0) > document.UPLOAD_MAX_BYTES:
        raise TooBig(
            f"The file has {(upload.size or 0) // 2**20:,} MB; {document.UPLOAD_MAX_BYTES // 2**20} MB are allowed."
        )
    return document.read(upload.read())


@router.get(
    "/{uuid:board_id}/scene",
    openapi_extra=sends("application/json", MIME_TYPE, described=SceneDocument, kept=True),
)
def get_scene(request: HttpRequest, board_id: uuid.UUID, download: bool = False) -> HttpResponseBase:
    """The board as an .excalidraw document, pictures included; with `download`, as a file to keep."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    # Weak: the same scene, not the same bytes. Read before the scene, so that it never vouches for an older one.
    etag = f'W/"{board.clock}-{board.files.count()}"'
    if (answer := not_modified(request, etag)) is not None:
        return answer
    slot = request_limits.exports.take(person_of(request).pk)
    document = exporting.document(exporting.contents(board))
    name = exporting.filename(board, "excalidraw") if download else None
    kind = MIME_TYPE if download else "application/json"
    return streaming_response(request, document, kind, name, etag, slot)


@router.get("/{uuid:board_id}/export.zip", openapi_extra=sends("application/zip"))
def export_board(request: HttpRequest, board_id: uuid.UUID) -> HttpResponseBase:
    """The board as a zip: scene, pictures, how it looks, and the prompts and seeds of what was generated."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    slot = request_limits.exports.take(person_of(request).pk)
    contents = exporting.contents(board)
    manifest = archive.manifest(contents)
    with request_limits.renders.take(person_of(request).pk):
        looks = _looks(contents)
    parts = archive.parts(contents, looks, manifest)
    return streaming_response(request, parts, "application/zip", exporting.filename(board, "zip"), slot=slot)


@router.post("/{uuid:board_id}/import", response=Answer[ImportResult])
def import_file(
    request: HttpRequest,
    board_id: uuid.UUID,
    file: File[UploadedFile],
    how: Annotated[Literal["merge", "copy"], Query(alias="as")] = "merge",
    deleted: Literal["revive", "leave"] = "revive",
) -> ImportResult:
    """Add a file's elements to the board: .excalidraw, .excalidrawlib, a board's zip, PNG or SVG with the scene inside.

    as: “merge” keeps the elements' ids and the newer version of each, “copy” puts copies beside the scene.
    deleted: what becomes of elements that the file holds and that were deleted on the board since.
    """
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    user = person_of(request)
    with request_limits.uploads.take(user.pk):
        database.give_back()  # reading 64 MB of JSON takes seconds
        return importing.import_document(
            board, user, read_upload(file), copy=how == "copy", revive=deleted == "revive"
        )


def _looks(contents: Contents) -> bytes | None:
    """The board as PNG; None where it is empty or cannot be drawn, without which the rest is exported all the same."""
    if not contents.elements:
        return None
    try:
        pictures = scenes.image_files_or_none(contents)
        return rendering.png_bytes(contents.elements, pictures, width_px=PICTURE_WIDTH_PX)
    except rendering.RenderFailed as error:
        log.warning("Board %s goes out without its picture: %s", contents.board.pk, error.message)
        return None
