"""Bytes as answers: private ones that never change, and files that are made while they are sent.

Nothing large waits in memory for a slow reader: it comes off a disk, piece by piece, at the reader's speed
(webapp/door/pacing.py), and without a database connection.
"""

import asyncio
import logging
import tempfile
import weakref
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import IO, Any

from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from boards import database
from boards.request_limits import Turn
from generation.images import storage

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024


def immutable(request: HttpRequest, sha256: str, key: str, mime_type: str) -> HttpResponseBase:
    """The stored file `key`, or 304. Access must have been checked. Raises Http404 where storage has lost it."""
    etag = f'"{sha256}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        database.give_back()
        try:
            with storage.reading(key):
                response = _stored(request, default_storage.open(key), mime_type)
        except FileNotFoundError:
            log.error("%s is not in storage", key)
            raise Http404("This file is lost.") from None
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Content-Disposition"] = "inline"
    # An SVG that is shown may carry its own style and pictures, and nothing else.
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
    )
    return response


def _stored(request: HttpRequest, stored: Any, mime_type: str) -> HttpResponseBase:
    if stored.size <= PIECE_BYTES:
        with stored:
            return HttpResponse(stored.read(), content_type=mime_type)
    return _sized(request, Pieces(stored), stored.size, mime_type)


def whole(request: HttpRequest, data: bytes, mime_type: str) -> HttpResponseBase:
    """Bytes that are there; what is large waits on a disk for its reader. Access must have been checked."""
    if len(data) <= PIECE_BYTES:
        return HttpResponse(data, content_type=mime_type)
    return _sized(request, spooled([data]), len(data), mime_type)


def _sized(request: HttpRequest, pieces: Iterator[bytes], size: int, mime_type: str) -> HttpResponseBase:
    response = StreamingHttpResponse(_content(request, pieces), content_type=mime_type)
    response["Content-Length"] = str(size)
    return response


def streamed(
    request: HttpRequest,
    parts: Iterator[bytes],
    mime_type: str,
    filename: str | None = None,
    etag: str | None = None,
    turn: Turn | None = None,
) -> StreamingHttpResponse:
    """An answer that is never whole in memory; with a filename it is one to keep. Access must have been checked.

    parts: may block, but must not ask the database, which the thread that reads them has no part in.
    etag: lets the client keep the answer and ask whether it still holds: see `unchanged`.
    turn: lasts until the answer is sent, or nobody reads it any more.
    """
    database.give_back()
    response = StreamingHttpResponse(_content(request, parts, turn), content_type=mime_type)
    response["Cache-Control"] = "private, no-cache" if etag else "private, no-store"
    if etag:
        response["ETag"] = etag
    disposition = content_disposition_header(filename is not None, filename or "")
    if filename is not None and disposition is not None:
        response["Content-Disposition"] = disposition
    return response


def unchanged(request: HttpRequest, etag: str) -> HttpResponse | None:
    """The 304 for a client that has this already, else None."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag not in known and "*" not in known:
        return None
    response = HttpResponseNotModified()
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


class Pieces(Iterator[bytes]):
    """An open file piece by piece. It is closed at its end, or when nobody reads it any more."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        # An answer may be dropped before anybody began to read it.
        self.close = weakref.finalize(self, file.close)

    def __next__(self) -> bytes:
        if piece := self._file.read(PIECE_BYTES):
            return piece
        self.close()
        raise StopIteration


def spooled(parts: Iterable[bytes]) -> Pieces:
    """The same bytes in pieces that come off a disk: what they were made of is free meanwhile."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    pieces = Pieces(file)
    for part in parts:
        file.write(part)
    file.seek(0)
    return pieces


def _content(
    request: HttpRequest, parts: Iterator[bytes], turn: Turn | None = None
) -> Iterator[bytes] | AsyncIterator[bytes]:
    return _from_threads(parts, turn) if isinstance(request, ASGIRequest) else _at_once(parts, turn)


def _at_once(parts: Iterator[bytes], turn: Turn | None) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        if turn is not None:
            turn.release()


async def _from_threads(parts: Iterator[bytes], turn: Turn | None) -> AsyncIterator[bytes]:
    try:
        # Whoever iterates sends the piece before asking for the next, which waits for the reader.
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            yield part
    finally:
        if turn is not None:
            turn.release()
