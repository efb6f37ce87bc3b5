"""Pruning of tombstones: after a week their rows are deleted, and their ranks kept for the merge rule.

A client that was away for longer gets the complete scene instead of the changes (Board.pruned_clock). A version of a
pruned element that it pushes is merged with the kept rank, as it would have been with the tombstone.
Rules RM12 and RM21–RM23 in docs/sync-rules.md.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from boards.elements.reconcile import Rank
from boards.models import Board, Element, PrunedElement

RETENTION = timedelta(days=7)
"""Age at which tombstones are pruned. A client that returns within it gets the deletion itself."""


class Pruned(NamedTuple):
    """The pruned elements of a board: the clock of the newest, and the rank of each by element id."""

    clock: int
    ranks: dict[str, Rank]


_MOVE = """
    WITH gone AS (
        DELETE FROM boards_element WHERE board_id = %s AND is_deleted AND changed_at < %s
        RETURNING board_id, element_id, version, version_nonce, clock
    ), kept AS (
        INSERT INTO boards_prunedelement (board_id, element_id, version, version_nonce)
        SELECT board_id, element_id, version, version_nonce FROM gone
        ON CONFLICT (board_id, element_id) DO UPDATE
        SET version = excluded.version, version_nonce = excluded.version_nonce
    )
    SELECT count(*), max(clock) FROM gone
"""


def prune(board_id: uuid.UUID, before: datetime) -> int:
    """Prune the tombstones made before this moment. Returns how many. Locks the board's row."""
    with transaction.atomic():
        if not Board.objects.select_for_update(no_key=True).filter(pk=board_id).exists():
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [board_id, before])
            count, clock = cursor.fetchone()
        if count:
            Board.objects.filter(pk=board_id).update(pruned_clock=Greatest("pruned_clock", clock))
        return int(count)


def start_over(board_id: uuid.UUID) -> None:
    """Make an empty change after which every client that returns gets the complete scene. Rule RM12."""
    Board.objects.filter(pk=board_id).update(clock=F("clock") + 1, pruned_clock=F("clock") + 1)


def prune_all() -> int:
    """Prune the tombstones of all boards that are older than RETENTION. Returns how many."""
    before = timezone.now() - RETENTION
    return sum(prune(board_id, before) for board_id in _boards_with_old_tombstones(before))


def read(board_id: uuid.UUID) -> Pruned:
    """The board's pruned elements. Read it after the scene: one pruned in between is then in both, and not in neither."""
    clock = Board.objects.filter(pk=board_id).values_list("pruned_clock", flat=True).first() or 0
    return Pruned(clock, ranks(board_id) if clock else {})


def ranks(board_id: uuid.UUID, element_ids: Collection[str] | None = None) -> dict[str, Rank]:
    """The rank of each pruned element of the board, or of those among element_ids."""
    rows = PrunedElement.objects.filter(board_id=board_id)
    if element_ids is not None:
        rows = rows.filter(element_id__in=element_ids)
    return {
        i: (version, nonce)
        for i, version, nonce in rows.values_list("element_id", "version", "version_nonce")
    }


def forget(board_id: uuid.UUID, element_ids: Sequence[str]) -> None:
    """Delete the ranks of elements that are stored again."""
    PrunedElement.objects.filter(board_id=board_id, element_id__in=element_ids).delete()


def _boards_with_old_tombstones(before: datetime) -> list[uuid.UUID]:
    rows = Element.objects.filter(is_deleted=True, changed_at__lt=before)
    return list(rows.order_by().values_list("board_id", flat=True).distinct())
