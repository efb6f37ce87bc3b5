"""What is thrown away for good: boards that were in the trash for long enough, and jobs that nobody can see any more."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from boards import announce
from boards.models import Board
from generation.models import ACTIVE, Job


def purge(now: datetime) -> int:
    """Delete boards whose time in the trash is over, with the jobs that were asked for there. Returns how many.

    Their files go with the next sweep.
    """
    before = now - timedelta(days=settings.TRASH_KEPT_DAYS)
    due = Board.objects.filter(deleted_at__lt=before).order_by("deleted_at").values_list("pk", flat=True)
    return sum(_purge(board_id, before) for board_id in list(due))


@transaction.atomic
def _purge(board_id: UUID, before: datetime) -> int:
    board = Board.objects.select_for_update().filter(pk=board_id, deleted_at__lt=before).first()
    if board is None:
        return 0  # somebody took it out again, or purged it
    jobs = list(Job.objects.filter(audience=announce.group(board.pk)).values_list("pk", flat=True))
    board.delete()
    Job.objects.filter(pk__in=jobs).exclude(status__in=ACTIVE).delete()
    return 1


def forget_jobs() -> int:
    """Delete ended jobs of boards and people that are gone, however they went. Returns how many.

    A picture stays part of the board it was asked for on, although its person is gone.
    """
    of_no_board = Q(placement=None) & ~Q(audience="")  # a placement goes with its board
    of_nobody = Q(created_by=None, audience="")
    gone = Job.objects.filter(of_no_board | of_nobody).exclude(status__in=ACTIVE)
    return gone.delete()[1].get("generation.Job", 0)
