"""Errors of boards. docs/errors.md lists them with those of the other apps."""

from accounts.errors import AtelierError


class BoardError(AtelierError):
    """Base of this app's errors."""

    code = "board_error"
    status = 400


class BadMessage(BoardError):
    code = "bad_message"


class TooBig(BoardError):
    code = "too_big"
    status = 413


class NotSaving(BoardError):
    """The database has been away for so long that no more can wait for it here."""

    code = "overloaded"
    status = 503
    retryable = True
    retry_after_seconds = 5.0


class TooManySockets(BoardError):
    code = "too_many_sockets"
    status = 429
    retryable = True


class RoomClosed(BoardError):
    """The room ended while somebody came in: it is opened anew for those who come again."""

    code = "restart"
    status = 503
    retryable = True


class Unauthenticated(BoardError):
    code = "unauthenticated"
    status = 401


class Forbidden(BoardError):
    code = "forbidden"
    status = 403


class ScopeRequired(BoardError):
    """The key may not do this, although its person may."""

    code = "scope_required"
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


class FileSimplified(FileRefused):
    """The picture is there, but not all of it."""

    code = "file_simplified"

    def __init__(self) -> None:
        super().__init__("Filters or HTML in an SVG cannot be kept; the picture is shown without them.")


class ImportRefused(BoardError):
    code = "bad_document"
    status = 422


class SceneMissing(ImportRefused):
    """The file is sound, but only a picture: nothing of a board is in it."""

    code = "no_scene"


class LinkInvalid(BoardError):
    code = "link_invalid"
    status = 404


class NoRegion(BoardError):
    code = "no_region"
    status = 422


class JobGone(BoardError):
    code = "not_found"
    status = 404


class VersionGone(BoardError):
    code = "not_found"
    status = 404


class PersonGone(BoardError):
    code = "not_found"
    status = 404


class TooManyVersions(BoardError):
    code = "too_many_versions"
    status = 422


class TooLongAgo(BoardError):
    code = "too_long_ago"
    status = 422


class LiveTaken(BoardError):
    """Somebody else has a frame of this board redrawn while they draw."""

    code = "live_taken"
    status = 409


class LiveUnavailable(BoardError):
    code = "live_unavailable"
    status = 503
    retryable = True
