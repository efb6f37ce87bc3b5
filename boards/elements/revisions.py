"""Older versions of elements: kept when somebody could want them back, found again, and swept in the end.

So the storage grows with what was changed, not with the scene, and drawing a stroke keeps none of its steps.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from boards.elements.element import Element
from boards.elements.reconcile import Rank

KEPT_EVERY = timedelta(seconds=60)
"""Of one person's uninterrupted work on an element, a version is kept this often."""
UNDO_WINDOW = timedelta(days=7)
"""For so long a replaced version is kept although no version of the board shows it."""


@dataclass(frozen=True, slots=True)
class StoredElement:
    """What must be known about a stored element to replace it."""

    version: int
    version_nonce: int
    index: str
    is_deleted: bool
    clock: int
    author_id: uuid.UUID | None
    kept_at: datetime

    @property
    def rank(self) -> Rank:
        return self.version, self.version_nonce


class Earlier(NamedTuple):
    """An element as somebody left it."""

    author_id: uuid.UUID | None
    element: Element


def is_worth_keeping(
    stored: StoredElement, author_id: uuid.UUID | None, version_clock: int, now: datetime
) -> bool:
    """Keep what a version of the board shows, what somebody else made, and one state every so often.

    author_id: who replaces it. version_clock: the clock of the board's newest version.
    """
    return (
        stored.clock <= version_clock or stored.author_id != author_id or now - stored.kept_at >= KEPT_EVERY
    )


def keep(board_id: uuid.UUID, element_ids: Sequence[str], clock: int, now: datetime) -> None:
    """Copy these elements as they are stored, right before the change `clock` replaces them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO boards_pastelement (board_id, element_id, version, version_nonce, index, is_deleted,"
            " clock, until_clock, body, author_id, changed_at, replaced_at)"
            " SELECT board_id, element_id, version, version_nonce, index, is_deleted,"
            " clock, %s, body, author_id, changed_at, %s"
            " FROM boards_element WHERE board_id = %s AND element_id = ANY(%s)",
            [clock, now, board_id, list(element_ids)],
        )


def replaced_since(board_id: uuid.UUID, clock: int) -> dict[str, Element]:
    """What stood at this clock and was replaced later. Whole only for the clock of a version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT element_id, version, version_nonce, index, is_deleted, body FROM boards_pastelement"
            " WHERE board_id = %s AND until_clock > %s AND clock <= %s",
            [board_id, clock, clock],
        )
        return {row[0]: Element.from_row(*row) for row in cursor.fetchall()}


def earlier(
    board_id: uuid.UUID, element_ids: Sequence[str], user_id: uuid.UUID, since: datetime
) -> dict[str, Earlier]:
    """The newest kept version of each element that is somebody else's, or from before `since`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (element_id) author_id,"
            " element_id, version, version_nonce, index, is_deleted, body"
            " FROM boards_pastelement WHERE board_id = %s AND element_id = ANY(%s)"
            " AND (author_id IS DISTINCT FROM %s OR changed_at < %s) ORDER BY element_id, clock DESC",
            [board_id, list(element_ids), user_id, since],
        )
        return {row[1]: Earlier(row[0], Element.from_row(*row[1:])) for row in cursor.fetchall()}


def authors_since(board_id: uuid.UUID, clock: int) -> set[uuid.UUID]:
    """Who changed something after this clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT author_id FROM boards_element WHERE board_id = %s AND clock > %s UNION"
            " SELECT author_id FROM boards_pastelement"
            " WHERE board_id = %s AND until_clock > %s AND clock > %s",
            [board_id, clock, board_id, clock, clock],
        )
        return {row[0] for row in cursor.fetchall() if row[0] is not None}


def replaced_by_others(board_id: uuid.UUID, user_id: uuid.UUID, since: datetime) -> int:
    """How many elements the person changed since then that stand in somebody else's version now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT element_id) FROM boards_pastelement p JOIN boards_element e"
            " USING (board_id, element_id) WHERE board_id = %s AND p.author_id = %s AND p.changed_at >= %s"
            " AND e.author_id IS DISTINCT FROM %s",
            [board_id, user_id, since, user_id],
        )
        return int(cursor.fetchone()[0])


def sweep(now: datetime) -> int:
    """Delete what no version of a board shows and nobody undoes any more. Returns how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM boards_pastelement p WHERE replaced_at < %s AND NOT EXISTS (SELECT 1 FROM boards_version v"
            " WHERE v.board_id = p.board_id AND v.clock >= p.clock AND v.clock < p.until_clock)",
            [now - UNDO_WINDOW],
        )
        return cursor.rowcount
