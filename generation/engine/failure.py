"""What a person is told when something goes wrong on the accelerator."""

import logging

from generation.engine import device
from generation.errors import GenerationError, OutOfMemory, PipelineFailed, WorkerLost
from generation.work import Stopped, Work

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW_MAX = 3
"""Of different jobs on a card. A handle of cuBLAS or cuDNN that broke fails every one of them in milliseconds, and the
card itself looks well."""

_failed_in_a_row: list[Work] = []


def succeeded() -> None:
    """A picture came out: whatever failed before it was its own fault."""
    _failed_in_a_row.clear()


def told(error: Exception, work: Work) -> Exception:
    """The reason for the ticket; what nobody foresaw is logged here, once."""
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


def lightened(error: Exception) -> Exception:
    """Out of memory without its frames, which hold every tensor of what was tried, and without what it came after."""
    if not device.is_out_of_memory(error):
        return error
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
