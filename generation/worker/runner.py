"""Runs one job from claim to finish."""

import logging
import threading
from collections.abc import Callable
from time import monotonic, sleep

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections

from generation.checkpoints import catalogue, queues
from generation.checkpoints.params import parse
from generation.errors import DatabaseUnavailable, GenerationError, PipelineFailed, WorkerLost
from generation.images import storage
from generation.images.storage import StoredImage
from generation.jobs import events, lifecycle
from generation.jobs.lifecycle import Claim, LeaseStatus
from generation.work import Cancelled, Drawn, HandedBack, LeaseLost, Picture, Progress, Stopped, Ticket, Work
from generation.worker import worker_process

logger = logging.getLogger(__name__)

# Far below the lease, as a cancel is noticed with a heartbeat.
HEARTBEAT_SECONDS = 1.0
# Shortest time between two announcements of progress: people look at them.
ANNOUNCE_SECONDS = 0.2
# Together far below the lease. A picture that was drawn is worth three more tries.
FINISH_PAUSES_SECONDS = (0.5, 1.0, 2.0)

# One claim at a time: whether a job may share the worker depends on the jobs that it has.
_claiming = threading.Lock()

# The database is away; its other errors are bugs.
_DATABASE_AWAY = (OperationalError, InterfaceError)


def run_next() -> bool:
    """Run the next job; False if none waits that this worker can draw.

    Errors of the job are written into its row, not raised. Raises DatabaseError if it could not be claimed.
    """
    if worker_process.stopping():
        return False
    with _claiming:
        claim = lifecycle.claim_next(worker_process.name(), queues.excluded_checkpoints())
    if claim is None:
        return False
    logger.info("job %s: attempt %s", claim.job.id, claim.attempt)
    try:
        _run(claim)
    except DatabaseError:
        # The row cannot be written; the lease runs out and the reaper gives the job to another attempt.
        logger.exception("job %s: its outcome could not be written", claim.job.id)
    return True


def _run(claim: Claim) -> None:
    try:
        finished = _succeed(claim, *_drawn(claim, _work(claim)))
        what = "succeeded" if finished else "was taken away; its pictures are dropped"
        logger.info("job %s %s", claim.job.id, what)
    except Stopped as reason:
        _leave(claim, reason)
    except WorkerLost:
        worker_process.shut_down()  # first, so that it does not take the job up again
        lifecycle.lose(claim)
    except GenerationError as error:
        logger.warning("job %s: %s", claim.job.id, error.message)
        lifecycle.interrupt(claim, error) if error.transient else lifecycle.fail(claim, error)
    except _DATABASE_AWAY as error:
        logger.warning("job %s: the database did not answer: %s", claim.job.id, error)
        close_old_connections()
        lifecycle.interrupt(claim, DatabaseUnavailable())
    except Exception:
        logger.exception("job %s failed", claim.job.id)
        lifecycle.fail(claim, PipelineFailed())


def _drawn(claim: Claim, work: Work) -> tuple[list[Picture], float | None]:
    """The pictures that are not delivered yet, and the seconds on the accelerator. Raises Stopped, GenerationError."""
    if not work.seeds:
        return [], None  # an earlier attempt drew them all and ended before it could finish
    ticket = worker_process.submit(work)
    delivered: set[int] = set()
    try:
        drawn = _follow(claim, ticket, delivered)
    except Exception:
        ticket.stop(LeaseLost())  # the pictures still under way are not needed
        raise
    return [picture for picture in drawn.pictures if picture.seed not in delivered], drawn.seconds


def _succeed(claim: Claim, pictures: list[Picture], seconds: float | None) -> bool:
    """Store the pictures, then write the job down."""
    stored = [(_stored(claim, picture), picture.seed) for picture in pictures]
    return _write_with_retries(claim, lambda: lifecycle.succeed(claim, stored, seconds) is not None)


def _deliver(claim: Claim, picture: Picture) -> None:
    """Store one picture and write it down. Raises StorageUnavailable, LeaseLost."""
    stored = _stored(claim, picture)
    # If the job was taken away or is to be cancelled, the next heartbeat says so.
    _write_with_retries(claim, lambda: lifecycle.deliver(claim, stored, picture.seed))


def _write_with_retries(claim: Claim, write: Callable[[], bool]) -> bool:
    """Write, and try again a few times while the database is away, within the lease."""
    for pause_seconds in FINISH_PAUSES_SECONDS:
        try:
            return write()
        except _DATABASE_AWAY as error:
            logger.warning("job %s: not written yet: %s", claim.job.id, error)
            close_old_connections()
            sleep(pause_seconds)
    return write()


def _work(claim: Claim) -> Work:
    """The work of a claimed job. Raises ParamsInvalid, CheckpointUnknown if the catalogue changed in the meantime."""
    job = claim.job
    checkpoint = catalogue.get(job.checkpoint)
    params = parse(job.params, checkpoint)
    load = storage.load_whole if params.keeps_size else storage.load_picture
    init_image = load(job.snapshot) if job.snapshot else None
    mask = storage.load_mask(job.mask) if job.mask else None
    made = frozenset(job.images.values_list("seed", flat=True))
    return Work(checkpoint, params, init_image, owner=str(job.created_by_id), made=made, mask=mask)


def _follow(claim: Claim, ticket: Ticket, delivered: set[int]) -> Drawn:
    """Wait for the pictures, keep the lease, pass on the progress and each picture that comes before the last.

    delivered: gets the seeds of those. Raises Stopped, GenerationError.
    """
    progress: Progress | None = None
    announced = beaten = 0.0
    while not ticket.done():
        news = ticket.wait(HEARTBEAT_SECONDS)
        progress = news or progress
        for picture in ticket.take_pictures():
            _deliver(claim, picture)
            delivered.add(picture.seed)
        now = monotonic()
        if news and now - announced >= ANNOUNCE_SECONDS:
            events.announce_progress(claim.job.audience, claim.job.id, news.step, news.steps, news.preview)
            announced = now
        if now - beaten >= HEARTBEAT_SECONDS:
            _beat(claim, ticket, progress)
            beaten = now
    return ticket.result()


def _beat(claim: Claim, ticket: Ticket, progress: Progress | None) -> None:
    worker_process.consumed()
    try:
        status = lifecycle.heartbeat(claim, *((progress.step, progress.steps) if progress else ()))
    except DatabaseError as error:
        # The database may come back before the lease runs out; if not, the fence refuses what comes later.
        logger.warning("job %s: no heartbeat: %s", claim.job.id, error)
        close_old_connections()
        return
    if status is LeaseStatus.CANCEL_REQUESTED:
        ticket.stop(Cancelled())
    elif status is LeaseStatus.LOST:
        ticket.stop(LeaseLost())


def _stored(claim: Claim, picture: Picture) -> StoredImage:
    """Keep a picture. Raises StorageUnavailable, LeaseLost."""
    # Storage may be slow; each picture gets a whole lease.
    if lifecycle.heartbeat(claim) is LeaseStatus.LOST:
        raise LeaseLost
    return storage.store_image(picture.image, _recipe(claim, picture))


def _recipe(claim: Claim, picture: Picture) -> dict[str, object]:
    """The params that give this one picture again."""
    return claim.job.params | {"seed": picture.seed, "count": 1}


def _leave(claim: Claim, reason: Stopped) -> None:
    logger.info("job %s: %s", claim.job.id, type(reason).__name__)
    if isinstance(reason, Cancelled):
        lifecycle.cancelled(claim)
    elif isinstance(reason, HandedBack):
        lifecycle.hand_back(claim)
