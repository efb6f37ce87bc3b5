"""Errors of boards. docs/errors.md lists them with those of the other apps."""

from accounts.errors import AtelierError


class BoardError(AtelierError):
    """Base of this app's errors."""

    code = "board_error"
    status = 400


class BadMessage(BoardError):
    """A message or a body is malformed, or does not fit the state of the connection."""

    code = "bad_message"


class TooBig(BoardError):
    """A message, a file or a picture is larger than allowed."""

    code = "too_big"
    status = 413


class NotSaving(BoardError):
    """The database has been away for so long that the room takes no more changes."""

    code = "overloaded"
    status = 503
    retryable = True
    retry_after_seconds = 5.0


class TooManySockets(BoardError):
    """Too many connections of one user, of one address, or of this process."""

    code = "too_many_sockets"
    status = 429
    retryable = True


class RoomClosed(BoardError):
    """The room ended while a session joined it; the next attempt opens a new one."""

    code = "restart"
    status = 503
    retryable = True


class Unauthenticated(BoardError):
    """No user is signed in, or the credential is not valid."""

    code = "unauthenticated"
    status = 401


class Forbidden(BoardError):
    """The role on the board does not allow it."""

    code = "forbidden"
    status = 403


class ScopeRequired(BoardError):
    """The API key lacks a scope, although its user's role would allow it."""

    code = "scope_required"
    status = 403


class BoardGone(BoardError):
    """The board does not exist, is in the trash, or is hidden from this principal: the answer does not tell which."""

    code = "not_found"
    status = 404
    message = "There is no such board."


class BoardFrozen(BoardError):
    """A moderator froze the board."""

    code = "frozen"
    status = 423
    message = "A moderator froze this board."


class ElementRefused(BoardError):
    """One element of a push is malformed; the others are taken."""

    code = "bad_element"
    status = 422


class BoardFull(ElementRefused):
    """The board has as many elements as it may have."""

    code = "board_full"


class FileRefused(BoardError):
    """An uploaded picture cannot be used."""

    code = "bad_file"
    status = 422


class FileSimplified(FileRefused):
    """An uploaded picture is used, but not all of it."""

    code = "file_simplified"

    def __init__(self) -> None:
        super().__init__("Filters or HTML in an SVG cannot be kept; the picture is shown without them.")


class ImportRefused(BoardError):
    """A file to import cannot be read."""

    code = "bad_document"
    status = 422


class SceneMissing(ImportRefused):
    """A file to import is a picture without a scene."""

    code = "no_scene"


class LinkInvalid(BoardError):
    """The share link is unknown, expired or revoked, or its password is wrong."""

    code = "link_invalid"
    status = 404


class NoRegion(BoardError):
    """There is no such frame, or the region or the placement is invalid."""

    code = "no_region"
    status = 422


class JobGone(BoardError):
    """The job does not exist, or is hidden from this principal."""

    code = "not_found"
    status = 404


class VersionGone(BoardError):
    """The board has no such version."""

    code = "not_found"
    status = 404


class PersonGone(BoardError):
    """There is no such user."""

    code = "not_found"
    status = 404


class TooManyVersions(BoardError):
    """The board has as many named versions as it may have."""

    code = "too_many_versions"
    status = 422


class TooLongAgo(BoardError):
    """The history does not reach back that far."""

    code = "too_long_ago"
    status = 422


class LiveTaken(BoardError):
    """Another session has a frame of this board redrawn live."""

    code = "live_taken"
    status = 409


class LiveUnavailable(BoardError):
    """No worker redraws live at the moment."""

    code = "live_unavailable"
    status = 503
    retryable = True
