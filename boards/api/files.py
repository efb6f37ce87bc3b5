"""HTTP: pictures that people bring to a board."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Form, Router, Status, UploadedFile

from boards import access, request_limits
from boards.access import Act
from boards.errors import TooBig
from boards.files import board_files
from boards.principal import of_request, person_of

router = Router()


def read_upload(upload: UploadedFile) -> bytes:
    """The bytes of an upload. Raises TooBig before reading them."""
    if (upload.size or 0) > settings.FILE_MAX_BYTES:
        raise TooBig(f"The file has {upload.size} bytes, {settings.FILE_MAX_BYTES} are allowed.")
    return bytes(upload.read())


@router.post("/{uuid:board_id}/files", response={201: dict[str, Any]})
def create(
    request: HttpRequest, board_id: uuid.UUID, file: File[UploadedFile], file_id: Form[str | None] = None
) -> Status:
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    user = person_of(request)
    with request_limits.uploads.take(user.pk):
        added = board_files.add_upload(board, user, read_upload(file), file_id)
    described = board_files.describe(added)[added.file_id]
    return Status(201, {"file_id": added.file_id, "size_bytes": added.size_bytes} | described)
