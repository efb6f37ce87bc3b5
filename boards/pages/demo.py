"""The public board of an instance that wants one: open to all, and as it was made again once nobody draws on it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from boards.elements import store
from boards.history import versions
from boards.jobs import acceptance
from boards.models import WELCOME_TITLES, Board, Placement, Role
from boards.pages import welcome

IDLE = timedelta(minutes=30)
"""Time without a change after which it is reset: nobody draws any more."""


def board() -> Board:
    """The demo board; created with its scene on first use."""
    found = Board.objects.filter(is_demo=True, deleted_at=None).order_by("created_at").first()
    return found or _make()


@transaction.atomic
def _make() -> Board:
    made = Board.objects.create(title=WELCOME_TITLES["en"], is_demo=True, open_role=Role.EDIT)
    store.apply(made.pk, welcome.scene().elements)
    return made


def reset(now: datetime) -> bool:
    """Bring the scene back if the board was changed and rests. True if something changed.

    It is a restore like any other: people who look at the board see it, and the history has what was there before.
    """
    if not settings.ATELIER_DEMO_BOARD:
        return False
    found = board()
    if found.frozen or found.changed_at > now - IDLE:
        return False
    scene = welcome.scene()
    restored = versions.restore_scene(found, scene.elements, scene.background)
    for placement in Placement.objects.filter(board=found, choosing=True).select_related("job"):
        acceptance.put_away(placement.job, None, Placement.CandidateStatus.DISCARDED)
    return restored.before is not None
