"""Responses that need the storage, or time during which no database connection must be held: see http_api.responses."""

import logging
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from boards import database
from boards.request_limits import Slot
from generation.images import storage
from http_api import responses

log = logging.getLogger(__name__)


def stored_file(request: HttpRequest, sha256: str, key: str, mime_type: str) -> HttpResponseBase:
    """The stored file `key`, or 304. The caller has checked access. Raises Http404 if it is not in the storage."""

    def read() -> HttpResponseBase:
        database.give_back()
        try:
            with storage.reading(key):
                return responses.file_response(request, default_storage.open(key), mime_type)
        except FileNotFoundError:
            log.error("%s is not in storage", key)
            raise Http404("This file is lost.") from None

    return responses.immutable(request, sha256, read)


def streaming_response(
    request: HttpRequest,
    chunks: Iterator[bytes],
    mime_type: str,
    filename: str | None = None,
    etag: str | None = None,
    slot: Slot | None = None,
) -> StreamingHttpResponse:
    """The response of http_api; this thread's database connection is given back first."""
    database.give_back()
    return responses.streaming_response(request, chunks, mime_type, filename, etag, slot)
