"""Errors of generation. docs/errors.md lists them with those of the other apps."""

from collections.abc import Sequence

from accounts.errors import AtelierError, FieldError


class GenerationError(AtelierError):
    """Base of this app's errors.

    transient: the server itself tries the job again after a while; `retryable` is about a new request.
    """

    code = "generation_failed"
    message = "The picture could not be made."
    transient = False


class ParamsInvalid(GenerationError):
    """Some params are out of range; `errors` names them."""

    code = "params_invalid"
    status = 422

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))


class CheckpointUnknown(GenerationError):
    """There is no checkpoint of that name."""

    code = "checkpoint_unknown"
    status = 422

    def __init__(self, name: object, known: Sequence[str]) -> None:
        super().__init__(f"There is no checkpoint {name!r}; choose one of {', '.join(known)}.")


class CatalogueInvalid(GenerationError):
    """A catalogue file is malformed; the message names the file and the key."""

    code = "catalogue_invalid"


class CheckpointUnavailable(GenerationError):
    """The weights cannot be loaded on this server; the message says what to do."""

    code = "checkpoint_unavailable"
    status = 503
    retryable = True


class SnapshotRequired(GenerationError):
    """The kind redraws the board, and no snapshot came."""

    code = "snapshot_required"
    status = 422

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} redraws what is on the board, so it needs a snapshot of it.")


class MaskRequired(GenerationError):
    """The kind redraws a part of the board, and no mask came."""

    code = "mask_required"
    status = 422

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"{kind} redraws a part of what is on the board, so it needs a mask, which is white there."
        )


class MaskEmpty(GenerationError):
    """The mask marks nothing."""

    code = "mask_empty"
    status = 422
    message = (
        "Nothing is marked. Draw over the part to change, or make the frame larger than the picture in it."
    )


class NothingToRepaint(GenerationError):
    """There is no picture in the region."""

    code = "no_picture"
    status = 422
    message = "There is no picture here to repaint."


class NotADraft(GenerationError):
    """The picture is not a finished one of a draft."""

    code = "not_a_draft"
    status = 409
    message = "Only a finished picture of a draft can be made final."


class SnapshotInvalid(GenerationError):
    """The bytes are no image that is accepted; `code` of the instance says why."""

    code = "image_broken"
    status = 422

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class DecoderBusy(GenerationError):
    """The decoding process has as much work as it may queue."""

    code = "decoder_busy"
    status = 503
    message = "Too many images are being decoded. Try again soon."
    retryable = True
    retry_after_seconds = 5.0


class TooManyJobs(GenerationError):
    """The user has as many jobs under way as allowed."""

    code = "too_many_jobs"
    status = 429
    retryable = True

    def __init__(self, active: int, allowed: int, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"You have {active} jobs under way; {allowed} at a time are allowed.")


class TooManyPictures(GenerationError):
    """The user has used up the pictures of 24 hours."""

    code = "too_many_pictures"
    status = 429
    retryable = True

    def __init__(self, asked: int, allowed: int, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{allowed} pictures a day are allowed; these would make it {asked}.")


class IdempotencyConflict(GenerationError):
    """The Idempotency-Key came before with another request."""

    code = "idempotency_conflict"
    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used before with another request.")


class IdempotencyKeyInvalid(GenerationError):
    """The Idempotency-Key is malformed."""

    code = "idempotency_key_invalid"
    status = 422


class JobNotFinished(GenerationError):
    """The job still waits or runs."""

    code = "job_not_finished"
    status = 409
    message = "This job is still running."


class OutOfMemory(GenerationError):
    """The accelerator or the process ran out of memory."""

    code = "out_of_memory"
    retryable = True
    transient = True  # beside other pictures, or on another worker, there may be room
    message = "There was not enough memory for this picture. Try a smaller size or fewer pictures at once."


class WordsUnknown(GenerationError):
    """A picture of words alone starts from a stock outline, and there is none for these words."""

    code = "words_unknown"
    status = 422
    message = (
        "This model has no outline to start from for these words. Name one everyday thing in English, such as “a red apple” "
        "or “a sailing boat”, or sketch it yourself."
    )


class PictureWithheld(GenerationError):
    """The checkpoint's safety filter withheld the picture."""

    code = "picture_withheld"
    status = 422
    retryable = True
    message = "The checkpoint's safety filter withheld the picture. Change the prompt, or try another seed."


class PipelineFailed(GenerationError):
    """Drawing failed for an unexpected reason, which is in the log."""

    code = "pipeline_failed"
    retryable = True
    message = "Something went wrong while the picture was made. It has been written to the log."


class WorkerLost(GenerationError):
    """The last worker that held the job stopped, and no attempts are left."""

    code = "worker_lost"
    retryable = True
    message = "The worker making this picture stopped several times, so the job was given up."


class DatabaseUnavailable(GenerationError):
    """The database was away when the result had to be committed."""

    code = "database_unavailable"
    status = 503
    retryable = True
    transient = True
    message = "The finished picture could not be saved."


class StorageUnavailable(GenerationError):
    """The storage was away when a picture had to be written or read."""

    code = "storage_unavailable"
    status = 503
    retryable = True
    transient = True
    message = "The finished picture could not be stored."


class RemoteError(GenerationError):
    """Base of the failures of a remote checkpoint's server.

    details: for the log alone. The message is public, so it names no address and repeats nothing of the answer.
    """

    code = "remote_failed"
    status = 502

    def __init__(self, details: str = "") -> None:
        self.details = details
        super().__init__()


class RemoteNotSetUp(RemoteError):
    """The checkpoint lacks settings, such as an address or a key."""

    code = "remote_not_set_up"
    status = 503
    message = "This checkpoint is not set up completely. Ask the operator of this server."


class RemoteUnreachable(RemoteError):
    """No connection to the server."""

    code = "remote_unreachable"
    status = 503
    retryable = True
    transient = True
    message = "The server that draws with this checkpoint cannot be reached."


class RemoteBusy(RemoteError):
    """The server answered 429, 502, 503 or 504."""

    code = "remote_busy"
    status = 503
    retryable = True
    transient = True
    message = "The server that draws with this checkpoint has too much to do."


class RemoteTimeout(RemoteError):
    """No answer in time. Not transient: a second wait as long as the first is for the user to choose."""

    code = "remote_timeout"
    status = 504
    retryable = True
    message = "The server that draws with this checkpoint took too long."


class RemoteUnauthorised(RemoteError):
    """The server answered 401 or 403."""

    code = "remote_unauthorised"
    message = (
        "The server that draws with this checkpoint does not accept the key. Ask the operator of this server."
    )


class RemoteRefused(RemoteError):
    """The server answered with another 4xx. response_text: its beginning, for the log alone."""

    code = "remote_refused"
    message = "The server that draws with this checkpoint refused the request."

    def __init__(self, details: str, status_code: int, response_text: str) -> None:
        self.status_code, self.response_text = status_code, response_text
        super().__init__(details)


class RemoteFailed(RemoteError):
    """The server answered 500, or reported that drawing failed."""

    retryable = True
    message = "Something went wrong on the server that draws with this checkpoint."


class RemoteAnswerInvalid(RemoteError):
    """The answer is no picture."""

    code = "remote_answer_invalid"
    retryable = True
    message = "The server that draws with this checkpoint answered with something that is no picture."


class RemoteAnswerTooLarge(RemoteError):
    """The answer has more bytes than allowed."""

    code = "remote_answer_too_large"
    message = "The server that draws with this checkpoint answered with more than is allowed."


class LiveNotOffered(GenerationError):
    """The checkpoint is too slow for live redraw."""

    code = "live_not_offered"
    status = 422

    def __init__(self, title: str) -> None:
        super().__init__(f"{title} is too slow to redraw while you draw. Choose another model for that.")
