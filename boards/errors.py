"""What a board refuses. Every error has a stable `code`, which clients word for people."""


class BoardError(Exception):
    """Base of this app's errors: whose fault and how to answer are the doors' business."""

    code = "board_error"
    status = 400
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadMessage(BoardError):
    code = "bad_message"


class TooBig(BoardError):
    code = "too_big"
    status = 413


class RateLimited(BoardError):
    code = "rate_limited"
    status = 429
    retryable = True

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unauthenticated(BoardError):
    code = "unauthenticated"
    status = 401


class Forbidden(BoardError):
    code = "forbidden"
    status = 403


class BoardGone(BoardError):
    """It does not exist, lies in the trash, or is hidden from this person: all look the same."""

    code = "not_found"
    status = 404


class BoardFrozen(BoardError):
    code = "frozen"
    status = 423


class ElementRefused(BoardError):
    """One element of a push is not let in; the others are."""

    code = "bad_element"
    status = 422


class BoardFull(ElementRefused):
    code = "board_full"


class FileRefused(BoardError):
    code = "bad_file"
    status = 422


class ImportRefused(BoardError):
    code = "bad_document"
    status = 422


class LinkInvalid(BoardError):
    code = "link_invalid"
    status = 404


class NoRegion(BoardError):
    code = "no_region"
    status = 422


class JobGone(BoardError):
    code = "not_found"
    status = 404
