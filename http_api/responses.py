"""Responses with bytes: kept for ever by the client, or made while they are sent.

Nothing large waits in memory for a slow client: it is read from a disk, chunk by chunk, as fast as the client reads
(webapp/door/pacing.py).
"""

import asyncio
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

CHUNK_BYTES = 256 * 1024
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
"""Content-Security-Policy of pictures: an SVG may use its own style, fonts and pictures, and nothing else."""

Slot = AbstractContextManager[Any]
"""Something that is held while a response is being sent, e.g. a place under a concurrency limit."""


def immutable(request: HttpRequest, tag: str, make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """304 if the client has it, else what `make` returns, to be kept for ever by this client alone.

    tag: names the content. The caller has checked access.
    """
    etag = f'"{tag}"'
    known = request.headers.get("If-None-Match") == etag
    response: HttpResponseBase = HttpResponseNotModified() if known else make()
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = PICTURE_POLICY
    return response


def not_modified(request: HttpRequest, etag: str) -> HttpResponse | None:
    """The 304 if the client has this already, else None."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag not in known and "*" not in known:
        return None
    response = HttpResponseNotModified()
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def bytes_response(request: HttpRequest, data: bytes, mime_type: str) -> HttpResponseBase:
    """Bytes in memory; large ones are put on a disk, from which they are sent."""
    if len(data) <= CHUNK_BYTES:
        return HttpResponse(data, content_type=mime_type)
    return _with_length(request, spool([data]), len(data), mime_type)


def file_response(request: HttpRequest, file: Any, mime_type: str) -> HttpResponseBase:
    """An open file of Django's storage, which is closed once it is sent or dropped."""
    if file.size <= CHUNK_BYTES:
        with file:
            return HttpResponse(file.read(), content_type=mime_type)
    return _with_length(request, FileChunks(file), file.size, mime_type)


def _with_length(
    request: HttpRequest, chunks: Iterator[bytes], size: int, mime_type: str
) -> HttpResponseBase:
    response = StreamingHttpResponse(_content(request, chunks), content_type=mime_type)
    response["Content-Length"] = str(size)
    return response


def streaming_response(
    request: HttpRequest,
    chunks: Iterator[bytes],
    mime_type: str,
    filename: str | None = None,
    etag: str | None = None,
    slot: Slot | None = None,
) -> StreamingHttpResponse:
    """A response that is never whole in memory; with a filename it is downloaded. The caller has checked access.

    chunks: may block, but must not use the database: they are read in another thread.
    etag: lets the client keep the response and ask whether it still holds: see `not_modified`.
    slot: exited once the response is sent or dropped.
    """
    response = StreamingHttpResponse(_content(request, chunks, slot), content_type=mime_type)
    response["Cache-Control"] = "private, no-cache" if etag else "private, no-store"
    if etag:
        response["ETag"] = etag
    disposition = content_disposition_header(filename is not None, filename or "")
    if filename is not None and disposition is not None:
        response["Content-Disposition"] = disposition
    return response


class FileChunks(Iterator[bytes]):
    """An open file, chunk by chunk. It is closed at its end, or when this iterator is dropped."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        # A response may be dropped before its first chunk is read.
        self.close = weakref.finalize(self, file.close)

    def __next__(self) -> bytes:
        if chunk := self._file.read(CHUNK_BYTES):
            return chunk
        self.close()
        raise StopIteration


def spool(parts: Iterable[bytes]) -> FileChunks:
    """The same bytes from a temporary file, so that what they were made of can be freed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    chunks = FileChunks(file)
    for part in parts:
        file.write(part)
    file.seek(0)
    return chunks


def _content(
    request: HttpRequest, chunks: Iterator[bytes], slot: Slot | None = None
) -> Iterator[bytes] | AsyncIterator[bytes]:
    held = slot or nullcontext()
    return _from_threads(chunks, held) if isinstance(request, ASGIRequest) else _in_this_thread(chunks, held)


def _in_this_thread(chunks: Iterator[bytes], slot: Slot) -> Iterator[bytes]:
    with slot:
        yield from chunks


async def _from_threads(chunks: Iterator[bytes], slot: Slot) -> AsyncIterator[bytes]:
    with slot:
        # The server sends a chunk before it asks for the next, and sending waits for the client.
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield chunk
