"""Django middleware for all views: static files, values that Postgres cannot store, and Cache-Control."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware

from webapp.problems import bad_request

NUL = "\x00"


class Static(ServeStaticMiddleware):
    """Serves static files, except hidden ones such as the front end's manifest."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "/." in request.path_info:
            return await self.get_response(request)
        return await super().__call__(request)


class Garbage:
    """Answers 400 to NUL and other values that Postgres cannot store or compare."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if NUL in request.path or "%00" in request.META["QUERY_STRING"]:
            return bad_request(request)
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called for errors of pages; webapp.problems answers those of the API."""
        return bad_request(request, error) if isinstance(error, DataError) else None


class Private:
    """Forbids caches to store responses that do not say otherwise: they may be private."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response
