"""Revisions: replaced versions of elements, kept for the history and for undoing a person, and deleted in the end.

Storage grows with what was changed, not with the size of the scene; the steps of one stroke are not kept.
Rules H1, H5 and H9 in docs/history.md.
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
"""How often a revision is kept while one person keeps changing an element."""
UNDO_WINDOW = timedelta(days=7)
"""How long a revision is kept although no version of the board shows it."""


@dataclass(frozen=True, slots=True)
class StoredElement:
    """The columns of a stored element that decide whether and how it is replaced."""

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


class AuthoredElement(NamedTuple):
    """A revision of an element with its author; None for one without an account."""

    author_id: uuid.UUID | None
    element: Element


def is_worth_keeping(
    stored: StoredElement, author_id: uuid.UUID | None, version_clock: int, now: datetime
) -> bool:
    """True if a version of the board shows it, another author made it, or none was kept for KEPT_EVERY. Rule H1.

    author_id: of the version that replaces it. version_clock: the clock of the board's newest version.
    """
    return (
        stored.clock <= version_clock or stored.author_id != author_id or now - stored.kept_at >= KEPT_EVERY
    )


def keep(board_id: uuid.UUID, element_ids: Sequence[str], clock: int, now: datetime) -> None:
    """Copy the stored rows of these elements to the revisions. Call it before the change at `clock` replaces them."""
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
    """The elements as they were at this clock, by id, of those replaced later. Complete only at the clock of a version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT element_id, version, version_nonce, index, is_deleted, body FROM boards_pastelement"
            " WHERE board_id = %s AND until_clock > %s AND clock <= %s",
            [board_id, clock, clock],
        )
        return {row[0]: Element.from_row(*row) for row in cursor.fetchall()}


def before_person(
    board_id: uuid.UUID, element_ids: Sequence[str], user_id: uuid.UUID, since: datetime
) -> dict[str, AuthoredElement]:
    """The newest revision of each element that is by another author than this user, or from before `since`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (element_id) author_id,"
            " element_id, version, version_nonce, index, is_deleted, body"
            " FROM boards_pastelement WHERE board_id = %s AND element_id = ANY(%s)"
            " AND (author_id IS DISTINCT FROM %s OR changed_at < %s) ORDER BY element_id, clock DESC",
            [board_id, list(element_ids), user_id, since],
        )
        return {row[1]: AuthoredElement(row[0], Element.from_row(*row[1:])) for row in cursor.fetchall()}


def authors_since(board_id: uuid.UUID, clock: int) -> set[uuid.UUID]:
    """The ids of the users who changed something after this clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT author_id FROM boards_element WHERE board_id = %s AND clock > %s UNION"
            " SELECT author_id FROM boards_pastelement"
            " WHERE board_id = %s AND until_clock > %s AND clock > %s",
            [board_id, clock, board_id, clock, clock],
        )
        return {row[0] for row in cursor.fetchall() if row[0] is not None}


def replaced_by_others(board_id: uuid.UUID, user_id: uuid.UUID, since: datetime) -> int:
    """How many elements this user changed since then whose stored version is by another author."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT element_id) FROM boards_pastelement p JOIN boards_element e"
            " USING (board_id, element_id) WHERE board_id = %s AND p.author_id = %s AND p.changed_at >= %s"
            " AND e.author_id IS DISTINCT FROM %s",
            [board_id, user_id, since, user_id],
        )
        return int(cursor.fetchone()[0])


def sweep(now: datetime) -> int:
    """Delete revisions that no version of a board shows and that are older than UNDO_WINDOW. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM boards_pastelement p WHERE replaced_at < %s AND NOT EXISTS (SELECT 1 FROM boards_version v"
            " WHERE v.board_id = p.board_id AND v.clock >= p.clock AND v.clock < p.until_clock)",
            [now - UNDO_WINDOW],
        )
        return cursor.rowcount
