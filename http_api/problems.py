"""Errors as RFC 9457 application/problem+json, with a stable `code`."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse

from accounts.errors import AtelierError, FieldError


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    retry_after_seconds: float | None = None,
) -> HttpResponse:
    """The response. code: of docs/errors.md; detail: for people; errors: the fields that are wrong."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": each.field, "message": each.message} for each in errors],
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    if retry_after_seconds is not None:
        response["Retry-After"] = str(max(1, round(retry_after_seconds)))
    return response


def problem_of(error: AtelierError) -> HttpResponse:
    """The response to a request that failed with this error."""
    return problem(error.status, error.code, error.message, error.errors, error.retry_after_seconds)
