"""A guest who signs in to an account takes along the boards, roles and jobs they had."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver

from accounts.guests import guest_claimed
from accounts.models import User
from boards import access
from boards.models import Board, BoardFile, Element, Membership, PastElement, ShareLink, Version
from generation.models import Job


@receiver(guest_claimed)
def take_along(guest: User, user: User, **_: Any) -> None:
    _take_history(guest, user)  # while the guest's boards can still be told
    Board.objects.filter(owner=guest).update(owner=user)
    ShareLink.objects.filter(created_by=guest).update(created_by=user)
    BoardFile.objects.filter(created_by=guest).update(created_by=user)
    # What still waits or runs is to be placed for somebody who may edit the board, which a deleted guest may not.
    Job.objects.filter(turn_of=guest).update(turn_of=user)
    Job.objects.filter(created_by=guest).update(created_by=user, idempotency_key="")
    _take_memberships(guest, user)


@transaction.atomic
def _take_memberships(guest: User, user: User) -> None:
    """Where both have one, the one that gives more, for longer, stays."""
    held = {own.board_id: own for own in Membership.objects.filter(user=user).select_related("link")}
    for brought in Membership.objects.filter(user=guest).select_related("link"):
        own = held.get(brought.board_id)
        if own is not None:
            if access.worth(brought) <= access.worth(own):
                continue
            own.delete()
        brought.user = user
        brought.save(update_fields=["user"])


def _take_history(guest: User, user: User) -> None:
    boards = Board.objects.filter(Q(owner=guest) | Q(memberships__user=guest) | ~Q(open_role="")).values("pk")
    for rows in (Element.objects, PastElement.objects):
        rows.filter(board__in=boards, author_id=guest.pk).update(author_id=user.pk)
    Version.objects.filter(created_by=guest).update(created_by=user, idempotency_key="")
    for version in Version.objects.filter(people=guest):
        version.people.add(user)
