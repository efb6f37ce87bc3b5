"""Moves a guest's boards, roles and jobs to the account that the guest signs in to."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver

from accounts.guests import guest_claimed
from accounts.models import User
from boards import access
from boards.models import (
    UNTOUCHED_WELCOME,
    Board,
    BoardFile,
    Element,
    Membership,
    PastElement,
    ShareLink,
    Version,
)
from generation.models import Job


@receiver(guest_claimed)
def transfer(guest: User, user: User, **_: Any) -> None:
    """Called when a guest signs in to an existing account, before the guest is deleted."""
    _transfer_history(guest, user)  # first, as it looks for the guest's boards
    Board.objects.filter(UNTOUCHED_WELCOME, owner=guest).delete()  # an account needs no second example
    Board.objects.filter(owner=guest).update(owner=user)
    ShareLink.objects.filter(created_by=guest).update(created_by=user)
    BoardFile.objects.filter(created_by=guest).update(created_by=user)
    # A job's pictures are placed only if its user may edit the board, which a deleted guest may not.
    Job.objects.filter(turn_of=guest).update(turn_of=user)
    Job.objects.filter(created_by=guest).update(created_by=user, idempotency_key="")
    _transfer_memberships(guest, user)


@transaction.atomic
def _transfer_memberships(guest: User, user: User) -> None:
    """Of two memberships of one board the stronger one stays."""
    held = {own.board_id: own for own in Membership.objects.filter(user=user).select_related("link")}
    for theirs in Membership.objects.filter(user=guest).select_related("link"):
        own = held.get(theirs.board_id)
        if own is not None:
            if access.strength(theirs) <= access.strength(own):
                continue
            own.delete()
        theirs.user = user
        theirs.save(update_fields=["user"])


def _transfer_history(guest: User, user: User) -> None:
    """Authorship of elements and versions, on the boards that the guest could edit."""
    boards = Board.objects.filter(Q(owner=guest) | Q(memberships__user=guest) | ~Q(open_role="")).values("pk")
    for rows in (Element.objects, PastElement.objects):
        rows.filter(board__in=boards, author_id=guest.pk).update(author_id=user.pk)
    Version.objects.filter(created_by=guest).update(created_by=user, idempotency_key="")
    for version in Version.objects.filter(people=guest):
        version.people.add(user)
