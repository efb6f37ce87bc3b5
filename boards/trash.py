"""The trash: boards go into it and come back, and are deleted when their time there is over; then their jobs are, too."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from boards import announce
from boards.models import Board
from generation.models import ACTIVE, Job


def throw(board: Board, now: datetime) -> None:
    """Move the board to the trash; everybody who has it open is disconnected."""
    Board.objects.filter(pk=board.pk).update(deleted_at=now)
    transaction.on_commit(lambda: announce.board_changed(board.pk))


def restore(board: Board) -> None:
    """Bring the board back, with its people and links."""
    board.deleted_at = None
    board.save(update_fields=["deleted_at"])
    transaction.on_commit(lambda: announce.board_changed(board.pk))


def purge(now: datetime) -> int:
    """Delete boards whose time in the trash is over, with the jobs that were asked for there. Returns how many boards.

    Their files are deleted by the next boards.files.unreferenced.sweep.
    """
    before = now - timedelta(days=settings.TRASH_KEPT_DAYS)
    due = Board.objects.filter(deleted_at__lt=before).order_by("deleted_at").values_list("pk", flat=True)
    return sum(_purge(board_id, before) for board_id in list(due))


@transaction.atomic
def _purge(board_id: UUID, before: datetime) -> int:
    board = Board.objects.select_for_update().filter(pk=board_id, deleted_at__lt=before).first()
    if board is None:
        return 0  # restored or purged meanwhile
    jobs = list(Job.objects.filter(audience=announce.group(board.pk)).values_list("pk", flat=True))
    board.delete()
    Job.objects.filter(pk__in=jobs).exclude(status__in=ACTIVE).delete()
    return 1


def forget_jobs() -> int:
    """Delete ended jobs of deleted boards, and ended jobs without a board of deleted users. Returns how many.

    A job that was asked for on a board stays with the board when its user is deleted.
    """
    of_no_board = Q(placement=None) & ~Q(audience="")  # a placement goes with its board
    of_no_user = Q(created_by=None, audience="")
    gone = Job.objects.filter(of_no_board | of_no_user).exclude(status__in=ACTIVE)
    return gone.delete()[1].get("generation.Job", 0)
