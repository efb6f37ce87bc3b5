"""A guest who signs in to an account takes along the boards and roles they had."""

from typing import Any

from django.dispatch import receiver

from accounts.guests import guest_claimed
from accounts.models import User
from boards.models import Board, BoardFile, Membership, ShareLink


@receiver(guest_claimed)
def take_along(guest: User, user: User, **_: Any) -> None:
    Board.objects.filter(owner=guest).update(owner=user)
    ShareLink.objects.filter(created_by=guest).update(created_by=user)
    BoardFile.objects.filter(created_by=guest).update(created_by=user)
    theirs = Membership.objects.filter(user=user).values("board")
    Membership.objects.filter(user=guest).exclude(board__in=theirs).update(user=user)
