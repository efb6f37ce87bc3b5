"""What a person is told when something goes wrong on the accelerator."""

import logging

from generation.engine import device
from generation.errors import GenerationError, OutOfMemory, PipelineFailed, WorkerLost
from generation.work import Stopped, Work

logger = logging.getLogger(__name__)


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
    return PipelineFailed()


def lightened(error: Exception) -> Exception:
    """Out of memory without its frames, which hold every tensor of what was tried, and without what it came after."""
    if not device.is_out_of_memory(error):
        return error
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
