"""Error handlers of the HTTP API, and of requests that reach no route."""

import logging

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.errors import AtelierError, FieldError
from http_api.problems import problem, problem_of

log = logging.getLogger(__name__)

UNREADABLE = "Something in the request cannot be read, or no such value can be stored."
# By then a connection of the pool is free, or the database has started again.
DATABASE_RETRY_SECONDS = 5


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """404 as a problem, for addresses under /api/ that have no route."""
    return problem(404, "not_found", f"There is nothing at {request.path}.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of malformed requests: a problem under /api/, else a page."""
    if request.path.startswith("/api/"):
        return problem(400, "bad_request", UNREADABLE)
    return render(request, "400.html", status=400)


def install(api: NinjaAPI) -> None:
    """Register a handler for each kind of error that a route may raise."""

    @api.exception_handler(AtelierError)
    def _expected(request: HttpRequest, error: AtelierError) -> HttpResponse:
        return problem_of(error)

    @api.exception_handler(ValidationError)
    def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
        fields = [
            FieldError(".".join(str(part) for part in item["loc"][1:]), item["msg"]) for item in error.errors
        ]
        return problem(422, "invalid", "Some fields are not valid.", fields)

    @api.exception_handler(AuthenticationError)
    def _authentication(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return problem(401, "unauthenticated", "Sign in, or send `Authorization: Bearer KEY`.")

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
        codes = {400: "bad_request", 403: "csrf_failed", 429: "rate_limited"}
        return problem(error.status_code, codes.get(error.status_code, "error"), str(error))

    @api.exception_handler(Http404)
    def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(404, "not_found", "There is nothing here.")

    @api.exception_handler(DataError)
    @api.exception_handler(MultiPartParserError)
    @api.exception_handler(SuspiciousOperation)
    def _garbage(request: HttpRequest, error: Exception) -> HttpResponse:
        """NUL in a text, a time beyond the calendar, a form without a boundary, thousands of fields …"""
        log.info("%s %s: %s", request.method, request.path, error)
        return problem(400, "bad_request", UNREADABLE)

    @api.exception_handler(RequestDataTooBig)
    def _large(request: HttpRequest, error: Exception) -> HttpResponse:
        return problem(413, "too_big", "The body of this request is too large.")

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def _no_database(request: HttpRequest, error: Exception) -> HttpResponse:
        """The database is away, or no connection of the pool became free in time."""
        log.warning("%s %s: no database: %s", request.method, request.path, error)
        detail = "The database does not answer, or too many requests are being served. Try again in a moment."
        return problem(503, "database_unavailable", detail, retry_after_seconds=DATABASE_RETRY_SECONDS)

    @api.exception_handler(Exception)
    def _ours(request: HttpRequest, error: Exception) -> HttpResponse:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return problem(500, "internal", "Something broke on our side. It was logged.")
