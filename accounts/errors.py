"""The root of every error that is sent to clients. Imports no other module of the project.

docs/errors.md lists all of them; a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request; the message repeats the value received and what is allowed."""

    field: str
    message: str


class AtelierError(Exception):
    """An expected failure. Raised deep, caught at a door, which answers with the fields below.

    code: stable name for programs, the same over HTTP and on the websocket.
    status: HTTP status; 4xx: the request is at fault, 5xx: the server is.
    retryable: True if the same request may succeed later.
    retry_after_seconds: how long to wait before trying again; None if that is not known.
    message: for people; the class's own unless one is given.
    errors: the fields that are wrong, where that is known.
    """

    code: str = "internal"
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    retryable: bool = False
    retry_after_seconds: float | None = None
    message: str = "Something broke on our side. It was logged."
    errors: Sequence[FieldError] = ()

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__(self.message)


class RateLimited(AtelierError):
    """Too many requests or messages of one person, address or connection."""

    code = "rate_limited"
    status = HTTPStatus.TOO_MANY_REQUESTS
    retryable = True

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
