"""The files of a board: the images that its elements name by file_id. Checked and stored once, described for pages."""

import hashlib
import re
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from boards import announce, database
from boards.errors import FileRefused
from boards.models import Board, BoardFile
from boards.wire.peer_messages import FileAdded
from boards.wire.server_messages import FileDescription
from generation.errors import SnapshotInvalid
from generation.images import decoder, storage
from generation.images.header import SVG_MIME_TYPE, is_svg
from generation.images.storage import StoredImage
from generation.models import GeneratedImage

FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def add_upload(board: Board, user: User, data: bytes, file_id: str | None = None) -> BoardFile:
    """Store an uploaded image as a file of the board. Raises FileRefused, DecoderBusy, StorageUnavailable.

    file_id: the client's name for it. If the board has a file of that name, that one is returned and nothing stored.
    Without one, or if something that a browser shows was lost in cleaning, the name is the SHA-256 of the stored bytes.
    """
    if file_id is not None:
        if not FILE_ID.fullmatch(file_id):
            raise FileRefused("file_id must be 1–64 letters, digits, “-” or “_”.")
        if known := BoardFile.objects.filter(board=board, file_id=file_id).first():
            return known
    image, lost = store(data)
    # Pages that have the uploaded bytes under the client's name show them whole: what is stored needs another name.
    name = file_id if file_id is not None and not lost else image.sha256
    return _save(_row(board, user, image, name))


def add_generated(board: Board, image: GeneratedImage, user: User | None) -> BoardFile:
    """Make a generated picture a file of the board, named by its SHA-256; the bytes are not copied."""
    return _save(_row(board, user, image, image.sha256))


def add_from_document(
    board: Board, user: User, image: StoredImage | GeneratedImage, file_id: str
) -> BoardFile:
    """Make a stored image a file of the board under the name that it has in an imported document.

    If the board has other bytes under that name, or the name is malformed, the file is named by its SHA-256.
    """
    known = BoardFile.objects.filter(board=board, file_id=file_id).first()
    if known is not None and known.sha256 == image.sha256:
        return known
    free = known is None and FILE_ID.fullmatch(file_id)
    return _save(_row(board, user, image, file_id if free else image.sha256))


class Stored(NamedTuple):
    """A stored image. lost: True if cleaning removed something that a browser shows."""

    image: StoredImage | GeneratedImage
    lost: bool = False


def store(data: bytes) -> Stored:
    """Clean and store an image, or find it where these bytes are stored already.

    May take seconds, holding no database connection. Raises FileRefused, DecoderBusy, StorageUnavailable.
    """
    found = find(data)
    return store_new(data) if found is None else Stored(found)


def find(data: bytes) -> StoredImage | GeneratedImage | None:
    """The stored image with exactly these bytes, or None. An image that was downloaded here is not cleaned again.

    Raises StorageUnavailable.
    """
    own = GeneratedImage.objects.filter(sha256=hashlib.sha256(data).hexdigest()).first()
    if own is not None:
        storage.mark(own.key)
    database.give_back()
    return own or storage.find_bytes(data, "files")


def store_new(data: bytes) -> Stored:
    """Clean and store an image that `find` does not know. Raises FileRefused, DecoderBusy, StorageUnavailable."""
    try:
        if is_svg(data):
            data, size, lost = decoder.clean_svg(data)
            return Stored(storage.store_bytes(data, "files", size, SVG_MIME_TYPE, "svg"), lost)
        data, header = storage.clean_image(data)
    except SnapshotInvalid as error:
        raise FileRefused(error.message) from None
    size = header.width_px, header.height_px
    return Stored(storage.store_bytes(data, "files", size, header.mime_type, header.format.lower()))


def _row(board: Board, user: User | None, bytes_of: StoredImage | GeneratedImage, file_id: str) -> BoardFile:
    return BoardFile(
        board=board,
        file_id=file_id,
        created_by=user,
        key=bytes_of.key,
        sha256=bytes_of.sha256,
        mime_type=bytes_of.mime_type,
        width_px=bytes_of.width_px,
        height_px=bytes_of.height_px,
        size_bytes=bytes_of.size_bytes,
    )


def _save(file: BoardFile) -> BoardFile:
    try:
        with transaction.atomic():
            file.save()
    except IntegrityError:  # the same picture came twice at once: the first one stays
        return BoardFile.objects.get(board=file.board, file_id=file.file_id)
    message = FileAdded(describe(file))
    transaction.on_commit(lambda: announce.announce(file.board.pk, message))
    return file


def url_of(file: BoardFile) -> str:
    return reverse("board-file", args=[file.board_id, file.file_id])


def describe(file: BoardFile) -> dict[str, FileDescription]:
    """The file by its file_id."""
    return {
        file.file_id: {
            "url": url_of(file),
            "mime_type": file.mime_type,
            "width_px": file.width_px,
            "height_px": file.height_px,
        }
    }


def describe_all(board: Board) -> dict[str, FileDescription]:
    """Every file of the board by its file_id."""
    described: dict[str, FileDescription] = {}
    for file in BoardFile.objects.filter(board=board):
        described |= describe(file)
    return described
