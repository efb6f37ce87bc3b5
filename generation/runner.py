"""One job from claim to finish."""

import logging
from time import monotonic
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import close_old_connections

from generation import catalogue, events, lifecycle, storage, worker
from generation.errors import GenerationError, PipelineFailed
from generation.lifecycle import Claim, Standing
from generation.params import parse
from generation.storage import StoredImage
from generation.work import Cancelled, Drawn, HandedBack, LeaseLost, Picture, Progress, Stopped, Ticket, Work

logger = logging.getLogger(__name__)

# Far below the lease: a heartbeat is also how a cancel is heard.
HEARTBEAT_SECONDS = 1.0
# Announcements are for eyes.
ANNOUNCE_SECONDS = 0.2


def run(job_id: UUID) -> None:
    """Do a job if it is there to be done. What goes wrong with the picture is kept in the row, not raised."""
    claim = lifecycle.claim(job_id, worker.name())
    if claim is None:
        logger.info("job %s is not waiting any more", job_id)
        return
    logger.info("job %s: attempt %s", job_id, claim.attempt)
    try:
        drawn = _follow(claim, worker.engine().submit(_work(claim)))
        finished = lifecycle.succeed(claim, _store(claim, drawn), drawn.seconds)
        logger.info(
            "job %s %s", job_id, "succeeded" if finished else "was taken away; its pictures are dropped"
        )
    except Stopped as reason:
        _leave(claim, reason)
    except GenerationError as error:
        logger.warning("job %s: %s", job_id, error.message)
        lifecycle.interrupt(claim, error) if error.transient else lifecycle.fail(claim, error)
    except DatabaseError:
        # The row cannot be written; the lease runs out and the reaper gives the job to another attempt.
        logger.exception("job %s: the database did not take its result", job_id)
    except Exception:
        logger.exception("job %s failed", job_id)
        lifecycle.fail(claim, PipelineFailed())


def _work(claim: Claim) -> Work:
    """What to draw. Raises ParamsInvalid, CheckpointUnknown if the catalogue changed in the meantime."""
    job = claim.job
    checkpoint = catalogue.get(job.checkpoint)
    board = storage.load_picture(job.snapshot) if job.snapshot else None
    return Work(checkpoint, parse(job.params, checkpoint), board)


def _follow(claim: Claim, ticket: Ticket) -> Drawn:
    """Wait for the pictures, keep the lease, pass on the progress. Raises Stopped, GenerationError."""
    progress: Progress | None = None
    announced = beaten = 0.0
    while not ticket.done():
        news = ticket.wait(HEARTBEAT_SECONDS)
        progress = news or progress
        now = monotonic()
        if news and now - announced >= ANNOUNCE_SECONDS:
            events.announce_progress(claim.job.audience, claim.job.id, news.step, news.steps, news.preview)
            announced = now
        if now - beaten >= HEARTBEAT_SECONDS:
            _beat(claim, ticket, progress)
            beaten = now
    return ticket.result()


def _beat(claim: Claim, ticket: Ticket, progress: Progress | None) -> None:
    try:
        standing = lifecycle.heartbeat(claim, *((progress.step, progress.steps) if progress else ()))
    except DatabaseError as error:
        # It may come back before the lease runs out; if not, the fence decides.
        logger.warning("job %s: no heartbeat: %s", claim.job.id, error)
        close_old_connections()
        return
    if standing is Standing.CANCEL_REQUESTED:
        ticket.stop(Cancelled())
    elif standing is Standing.LOST:
        ticket.stop(LeaseLost())


def _store(claim: Claim, drawn: Drawn) -> list[tuple[StoredImage, int]]:
    """Keep the pictures. Raises StorageUnavailable, LeaseLost."""
    stored = []
    for picture in drawn.pictures:
        # Storage may be slow; each picture gets a whole lease.
        if lifecycle.heartbeat(claim) is Standing.LOST:
            raise LeaseLost
        stored.append((storage.store_image(picture.image, _recipe(claim, picture)), picture.seed))
    return stored


def _recipe(claim: Claim, picture: Picture) -> dict[str, object]:
    """The params that give this one picture again."""
    return claim.job.params | {"seed": picture.seed, "count": 1}


def _leave(claim: Claim, reason: Stopped) -> None:
    logger.info("job %s: %s", claim.job.id, type(reason).__name__)
    if isinstance(reason, Cancelled):
        lifecycle.cancelled(claim)
    elif isinstance(reason, HandedBack):
        lifecycle.hand_back(claim)
