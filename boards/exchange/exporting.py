"""Exports a board as an .excalidraw document with its image files in it, chunk by chunk."""

import base64
import logging
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal, NamedTuple

import msgspec
from typing_extensions import TypedDict

from boards import database
from boards.elements import store
from boards.errors import TooBig
from boards.exchange.scene_in_image import SCENE_MAX_BYTES
from boards.models import Board, BoardFile
from generation.errors import StorageUnavailable
from generation.images import storage
from http_api.responses import spool

SOURCE = "Atelier"
GRID_SIZE = 20
CHUNK_BYTES = 192 * 1024
"""A multiple of three, so that the base64 of the chunks can be joined."""

log = logging.getLogger(__name__)


class Contents(NamedTuple):
    """The scene of a board at its clock. elements: live bodies in drawing order; files: those of the images among them."""

    board: Board
    clock: int
    elements: list[bytes]
    files: list[BoardFile]


class SceneFile(TypedDict):
    """A picture that elements show. dataURL: its bytes, or its address on this server. created: Unix time in ms."""

    id: str
    mimeType: str
    created: int
    dataURL: str


class AppState(TypedDict):
    """What of the page's own state a document brings along. viewBackgroundColor: CSS; gridSize: in scene units."""

    viewBackgroundColor: str
    gridSize: int


class SceneDocument(TypedDict):
    """An .excalidraw document. elements: Excalidraw's, in drawing order. files: by the `fileId` of the elements."""

    type: Literal["excalidraw"]
    version: int
    source: str
    elements: list[dict[str, Any]]
    appState: AppState
    files: dict[str, SceneFile]


def app_state(contents: Contents) -> AppState:
    """The `appState` of a document: the page's settings that belong to the scene."""
    return {"viewBackgroundColor": contents.board.background, "gridSize": GRID_SIZE}


class _WithFile(msgspec.Struct, rename="camel"):
    file_id: str | None = None


class _Membership(msgspec.Struct, rename="camel"):
    id: str
    frame_id: str | None = None
    container_id: str | None = None


_with_file = msgspec.json.Decoder(_WithFile)
_membership = msgspec.json.Decoder(_Membership)


def contents(board: Board) -> Contents:
    """The scene as it is now. Raises BoardGone."""
    snapshot = store.snapshot(board.pk)
    board.background = snapshot.background  # of the same clock: drawings are cached by it
    live = [element for _, element in snapshot.elements if not element.is_deleted]
    live.sort(key=lambda element: (element.index or "", element.id))
    return with_files(board, snapshot.clock, [element.body for element in live])


def narrowed(contents: Contents, element_id: str | None) -> Contents:
    """A frame with its children, or an element with its text; the whole scene for None."""
    if element_id is None:
        return contents
    members = zip(contents.elements, map(_membership.decode, contents.elements), strict=True)
    bodies = [body for body, of in members if element_id in (of.id, of.frame_id, of.container_id)]
    return with_files(contents.board, contents.clock, bodies)


def with_files(board: Board, clock: int, bodies: list[bytes]) -> Contents:
    """The contents with these elements. bodies: live, in drawing order, as they were at the clock."""
    shown = {file_id_of(body) for body in bodies}
    files = BoardFile.objects.filter(board=board).order_by("created_at", "pk")
    return Contents(board, clock, bodies, [file for file in files if file.file_id in shown])


def file_id_of(body: bytes) -> str | None:
    """The file that an element shows; None without one. Elements of unknown types may show one too."""
    try:
        return _with_file.decode(body).file_id
    except msgspec.ValidationError:
        return None


def document(contents: Contents) -> Iterator[bytes]:
    """The .excalidraw document in chunks, none larger than about CHUNK_BYTES or one element.

    The elements are spooled to a temporary file first: a slow reader keeps none of them in memory.
    """
    return _document(spool(_elements(contents)), contents.files)


def _document(elements: Iterator[bytes], files: list[BoardFile]) -> Iterator[bytes]:
    yield from elements
    comma = b""
    for file in files:
        chunks = file_chunks(file)
        if (first := next(chunks, None)) is None:
            continue
        entry = {
            "id": file.file_id,
            "mimeType": file.mime_type,
            "created": int(file.created_at.timestamp() * 1000),
            "dataURL": f"data:{file.mime_type};base64,",
        }
        # The data URL comes last: its bytes follow where the entry would end.
        head = msgspec.json.encode(entry).removesuffix(b'"}')
        yield comma + msgspec.json.encode(file.file_id) + b":" + head
        for chunk in chain([first], chunks):
            yield base64.b64encode(chunk)
        yield b'"}'
        comma = b","
    yield b"}}"


def _elements(contents: Contents) -> Iterator[bytes]:
    yield b'{"type":"excalidraw","version":2,"source":' + msgspec.json.encode(SOURCE) + b',"elements":['
    comma = b""
    for body in contents.elements:
        yield comma + body
        comma = b","
    yield b'],"appState":' + msgspec.json.encode(app_state(contents)) + b',"files":{'


def file_chunks(file: BoardFile) -> Iterator[bytes]:
    """The bytes of a file in chunks whose base64 can be joined; none where the storage lost the file.

    Raises StorageUnavailable.
    """
    try:
        with storage.open_key(file.key) as stored:
            while chunk := stored.read(CHUNK_BYTES):
                yield chunk
    except StorageUnavailable as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        log.warning("File %s of board %s is not in the storage", file.file_id, file.board_id)


def document_to_embed(contents: Contents) -> bytes:
    """The whole document as bytes, to be embedded in an image. Raises TooBig where it could not be imported again.

    Its files are read from the storage without a database connection.
    """
    database.give_back()
    size = sum(map(len, contents.elements)) + sum(file.size_bytes * 4 // 3 + 300 for file in contents.files)
    if size > SCENE_MAX_BYTES:
        raise TooBig(f"With its pictures the scene has {size} bytes, {SCENE_MAX_BYTES} fit into one file.")
    return b"".join(document(contents))


def file_bytes(file: BoardFile) -> bytes | None:
    """The bytes of a file of the board, or None where the storage lost them. Raises StorageUnavailable.

    The storage may be far away: no database connection is held meanwhile.
    """
    database.give_back()
    try:
        return storage.read(file.key)
    except FileNotFoundError:
        log.warning("File %s of board %s is not in the storage", file.file_id, file.board_id)
        return None


def filename(board: Board, suffix: str) -> str:
    """The name of a download: the board's title without characters that file systems forbid, and the suffix."""
    stem = re.sub(r'[\s\x00-\x1f\x7f\\/:*?"<>|]+', " ", board.title).strip(" .")[:100]
    return f"{stem or 'board'}.{suffix}"
