"""Private bytes that never change, answered with what lets a browser keep them."""

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified


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
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
