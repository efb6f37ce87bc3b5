"""Translates what went wrong on the accelerator into the error that a person is shown."""

import logging

from generation.engine import device
from generation.errors import GenerationError, OutOfMemory, PipelineFailed, WorkerLost
from generation.work import Stopped, Work

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW_MAX = 3
"""Different jobs that fail one after the other on a card before the process ends. A broken cuBLAS or cuDNN handle fails
every job in milliseconds, while the card itself looks well."""

_failed_in_a_row: list[Work] = []


def record_success() -> None:
    """A picture was finished: reset the count of failures in a row."""
    _failed_in_a_row.clear()


def to_user_error(error: Exception, work: Work) -> Exception:
    """The error for the ticket of `work`. Unexpected errors are logged here, once.

    Returns WorkerLost if this process cannot use its card any more.
    """
    if isinstance(error, Stopped | GenerationError):
        return error
    if device.is_out_of_memory(error):
        logger.warning("out of memory drawing %s with %s", work.params.kind, work.checkpoint.name)
        return OutOfMemory()
    if device.is_lost(error):
        logger.critical("the card is lost to this process", exc_info=error)
        return WorkerLost("The graphics card stopped working.")
    logger.error("%s with %s failed", work.params.kind, work.checkpoint.name, exc_info=error)
    if not any(failed is work for failed in _failed_in_a_row):
        _failed_in_a_row.append(work)
    if device.is_on_card() and len(_failed_in_a_row) >= FAILURES_IN_A_ROW_MAX:
        logger.critical("%s jobs in a row failed: this process ends", FAILURES_IN_A_ROW_MAX)
        return WorkerLost("The graphics card stopped working.")
    del _failed_in_a_row[:-FAILURES_IN_A_ROW_MAX]
    return PipelineFailed()


def without_traceback(error: Exception) -> Exception:
    """Strip traceback and context from an out-of-memory error: its frames keep tensors alive. Others are unchanged."""
    if not device.is_out_of_memory(error):
        return error
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
