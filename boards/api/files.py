"""HTTP: pictures that people bring to a board."""

import uuid

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Form, Router, Status
from ninja import UploadedFile as FormFile

from boards import access, request_limits
from boards.access import Act
from boards.errors import TooBig
from boards.files import board_files
from boards.principal import of_request, person_of
from boards.wire.server_messages import FileDescription
from http_api.openapi import Answer

router = Router()


def read_upload(upload: FormFile) -> bytes:
    """The bytes of an upload. Raises TooBig before reading them."""
    if (upload.size or 0) > settings.FILE_MAX_BYTES:
        raise TooBig(f"The file has {upload.size} bytes, {settings.FILE_MAX_BYTES} are allowed.")
    return bytes(upload.read())


class UploadedFile(FileDescription):
    """A file of the board. file_id: the name by which elements show it."""

    file_id: str
    size_bytes: int


@router.post("/{uuid:board_id}/files", response={201: Answer[UploadedFile]})
def upload_file(
    request: HttpRequest, board_id: uuid.UUID, file: File[FormFile], file_id: Form[str | None] = None
) -> Status[UploadedFile]:
    """Store a picture for the board: PNG, JPEG, WebP, GIF, AVIF, BMP, ICO or SVG.

    file_id: the client's name for it. Where the board has a file of that name, that one is returned.
    Without a name, or where something that a browser would show could not be kept, it goes by the SHA-256 of its bytes.
    """
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    user = person_of(request)
    with request_limits.uploads.take(user.pk):
        added = board_files.add_upload(board, user, read_upload(file), file_id)
    described = board_files.describe(added)[added.file_id]
    return Status(201, {"file_id": added.file_id, "size_bytes": added.size_bytes, **described})
