"""What this app refuses."""

from http import HTTPStatus


class TooMany(Exception):
    """Too many of something from one place. Doors answer 429 and say when to come again."""

    code = "rate_limited"
    status = HTTPStatus.TOO_MANY_REQUESTS
    retryable = True

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = max(1.0, retry_after_seconds)
