"""What no view needs to think of: values that no column can hold, and who may keep an answer."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware

from webapp.problems import bad_request

NUL = "\x00"


class Static(ServeStaticMiddleware):
    """Static files but for hidden ones, such as the list of what the front end is built of."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "/." in request.path_info:
            return await self.get_response(request)
        return await super().__call__(request)


class Garbage:
    """Answers 400 to what Postgres cannot store or compare, wherever it comes in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if NUL in request.path or "%00" in request.META["QUERY_STRING"]:
            return bad_request(request)
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Of pages; those of the API are answered by webapp.problems."""
        return bad_request(request, error) if isinstance(error, DataError) else None


class Private:
    """Keeps what is somebody's out of shared caches and of the history of a computer that others use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response
