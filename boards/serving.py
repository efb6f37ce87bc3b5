"""Bytes as answers: private ones that never change, and files that are made while they are sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags


def immutable(request: HttpRequest, sha256: str, key: str, mime_type: str) -> HttpResponse:
    """The stored file `key`, or 304. Access must have been checked."""
    etag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        with default_storage.open(key) as stored:
            response = HttpResponse(stored.read(), content_type=mime_type)
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Content-Disposition"] = "inline"
    # An SVG that is shown may carry its own style and pictures, and nothing else.
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
    )
    return response


def streamed(
    request: HttpRequest,
    parts: Iterator[bytes],
    mime_type: str,
    filename: str | None = None,
    etag: str | None = None,
) -> StreamingHttpResponse:
    """An answer that is never whole in memory; with a filename it is one to keep. Access must have been checked.

    parts: may block, but must not ask the database, which the thread that reads them has no part in.
    etag: lets the client keep the answer and ask whether it still holds: see `unchanged`.
    """
    content = _from_threads(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(content, content_type=mime_type)
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


async def _from_threads(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
