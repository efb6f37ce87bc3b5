"""What a person is told when something goes wrong on the accelerator."""

import logging

from generation.engine import device
from generation.errors import GenerationError, OutOfMemory, PipelineFailed
from generation.work import Stopped, Work

logger = logging.getLogger(__name__)


def told(error: Exception, work: Work) -> Exception:
    """The reason for the ticket; what nobody foresaw is logged here, once."""
    if isinstance(error, Stopped | GenerationError):
        return error
    if device.is_out_of_memory(error):
        logger.warning("out of memory drawing %s with %s", work.params.kind, work.checkpoint.name)
        return OutOfMemory()
    logger.error("%s with %s failed", work.params.kind, work.checkpoint.name, exc_info=error)
    return PipelineFailed()


def lightened(error: Exception) -> Exception:
    """Out of memory without its frames, which hold every tensor of what was tried."""
    return error.with_traceback(None) if device.is_out_of_memory(error) else error
