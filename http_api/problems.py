"""Errors as RFC 9457 application/problem+json, with a stable `code`."""

from collections.abc import Sequence
from http import HTTPStatus

from django.http import HttpResponse, JsonResponse
from typing_extensions import TypedDict

from accounts.errors import AtelierError, FieldError


class FieldProblem(TypedDict):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(TypedDict):
    """Why a request failed: RFC 9457.

    code: stable, for programs; docs/errors.md lists them. detail: for people. errors: by field, where fields are wrong.
    The header Retry-After says after how many seconds to try again, where that is known.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    retry_after_seconds: float | None = None,
) -> HttpResponse:
    """The response. code: of docs/errors.md; detail: for people; errors: the fields that are wrong."""
    body: Problem = {
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
